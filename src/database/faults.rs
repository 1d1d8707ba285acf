//! What went wrong between us and the server, and whether it may be tried again.
//!
//! A fault has a [`FaultClass`]; the class and what the command is decide, in [`FaultPolicy::next_try`], whether
//! there is another try and after what wait. This is the one place for both.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tiberius::error::{Error as DriverError, IoErrorKind};

/// The database is not available now, Azure SQL is reconfiguring or resuming it.
pub const DATABASE_NOT_AVAILABLE: u32 = 40613;
/// The service had an error while it processed the request.
pub const SERVICE_ERROR: u32 = 40197;
/// The service is busy; it asks for a wait of 10 seconds.
pub const SERVICE_BUSY: u32 = 40501;

/// "Login failed for user": the token or password was refused.
pub const LOGIN_FAILED: u32 = 18456;
/// The access token of this session has expired.
pub const SESSION_TOKEN_EXPIRED: u32 = 37396;

/// What error 40501's own text asks for: "Retry the request after 10 seconds".
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// From this class on the server ends the connection (SQL Server documentation, "Database engine error severities").
const FATAL_CLASS: u8 = 20;

/// What is known about a command that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// No connection came about: nothing was sent. Any command may be tried again.
    Opening,
    /// The server says that the statement did not run. A single statement may be tried again.
    NeverRan,
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
                    if ended { FaultClass::NeverRan } else { class_of_number(token.code(), fatal, stage) };
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
                        && matches!(class, FaultClass::Permanent | FaultClass::NeverRan),
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
        matches!(self.class, FaultClass::NeverRan | FaultClass::Opening)
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

/// The numbers of the project's brief; the full table is to come and goes here.
fn class_of_number(number: u32, fatal: bool, stage: Stage) -> FaultClass {
    match (number, stage) {
        (DATABASE_NOT_AVAILABLE | SERVICE_ERROR | SERVICE_BUSY, Stage::Opening) => FaultClass::Opening,
        // "The service is currently busy": the request was turned away before it ran.
        (SERVICE_BUSY, Stage::Running) => FaultClass::NeverRan,
        // A failover can hit after the effect: the number doesn't tell.
        (DATABASE_NOT_AVAILABLE | SERVICE_ERROR, Stage::Running) => FaultClass::Unknown,
        (_, Stage::Running) if fatal => FaultClass::Unknown,
        _ => FaultClass::Permanent,
    }
}

/// What may be repeated of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatability {
    /// Reads only: may run again whatever happened.
    Repeatable,
    /// One plain statement: may run again when the server says that it did not run.
    SingleStatement,
    /// Several statements: earlier ones may be committed already, so it runs at most once.
    Once,
}

/// How often and how long an invocation tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// All tries, the first included; at least 1.
    pub tries: u32,
    /// Time from the first try within which the last one must begin.
    pub budget: Duration,
}

/// One invocation's tries.
#[derive(Debug)]
pub struct FaultPolicy {
    limits: RetryLimits,
    repeatability: Repeatability,
    waits: ExponentialBackoff,
    tries: u32,
}

impl FaultPolicy {
    /// The policy for one invocation: waits double from 200 ms up to 8 s, each with up to its own length of jitter.
    #[must_use]
    pub fn new(limits: RetryLimits, repeatability: Repeatability) -> Self {
        let waits = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(8))
            .with_jitter()
            .without_max_times()
            .build();
        Self { limits, repeatability, waits, tries: 0 }
    }

    /// The number of the try that begins now, from 1.
    pub fn begin_try(&mut self) -> u32 {
        self.tries += 1;
        self.tries
    }

    /// How long to wait before the next try; None when there is none: the fault forbids it, the tries are used up, or
    /// the wait would outlast what is left of the budget. `spent` runs from the first try.
    pub fn next_try(&mut self, fault: &Fault, spent: Duration) -> Option<Duration> {
        let allowed = match fault.class {
            FaultClass::Opening => true,
            FaultClass::NeverRan => self.repeatability != Repeatability::Once,
            FaultClass::Unknown => self.repeatability == Repeatability::Repeatable,
            FaultClass::Permanent => false,
        };
        if !allowed || self.tries >= self.limits.tries {
            return None;
        }
        let wait = self.waits.next()?;
        let wait = if fault.number == Some(SERVICE_BUSY) { wait + BUSY_WAIT } else { wait };
        (spent + wait < self.limits.budget).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const LIMITS: RetryLimits = RetryLimits { tries: 5, budget: Duration::from_secs(60) };

    fn fault(class: FaultClass, number: Option<u32>) -> Fault {
        Fault { number, ..Fault::without_number(class, "test") }
    }

    #[test]
    fn a_write_is_never_repeated_after_an_unknown_outcome() {
        for repeatability in [Repeatability::SingleStatement, Repeatability::Once] {
            let mut policy = FaultPolicy::new(LIMITS, repeatability);
            policy.begin_try();
            for number in [None, Some(SERVICE_ERROR), Some(DATABASE_NOT_AVAILABLE)] {
                assert_eq!(policy.next_try(&fault(FaultClass::Unknown, number), Duration::ZERO), None);
            }
        }
    }

    #[test]
    fn a_failed_opening_is_tried_again_whatever_the_command_is() {
        for repeatability in [Repeatability::Repeatable, Repeatability::SingleStatement, Repeatability::Once]
        {
            let mut policy = FaultPolicy::new(LIMITS, repeatability);
            policy.begin_try();
            assert!(policy.next_try(&fault(FaultClass::Opening, None), Duration::ZERO).is_some());
        }
    }

    #[test]
    fn a_busy_service_is_left_alone_for_ten_seconds_or_given_up_within_the_budget() {
        let busy = fault(FaultClass::NeverRan, Some(SERVICE_BUSY));
        let mut patient = FaultPolicy::new(LIMITS, Repeatability::SingleStatement);
        patient.begin_try();
        assert!(patient.next_try(&busy, Duration::ZERO).unwrap() >= BUSY_WAIT);
        let short = RetryLimits { budget: Duration::from_secs(9), ..LIMITS };
        let mut hasty = FaultPolicy::new(short, Repeatability::SingleStatement);
        hasty.begin_try();
        assert_eq!(hasty.next_try(&busy, Duration::ZERO), None);
    }

    #[test]
    fn several_statements_run_at_most_once_even_when_the_last_never_ran() {
        let mut policy = FaultPolicy::new(LIMITS, Repeatability::Once);
        policy.begin_try();
        assert_eq!(policy.next_try(&fault(FaultClass::NeverRan, Some(SERVICE_BUSY)), Duration::ZERO), None);
    }

    #[test]
    fn tries_end_at_their_limit() {
        let mut policy = FaultPolicy::new(LIMITS, Repeatability::Repeatable);
        let mut tries = 0;
        loop {
            policy.begin_try();
            tries += 1;
            if policy.next_try(&fault(FaultClass::Opening, None), Duration::ZERO).is_none() {
                break;
            }
        }
        assert_eq!(tries, 5);
    }

    #[test]
    fn a_number_at_login_is_an_opening_fault_and_after_the_statement_an_unknown_one() {
        for number in [DATABASE_NOT_AVAILABLE, SERVICE_ERROR] {
            assert_eq!(class_of_number(number, false, Stage::Opening), FaultClass::Opening);
            assert_eq!(class_of_number(number, true, Stage::Running), FaultClass::Unknown);
        }
        assert_eq!(class_of_number(SERVICE_BUSY, false, Stage::Running), FaultClass::NeverRan);
        assert_eq!(class_of_number(2627, false, Stage::Running), FaultClass::Permanent);
    }
}
