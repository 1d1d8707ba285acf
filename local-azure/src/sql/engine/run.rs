//! Running the statements of a batch: control of flow, variables, errors, result sets.

use super::Isolation;
use super::bind::Variable;
use super::errors::{self, Reach};
use super::procedures::RunningProcedure;
use super::session::{Failure, Session, Variables};
use super::table_types::variable::{TableVariable, TableVariables};
use crate::sql::reply::{ReplySink, SqlError, StatementKind as Done};
use crate::sql::tsql::batch;
use crate::sql::tsql::cursor::undeclared;
use crate::sql::tsql::statement::{Setting, Statement, StatementKind};
use crate::sql::types::{SqlType, Value};

/// Where control goes after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return,
    /// An error of this number, which has been sent, ended the text: a batch, or what one sp_executesql runs.
    ScopeAborted(i32),
    /// An error of this number, which has been sent, ended the whole batch, with all sp_executesql round it.
    Aborted(i32),
    Stopped,
}

/// What belongs to one batch or sp_executesql.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) variables: Variables,
    /// How many TRY blocks lie round the statement, those round the calling EXEC among them.
    pub(super) tries: usize,
    /// Table variables and table-valued parameters.
    pub(super) tables: TableVariables,
    /// Errors that CATCH blocks handle, innermost last.
    pub(super) caught: Vec<SqlError>,
    /// The procedure that this is the body of.
    pub(super) procedure: Option<RunningProcedure>,
    /// What RETURN gave.
    pub(super) status: Option<i32>,
    /// The severest error of its own statements, caught or not.
    pub(super) worst: u8,
}

impl Frame {
    /// The return status of a procedure that gave none itself: 10 less the severity of its severest error.
    pub(super) fn status_of_errors(&self) -> i32 {
        if self.worst > 10 { 10 - i32::from(self.worst) } else { 0 }
    }
}

impl Frame {
    /// The table variable that an expression names, if it is nothing but its name.
    pub(super) fn table_named(&self, expression: &sqlparser::ast::Expr) -> Option<TableVariable> {
        match expression {
            sqlparser::ast::Expr::Identifier(name) if name.quote_style.is_none() => {
                self.tables.get(&name.value.to_lowercase()).cloned()
            }
            _ => None,
        }
    }
}

impl Session {
    /// Runs a text; its errors go to `reply`, or to the TRY round the EXEC that runs it.
    pub(super) fn run_text(
        &mut self,
        text: &str,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        let statements = match batch::parse(text, frame.variables.keys().chain(frame.tables.keys()).cloned())
        {
            Ok(statements) => statements,
            Err(error) => {
                self.last_error = error.number;
                if frame.tries > 0 {
                    self.located = true;
                    return Err(error.into());
                }
                reply.error(&error);
                reply.done(Done::Other, None);
                return Ok(Flow::ScopeAborted(error.number));
            }
        };
        self.run_body(&statements, frame, reply)
    }

    /// Runs the statements of a batch or a procedure.
    pub(super) fn run_body(
        &mut self,
        statements: &[Statement],
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        let flow = self.run_block(statements, frame, reply)?;
        if flow == Flow::Stopped && self.settings.xact_abort {
            // An attention is an error that XACT_ABORT answers with a rollback.
            self.undo(reply);
        }
        Ok(flow)
    }

    /// What the end of a batch does: its table variables go, and a doomed transaction is rolled back with 3998.
    pub(super) fn end_batch(&mut self, reply: &mut dyn ReplySink) {
        self.drop_table_variables(0);
        if self.transaction.as_ref().is_some_and(|transaction| transaction.doomed) && !self.cancelled() {
            self.undo(reply);
            reply.error(&SqlError::new(3998, "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back."));
            reply.done(Done::Other, None);
        }
    }

    fn run_block(
        &mut self,
        statements: &[Statement],
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        for statement in statements {
            let flow = self.run_statement(statement, frame, reply)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Runs one statement. Outside TRY its error is sent, and decides whether the batch goes on.
    fn run_statement(
        &mut self,
        statement: &Statement,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        if self.cancelled() {
            return Ok(Flow::Stopped);
        }
        let result = match self.planned_failure(&statement.kind) {
            Ok(()) => self.run_kind(&statement.kind, frame, reply),
            Err(failure) => Err(failure),
        };
        let resets_error = !matches!(
            statement.kind,
            StatementKind::If { .. }
                | StatementKind::While { .. }
                | StatementKind::Block(_)
                | StatementKind::TryCatch { .. }
                | StatementKind::Declare(_)
                | StatementKind::DeclareTable { .. }
                | StatementKind::RaiseError { .. }
                | StatementKind::Execute { .. }
        );
        let (mut error, thrown) = match result {
            Ok(flow) => {
                if resets_error && flow == Flow::Next {
                    self.last_error = 0;
                }
                return Ok(flow);
            }
            Err(Failure::Stopped) => return Ok(Flow::Stopped),
            Err(Failure::Sql(error)) => (error, false),
            Err(Failure::Thrown(error)) => (error, true),
        };
        // What comes up to a CATCH has its place already.
        if !std::mem::take(&mut self.located) {
            if error.line == 1 {
                error.line = statement.line;
            }
            if let Some(procedure) = &frame.procedure
                && error.procedure.is_empty()
            {
                error.procedure.clone_from(&procedure.shown);
            }
            frame.worst = frame.worst.max(error.class);
        }
        self.last_error = error.number;
        self.row_count = 0;
        let mut reach = if thrown { Reach::Batch } else { errors::reach(&error) };
        if error.number == 50000 && matches!(statement.kind, StatementKind::RaiseError { .. }) {
            reach = Reach::Statement;
        } else if self.settings.xact_abort && error.number != errors::TRANSACTION_COUNT {
            reach = Reach::Transaction;
        }
        if frame.tries > 0 {
            if reach == Reach::Transaction
                && let Some(transaction) = &mut self.transaction
            {
                transaction.doomed = true;
            }
            self.located = true;
            return Err(if thrown { Failure::Thrown(error) } else { Failure::Sql(error) });
        }
        reply.error(&error);
        reply.done(done_kind(&statement.kind), None);
        Ok(match reach {
            Reach::Statement => Flow::Next,
            Reach::Scope => Flow::ScopeAborted(error.number),
            Reach::Batch => Flow::Aborted(error.number),
            Reach::Transaction => {
                self.undo(reply);
                Flow::Aborted(error.number)
            }
        })
    }

    fn run_kind(
        &mut self,
        kind: &StatementKind,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        match kind {
            StatementKind::If { .. }
            | StatementKind::While { .. }
            | StatementKind::Block(_)
            | StatementKind::TryCatch { .. }
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Return(_) => return self.run_flow(kind, frame, reply),
            StatementKind::Execute { result, procedure, arguments } => {
                return self.execute(result.as_deref(), procedure, arguments, frame, reply);
            }
            StatementKind::Modify { statement, top } => {
                let facts = self.frame_facts(frame);
                self.modify(statement, top.as_deref(), &frame.variables, &facts, reply)?;
                return Ok(Flow::Next);
            }
            StatementKind::Declare(declarations) => {
                for declaration in declarations {
                    let value = match &declaration.value {
                        Some(value) => self.evaluate(value, Some(declaration.sql_type), frame)?.0,
                        None => Value::Null,
                    };
                    frame
                        .variables
                        .insert(declaration.name.clone(), Variable { sql_type: declaration.sql_type, value });
                }
                return Ok(Flow::Next);
            }
            StatementKind::DeclareTable { name, source } => {
                let facts = self.frame_facts(frame);
                self.declare_table(name, source, &mut frame.tables, &facts)?;
                return Ok(Flow::Next);
            }
            StatementKind::Assign { variable, .. } if frame.tables.contains_key(variable) => {
                return Err(undeclared(variable).into());
            }
            StatementKind::Assign { variable, value } => {
                let sql_type = frame.variables.get(variable).map(|variable| variable.sql_type);
                let (value, sql_type) = self.evaluate(value, sql_type, frame)?;
                frame.variables.insert(variable.clone(), Variable { sql_type, value });
                self.row_count = 1;
                return Ok(Flow::Next);
            }
            StatementKind::Select { query, targets } if targets.is_empty() => {
                self.select(query, frame, reply)?;
                let count = u64::try_from(self.row_count).ok().filter(|_| !self.settings.no_count);
                reply.done(Done::Select, count);
                return Ok(Flow::Next);
            }
            StatementKind::Select { query, targets } => {
                self.select_into(query, targets, frame)?;
                reply.done(Done::Select, None);
                return Ok(Flow::Next);
            }
            other => self.run_plain(other, frame, reply)?,
        }
        self.row_count = 0;
        reply.done(Done::Other, None);
        Ok(Flow::Next)
    }

    /// Statements that neither give rows nor change where control goes; they set `@@ROWCOUNT` to 0.
    fn run_plain(
        &mut self,
        kind: &StatementKind,
        frame: &Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        match kind {
            StatementKind::Set(settings) => settings.iter().try_for_each(|setting| self.set(setting)),
            StatementKind::Print(value) => {
                let text = self.text(value, frame)?.unwrap_or_default();
                reply.info(&SqlError::new(0, text).with_class(0));
                Ok(())
            }
            StatementKind::Throw(parts) => self.throw(parts.as_deref(), frame),
            StatementKind::RaiseError { message, severity, state, arguments } => {
                self.raise_error(message, severity, state, arguments, frame, reply)
            }
            StatementKind::Wait(delay) => self.wait(delay, frame),
            StatementKind::Begin(name) => {
                self.begin_transaction(Isolation::Unchanged, name.as_deref(), reply)
            }
            StatementKind::Commit => self.commit_transaction(reply),
            StatementKind::Rollback(None) => self.rollback_transaction(reply),
            StatementKind::Rollback(Some(name)) => self.rollback_named(name, reply),
            StatementKind::Save(name) => self.save_transaction(name),
            StatementKind::Use(name) => {
                if name.eq_ignore_ascii_case(&self.login.database) {
                    return Ok(());
                }
                Err(SqlError::new(40508, "USE statement is not supported to switch between databases. Use a new connection to connect to a different database.").into())
            }
            StatementKind::Security(statement) => self.run_security(statement, reply),
            definition => {
                let facts = self.frame_facts(frame);
                self.define(definition, &facts)
            }
        }
    }

    fn run_flow(
        &mut self,
        kind: &StatementKind,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        match kind {
            StatementKind::If { condition, then, otherwise } => {
                let holds = self.holds(condition, frame)?;
                self.row_count = 0;
                match (holds, otherwise) {
                    (true, _) => self.run_statement(then, frame, reply),
                    (false, Some(otherwise)) => self.run_statement(otherwise, frame, reply),
                    (false, None) => Ok(Flow::Next),
                }
            }
            StatementKind::While { condition, body } => {
                while self.holds(condition, frame)? {
                    match self.run_statement(body, frame, reply)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => break,
                        other => return Ok(other),
                    }
                    if self.cancelled() {
                        return Ok(Flow::Stopped);
                    }
                }
                Ok(Flow::Next)
            }
            StatementKind::Block(statements) => self.run_block(statements, frame, reply),
            StatementKind::TryCatch { body, handler } => {
                frame.tries += 1;
                let result = self.run_block(body, frame, reply);
                frame.tries -= 1;
                match result {
                    Err(Failure::Sql(error) | Failure::Thrown(error)) => {
                        self.located = false;
                        frame.caught.push(error);
                        let flow = self.run_block(handler, frame, reply);
                        frame.caught.pop();
                        flow
                    }
                    other => other,
                }
            }
            StatementKind::Break => Ok(Flow::Break),
            StatementKind::Continue => Ok(Flow::Continue),
            StatementKind::Return(Some(status)) => {
                frame.status = Some(self.return_status(status, frame, reply)?);
                Ok(Flow::Return)
            }
            _ => Ok(Flow::Return),
        }
    }

    /// The value of RETURN; 0 for NULL, and a message that says so.
    fn return_status(
        &mut self,
        status: &sqlparser::ast::Expr,
        frame: &Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<i32, Failure> {
        let (value, _) = self.evaluate(status, Some(SqlType::Int), frame)?;
        if let Value::Integer(number) = value {
            return Ok(i32::try_from(number).unwrap_or_default());
        }
        let procedure = frame.procedure.as_ref().map_or("", |procedure| &procedure.name);
        reply.info(&SqlError::new(282, format!("The '{procedure}' procedure attempted to return a status of NULL, which is not allowed. A status of 0 will be returned instead.")).with_class(0));
        Ok(0)
    }

    fn set(&mut self, setting: &Setting) -> Result<(), Failure> {
        match setting {
            Setting::NoCount(on) => self.settings.no_count = *on,
            Setting::XactAbort(on) => self.settings.xact_abort = *on,
            Setting::Isolation(level) => self.set_isolation(*level)?,
            Setting::LockTimeout(milliseconds) => self.settings.lock_timeout = *milliseconds,
            Setting::IdentityInsert(name, on) => {
                let table = super::define::table(&self.connection, name)?;
                if !table.temporary {
                    self.may_alter(name)?;
                }
                if table.identity().is_none() {
                    return Err(SqlError::new(
                        8106,
                        format!(
                            "Table '{}' does not have the identity property. Cannot perform SET operation.",
                            table.shown()
                        ),
                    )
                    .into());
                }
                self.settings.identity_insert = on.then_some(table.id);
            }
            Setting::Harmless => {}
        }
        Ok(())
    }
}

fn done_kind(kind: &StatementKind) -> Done {
    match kind {
        StatementKind::Select { .. } => Done::Select,
        StatementKind::Modify { statement, .. } => match **statement {
            sqlparser::ast::Statement::Insert(_) => Done::Insert,
            sqlparser::ast::Statement::Update(_) => Done::Update,
            sqlparser::ast::Statement::Delete(_) => Done::Delete,
            _ => Done::Other,
        },
        _ => Done::Other,
    }
}
