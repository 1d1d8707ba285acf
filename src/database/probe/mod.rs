//! The way to a server in single steps, so that somebody can be told which of them fails: name, TCP, TLS, login, a question.
//!
//! The pool goes the same way in one go; nothing in here is on an invocation's path.

pub(crate) mod certificate;
pub(crate) mod names;
pub(crate) mod prelogin;
pub(crate) mod session;
pub(crate) mod tcp;
pub(crate) mod tls;

/// Where something listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Host name or address.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
