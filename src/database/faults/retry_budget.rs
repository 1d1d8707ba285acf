//! How much of a pool's traffic may be repeats: when everything fails, repeats would multiply the load on a database
//! that is in trouble already.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The traffic that a share is taken of: that of the last so many seconds. Shorter forgets a burst that fails together; longer
/// lets the repeats of a good hour hit a bad moment.
const WINDOW_SECONDS: u64 = 10;

/// Repeats that are always allowed within [`WINDOW_SECONDS`]: with little traffic a share of it is less than one, and one deadlock a second
/// harms nobody.
const FLOOR: u64 = 10;

/// The share of commands that may be repeated, in percent; 0 leaves the floor alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryShare(u8);

impl RetryShare {
    /// Unless a setting says otherwise: one in five.
    pub const DEFAULT_PERCENT: u8 = 20;

    /// A share; more than 100 percent counts as 100.
    #[must_use]
    pub fn percent(percent: u8) -> Self {
        Self(percent.min(100))
    }
}

impl Default for RetryShare {
    fn default() -> Self {
        Self(Self::DEFAULT_PERCENT)
    }
}

/// Counts what a pool's commands and their repeats were of late. Openings don't count: they are bounded by the server's health.
#[derive(Debug)]
pub struct RetryBudget {
    share: RetryShare,
    begun: Instant,
    seconds: Mutex<VecDeque<Second>>,
}

/// What happened in one second.
#[derive(Clone, Copy, Debug)]
struct Second {
    /// Counted from the budget's beginning.
    number: u64,
    commands: u64,
    repeats: u64,
}

impl RetryBudget {
    /// A budget whose time begins now.
    #[must_use]
    pub fn new(share: RetryShare) -> Self {
        Self::since(share, Instant::now())
    }

    /// A budget whose time begins at `begun`.
    #[must_use]
    pub fn since(share: RetryShare, begun: Instant) -> Self {
        Self { share, begun, seconds: Mutex::default() }
    }

    /// An invocation begins its first try.
    pub fn command_at(&self, now: Instant) {
        self.with_seconds(now, |seconds, number| {
            current(seconds, number, |second| second.commands = second.commands.saturating_add(1));
        });
    }

    /// Whether a command that was sent may be sent again; if so, the repeat is counted.
    pub fn may_repeat_at(&self, now: Instant) -> bool {
        let share = u64::from(self.share.0);
        self.with_seconds(now, |seconds, number| {
            let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).fold(0, u64::saturating_add);
            let allowed = (sum(|second| second.commands).saturating_mul(share) / 100).max(FLOOR);
            let is_allowed = sum(|second| second.repeats) < allowed;
            if is_allowed {
                current(seconds, number, |second| second.repeats = second.repeats.saturating_add(1));
            }
            is_allowed
        })
    }

    /// What a clock that goes back says is taken for the newest second that is known.
    fn with_seconds<T>(&self, now: Instant, work: impl FnOnce(&mut VecDeque<Second>, u64) -> T) -> T {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = seconds.back().map_or(0, |second| second.number);
        let number = now.saturating_duration_since(self.begun).as_secs().max(newest);
        // The second that goes on and all that a window of this length touches.
        while seconds.front().is_some_and(|oldest| number.saturating_sub(oldest.number) > WINDOW_SECONDS) {
            seconds.pop_front();
        }
        work(&mut seconds, number)
    }

    /// The window that repeats are counted in.
    #[must_use]
    pub fn window() -> Duration {
        Duration::from_secs(WINDOW_SECONDS)
    }
}

fn current(seconds: &mut VecDeque<Second>, number: u64, count: impl FnOnce(&mut Second)) {
    if seconds.back().is_none_or(|newest| newest.number != number) {
        seconds.push_back(Second { number, commands: 0, repeats: 0 });
    }
    if let Some(second) = seconds.back_mut() {
        count(second);
    }
}
