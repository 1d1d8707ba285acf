//! Waiting for something to become true, within a bound.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once; generous, for a machine that runs everything in parallel.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(10);

/// Polls until `probe` gives something, and fails the test when it doesn't within [`BOUND`].
#[track_caller]
pub(crate) fn eventually<T, F>(what: &str, probe: F) -> impl Future<Output = T>
where
    F: AsyncFnMut() -> Option<T>,
{
    within(BOUND, what, probe)
}

/// The same with another bound.
pub(crate) async fn within<T, F>(bound: Duration, what: &str, mut probe: F) -> T
where
    F: AsyncFnMut() -> Option<T>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(begun.elapsed() < bound, "waited {bound:?} for this: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
