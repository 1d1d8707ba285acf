//! One health among the threads that open connections: a lock, the clock, jitter, the log, and who waits for bad news.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::state::{Change, Health, Outcome, Outlook, Ticket, Why};
use crate::database::faults::Fault;

/// How often somebody looks whether the server is back: seldom enough to be no load, often enough that callers find it back
/// within two seconds; no more than a second, which is the least wait after 40613, so that a lone caller always finds its turn.
/// Drawn anew each time, so that the workers of an app don't knock together.
const LOOK_MILLISECONDS: std::ops::RangeInclusive<u64> = 800..=1_000;

/// See the module.
pub(super) struct SharedHealth {
    /// Server and database, for the log.
    name: String,
    health: Mutex<Health>,
    /// How often it went down, for those who wait for something else meanwhile.
    went_down: watch::Sender<u64>,
}

impl SharedHealth {
    pub(super) fn new(name: String) -> Self {
        Self { name, health: Mutex::default(), went_down: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_down(&self) -> bool {
        self.lock().is_down()
    }

    /// The fault of the last opening that reached nobody, while it is down.
    pub(super) fn fault_if_down(&self) -> Option<Fault> {
        self.lock().fault_if_down().cloned()
    }

    pub(super) fn outlook(&self) -> Outlook {
        self.lock().outlook(Instant::now())
    }

    pub(super) fn admit(&self) -> Result<Ticket, Why> {
        // The time is taken under the lock: what is judged later must not be older.
        let mut health = self.lock();
        health.admit(Instant::now(), interval())
    }

    pub(super) fn settle(&self, ticket: Ticket, outcome: Outcome) {
        let change = {
            let mut health = self.lock();
            health.settle(ticket, outcome, Instant::now(), interval())
        };
        let server = self.name.as_str();
        match change {
            None => {}
            Some(Change::WentDown(fault)) => {
                self.went_down.send_modify(|times| *times = times.wrapping_add(1));
                tracing::error!(
                    server,
                    "the server can't be reached ({}): calls are refused at once, and it is looked for every second",
                    fault.description
                );
            }
            Some(Change::BeganToResume(fault)) => tracing::warn!(
                server,
                sql_error = fault.number,
                "the database is not ready: one login a second is tried until it is"
            ),
            Some(Change::Recovered(after)) => {
                tracing::info!(server, seconds = after.as_secs(), "the server takes connections again");
            }
        }
    }

    /// Tells from now on when it goes down.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.went_down.subscribe()
    }
}

impl fmt::Debug for SharedHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHealth").field("name", &self.name).finish_non_exhaustive()
    }
}

fn interval() -> Duration {
    Duration::from_millis(fastrand::u64(LOOK_MILLISECONDS))
}
