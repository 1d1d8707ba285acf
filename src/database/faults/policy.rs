//! Whether and when one invocation tries again.

use std::time::Duration;

use super::fault::{Fault, FaultClass};
use super::table::{BUSY_WAIT, SERVICE_BUSY};
use crate::database::Unit;

/// The longest wait before the second try; each wait after that may be twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// What the longest wait doesn't grow beyond: the service is mostly back within seconds, and whoever waits longer than needed
/// is late for no reason.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// The least wait when a login was told that the database is not ready: one that resumes takes up to a minute, and quick tries would
/// be used up before it is there. Of all callers one a second logs in meanwhile.
const RESUME_WAIT: Duration = Duration::from_secs(1);

/// The least wait for a server that is down, whose health lets somebody look every second, and for a pool that is full.
const RETURN_WAIT: Duration = Duration::from_millis(500);

/// How often and how long an invocation tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// All tries, the first included; at least 1.
    pub tries: u32,
    /// Time from the first try within which the last one must begin.
    pub budget: Duration,
}

/// What a function says of its own tries, in the place of the app's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnRetryLimits {
    /// All tries, the first included; at least 1.
    pub tries: Option<u32>,
    /// Time from the first try within which the last one must begin.
    pub budget: Option<Duration>,
}

impl RetryLimits {
    /// The most tries that may be asked for: at the longest wait they take longer than the host lets an HTTP call take.
    pub const MOST_TRIES: u32 = 20;
    /// The longest budget that may be asked for: Azure's front end gives an HTTP call 230 seconds.
    pub const LONGEST_BUDGET: Duration = Duration::from_secs(230);
    /// Tries unless a setting says otherwise: as many as outlast a database's resume, see [`FaultPolicy`].
    pub const DEFAULT_TRIES: u32 = 20;
    /// The budget unless a setting says otherwise: a minute for a database to resume, and something for its logins.
    pub const DEFAULT_BUDGET: Duration = Duration::from_secs(75);

    /// These limits, but for what the function says itself.
    #[must_use]
    pub fn with_own(self, own: OwnRetryLimits) -> Self {
        Self { tries: own.tries.unwrap_or(self.tries), budget: own.budget.unwrap_or(self.budget) }
    }
}

/// One invocation's tries.
///
/// A wait is drawn from nothing up to 200 ms, 400 ms, 800 ms ... 8 s (full jitter: callers that failed together come back
/// apart); [`SERVICE_BUSY`] adds the ten seconds that it asks for. A number at login, such as 40613, draws from the upper half, and
/// a second at the least: all twenty tries then take more than a minute, whatever is drawn.
#[derive(Debug)]
pub struct FaultPolicy {
    limits: RetryLimits,
    unit: Unit,
    random: fastrand::Rng,
    tries: u32,
    /// Tries that ended with a number which is given up after so many: the number, and how often it came.
    bounded: Vec<(u32, u32)>,
}

impl FaultPolicy {
    /// The policy for one invocation.
    #[must_use]
    pub fn new(limits: RetryLimits, unit: Unit) -> Self {
        Self::with_random(limits, unit, fastrand::Rng::new())
    }

    /// The same, with a source of chance of the caller's.
    #[must_use]
    pub fn with_random(limits: RetryLimits, unit: Unit, random: fastrand::Rng) -> Self {
        Self { limits, unit, random, tries: 0, bounded: Vec::new() }
    }

    /// The unit of work that the invocation is.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The number of the try that begins now, from 1.
    pub fn begin_try(&mut self) -> u32 {
        self.tries = self.tries.saturating_add(1);
        self.tries
    }

    /// How long to wait before the next try; None when there is none: the fault forbids it, the tries are used up, or
    /// the wait would outlast what is left of the budget. `spent` runs from the first try.
    pub fn next_try(&mut self, fault: &Fault, spent: Duration) -> Option<Duration> {
        if !self.unit.repeats_after(fault.class) || self.is_given_up(fault) || self.tries >= self.limits.tries
        {
            return None;
        }
        let wait = self.wait_after(fault);
        (spent.saturating_add(wait) < self.limits.budget).then_some(wait)
    }

    /// How long to wait before asking again for a connection, for an invocation that waits until the server is back or the pool
    /// has room; None when the budget doesn't allow it. The last try was none: nothing was tried.
    pub fn wait_for_connection(&mut self, spent: Duration) -> Option<Duration> {
        self.tries = self.tries.saturating_sub(1);
        let wait = self.between(RETURN_WAIT, RETURN_WAIT.saturating_mul(2));
        (spent.saturating_add(wait) < self.limits.budget).then_some(wait)
    }

    /// Counts a fault whose number may also mean something that lasts.
    fn is_given_up(&mut self, fault: &Fault) -> bool {
        let Some(entry) = fault.entry() else { return false };
        let Some(most) = entry.tries else { return false };
        let count = match self.bounded.iter_mut().find(|(number, _)| *number == entry.number) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.bounded.push((entry.number, 1));
                1
            }
        };
        count >= most
    }

    fn wait_after(&mut self, fault: &Fault) -> Duration {
        let doublings = self.tries.saturating_sub(1).min(16);
        let most = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        // A session's token is replaced at once: nothing is waited for.
        let is_not_ready =
            fault.class == FaultClass::Opening && fault.number.is_some() && !fault.is_ended_token();
        let least = if is_not_ready { RESUME_WAIT.max(most / 2) } else { Duration::ZERO };
        let wait = self.between(least, most.max(least));
        if fault.number == Some(SERVICE_BUSY) { wait.saturating_add(BUSY_WAIT) } else { wait }
    }

    fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.u64(milliseconds(least)..=milliseconds(most)))
    }
}
