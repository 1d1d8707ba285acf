//! What each SQL error number says of a command's outcome, and of the connections that met it.
//!
//! The one place where a number gets its [`FaultClass`]; the numbers themselves stand in `numbers.rs`, those of other
//! clients that are not there in `left_out.rs`.

use std::time::Duration;

use super::fault::{FaultClass, Stage};
use super::numbers::ENTRIES;

/// The database is not available now, Azure SQL is reconfiguring or resuming it.
pub const DATABASE_NOT_AVAILABLE: u32 = 40613;
/// The service had an error while it processed the request.
pub const SERVICE_ERROR: u32 = 40197;
/// The service is busy; it asks for a wait of 10 seconds.
pub const SERVICE_BUSY: u32 = 40501;
/// The login's database can't be opened: it is being moved, or its name is wrong.
pub const DATABASE_NOT_OPENED: u32 = 4060;

/// "Login failed for user": the token or password was refused.
pub const LOGIN_FAILED: u32 = 18456;
/// The access token of this session has expired.
pub const SESSION_TOKEN_EXPIRED: u32 = 37396;

/// What error 40501's own text asks for: "Retry the request after 10 seconds".
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// From this class on the server ends the connection (SQL Server documentation, "Database engine error severities").
pub(super) const FATAL_CLASS: u8 = 20;

/// A number and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The SQL error's number.
    pub number: u32,
    /// What it says of a login.
    pub at_login: FaultClass,
    /// What it says of a command that was sent.
    pub running: Outcome,
    /// What it says of connections.
    pub connections: Connections,
    /// The tries of one invocation that may end with it: the number also names something that lasts, and does not tell which
    /// it is. None = as many as the policy allows.
    pub tries: Option<u32>,
    /// Why, in one line.
    pub reason: &'static str,
    /// Who says that the number goes by, or what it means.
    pub sources: &'static [Source],
}

/// What a number says of a command that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server turned the request away before it ran. Some of these come with a severity that ends the session, which
    /// says nothing of the request then.
    TurnedAway,
    /// The statement was rolled back, and with XACT_ABORT the whole transaction around it.
    Undone,
    /// The same, and another try would meet the same again.
    Refused,
    /// The number doesn't tell.
    Unknown,
}

impl Outcome {
    /// The class of a fault that came with this severity.
    #[must_use]
    pub fn class(self, severity: u8) -> FaultClass {
        let is_fatal = severity >= FATAL_CLASS;
        match self {
            Self::TurnedAway => FaultClass::RolledBack,
            // A session that ends in the middle may have committed before.
            Self::Unknown | Self::Undone | Self::Refused if is_fatal => FaultClass::Unknown,
            Self::Undone => FaultClass::RolledBack,
            Self::Refused => FaultClass::Permanent,
            Self::Unknown => FaultClass::Unknown,
        }
    }
}

/// What a number says of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// The one that met it works: it can be asked to roll back, and may serve the next caller. Another try connects afresh.
    Kept,
    /// The one that met it is not used again.
    Replaced,
    /// It tells of a failover, after which no connection of the same time can be relied on.
    AllReplaced,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The text of the number itself, in "Database engine events and errors" of the SQL Server documentation.
    Documentation,
    /// Microsoft.Data.SqlClient, tried again at login.
    SqlClientLogin,
    /// Microsoft.Data.SqlClient, its configurable retry.
    SqlClientRetry,
    /// mssql-jdbc.
    Jdbc,
    /// tedious.
    Tedious,
    /// Data API builder.
    DataApiBuilder,
}

/// Every entry, by number.
#[must_use]
pub fn entries() -> &'static [Entry] {
    ENTRIES
}

/// What is known of a number; None for the many that tell of a mistake in the command, its values or its rights.
#[must_use]
pub fn entry(number: u32) -> Option<&'static Entry> {
    let index = ENTRIES.binary_search_by_key(&number, |entry| entry.number).ok()?;
    ENTRIES.get(index)
}

/// The class of a SQL error. A number that is not in the table would come again, unless its severity ended the session.
pub(super) fn class_of(number: u32, severity: u8, stage: Stage) -> FaultClass {
    match (entry(number), stage) {
        (Some(entry), Stage::Opening) => entry.at_login,
        (Some(entry), Stage::Running) => entry.running.class(severity),
        (None, Stage::Opening) => FaultClass::Permanent,
        (None, Stage::Running) => Outcome::Refused.class(severity),
    }
}
