//! What a pool does when nobody asks: it closes connections whose time is over, and keeps a minimum open.

use std::time::Duration;

use super::metrics::DiscardCause;
use super::pool::ConnectionPool;

/// How often idle connections are looked through: one that nobody asks for must still go, because a session that is
/// held keeps a serverless database from pausing.
const INTERVAL: Duration = Duration::from_secs(30);

/// For a short time of idleness that is too seldom: twice in it, but never without a pause.
const LEAST_INTERVAL: Duration = Duration::from_millis(250);

/// Looks after a pool for as long as it is there.
pub(super) async fn keep(pool: ConnectionPool) {
    let limits = pool.limits();
    let interval = INTERVAL.min(limits.max_idle / 2).max(LEAST_INTERVAL);
    pool.warm().await;
    let weak = pool.downgrade();
    drop(pool);
    loop {
        tokio::time::sleep(interval).await;
        let Some(pool) = weak.upgrade() else { return };
        let closed = pool.close_retired();
        if closed > 0 {
            tracing::debug!(connections = closed, "closed connections that nobody asked for");
        }
        pool.warm().await;
    }
}

/// Which idle connections go, as the pool is looked through: those that nobody asked for only down to the minimum.
#[derive(Debug)]
pub(super) struct Sweep {
    size: usize,
    min_size: usize,
}

impl Sweep {
    /// Of a pool that has `size` connections, lent ones included.
    pub(super) fn new(size: usize, min_size: usize) -> Self {
        Self { size, min_size }
    }

    /// Why the next idle connection goes; None when it stays.
    pub(super) fn judge(&mut self, end: Option<DiscardCause>) -> Option<DiscardCause> {
        let cause = end.filter(|cause| *cause != DiscardCause::Idle || self.size > self.min_size)?;
        self.size = self.size.saturating_sub(1);
        Some(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_connections_go_down_to_the_minimum_and_old_ones_below_it() {
        let mut sweep = Sweep::new(4, 2);
        let goes: Vec<_> = [
            Some(DiscardCause::Idle),
            None,
            Some(DiscardCause::Idle),
            Some(DiscardCause::Idle),
            Some(DiscardCause::Old),
        ]
        .into_iter()
        .map(|end| sweep.judge(end))
        .collect();
        assert_eq!(
            goes,
            [Some(DiscardCause::Idle), None, Some(DiscardCause::Idle), None, Some(DiscardCause::Old)]
        );
    }

    #[test]
    fn without_a_minimum_all_idle_connections_go() {
        let mut sweep = Sweep::new(2, 0);
        assert!((0..2).all(|_| sweep.judge(Some(DiscardCause::Idle)) == Some(DiscardCause::Idle)));
    }
}
