//! A fault of the driver or the server, and its class.

use tiberius::error::{Error as DriverError, IoErrorKind};

use super::table::{Connections, Entry, FATAL_CLASS, LOGIN_FAILED, SESSION_TOKEN_EXPIRED, class_of, entry};

/// What is known about a command that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// No connection came about: nothing was sent. Any command may be tried again.
    Opening,
    /// The server says that what ran was rolled back, or that nothing ran. A single statement and a transaction of ours may be
    /// tried again.
    RolledBack,
    /// Nobody knows whether the statement took effect. Only a repeatable command may be tried again.
    Unknown,
    /// Another try would fail in the same way.
    Permanent,
}

/// When in a connection's life a fault came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the server acknowledged the login.
    Opening,
    /// After the command was sent.
    Running,
}

/// An error that the server sent. The driver's own type can't be made by hand.
#[derive(Clone, Copy)]
pub(super) struct ServerError<'a> {
    pub(super) number: u32,
    pub(super) severity: u8,
    pub(super) state: u8,
    pub(super) line: u32,
    pub(super) message: &'a str,
}

/// A fault of the driver or the server.
#[derive(Clone)]
pub struct Fault {
    /// Its class.
    pub class: FaultClass,
    /// The SQL error's number, if the server sent one.
    pub number: Option<u32>,
    /// The SQL error's severity, if the server sent one.
    pub severity: Option<u8>,
    /// The SQL error's state, which tells places that raise one number apart.
    pub state: Option<u8>,
    /// The line of the command, from 1.
    pub line: Option<u32>,
    /// The server's own text; holds values, so it goes to the caller only where the operator allows it or T-SQL's
    /// author wrote it (THROW).
    pub server_message: Option<String>,
    /// What to call it in a log: free of values.
    pub description: String,
    /// What to do, beyond what the number alone tells.
    pub cure: Option<&'static str>,
    /// Whether the connection can serve another command: the reply was read to its end.
    pub connection_usable: bool,
}

// The server's message can hold values, and this goes to logs.
impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fault")
            .field("class", &self.class)
            .field("number", &self.number)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl Fault {
    /// Judges an error of the driver.
    #[must_use]
    pub fn from_driver(error: &DriverError, stage: Stage) -> Self {
        match error {
            DriverError::Server(token) => Self::from_server(
                ServerError {
                    number: token.code(),
                    severity: token.class(),
                    state: token.state(),
                    line: token.line(),
                    message: token.message(),
                },
                stage,
            ),
            DriverError::Io { kind, .. } => Self::io(*kind, stage),
            DriverError::Tls(_) => Self::without_number(
                if stage == Stage::Opening { FaultClass::Permanent } else { FaultClass::Unknown },
                "TLS failed: the server's certificate is not trusted, or it is not a SQL endpoint (for a private CA \
                 set AZSQL_TRUST_CA)",
            ),
            DriverError::Routing { .. } => Self::without_number(
                if stage == Stage::Opening { FaultClass::Opening } else { FaultClass::Unknown },
                "the server redirects in a circle",
            ),
            DriverError::Protocol(_)
            | DriverError::Encoding(_)
            | DriverError::Conversion(_)
            | DriverError::Utf8
            | DriverError::Utf16
            | DriverError::ParseInt(_)
            | DriverError::BulkInput(_) => Self::without_number(
                match stage {
                    Stage::Opening => FaultClass::Permanent,
                    Stage::Running => FaultClass::Unknown,
                },
                "the server's reply could not be read",
            ),
        }
    }

    /// Judges an error that the server sent.
    #[must_use]
    pub(super) fn from_server(error: ServerError<'_>, stage: Stage) -> Self {
        let ServerError { number, severity, state, line, message } = error;
        let is_ended = stage == Stage::Running && says_token_ended(number, message);
        let is_kept = entry(number).is_none_or(|entry| entry.connections == Connections::Kept);
        Self {
            class: if is_ended { FaultClass::RolledBack } else { class_of(number, severity, stage) },
            number: Some(number),
            severity: Some(severity),
            state: Some(state),
            line: Some(line),
            server_message: Some(message.to_owned()),
            description: format!("SQL error {number}"),
            cure: None,
            connection_usable: stage == Stage::Running && !is_ended && is_kept && severity < FATAL_CLASS,
        }
    }

    /// An I/O error, which ends the connection. The kinds are what other clients give numbers of their own (`left_out.rs`).
    ///
    /// Every kind is taken for one that goes by while connecting: names are resolved, routes and listeners come back in a
    /// failover, and nothing tells that from a wrong name for certain; the policy's budget bounds it.
    #[must_use]
    pub fn io(kind: IoErrorKind, stage: Stage) -> Self {
        let (class, what) = match stage {
            Stage::Opening => (FaultClass::Opening, "connecting failed"),
            Stage::Running => (FaultClass::Unknown, "the connection broke"),
        };
        Self::without_number(class, &format!("{what}: {kind}"))
    }

    /// A fault that no server named; the connection is not used again.
    #[must_use]
    pub fn without_number(class: FaultClass, description: &str) -> Self {
        Self {
            class,
            number: None,
            severity: None,
            state: None,
            line: None,
            server_message: None,
            description: description.to_owned(),
            cure: None,
            connection_usable: false,
        }
    }

    /// Whether the server ended the session with it.
    #[must_use]
    pub fn ends_session(&self) -> bool {
        self.severity.is_some_and(|severity| severity >= FATAL_CLASS)
    }

    /// What the table has of its number.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        entry(self.number?)
    }

    /// Whether it tells of a failover: the connections of the same time are not to be relied on. A connection that broke
    /// without a number tells so too, as one that the server ended for a reason that nobody knows; what broke one session alone,
    /// as its token's end does, does not.
    #[must_use]
    pub fn distrusts_all_connections(&self) -> bool {
        match self.entry() {
            Some(entry) => entry.connections == Connections::AllReplaced,
            None => !self.connection_usable && self.class != FaultClass::Permanent,
        }
    }

    /// Whether the server refused the token or password of a login.
    #[must_use]
    pub fn is_refused_login(&self) -> bool {
        self.number == Some(LOGIN_FAILED)
    }

    /// Whether the server says of a session that the token which opened it has ended. The statement did not run.
    #[must_use]
    pub fn is_ended_token(&self) -> bool {
        let message = self.server_message.as_deref().unwrap_or_default();
        // `Opening` while the session is told of its caller, before the command.
        matches!(self.class, FaultClass::RolledBack | FaultClass::Opening)
            && self.number.is_some_and(|number| says_token_ended(number, message))
    }
}

/// 18456 in a session may also come from another server that the command asks, whose login is none of ours.
fn says_token_ended(number: u32, message: &str) -> bool {
    match number {
        SESSION_TOKEN_EXPIRED => true,
        LOGIN_FAILED => message.to_ascii_lowercase().contains("token is expired"),
        _ => false,
    }
}
