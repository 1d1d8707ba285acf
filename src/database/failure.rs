//! Why a command has no results, once all tries are over.

use super::faults::Fault;
use super::idempotency::IdempotencyFailure;
use crate::identity::IdentityError;

/// The end of a command that did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// No token to log in with.
    #[error("{0}")]
    Identity(IdentityError),
    /// Every connection of the pool was in use for the whole wait.
    #[error("all connections are in use: try again, or raise AZSQL_POOL_MAX_SIZE")]
    PoolFull,
    /// The server or the way to it; [`Fault::class`] says what is known of the outcome.
    #[error("{}", .0.description)]
    Fault(Fault),
    /// The results are not of the declared form, or hold a value that can't be told truly.
    #[error("{0}")]
    Results(String),
    /// The command began a transaction and didn't end it, so the server rolled it back.
    #[error(
        "The command left a transaction open, and what it did since BEGIN TRANSACTION was rolled back: end it with \
         COMMIT or ROLLBACK."
    )]
    OpenTransaction,
    /// The command ended the transaction that it ran in, which is the worker's.
    #[error(
        "The command ended the transaction that the worker runs it in, so nobody knows which part of it took effect: let its \
         procedures end only what they begin, or set \"transaction\": \"none\"."
    )]
    EndedTransaction,
    /// The invocation's time was over before the command was sent.
    #[error(
        "The database could not be reached before the function's time was over: nothing was sent. Try again later."
    )]
    DeadlineBeforeRunning,
    /// The invocation's time is over; the statement was cancelled on the server.
    #[error("the command did not end before the invocation's deadline and was cancelled")]
    Deadline,
    /// The invocation's time is over; the statement was cancelled on the server and its transaction can't be committed any more.
    #[error("the command did not end before the invocation's deadline; it was cancelled and rolled back")]
    DeadlineRolledBack,
    /// Nobody waits for the answer any more; the statement was cancelled on the server.
    #[error("the caller left and the command was cancelled")]
    Cancelled,
    /// What the idempotency key says, or why it can't be used.
    #[error("{0}")]
    Idempotency(IdempotencyFailure),
    /// A defect of the worker.
    #[error("the worker has a defect: {0}")]
    Internal(String),
}
