//! Faults that a test can switch on while the endpoint runs, and the count of requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is wrong with the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenFault {
    /// Nothing.
    #[default]
    None,
    /// They expired an hour ago.
    Expired,
    /// They are for another audience.
    WrongAudience,
}

#[derive(Debug, Default)]
struct Switches {
    stalled: bool,
    token_fault: TokenFault,
    requests: BTreeMap<String, u64>,
}

/// The switches of a running endpoint. Clones act on the same endpoint.
#[derive(Clone, Debug, Default)]
pub struct IdentityFaults {
    failures: Arc<AtomicU32>,
    switches: Arc<Mutex<Switches>>,
}

impl IdentityFaults {
    /// The next `count` requests with a correct header are answered with 500.
    pub fn fail_next(&self, count: u32) {
        self.failures.store(count, Ordering::SeqCst);
    }

    /// While on, a request is accepted and never answered.
    pub fn stall(&self, on: bool) {
        self.with(|switches| switches.stalled = on);
    }

    /// What is wrong with the tokens issued from now on.
    pub fn tokens(&self, fault: TokenFault) {
        self.with(|switches| switches.token_fault = fault);
    }

    /// How many requests with a correct header asked for this client id. The system-assigned identity counts under its own.
    #[must_use]
    pub fn requests_for(&self, client_id: &str) -> u64 {
        self.with(|switches| switches.requests.get(client_id).copied().unwrap_or(0))
    }

    /// How many requests with a correct header named an identity that exists.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.with(|switches| switches.requests.values().fold(0_u64, |sum, count| sum.saturating_add(*count)))
    }

    pub(super) fn count(&self, client_id: &str) {
        self.with(|switches| {
            let count = switches.requests.entry(client_id.to_owned()).or_default();
            *count = count.saturating_add(1);
        });
    }

    pub(super) fn take_failure(&self) -> bool {
        self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.with(|switches| switches.stalled)
    }

    pub(super) fn token_fault(&self) -> TokenFault {
        self.with(|switches| switches.token_fault)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Switches) -> T) -> T {
        act(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
