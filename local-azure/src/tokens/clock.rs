//! The clock that tokens are issued and verified by: the system's, moved on by a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The system's clock plus an offset. Clones show the same time.
///
/// Who issues tokens and who verifies them share one, so that a test ages a token without waiting.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Seconds ahead of the system's clock.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        chrono::Utc::now().timestamp().saturating_add(self.offset.load(Ordering::SeqCst))
    }

    /// Moves on by whole seconds; what is left of a second doesn't count.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let moved = |offset: i64| Some(offset.saturating_add(seconds));
        // The closure always answers Some.
        let _before = self.offset.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// How far it is ahead of the system's clock.
    #[must_use]
    pub fn offset(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.offset.load(Ordering::SeqCst)).unwrap_or_default())
    }
}
