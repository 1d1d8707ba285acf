//! A database in a SQLite file, and the sessions that run T-SQL on it.

use std::path::Path;
use std::sync::Arc;

use super::reply::{ReplySink, SqlError};
use super::types::{SqlType, Value};

/// One argument of an RPC: a value with its name and type.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name with its `@`; empty when it was passed by position.
    pub name: String,
    /// The type it came with on the wire.
    pub sql_type: SqlType,
    /// The value.
    pub value: Value,
    /// Whether the caller wants it back.
    pub output: bool,
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// What `SUSER_SNAME()` and `ORIGINAL_LOGIN()` give: the SQL login, or the token's `clientId@tenantId`.
    pub name: String,
    /// What `DB_NAME()` gives.
    pub database: String,
    /// What `APP_NAME()` gives.
    pub application: String,
    /// What `HOST_NAME()` gives.
    pub host: String,
}

/// The isolation level of a transaction (MS-TDS 2.2.6.9, table of isolation levels).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Leave it as the session has it.
    #[default]
    Unchanged,
    /// READ UNCOMMITTED
    ReadUncommitted,
    /// READ COMMITTED
    ReadCommitted,
    /// REPEATABLE READ
    RepeatableRead,
    /// SERIALIZABLE
    Serializable,
    /// SNAPSHOT
    Snapshot,
}

/// A database: a SQLite file in WAL mode, temporary or named.
#[derive(Debug)]
pub struct Database {}

impl Database {
    /// Opens `file`, or a temporary file that goes away with the last handle.
    ///
    /// # Errors
    /// When the file can't be opened or isn't a database of ours.
    pub fn open(_file: Option<&Path>) -> Result<Arc<Self>, SqlError> {
        Ok(Arc::new(Self {}))
    }

    /// A new session with a SQLite connection of its own. Blocking: call it, and all its methods, on a thread of the session's own.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn session(self: &Arc<Self>, _login: Login) -> Result<Session, SqlError> {
        Ok(Session {})
    }
}

/// Ends what a session runs, from another thread.
#[derive(Clone, Debug)]
pub struct CancelHandle {}

impl CancelHandle {
    /// The running request ends as soon as it can: its sink gets no more rows and no error for it; a WAITFOR ends at once.
    /// A transaction of the session stays open, as on SQL Server with XACT_ABORT OFF. Without a running request it does nothing.
    pub fn cancel(&self) {}
}

/// One login's session: variables of a batch, SET options, a transaction, temp tables.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// A handle for the thread that reads the socket.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle {}
    }

    /// Runs a SQL batch.
    pub fn batch(&mut self, _text: &str, _reply: &mut dyn ReplySink) {}

    /// Runs `sp_executesql` with `declarations` such as `@id int, @city nvarchar(50) OUTPUT`.
    /// Settings and temp tables that it makes end with it.
    pub fn execute_sql(
        &mut self,
        _text: &str,
        _declarations: &str,
        _arguments: &[Argument],
        _reply: &mut dyn ReplySink,
    ) {
    }

    /// Calls a procedure by name: one of the system's, or one that the database has.
    pub fn call(&mut self, _procedure: &str, _arguments: &[Argument], _reply: &mut dyn ReplySink) {}

    /// The transaction manager request "begin".
    pub fn begin(&mut self, _isolation: Isolation, _reply: &mut dyn ReplySink) {}

    /// The transaction manager request "commit".
    pub fn commit(&mut self, _reply: &mut dyn ReplySink) {}

    /// The transaction manager request "rollback", of all or to a savepoint.
    pub fn rollback(&mut self, _savepoint: Option<&str>, _reply: &mut dyn ReplySink) {}

    /// The transaction manager request "save".
    pub fn save(&mut self, _savepoint: &str, _reply: &mut dyn ReplySink) {}

    /// What a request with the reset bit does first (MS-TDS 2.2.3.1.2): temp tables, settings and session context go;
    /// an open transaction is rolled back unless `keep_transaction`.
    pub fn reset(&mut self, _keep_transaction: bool) {}
}
