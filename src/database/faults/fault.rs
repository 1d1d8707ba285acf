//! A fault of the driver or the server, and its class.

use tiberius::error::{Error as DriverError, IoErrorKind};

use super::table::{LOGIN_FAILED, SESSION_TOKEN_EXPIRED, class_of_number};

/// From this class on the server ends the connection (SQL Server documentation, "Database engine error severities").
const FATAL_CLASS: u8 = 20;

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
            DriverError::Server(token) => {
                let fatal = token.class() >= FATAL_CLASS;
                let ended = stage == Stage::Running && says_token_ended(token.code(), token.message());
                let class =
                    if ended { FaultClass::RolledBack } else { class_of_number(token.code(), fatal, stage) };
                Self {
                    class,
                    number: Some(token.code()),
                    severity: Some(token.class()),
                    state: Some(token.state()),
                    server_message: Some(token.message().to_owned()),
                    description: format!("SQL error {}", token.code()),
                    cure: None,
                    line: Some(token.line()),
                    connection_usable: stage == Stage::Running
                        && !ended
                        && matches!(class, FaultClass::Permanent | FaultClass::RolledBack),
                }
            }
            DriverError::Io { kind, .. } => Self::io(*kind, stage),
            DriverError::Tls(_) => Self::without_number(
                if stage == Stage::Opening { FaultClass::Permanent } else { FaultClass::Unknown },
                "TLS failed: the server's certificate is not trusted, or it is not a SQL endpoint (for a private CA \
                 set AZSQL_TRUST_CA)",
            ),
            DriverError::Routing { .. } => {
                Self::without_number(FaultClass::Opening, "the server redirects in a circle")
            }
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

    /// An I/O error, which ends the connection.
    #[must_use]
    pub fn io(kind: IoErrorKind, stage: Stage) -> Self {
        let class = match stage {
            Stage::Opening => FaultClass::Opening,
            Stage::Running => FaultClass::Unknown,
        };
        let description = match stage {
            Stage::Opening => format!("connecting failed: {kind}"),
            Stage::Running => format!("the connection broke: {kind}"),
        };
        Self::without_number(class, &description)
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
