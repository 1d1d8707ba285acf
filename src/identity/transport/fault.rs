//! Why there was no reply, told from an error and what is behind it.

/// Why there was no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::identity) enum Fault {
    Refused,
    NameNotFound,
    NoConnectionInTime,
    UntrustedCertificate,
    Tls,
    /// The connection ended before the reply did.
    CutOff,
    TooLarge,
}

impl Fault {
    pub(in crate::identity) fn what(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::NameNotFound => "its name is not found",
            Self::NoConnectionInTime => "no connection within 5 s",
            Self::UntrustedCertificate => {
                "its certificate is not trusted (where a proxy looks into TLS, set AZSQL_TRUST_CA to its authority's PEM file)"
            }
            Self::Tls => "TLS failed",
            Self::CutOff => "the connection was cut off",
            Self::TooLarge => "the reply is far too large for a token",
        }
    }

    /// Tells from an error and everything behind it. Their texts are not repeated: they hold addresses with their queries.
    pub(in crate::identity) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut current = Some(error);
        let mut found = Self::CutOff;
        while let Some(error) = current {
            if let Some(reqwest) = error.downcast_ref::<reqwest::Error>()
                && reqwest.is_timeout()
            {
                return Self::NoConnectionInTime;
            }
            match error.downcast_ref::<rustls::Error>() {
                Some(rustls::Error::InvalidCertificate(_)) => return Self::UntrustedCertificate,
                Some(_) => return Self::Tls,
                None => {}
            }
            if let Some(io) = error.downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::ConnectionRefused
            {
                return Self::Refused;
            }
            // hyper's connector has no other mark of it.
            if error.to_string().starts_with("dns error") {
                found = Self::NameNotFound;
            }
            current = behind(error);
        }
        found
    }
}

/// What is behind an error. An `io::Error` that was made of another leaves that one out of `source`.
fn behind<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a (dyn std::error::Error + 'static)> {
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
