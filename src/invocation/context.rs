//! One invocation: whose it is, until when it may run, and what it logs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// More lines than this are not kept for the host, so that a command that is tried for long can't fill the memory.
const MAX_LOG_LINES: usize = 100;

/// What every step of an invocation gets along.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The host's id of it, or one of our own.
    pub id: Arc<str>,
    /// The function's name.
    pub function: Arc<str>,
    /// When it must have answered.
    pub deadline: Instant,
    /// Somebody waits for the answer, as an HTTP caller does, and is better told at once that the server is down. Without one
    /// the host would count a failed delivery, so the invocation waits for the server's return within its budget.
    pub has_caller: bool,
    /// The lines for the host.
    pub log: InvocationLog,
}

impl Invocation {
    /// An invocation of a caller's that must answer within `limit` from now.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>, function: impl Into<Arc<str>>, limit: Duration) -> Self {
        let now = Instant::now();
        // A limit beyond the clock's end is no limit; a day is more than any plan allows.
        let deadline = now.checked_add(limit).unwrap_or(now + Duration::from_secs(24 * 3600));
        Self {
            id: id.into(),
            function: function.into(),
            deadline,
            has_caller: true,
            log: InvocationLog::default(),
        }
    }
}

/// The lines that the host logs after the invocation, in its scope; it knows no levels, so a line begins with its own.
#[derive(Clone, Debug, Default)]
pub struct InvocationLog(Arc<Mutex<Vec<String>>>);

impl InvocationLog {
    /// Adds a line, such as `warn: try 1 failed`. Lines past the hundredth are dropped.
    pub fn push(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MAX_LOG_LINES {
            lines.push(line.into());
        }
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
