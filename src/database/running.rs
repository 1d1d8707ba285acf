//! A running command: the task that owns the lease, its tries, and the future that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::connect::ConnectError;
use super::execute::execute;
use super::faults::{Fault, FaultClass, FaultPolicy, RetryLimits};
use super::lease::Lease;
use super::pool::{ConnectionPool, PoolFailure, PooledConnection};
use super::sink::ResultSink;
use super::{Command, Failure};
use crate::invocation::Invocation;

/// How long the server may take to acknowledge that a statement was cancelled, before we hang up.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

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
                    let limits = RetryLimits { budget: budget(&invocation, retry.budget), ..retry };
                    let policy = FaultPolicy::new(limits, command.repeatability);
                    Tries { invocation, cancellation, pool, command, policy }.run(&mut sink).await
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

/// One invocation's tries.
struct Tries {
    invocation: Invocation,
    cancellation: CancellationToken,
    pool: ConnectionPool,
    command: Command,
    policy: FaultPolicy,
}

impl Tries {
    async fn run(mut self, sink: &mut dyn ResultSink) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let number = self.policy.begin_try();
            let failure = match self.try_once(sink).await {
                Ok(()) => {
                    if number > 1 {
                        self.invocation.log.push(format!("info: try {number} succeeded"));
                        tracing::info!(r#try = number, "the command succeeded after other tries");
                    }
                    return Ok(());
                }
                Err(failure) => failure,
            };
            let Some(fault) = retryable(&failure) else { return Err(failure) };
            let Some(wait) = self.policy.next_try(&fault, begun.elapsed()) else {
                self.report(number, &fault, None);
                return Err(failure);
            };
            // Bytes that have left for the caller can't be taken back.
            if !sink.restart() {
                self.report(number, &fault, None);
                return Err(failure);
            }
            self.report(number, &fault, Some(wait));
            tokio::select! {
                stop = self.stopped() => return Err(before_running(stop)),
                () = sleep(wait) => {}
            }
        }
    }

    /// Leases a connection and runs the command on it; whatever ends it early discards the connection.
    async fn try_once(&self, sink: &mut dyn ResultSink) -> Result<(), Failure> {
        let mut lease = tokio::select! {
            stop = self.stopped() => return Err(before_running(stop)),
            lease = self.pool.lease() => lease.map_err(|failure| match failure {
                PoolFailure::Full => Failure::PoolFull,
                PoolFailure::Connect(ConnectError::Identity(error)) => Failure::Identity(error),
                PoolFailure::Connect(ConnectError::Fault(fault)) => Failure::Fault(fault),
            })?,
        };
        let Some(connection) = lease.item() else {
            return Err(Failure::Internal("a lease without a connection".to_owned()));
        };
        let token = connection.token;
        let mut is_sent = false;
        let outcome = tokio::select! {
            stop = self.stopped() => Err(stop),
            result = execute(&mut connection.client, &self.command, sink, &mut is_sent) => Ok(result),
        };
        match outcome {
            Ok(Ok(())) => {
                self.finish(lease);
                Ok(())
            }
            Ok(Err(error)) => {
                // The reply may be read to its end, and yet a transaction of the text be open.
                if error.connection_usable() && !self.command.may_leave_transaction {
                    self.finish(lease);
                } else {
                    drop(lease.discard());
                    tracing::debug!("discarded a connection after a fault");
                    if error.is_broken_connection() {
                        self.pool.distrust();
                    }
                    if let Some(token) = token.filter(|_| error.is_ended_token()) {
                        self.pool.distrust_token(token.generation);
                    }
                }
                Err(error.into())
            }
            Err(stop) => {
                tokio::spawn(cancel_on_server(lease).in_current_span());
                Err(if is_sent { stop } else { before_running(stop) })
            }
        }
    }

    /// The command is through and the connection in order; the next caller may have it, unless the command's words say
    /// that they leave something in the session.
    fn finish(&self, lease: Lease<PooledConnection>) {
        if self.command.leaves_session_state || !self.command.session_context.is_empty() {
            drop(lease.discard());
            tracing::debug!("discarded a connection whose session the command changed");
        } else {
            lease.give_back();
        }
    }

    /// Completes when the invocation must end: its caller left, or its time is over.
    async fn stopped(&self) -> Failure {
        tokio::select! {
            () = self.cancellation.cancelled() => Failure::Cancelled,
            () = sleep_until(self.invocation.deadline) => Failure::Deadline,
        }
    }

    /// One line in the log and one for the host. Where an error came from in the command is told by number, severity,
    /// state and line: the server's own words can hold values.
    fn report(&self, number: u32, fault: &Fault, wait: Option<Duration>) {
        let Fault { number: sql_error, severity, state, line, .. } = fault;
        let what = &fault.description;
        let place = line.map(|line| format!(" in line {line} of the command")).unwrap_or_default();
        if let Some(wait) = wait {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(r#try = number, sql_error, severity, state, line, wait_ms, "try failed: {what}");
            self.invocation.log.push(format!("warn: try {number} failed: {what}; next try in {wait_ms} ms"));
        } else if fault.class == FaultClass::Permanent {
            // What another try would not mend is mostly the caller's or the definition's: no alarm for the operator.
            tracing::warn!(r#try = number, sql_error, severity, state, line, "try failed: {what}{place}");
            self.invocation.log.push(format!("warn: try {number} failed: {what}{place}"));
        } else {
            tracing::error!(
                r#try = number,
                sql_error,
                severity,
                state,
                line,
                "try failed: {what}; no other try"
            );
            self.invocation.log.push(format!("error: try {number} failed: {what}{place}; no other try"));
        }
    }
}

/// The fault behind a failure that another try could mend.
fn retryable(failure: &Failure) -> Option<Fault> {
    match failure {
        Failure::Fault(fault) => Some(fault.clone()),
        Failure::Identity(error) => Some(Fault::without_number(FaultClass::Permanent, &error.to_string())),
        Failure::PoolFull
        | Failure::Results(_)
        | Failure::OpenTransaction
        | Failure::DeadlineBeforeRunning
        | Failure::Deadline
        | Failure::Cancelled
        | Failure::Internal(_) => None,
    }
}

/// Tells the server to end the statement, so that it holds no locks for an answer that nobody reads; then hangs up.
///
/// The pool has no room for another connection until then: callers that leave in a loop must not open more than its size.
async fn cancel_on_server(mut lease: Lease<PooledConnection>) {
    if let Some(connection) = lease.item() {
        match timeout(CANCEL_TIMEOUT, connection.client.cancel_query()).await {
            Ok(Ok(())) => tracing::debug!("cancelled the statement and discarded its connection"),
            Ok(Err(_)) | Err(_) => tracing::debug!("discarded the connection of a cancelled statement"),
        }
    }
    drop(lease.discard());
}

/// The deadline came before anything of the command was sent.
fn before_running(stop: Failure) -> Failure {
    if matches!(stop, Failure::Deadline) { Failure::DeadlineBeforeRunning } else { stop }
}
