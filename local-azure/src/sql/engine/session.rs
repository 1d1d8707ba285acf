//! A session: what a login keeps from request to request, and the requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, ErrorCode, InterruptHandle};

use super::bind::Variable;
use super::identity::{self, Shared, lock};
use super::planned::PlannedFailure;
use super::row_version::RowVersions;
use super::run::Frame;
use super::security::functions::{self as rights_functions, CurrentRights};
use super::security::login::User;
use super::sessions::Registered;
use super::table_types::variable::LiveTables;
use super::transaction::Transaction;
use super::{Argument, Database, Isolation, Login, catalog, describe, errors};
use crate::sql::reply::{ReplySink, SqlError, StatementKind, Stopped};
use crate::sql::tsql::system_name::of_system;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::functions::FunctionContext;

/// Why a statement didn't end well.
#[derive(Debug)]
pub(crate) enum Failure {
    Sql(SqlError),
    /// From THROW, which ends the batch whatever its number.
    Thrown(SqlError),
    /// Cancelled, or the reader has gone.
    Stopped,
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// SET options.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) no_count: bool,
    pub(super) xact_abort: bool,
    pub(super) isolation: Isolation,
    /// Milliseconds; negative = the engine's own limit.
    pub(super) lock_timeout: i64,
    pub(super) identity_insert: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            no_count: false,
            xact_abort: false,
            isolation: Isolation::ReadCommitted,
            lock_timeout: -1,
            identity_insert: None,
        }
    }
}

struct Cancel {
    running: AtomicBool,
    asked: AtomicBool,
    interrupt: InterruptHandle,
}

/// Ends what a session runs, from another thread.
#[derive(Clone)]
pub struct CancelHandle(Arc<Cancel>);

impl std::fmt::Debug for CancelHandle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CancelHandle")
    }
}

impl CancelHandle {
    /// The running request ends as soon as it can: its sink gets no more rows and no error for it; a WAITFOR ends at once.
    /// A transaction of the session stays open, as on SQL Server with XACT_ABORT OFF. Without a running request it does nothing.
    pub fn cancel(&self) {
        if self.0.running.load(Ordering::SeqCst) {
            self.0.asked.store(true, Ordering::SeqCst);
            self.0.interrupt.interrupt();
        }
    }
}

/// One login's session: variables of a batch, SET options, a transaction, temp tables.
pub struct Session {
    pub(super) database: Arc<Database>,
    pub(super) connection: Connection,
    pub(super) login: Login,
    pub(super) user: User,
    pub(super) rights: CurrentRights,
    _registered: Registered,
    pub(super) functions: Arc<FunctionContext>,
    pub(super) shared: Arc<Mutex<Shared>>,
    cancel: CancelHandle,
    pub(super) settings: Settings,
    pub(super) transaction: Option<Transaction>,
    pub(super) row_count: i64,
    pub(super) last_error: i32,
    /// `@@IDENTITY`
    pub(super) identity: Option<i64>,
    /// `SCOPE_IDENTITY()` of the text that runs.
    pub(super) scope_identity: Option<i64>,
    pub(super) session_context: HashMap<String, (SqlType, Value)>,
    /// Keys that can't be set again, as they are looked up and as they were written.
    pub(super) read_only_context: HashMap<String, String>,
    /// `@@NESTLEVEL`: how deep procedures and sp_executesql lie in each other.
    pub(super) depth: usize,
    /// Whether the error that is on its way to a CATCH has its line and procedure.
    pub(super) located: bool,
    pub(super) planned: Option<PlannedFailure>,
    /// The table variables of all the texts that run.
    pub(super) tables: LiveTables,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(
        database: Arc<Database>,
        connection: Connection,
        login: Login,
        user: User,
    ) -> rusqlite::Result<Self> {
        let functions = Arc::new(FunctionContext::default());
        let shared = Arc::<Mutex<Shared>>::default();
        crate::sql::values::functions::register(&connection, &functions)?;
        identity::register(&connection, &database.counters, &shared)?;
        RowVersions::register(&connection, &database.row_versions)?;
        catalog::prepare(&connection, "temp")?;
        let rights = CurrentRights::default();
        rights_functions::register(&connection, &rights)?;
        let registered = database.sessions.register(&login);
        let cancel = CancelHandle(Arc::new(Cancel {
            running: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            interrupt: connection.get_interrupt_handle(),
        }));
        Ok(Self {
            database,
            connection,
            login,
            user,
            rights,
            _registered: registered,
            functions,
            shared,
            cancel,
            settings: Settings::default(),
            transaction: None,
            row_count: 0,
            last_error: 0,
            identity: None,
            scope_identity: None,
            read_only_context: HashMap::new(),
            session_context: HashMap::new(),
            depth: 0,
            located: false,
            planned: None,
            tables: LiveTables::default(),
        })
    }

    /// A handle for the thread that reads the socket.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    pub(super) fn cancelled(&self) -> bool {
        self.cancel.0.asked.load(Ordering::SeqCst)
    }

    fn request<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.cancel.0.asked.store(false, Ordering::SeqCst);
        self.cancel.0.running.store(true, Ordering::SeqCst);
        self.located = false;
        let result = run(self);
        self.cancel.0.running.store(false, Ordering::SeqCst);
        result
    }

    /// Runs a SQL batch.
    pub fn batch(&mut self, text: &str, reply: &mut dyn ReplySink) {
        self.request(|session| {
            // Outside TRY every failure has been sent.
            let _ = session.run_text(text, &mut Frame::default(), reply);
            session.end_batch(reply);
        });
    }

    /// Runs `sp_executesql` with `declarations` such as `@id int, @city nvarchar(50) OUTPUT`.
    /// Settings and temp tables that it makes end with it.
    pub fn execute_sql(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) {
        self.request(|session| match session.execute_text(text, declarations, arguments, None, reply) {
            Ok(executed) => {
                for (_, name, variable) in executed.outputs {
                    reply.output(&name, variable.sql_type, &variable.value);
                }
                session.end_batch(reply);
                reply.return_status(executed.status);
            }
            // It failed before its text ran, which would have seen to the transaction.
            Err(Failure::Sql(error) | Failure::Thrown(error)) => {
                session.fail(&error, reply);
                reply.return_status(error.number);
            }
            Err(Failure::Stopped) => {}
        });
    }

    /// Calls a procedure by name: one of the system's, or one that the database has.
    pub fn call(&mut self, procedure: &str, arguments: &[Argument], reply: &mut dyn ReplySink) {
        self.request(|session| {
            if let Some(described) = describe::Procedure::of_call(procedure) {
                return session.describe_call(described, arguments, reply);
            }
            let sets_context =
                of_system(procedure).is_some_and(|name| name.eq_ignore_ascii_case("sp_set_session_context"));
            if !sets_context {
                return session.call_by_name(procedure, arguments, reply);
            }
            match session.set_session_context(arguments) {
                Ok(()) => reply.return_status(0),
                Err(error) => {
                    session.last_error = error.number;
                    reply.error(&error);
                    reply.done(StatementKind::Other, None);
                    // What a system procedure returns when it fails.
                    reply.return_status(1);
                }
            }
        });
    }

    /// The transaction manager request "begin".
    pub fn begin(&mut self, isolation: Isolation, reply: &mut dyn ReplySink) {
        self.manage(reply, |session, reply| session.begin_transaction(isolation, None, reply));
    }

    /// The transaction manager request "commit".
    pub fn commit(&mut self, reply: &mut dyn ReplySink) {
        self.manage(reply, Self::commit_transaction);
    }

    /// The transaction manager request "rollback", of all or to a savepoint.
    pub fn rollback(&mut self, savepoint: Option<&str>, reply: &mut dyn ReplySink) {
        self.manage(reply, |session, reply| match savepoint {
            Some(name) => session.rollback_to(name),
            None => session.rollback_transaction(reply),
        });
    }

    /// The transaction manager request "save".
    pub fn save(&mut self, savepoint: &str, reply: &mut dyn ReplySink) {
        self.manage(reply, |session, _| session.save_transaction(savepoint));
    }

    fn manage(
        &mut self,
        reply: &mut dyn ReplySink,
        run: impl FnOnce(&mut Self, &mut dyn ReplySink) -> Result<(), Failure>,
    ) {
        self.request(|session| {
            if let Err(Failure::Sql(error) | Failure::Thrown(error)) = run(session, reply) {
                session.last_error = error.number;
                reply.error(&error);
            }
            reply.done(StatementKind::Other, None);
        });
    }

    /// What a request with the reset bit does first (MS-TDS 2.2.3.1.2): temp tables, settings and session context go;
    /// an open transaction is rolled back unless `keep_transaction`.
    pub fn reset(&mut self, keep_transaction: bool) {
        if !keep_transaction
            && let Some(transaction) = self.transaction.take()
            && transaction.begun
        {
            let _ = self.connection.execute_batch("ROLLBACK");
            self.drop_what_came_back();
        }
        self.drop_temporary(0);
        self.settings = Settings::default();
        self.session_context.clear();
        self.row_count = 0;
        self.last_error = 0;
        self.identity = None;
        self.scope_identity = None;
        self.read_only_context.clear();
    }

    /// Drops the temp tables and table variables made at this depth or deeper.
    pub(super) fn drop_temporary(&mut self, depth: usize) {
        self.drop_table_variables(depth);
        let tables = catalog::temporary_from(&self.connection, depth).unwrap_or_default();
        for table in tables {
            let _ = self.connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", table.sql()));
            let _ = catalog::remove(&self.connection, &table);
        }
    }

    /// SQLite's error as the one that stands behind it.
    pub(super) fn sqlite_failure(&self, error: &rusqlite::Error) -> Failure {
        let own = lock(&self.shared).error.take();
        if let Some(own) = self.functions.take_error().or(own) {
            return own.into();
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Failure::Stopped,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                SqlError::new(1222, "Lock request time out period exceeded.").with_state(51).into()
            }
            _ => errors::internal(error).into(),
        }
    }
}

/// 2812.
pub(super) fn no_procedure(name: &str) -> SqlError {
    SqlError::new(2812, format!("Could not find stored procedure '{name}'.")).with_state(62)
}

/// Variables of one batch or sp_executesql.
pub(super) type Variables = HashMap<String, Variable>;
