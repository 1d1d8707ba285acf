//! What the protocol needs of a session: the database engine does it, and tests bring sessions with canned replies.

use std::sync::Arc;

use crate::sql::engine::{self, Argument, Isolation, Login, PlannedFailure};
use crate::sql::reply::{ReplySink, SqlError, StatementKind};

/// Ends what a session runs, from another thread; does nothing when it runs nothing.
pub type Cancel = Box<dyn Fn() + Send + Sync>;

/// Opens the session of a login, on the thread that will use it.
pub type OpenSession = Arc<dyn Fn(Login) -> Result<Box<dyn Session>, SqlError> + Send + Sync>;

/// One login's session; its methods block.
pub trait Session {
    /// How its work is ended.
    fn cancel(&self) -> Cancel;
    /// Runs a SQL batch.
    fn batch(&mut self, text: &str, reply: &mut dyn ReplySink);
    /// Runs `sp_executesql`.
    fn execute_sql(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    );
    /// Calls a procedure by name.
    fn call(&mut self, procedure: &str, arguments: &[Argument], reply: &mut dyn ReplySink);
    /// Begins a transaction.
    fn begin(&mut self, isolation: Isolation, reply: &mut dyn ReplySink);
    /// Commits the transaction.
    fn commit(&mut self, reply: &mut dyn ReplySink);
    /// Rolls back the transaction, or to a savepoint.
    fn rollback(&mut self, savepoint: Option<&str>, reply: &mut dyn ReplySink);
    /// Sets a savepoint.
    fn save(&mut self, savepoint: &str, reply: &mut dyn ReplySink);
    /// Resets the session before a pool hands it to its next user.
    fn reset(&mut self, keep_transaction: bool);
    /// An error that a fault raises instead of a request, or at its end: it does to the transaction what it does on
    /// SQL Server. Default: it is sent.
    fn fail(&mut self, error: &SqlError, reply: &mut dyn ReplySink) {
        reply.error(error);
        reply.done(StatementKind::Other, None);
    }
    /// Of the next request, so many statements run and the next raises this error; None takes that back. Default: nothing,
    /// for sessions that know no statements.
    fn plan_failure(&mut self, _plan: Option<PlannedFailure>) {}
}

impl Session for engine::Session {
    fn cancel(&self) -> Cancel {
        let handle = self.cancel_handle();
        Box::new(move || handle.cancel())
    }

    fn batch(&mut self, text: &str, reply: &mut dyn ReplySink) {
        Self::batch(self, text, reply);
    }

    fn execute_sql(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        Self::execute_sql(self, text, declarations, arguments, reply);
    }

    fn call(&mut self, procedure: &str, arguments: &[Argument], reply: &mut dyn ReplySink) {
        Self::call(self, procedure, arguments, reply);
    }

    fn begin(&mut self, isolation: Isolation, reply: &mut dyn ReplySink) {
        Self::begin(self, isolation, reply);
    }

    fn commit(&mut self, reply: &mut dyn ReplySink) {
        Self::commit(self, reply);
    }

    fn rollback(&mut self, savepoint: Option<&str>, reply: &mut dyn ReplySink) {
        Self::rollback(self, savepoint, reply);
    }

    fn save(&mut self, savepoint: &str, reply: &mut dyn ReplySink) {
        Self::save(self, savepoint, reply);
    }

    fn reset(&mut self, keep_transaction: bool) {
        Self::reset(self, keep_transaction);
    }

    fn fail(&mut self, error: &SqlError, reply: &mut dyn ReplySink) {
        Self::fail(self, error, reply);
    }

    fn plan_failure(&mut self, plan: Option<PlannedFailure>) {
        Self::plan_failure(self, plan);
    }
}
