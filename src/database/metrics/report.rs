//! One line a minute and pool in the log while there is traffic, and none when there is none.

use std::time::Duration;

use super::PoolSnapshot;

const INTERVAL: Duration = Duration::from_secs(60);

/// Logs what happened in each minute for as long as `snapshot` gives something. `pool` is the app setting's name.
pub(in crate::database) async fn report(pool: &str, snapshot: impl Fn() -> Option<PoolSnapshot>) {
    let Some(mut last) = snapshot() else { return };
    // The pool was made for a command that may have begun already.
    last.begun = 0;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(now) = snapshot() else { return };
        if let Some(minute) = Minute::between(&last, &now) {
            minute.log(pool);
        }
        last = now;
    }
}

/// What happened between two moments, and how things stand at the second.
#[derive(Debug, PartialEq, Eq)]
struct Minute {
    size: usize,
    in_use: usize,
    waiting: usize,
    begun: u64,
    succeeded: u64,
    failed: u64,
    repeats: u64,
    opened: u64,
    openings_failed: u64,
    discarded: u64,
    /// Median and the 99th of a hundred, in milliseconds, each the upper bound of its bucket; None when nobody asked.
    wait: Option<(u64, u64)>,
    query: Option<(u64, u64)>,
}

impl Minute {
    /// None when there was no traffic.
    fn between(last: &PoolSnapshot, now: &PoolSnapshot) -> Option<Self> {
        let begun = now.begun.saturating_sub(last.begun);
        let ended = now.commands.total().saturating_sub(last.commands.total());
        if begun == 0 && ended == 0 && now.running == 0 {
            return None;
        }
        let succeeded = now.commands.of("succeeded").saturating_sub(last.commands.of("succeeded"));
        let wait = now.wait_milliseconds.since(&last.wait_milliseconds);
        let query = now.query_milliseconds.since(&last.query_milliseconds);
        Some(Self {
            size: now.size,
            in_use: now.in_use,
            waiting: now.waiting,
            begun,
            succeeded,
            failed: ended.saturating_sub(succeeded),
            repeats: now.repeats.saturating_sub(last.repeats),
            opened: now.opened.saturating_sub(last.opened),
            openings_failed: now.openings_failed.total().saturating_sub(last.openings_failed.total()),
            discarded: now.discarded.total().saturating_sub(last.discarded.total()),
            wait: wait.quantile(0.5).zip(wait.quantile(0.99)),
            query: query.quantile(0.5).zip(query.quantile(0.99)),
        })
    }

    fn log(&self, pool: &str) {
        let (wait_p50_ms, wait_p99_ms) = self.wait.unzip();
        let (query_p50_ms, query_p99_ms) = self.query.unzip();
        tracing::info!(
            pool,
            size = self.size,
            in_use = self.in_use,
            waiting = self.waiting,
            begun = self.begun,
            succeeded = self.succeeded,
            failed = self.failed,
            repeats = self.repeats,
            opened = self.opened,
            openings_failed = self.openings_failed,
            discarded = self.discarded,
            wait_p50_ms,
            wait_p99_ms,
            query_p50_ms,
            query_p99_ms,
            "the last minute of the pool"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DiscardCause, PoolMetrics};
    use super::*;
    use crate::database::{Failure, PoolLimits};

    fn snapshot(metrics: &PoolMetrics) -> PoolSnapshot {
        PoolSnapshot::new(metrics, PoolLimits::of_size(4), 1)
    }

    #[test]
    fn a_minute_without_traffic_is_no_line_whatever_was_closed_in_it() {
        let metrics = PoolMetrics::default();
        let last = snapshot(&metrics);
        metrics.discarded(DiscardCause::Idle);
        assert_eq!(Minute::between(&last, &snapshot(&metrics)), None);
    }

    #[test]
    fn a_command_that_runs_for_minutes_is_a_line_in_each() {
        let metrics = PoolMetrics::default();
        let running = metrics.command_begins();
        let last = snapshot(&metrics);
        assert!(Minute::between(&last, &snapshot(&metrics)).is_some(), "it runs");
        metrics.command_ended(&Ok(()));
        drop(running);
        let now = snapshot(&metrics);
        assert!(Minute::between(&last, &now).is_some(), "it ended");
        assert_eq!(Minute::between(&now, &snapshot(&metrics)), None);
    }

    #[test]
    fn a_line_tells_of_its_own_minute_alone() {
        let metrics = PoolMetrics::default();
        metrics.queried(Duration::from_secs(200));
        drop(metrics.command_begins());
        metrics.command_ended(&Ok(()));
        let last = snapshot(&metrics);

        for (number, result) in [(1, Ok(())), (2, Err(Failure::PoolFull))] {
            let _running = metrics.command_begins();
            metrics.try_begins(number);
            metrics.waited(Duration::from_millis(3));
            metrics.queried(Duration::from_millis(8));
            metrics.command_ended(&result);
        }
        metrics.opened();
        metrics.discarded(DiscardCause::Fault);

        let minute = Minute::between(&last, &snapshot(&metrics));
        let expected = Minute {
            size: 1,
            in_use: 0,
            waiting: 0,
            begun: 2,
            succeeded: 1,
            failed: 1,
            repeats: 1,
            opened: 1,
            openings_failed: 0,
            discarded: 1,
            wait: Some((5, 5)),
            query: Some((10, 10)),
        };
        assert_eq!(minute, Some(expected));
    }
}
