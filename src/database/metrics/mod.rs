//! What a pool counts of itself: gauges, counters and histograms, all plain atomics.
//!
//! Nothing here comes from a caller: the only name is that of the app setting.

mod causes;
mod counters;
mod gauge;
mod histogram;
mod opening;
mod report;
mod snapshot;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) use causes::{DiscardCause, OpeningFailure, Outcome};
use counters::Counters;
pub(super) use gauge::{Entered, Gauge};
use histogram::Histogram;
pub(super) use opening::Opening;
pub(super) use report::report;
pub use snapshot::{Counts, PoolSnapshot, Times};

use super::Failure;

/// The numbers of one pool.
#[derive(Debug, Default)]
pub(super) struct PoolMetrics {
    /// Callers that wait for a connection.
    pub(super) waiting: Gauge,
    /// Connections that callers have.
    pub(super) in_use: Gauge,
    /// Connections that are being opened.
    pub(super) opening: Gauge,
    /// Commands under way, whether they have a connection or not.
    running: Gauge,
    opened: AtomicU64,
    openings_failed: Counters<OpeningFailure>,
    discarded: Counters<DiscardCause>,
    commands: AtomicU64,
    outcomes: Counters<Outcome>,
    tries: AtomicU64,
    repeats: AtomicU64,
    wait: Histogram,
    query: Histogram,
}

impl PoolMetrics {
    /// A command begins; it counts as running until the guard is dropped.
    pub(super) fn command_begins(&self) -> Entered {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.running.enter()
    }

    /// A command has ended, after all its tries.
    pub(super) fn command_ended(&self, result: &Result<(), Failure>) {
        self.outcomes.count(Outcome::of(result));
    }

    /// A command's try of this number begins, from 1.
    pub(super) fn try_begins(&self, number: u32) {
        self.tries.fetch_add(1, Ordering::Relaxed);
        if number > 1 {
            self.repeats.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A caller got its turn after this time.
    pub(super) fn waited(&self, time: Duration) {
        self.wait.record(time);
    }

    /// A caller had a connection for this time.
    pub(super) fn queried(&self, time: Duration) {
        self.query.record(time);
    }

    /// A connection was opened.
    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// How many connections there are or will be. Never too few: one that was being opened is looked for before those that
    /// are open.
    pub(super) fn open_or_opening(&self) -> usize {
        let opening = self.opening.value();
        let left = self.discarded.counts().total();
        let open = self.opened.load(Ordering::Relaxed).saturating_sub(left);
        usize::try_from(open).unwrap_or(usize::MAX).saturating_add(opening)
    }

    /// A connection could not be opened.
    pub(super) fn opening_failed(&self, why: OpeningFailure) {
        self.openings_failed.count(why);
    }

    /// A connection left the pool.
    pub(super) fn discarded(&self, cause: DiscardCause) {
        self.discarded.count(cause);
    }
}
