//! A running command: the task that does the work, and the future that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::attempt::Attempt;
use super::faults::{FaultPolicy, RetryLimits};
use super::pool::ConnectionPool;
use super::sink::ResultSink;
use super::tries::Tries;
use super::{Command, Failure};
use crate::invocation::Invocation;

/// Waits for a command. Dropping it cancels the command.
#[derive(Debug)]
pub struct Running<S> {
    task: JoinHandle<(S, Result<(), Failure>)>,
    _cancel: DropGuard,
}

impl<S: ResultSink + 'static> Running<S> {
    pub(super) fn spawn(
        runtime: &Handle,
        invocation: Invocation,
        pool: Result<ConnectionPool, Failure>,
        command: Command,
        retry: RetryLimits,
        sink: S,
    ) -> Self {
        let cancellation = CancellationToken::new();
        let guard = cancellation.clone().drop_guard();
        let span = tracing::error_span!("invocation", function = %invocation.function, id = %invocation.id);
        let work = async move {
            let mut sink = sink;
            let result = match pool {
                Ok(pool) => {
                    let limits = retry.with_own(command.own_retry_limits);
                    let limits = RetryLimits { budget: budget(&invocation, limits.budget), ..limits };
                    let policy = FaultPolicy::new(limits, command.unit);
                    let retry_budget = pool.retry_budget();
                    let attempt = Attempt::new(invocation, cancellation, pool, command);
                    Tries::new(attempt, policy, retry_budget).run(&mut sink).await
                }
                Err(failure) => Err(failure),
            };
            if matches!(result, Err(Failure::Cancelled)) {
                // Whoever waited is gone, so nobody else writes this line.
                tracing::info!("the caller left and the command was cancelled");
            }
            (sink, result)
        };
        Self { task: runtime.spawn(work.instrument(span)), _cancel: guard }
    }
}

impl<S> Future for Running<S> {
    /// The sink, and whether the command succeeded; None when the task panicked and took the sink along.
    type Output = Option<(S, Result<(), Failure>)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context).map(Result::ok)
    }
}

/// The last try must begin early enough to end before the deadline; four fifths of the time leave room for that.
fn budget(invocation: &Invocation, configured: Duration) -> Duration {
    let left = invocation.deadline.saturating_duration_since(Instant::now());
    configured.min(left.mul_f64(0.8))
}
