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
        if now.begun > last.begun || now.running > 0 {
            write(pool, &last, &now);
        }
        last = now;
    }
}

fn write(pool: &str, last: &PoolSnapshot, now: &PoolSnapshot) {
    let ended = now.commands.total().saturating_sub(last.commands.total());
    let succeeded = now.commands.of("succeeded").saturating_sub(last.commands.of("succeeded"));
    let wait = now.wait_milliseconds.since(&last.wait_milliseconds);
    let query = now.query_milliseconds.since(&last.query_milliseconds);
    tracing::info!(
        pool,
        size = now.size,
        in_use = now.in_use,
        waiting = now.waiting,
        begun = now.begun.saturating_sub(last.begun),
        succeeded,
        failed = ended.saturating_sub(succeeded),
        repeats = now.repeats.saturating_sub(last.repeats),
        opened = now.opened.saturating_sub(last.opened),
        openings_failed = now.openings_failed.total().saturating_sub(last.openings_failed.total()),
        discarded = now.discarded.total().saturating_sub(last.discarded.total()),
        wait_p50_ms = wait.quantile(0.5),
        wait_p99_ms = wait.quantile(0.99),
        query_p50_ms = query.quantile(0.5),
        query_p99_ms = query.quantile(0.99),
        "the last minute of the pool"
    );
}
