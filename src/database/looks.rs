//! Openings that look whether a server is back, beside the callers: how many there are at once, and when they end.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::health::Gate;

/// How long a look may wait for room in the pool; the next one is due by then.
pub(super) const LOOK_WAIT: Duration = Duration::from_secs(1);

/// As many as begin within the default Connect Timeout of 15 seconds.
const MOST_LOOKS: usize = 15;

/// How often a look that hears nothing sees whether another one got in; and once more so long to get in itself.
const RETURN_CHECK: Duration = Duration::from_secs(1);

/// The looks of one pool.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    most: usize,
    under_way: Arc<Mutex<VecDeque<AbortHandle>>>,
}

impl Looks {
    /// Never more at once than the pool has room for, each of which takes a place in it.
    pub(super) fn new(pool_size: usize) -> Self {
        Self { most: pool_size.clamp(1, MOST_LOOKS), under_way: Arc::default() }
    }

    /// Begins one in the background.
    ///
    /// A silent server lets each last for the Connect Timeout. One that finds no room takes that of the second oldest, so that
    /// there is always a fresh one; the oldest goes on, for a server that needs long to let anybody in.
    pub(super) fn begin(&self, look: impl Future<Output = ()> + Send + 'static) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|look| !look.is_finished());
        if under_way.len() >= self.most {
            let second_oldest = 1.min(self.most.saturating_sub(1));
            if let Some(look) = under_way.remove(second_oldest) {
                look.abort();
            }
        }
        under_way.push_back(tokio::spawn(look).abort_handle());
    }
}

/// Completes a while after the server is back: what has heard nothing until then hears nothing any more, and takes room.
pub(super) async fn some_time_after_return(gate: &Gate) {
    loop {
        sleep(RETURN_CHECK).await;
        if !gate.is_down() {
            return sleep(RETURN_CHECK).await;
        }
    }
}
