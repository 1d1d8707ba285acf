//! Idempotency keys: a command whose effect happens once, however often its call arrives.
//!
//! The row of a key is inserted as the first statement of the command's own transaction and holds the answer when that is
//! committed. So effect and answer are there together or not at all, and a replay meets the primary key: it waits for a
//! transaction that is still committing, where a look-up under row versions would overlook it. `steps.rs` has the order of the
//! requests, and `model.rs` shows that it holds in every order of events.

mod cleanup;
mod key;
#[cfg(test)]
mod model;
mod request;
mod statements;

use std::sync::Arc;

pub(super) use cleanup::{Cleanup, clean_up};
pub use key::{CallerIdentity, KeyHash};
pub use request::RequestHash;
pub(super) use statements::{Claim, Found, claim, look_up, of_the_table, record};
pub use statements::{SCRIPT, TABLE};

/// The longest answer that is stored, in bytes. The row is written inside the command's transaction, and read into memory by a
/// replay; a larger answer belongs into a table of its own, with a key of which the caller is told.
pub const LONGEST_ANSWER: usize = 1024 * 1024;

/// The key of one invocation, and what it was called with.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The function's name, for people who look into the table.
    pub function: Arc<str>,
    /// Which key of which caller of which function.
    pub key: KeyHash,
    /// What the call asks for: another request with the same key is refused.
    pub request: RequestHash,
    /// How long the key is kept from now on, in hours, 1 to 8,760.
    pub lifetime_hours: u16,
}

/// Why a command with an idempotency key has no answer, beside what ends any command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyFailure {
    /// The key was used for another request.
    #[error(
        "The idempotency key was used before, for a call with other values. Send a new key with a new request; a repeat must \
         send what the first call sent."
    )]
    OtherRequest,
    /// Another call with the key is still running.
    #[error(
        "Another call with this idempotency key is still running. Repeat this one later, with the same key."
    )]
    InProgress,
    /// The key's row was committed without an answer.
    #[error(
        "An earlier call with this idempotency key took effect, and its answer was not stored: the command, or a procedure that \
         it calls, commits or rolls back on its own. Leave transactions to the worker."
    )]
    Unanswered,
    /// The answer has more than [`LONGEST_ANSWER`] bytes.
    #[error(
        "The answer has more than 1 MiB, which is not stored under an idempotency key, so everything was rolled back. Let the \
         command return less."
    )]
    AnswerTooLong,
    /// The stored answer isn't one of this function's.
    #[error(
        "An earlier call with this idempotency key took effect, and its stored answer can't be read: another version of the \
         worker or of the function wrote it. Look the effect up; nothing was done again."
    )]
    Unreadable,
    /// The key's row was gone when the answer came.
    #[error(
        "The idempotency key's row was gone when the command had run, so everything was rolled back: the command must not \
         delete from dbo.AzsqlIdempotency, nor end the transaction."
    )]
    RowGone,
    /// There is no table.
    #[error(
        "The database has no table dbo.AzsqlIdempotency, which `idempotencyKey` needs. Create it with the script that \
         `azsql-worker check` prints; `azsql-worker doctor --grant` has it too."
    )]
    NoTable,
    /// The worker's user lacks a right on the table.
    #[error(
        "The worker's database user may not use dbo.AzsqlIdempotency. Grant it SELECT, INSERT, UPDATE and DELETE on the table; \
         `azsql-worker doctor --grant` prints the script."
    )]
    NoRight,
}
