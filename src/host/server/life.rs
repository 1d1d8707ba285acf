//! The server's life: what runs is counted, so that a stop can wait for it, or cut it off.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// See the module. Clones share one life.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    running: TaskTracker,
    cut: CancellationToken,
}

impl Life {
    /// Counts a request in until the token is dropped; None when the server takes no more.
    pub(super) fn begin(&self) -> Option<TaskTrackerToken> {
        // Counted first: a stop that begins in between waits for it.
        let token = self.go_on();
        (!self.is_stopping()).then_some(token)
    }

    /// Counts in what goes on after the request that it belongs to was handled: an answer that is still leaving.
    pub(super) fn go_on(&self) -> TaskTrackerToken {
        self.running.token()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.running.is_closed()
    }

    /// From now on nothing begins; how much still runs.
    pub(super) fn stop(&self) -> usize {
        self.running.close();
        self.running.len()
    }

    /// Completes when nothing runs any more.
    pub(super) async fn idle(&self) {
        self.running.wait().await;
    }

    /// Ends whatever still runs.
    pub(super) fn cut_off(&self) {
        self.cut.cancel();
    }

    /// Completes when whatever runs must end.
    pub(super) async fn is_cut_off(&self) {
        self.cut.cancelled().await;
    }
}
