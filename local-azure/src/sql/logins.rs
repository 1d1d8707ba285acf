//! The logins that were tried, for whoever wants to know how many there were and how they ended.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::tds::authentication::{Credential, token_fingerprint};

/// How many logins are kept.
const MAX_RECORDS: usize = 10_000;
/// A login that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRecord {
    /// The number of the session, as `@@SPID` would say.
    pub spid: u16,
    /// The login's name; what the client called itself if it was refused.
    pub login: String,
    /// What it showed.
    pub credential: Credential,
    /// The token's [`token_fingerprint`]; None for a login by password, and for one that ended before its token came.
    pub token: Option<String>,
    /// The name of the program.
    pub application: String,
    /// The name of its machine.
    pub host: String,
    /// The database it asked for.
    pub database: String,
    /// Whether it asked for a read-only replica.
    pub read_only_intent: bool,
    /// The number of the error it was refused with; None if it got in, was redirected, or lost its connection to a fault.
    pub refused: Option<i32>,
}

/// How many logins were tried, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginCounts {
    /// All that were tried.
    pub attempted: u64,
    /// Those that got a session.
    pub succeeded: u64,
    /// Those that were refused with an error.
    pub refused: u64,
    /// Those that were sent elsewhere.
    pub redirected: u64,
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginOutcome {
    Succeeded,
    Refused(i32),
    Redirected,
    /// It got no answer.
    Cut,
}

impl LoginCounts {
    fn count(&mut self, outcome: LoginOutcome) {
        let counter = match outcome {
            LoginOutcome::Succeeded => Some(&mut self.succeeded),
            LoginOutcome::Refused(_) => Some(&mut self.refused),
            LoginOutcome::Redirected => Some(&mut self.redirected),
            LoginOutcome::Cut => None,
        };
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        self.attempted = self.attempted.saturating_add(1);
    }
}

/// What is kept of all logins.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<LoginRecord>,
    counts: LoginCounts,
    by_token: HashMap<String, LoginCounts>,
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a login that has ended.
    pub(crate) fn record(&self, mut record: LoginRecord, outcome: LoginOutcome) {
        if let LoginOutcome::Refused(number) = outcome {
            record.refused = Some(number);
        }
        let mut kept = self.lock();
        kept.counts.count(outcome);
        if let Some(token) = &record.token
            && (kept.by_token.len() < MAX_RECORDS || kept.by_token.contains_key(token))
        {
            kept.by_token.entry(token.clone()).or_default().count(outcome);
        }
        if kept.records.len() < MAX_RECORDS {
            kept.records.push(record);
        }
    }

    pub(crate) fn records(&self) -> Vec<LoginRecord> {
        self.lock().records.clone()
    }

    pub(crate) fn counts(&self) -> LoginCounts {
        self.lock().counts
    }

    pub(crate) fn counts_of(&self, token: &str) -> LoginCounts {
        self.lock().by_token.get(&token_fingerprint(token)).copied().unwrap_or_default()
    }
}
