//! A pool's numbers at one moment, as JSON for operators and as differences for the log.

use std::sync::atomic::Ordering;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::PoolMetrics;
use crate::database::PoolLimits;

/// A pool's numbers at one moment. The counters run from the worker's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolSnapshot {
    /// `AZSQL_POOL_MAX_SIZE`
    pub max_size: usize,
    /// `AZSQL_POOL_MIN_SIZE`
    pub min_size: usize,
    /// `AZSQL_POOL_QUEUE`
    pub queue: usize,
    /// Open connections.
    pub size: usize,
    /// Of these, connections that commands have.
    pub in_use: usize,
    /// Of these, connections that nobody has.
    pub idle: usize,
    /// Connections that are being opened.
    pub opening: usize,
    /// Commands that wait for a connection.
    pub waiting: usize,
    /// Connections that were opened.
    pub opened: u64,
    /// Connections that could not be opened, by why.
    pub openings_failed: Counts,
    /// Connections that left the pool, by why.
    pub discarded: Counts,
    /// Commands under way.
    pub running: usize,
    /// Commands that have ended, by how.
    pub commands: Counts,
    /// Tries of all commands, those under way included.
    pub tries: u64,
    /// Of these, tries that were not a command's first.
    pub repeats: u64,
    /// How long tries waited for a connection, whether one had to be opened then or not.
    pub wait_milliseconds: Times,
    /// How long tries had a connection.
    pub query_milliseconds: Times,
    /// Commands that have begun.
    #[serde(skip)]
    pub(super) begun: u64,
}

impl PoolSnapshot {
    /// `size` is what the pool itself knows.
    pub(in crate::database) fn new(metrics: &PoolMetrics, limits: PoolLimits, size: usize) -> Self {
        let in_use = metrics.in_use.value();
        Self {
            max_size: limits.max_size,
            min_size: limits.min_size,
            queue: limits.queue,
            size,
            in_use,
            idle: size.saturating_sub(in_use),
            opening: metrics.opening.value(),
            waiting: metrics.waiting.value(),
            opened: metrics.opened.load(Ordering::Relaxed),
            openings_failed: metrics.openings_failed.counts(),
            discarded: metrics.discarded.counts(),
            running: metrics.running.value(),
            commands: metrics.outcomes.counts(),
            tries: metrics.tries.load(Ordering::Relaxed),
            repeats: metrics.repeats.load(Ordering::Relaxed),
            wait_milliseconds: metrics.wait.times(),
            query_milliseconds: metrics.query.times(),
            begun: metrics.commands.load(Ordering::Relaxed),
        }
    }
}

/// Counters by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(pub(super) Vec<(&'static str, u64)>);

impl Counts {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| *count).fold(0, u64::saturating_add)
    }

    /// The counter of this name; 0 when there is none.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// Times, counted in buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// Upper bound in milliseconds, and how many there were up to it and above the one before.
    pub(super) buckets: Vec<(u64, u64)>,
    /// Those above the last bound.
    pub(super) beyond: u64,
    /// All together.
    pub(super) microseconds: u64,
}

impl Times {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| *count).fold(self.beyond, u64::saturating_add)
    }

    /// The bound in milliseconds below which this share of them lies, from 0 to 1; the last bound also for those beyond
    /// it. None when there were none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // Which of the sorted times it is, from 1.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bucket is coarser than what is lost"
        )]
        let rank = ((count as f64 * share).ceil() as u64).clamp(1, count);
        let mut below = 0_u64;
        for (bound, in_bucket) in &self.buckets {
            below = below.saturating_add(*in_bucket);
            if below >= rank {
                return Some(*bound);
            }
        }
        self.buckets.last().map(|(bound, _)| *bound)
    }

    /// Those that came after `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let buckets = self.buckets.iter().zip(&earlier.buckets);
        Self {
            buckets: buckets.map(|((bound, now), (_, then))| (*bound, now.saturating_sub(*then))).collect(),
            beyond: self.beyond.saturating_sub(earlier.beyond),
            microseconds: self.microseconds.saturating_sub(earlier.microseconds),
        }
    }
}

impl Serialize for Times {
    /// `{ "count": 3, "sum": 14, "atMost": { "1": 0, "2": 1, ... , "more": 0 } }`
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct AtMost<'a>(&'a Times);
        impl Serialize for AtMost<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                for (bound, count) in &self.0.buckets {
                    map.serialize_entry(&bound.to_string(), count)?;
                }
                map.serialize_entry("more", &self.0.beyond)?;
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("count", &self.count())?;
        map.serialize_entry("sum", &(self.microseconds / 1_000))?;
        map.serialize_entry("atMost", &AtMost(self))?;
        map.end()
    }
}
