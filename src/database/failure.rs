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
    /// The server can't be reached, as other openings just found, so none was tried for this call. The fault is theirs.
    #[error(
        "the server can't be reached ({}), so no connection is tried for each call; the worker looks again every second",
        .0.description
    )]
    ServerDown(Fault),
    /// Every connection of the pool is in use, and as many callers wait for one as may.
    #[error(
        "all connections are in use and too many callers wait for one: try again, or raise AZSQL_POOL_MAX_SIZE or \
         AZSQL_POOL_QUEUE"
    )]
    QueueFull,
    /// The server or the way to it; [`Fault::class`] says what is known of the outcome.
    #[error("{}", .0.description)]
    Fault(Fault),
    /// The results are not of the declared form, or hold a value that can't be told truly.
    #[error("{0}")]
    Results(String),
    /// The answer has more bytes than a function may answer.
    #[error("The answer has more than {} MiB.", limit / 1024 / 1024)]
    AnswerTooLarge {
        /// The most bytes that it may have.
        limit: usize,
    },
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
