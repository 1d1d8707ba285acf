//! Counts crashes, and says when there are too many.

use std::time::{Duration, Instant};

/// Crashes further apart than this don't add up (`WorkerConstants.cs`, `WorkerRestartErrorIntervalThresholdInMinutes`).
const MEMORY: Duration = Duration::from_secs(30 * 60);
/// The crash that stops the host (`HttpFunctionInvocationDispatcher.cs`, `ErrorEventsThreshold`).
const LIMIT: u32 = 3;

/// The crashes so far.
#[derive(Debug, Default)]
pub(super) struct Crashes {
    count: u32,
    last: Option<Instant>,
}

impl Crashes {
    /// Adds one that happened at `now`; whether it is one too many.
    pub(super) fn add(&mut self, now: Instant) -> bool {
        // Only the newest counts for the distance: crashes every 29 minutes do add up.
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > MEMORY) {
            self.count = 0;
        }
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        self.count >= LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::{Crashes, Duration, Instant};

    #[test]
    fn the_third_crash_within_half_an_hour_of_the_last_is_one_too_many() {
        let minute = |minutes: u64| Duration::from_secs(60 * minutes);
        let start = Instant::now();
        let mut crashes = Crashes::default();
        let verdicts = [0, 29, 60, 89, 118].map(|at| crashes.add(start + minute(at)));
        assert_eq!(verdicts, [false, false, false, false, true]);
    }
}
