//! What a session says back while it runs a request: result sets, counts, errors and messages, in order.

use super::types::{Column, SqlType, Value};

/// An error or message as SQL Server sends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Msg {number}, Level {class}, State {state}, Line {line}: {message}")]
pub struct SqlError {
    /// The number, as in `sys.messages`.
    pub number: i32,
    /// The severity: up to 10 a message, 11 to 16 the user's, 17 to 19 the server's, from 20 the connection ends.
    pub class: u8,
    /// The state, which tells places that raise one number apart.
    pub state: u8,
    /// The text.
    pub message: String,
    /// The procedure it came from, empty in a batch.
    pub procedure: String,
    /// The line in the batch, from 1.
    pub line: u32,
}

impl SqlError {
    /// An error of severity 16, state 1, on line 1: the common case.
    #[must_use]
    pub fn new(number: i32, message: impl Into<String>) -> Self {
        Self { number, class: 16, state: 1, message: message.into(), procedure: String::new(), line: 1 }
    }

    /// The same error on another line of the batch.
    #[must_use]
    pub fn at_line(mut self, line: u32) -> Self {
        self.line = line;
        self
    }

    /// The same error with another severity.
    #[must_use]
    pub fn with_class(mut self, class: u8) -> Self {
        self.class = class;
        self
    }

    /// The same error with another state.
    #[must_use]
    pub fn with_state(mut self, state: u8) -> Self {
        self.state = state;
        self
    }
}

/// What kind of statement ended; the `CurCmd` field of a DONE token (MS-TDS 2.2.7.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// MERGE
    Merge,
    /// anything else
    Other,
}

/// What happened to the session's transaction; becomes an ENVCHANGE token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionChange {
    /// A transaction began; the descriptor is not 0.
    Began(u64),
    /// The transaction with this descriptor was committed.
    Committed(u64),
    /// The transaction with this descriptor was rolled back.
    RolledBack(u64),
}

/// The reader has gone (attention, or the connection ended): stop producing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client stopped reading")]
pub struct Stopped;

/// Takes a session's answer in the order in which it comes.
///
/// For each statement: perhaps `columns` and then any number of `row`; then `done`, or `error` and then `done` with no count.
pub trait ReplySink {
    /// A result set begins.
    ///
    /// # Errors
    /// [`Stopped`] when the reader has gone.
    fn columns(&mut self, columns: &[Column]) -> Result<(), Stopped>;
    /// One row of the result set that was begun last; one value per column.
    ///
    /// # Errors
    /// [`Stopped`] when the reader has gone.
    fn row(&mut self, values: &[Value]) -> Result<(), Stopped>;
    /// A statement ended; `count` is None under NOCOUNT, for statements without a count, and after an error.
    fn done(&mut self, kind: StatementKind, count: Option<u64>);
    /// An error; `done` of the statement follows.
    fn error(&mut self, error: &SqlError);
    /// A message: PRINT, or RAISERROR below severity 11.
    fn info(&mut self, message: &SqlError);
    /// The session's transaction changed.
    fn transaction(&mut self, change: TransactionChange);
    /// The value of an OUTPUT parameter at the end of an RPC.
    fn output(&mut self, name: &str, sql_type: SqlType, value: &Value);
    /// The return status of an RPC: 0, or what RETURN gave.
    fn return_status(&mut self, status: i32);
    /// A procedure begins, or a text of `sp_executesql`: what is done up to [`ReplySink::leave_procedure`] is done in it.
    /// Default: nothing.
    fn enter_procedure(&mut self) {}
    /// It ended; with its return status unless an error took it to a CATCH or ended the batch. Default: nothing.
    fn leave_procedure(&mut self, _status: Option<i32>) {}
}
