//! One try of a command: a leased connection, the command on it, and what becomes of the connection afterwards.

use std::time::Duration;

use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::connect::ConnectError;
use super::idempotency::clean_up;
use super::lease::Lease;
use super::metrics::DiscardCause;
use super::pool::{ConnectionPool, PoolFailure, PooledConnection};
use super::sink::ResultSink;
use super::stepping::Stepping;
use super::{Command, Failure};
use crate::invocation::Invocation;

/// How long the server may take to acknowledge that a statement was cancelled, before we hang up.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// How one try failed.
pub(super) struct TryFailure {
    pub(super) failure: Failure,
    /// It had claimed its idempotency key, so no earlier try was committed.
    pub(super) has_claimed: bool,
}

impl From<Failure> for TryFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, has_claimed: false }
    }
}

/// See the module. Each [`Attempt::run`] is one try.
pub(super) struct Attempt {
    pub(super) invocation: Invocation,
    cancellation: CancellationToken,
    pub(super) pool: ConnectionPool,
    command: Command,
}

impl Attempt {
    pub(super) fn new(
        invocation: Invocation,
        cancellation: CancellationToken,
        pool: ConnectionPool,
        command: Command,
    ) -> Self {
        Self { invocation, cancellation, pool, command }
    }

    /// Leases a connection and runs the command on it; whatever ends it early discards the connection.
    pub(super) async fn run(&self, sink: &mut dyn ResultSink) -> Result<(), TryFailure> {
        let mut lease = tokio::select! {
            stop = self.stopped() => return Err(before_running(stop).into()),
            lease = self.pool.lease() => lease.map_err(|failure| match failure {
                PoolFailure::Full => Failure::PoolFull,
                PoolFailure::QueueFull => Failure::QueueFull,
                PoolFailure::Connect(ConnectError::Identity(error)) => Failure::Identity(error),
                PoolFailure::Connect(ConnectError::Fault(fault) | ConnectError::NotReady(fault)) => {
                    Failure::Fault(fault)
                }
                PoolFailure::Connect(ConnectError::Down(fault)) => Failure::ServerDown(fault),
            })?,
        };
        let Some(connection) = lease.item() else {
            return Err(Failure::Internal("a lease without a connection".to_owned()).into());
        };
        let token = connection.token;
        let lent_at = std::time::Instant::now();
        let mut stepping = Stepping::new(&self.command);
        let outcome = tokio::select! {
            stop = self.stopped() => Err(stop),
            // A large future, as all that hold the driver's are: on the heap it costs the stack nothing.
            result = Box::pin(stepping.run(connection, sink)) => Ok(result),
        };
        let has_claimed = stepping.has_claimed();
        match outcome {
            Ok(Ok(())) => {
                self.finish(lease);
                if self.command.idempotency.is_some() && self.pool.cleanup().is_due(std::time::Instant::now())
                {
                    tokio::spawn(clean_up(self.pool.clone()));
                }
                Ok(())
            }
            Ok(Err(failed)) => {
                if failed.is_clean {
                    self.finish(lease);
                } else {
                    drop(lease.discard(failed.error.discard_cause()));
                    tracing::debug!("discarded a connection after a fault");
                }
                if failed.is_broken {
                    self.pool.distrust(lent_at);
                }
                if let Some(token) = token.filter(|_| failed.is_ended_token) {
                    self.pool.distrust_token(token.generation);
                }
                Err(TryFailure { failure: failed.error.into(), has_claimed })
            }
            Err(stop) => {
                tokio::spawn(cancel_on_server(lease).in_current_span());
                let failure = match stop {
                    stop if !stepping.is_command_sent() => before_running(stop),
                    Failure::Deadline if stepping.is_undone() => Failure::DeadlineRolledBack,
                    stop => stop,
                };
                Err(TryFailure { failure, has_claimed })
            }
        }
    }

    /// The command is through and the connection in order; the next caller may have it, unless the command's words say
    /// that they leave something in the session.
    fn finish(&self, lease: Lease<PooledConnection>) {
        if self.command.leaves_session_state || !self.command.session_context.is_empty() {
            drop(lease.discard(DiscardCause::SessionState));
            tracing::debug!("discarded a connection whose session the command changed");
        } else {
            lease.give_back();
        }
    }

    /// Completes when the invocation must end: its caller left, or its time is over.
    pub(super) async fn stopped(&self) -> Failure {
        tokio::select! {
            () = self.cancellation.cancelled() => Failure::Cancelled,
            () = sleep_until(self.invocation.deadline) => Failure::Deadline,
        }
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
    drop(lease.discard(DiscardCause::Cancelled));
}

/// The deadline came before anything of the command was sent.
pub(super) fn before_running(stop: Failure) -> Failure {
    if matches!(stop, Failure::Deadline) { Failure::DeadlineBeforeRunning } else { stop }
}
