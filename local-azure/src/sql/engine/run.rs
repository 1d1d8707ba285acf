//! Running the statements of a batch: control of flow, variables, errors, result sets.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::types::Value as Stored;
use sqlparser::ast::{Expr, Query};

use super::bind::{Binder, Facts, Variable};
use super::errors::{self, Reach};
use super::session::{Failure, Session, Variables, no_procedure};
use super::{Argument, Isolation};
use crate::sql::reply::{ReplySink, SqlError, StatementKind as Done};
use crate::sql::tsql::batch;
use crate::sql::tsql::statement::{ExecuteArgument, Name, Setting, Statement, StatementKind};
use crate::sql::types::{Column, Length, SqlType, Value};
use crate::sql::values::errors::unsupported;
use crate::sql::values::storage::{from_sqlite, to_sqlite};

/// Ticks of 100 ns from 0001-01-01 to 1970-01-01.
const EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Where control goes after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(i32),
    /// The batch ended with an error of this number, which has been sent.
    Aborted(i32),
    Stopped,
}

/// What belongs to one batch or sp_executesql.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) variables: Variables,
    /// How many TRY blocks lie round the statement.
    tries: usize,
    /// Errors that CATCH blocks handle, innermost last.
    caught: Vec<SqlError>,
}

impl Session {
    /// Runs a text; errors go to `reply`.
    pub(super) fn run_text(
        &mut self,
        text: &str,
        variables: Variables,
        reply: &mut dyn ReplySink,
    ) -> (Flow, Variables) {
        let mut frame = Frame { variables, ..Frame::default() };
        let flow = match batch::parse(text, frame.variables.keys().cloned()) {
            Ok(statements) => self.run_block(&statements, &mut frame, reply).unwrap_or(Flow::Stopped),
            Err(error) => {
                self.last_error = error.number;
                reply.error(&error);
                reply.done(Done::Other, None);
                Flow::Aborted(error.number)
            }
        };
        (flow, frame.variables)
    }

    /// What the end of a batch does: a doomed transaction is rolled back with 3998.
    pub(super) fn end_batch(&mut self, reply: &mut dyn ReplySink) {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.doomed) && !self.cancelled() {
            self.undo(reply);
            reply.error(&SqlError::new(3998, "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back."));
            reply.done(Done::Other, None);
        }
    }

    /// sp_executesql: the OUTPUT parameters and the status.
    pub(super) fn execute_text(
        &mut self,
        text: &str,
        declarations: &str,
        arguments: &[Argument],
        reply: &mut dyn ReplySink,
    ) -> Result<(Vec<(String, Variable)>, i32), Failure> {
        if self.depth >= 16 {
            return Err(SqlError::new(
                217,
                "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
            )
            .into());
        }
        let declared = batch::parse_declarations(declarations)?;
        let mut variables = Variables::new();
        for (place, argument) in arguments.iter().enumerate() {
            let (name, sql_type, _) = if argument.name.is_empty() {
                declared.get(place).ok_or_else(|| {
                    SqlError::new(8144, "Procedure or function  has too many arguments specified.")
                        .with_state(2)
                })?
            } else {
                let lower = argument.name.to_lowercase();
                declared.iter().find(|(name, _, _)| *name == lower).ok_or_else(|| {
                    SqlError::new(8145, format!("{} is not a parameter for procedure .", argument.name))
                })?
            };
            let value = self.converted(&argument.value, argument.sql_type, *sql_type)?;
            if variables.insert(name.clone(), Variable { sql_type: *sql_type, value }).is_some() {
                return Err(
                    SqlError::new(8143, format!("Parameter '{name}' was supplied multiple times.")).into()
                );
            }
        }
        for (name, sql_type, output) in &declared {
            if !variables.contains_key(name) {
                if *output {
                    variables.insert(name.clone(), Variable { sql_type: *sql_type, value: Value::Null });
                    continue;
                }
                let shown: String = format!("({declarations}){text}").chars().take(120).collect();
                return Err(SqlError::new(8178, format!("The parameterized query '{shown}' expects the parameter '{name}', which was not supplied.")).into());
            }
        }
        let settings = self.settings.clone();
        self.depth += 1;
        let (flow, mut variables) = self.run_text(text, variables, reply);
        self.drop_temporary(self.depth);
        self.depth -= 1;
        self.settings = settings;
        let status = match flow {
            Flow::Stopped => return Err(Failure::Stopped),
            Flow::Return(status) => status,
            Flow::Aborted(number) => number,
            _ => 0,
        };
        let wanted = |name: &str| {
            arguments.iter().any(|argument| argument.output && argument.name.eq_ignore_ascii_case(name))
        };
        let outputs = declared.iter().enumerate().filter(|(place, (name, _, output))| {
            *output
                && (wanted(name)
                    || arguments
                        .get(*place)
                        .is_some_and(|argument| argument.output && argument.name.is_empty()))
        });
        let outputs = outputs
            .filter_map(|(_, (name, _, _))| variables.remove(name).map(|variable| (name.clone(), variable)))
            .collect();
        Ok((outputs, status))
    }

    fn converted(&mut self, value: &Value, from: SqlType, to: SqlType) -> Result<Value, Failure> {
        if from == to || *value == Value::Null {
            return Ok(value.clone());
        }
        let sql = format!("SELECT tsql_coerce(?1, '{from}', '{to}')");
        self.one_value(&sql, vec![to_sqlite(value, from)], to)
    }

    fn one_value(&mut self, sql: &str, parameters: Vec<Stored>, sql_type: SqlType) -> Result<Value, Failure> {
        self.set_clock();
        let result = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_row(rusqlite::params_from_iter(parameters), |row| {
                Ok(from_sqlite(row.get_ref(0)?, sql_type))
            })
        });
        match result {
            Ok(value) => value.map_err(Failure::from),
            Err(error) => Err(self.sqlite_failure(&error, None)),
        }
    }

    pub(super) fn set_clock(&self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX - EPOCH_TICKS);
        self.functions.set_now(EPOCH_TICKS.saturating_add(ticks));
    }

    fn frame_facts(&self, frame: &Frame) -> Facts {
        let mut facts = self.facts();
        if let Some(error) = frame.caught.last() {
            let mut set = |name: &'static str, value: Value| {
                if let Some(fact) = facts.values.get_mut(name) {
                    fact.1 = Some(value);
                }
            };
            set("error_number", Value::Integer(i64::from(error.number)));
            set("error_severity", Value::Integer(i64::from(error.class)));
            set("error_state", Value::Integer(i64::from(error.state)));
            set("error_line", Value::Integer(i64::from(error.line)));
            set("error_message", Value::Text(error.message.clone()));
        }
        facts
    }

    /// Computes an expression, as `to` if given.
    fn evaluate(
        &mut self,
        expression: &Expr,
        to: Option<SqlType>,
        frame: &Frame,
    ) -> Result<(Value, SqlType), Failure> {
        let facts = self.frame_facts(frame);
        let mut binder = Binder::new(&self.connection, &frame.variables, &facts);
        let bound = binder.expression(expression)?;
        let bound = match to {
            Some(to) => binder.coerce(bound, to)?,
            None => bound,
        };
        let parameters = std::mem::take(&mut binder.parameters);
        drop(binder);
        let value = self.one_value(&format!("SELECT {}", bound.sql), parameters, bound.sql_type)?;
        Ok((value, bound.sql_type))
    }

    fn holds(&mut self, condition: &Expr, frame: &Frame) -> Result<bool, Failure> {
        let facts = self.frame_facts(frame);
        let mut binder = Binder::new(&self.connection, &frame.variables, &facts);
        let sql = binder.condition(condition)?;
        let parameters = std::mem::take(&mut binder.parameters);
        drop(binder);
        Ok(self.one_value(&format!("SELECT {sql}"), parameters, SqlType::Bit)? == Value::Bit(true))
    }

    fn text(&mut self, expression: &Expr, frame: &Frame) -> Result<Option<String>, Failure> {
        match self.evaluate(expression, Some(SqlType::NVarChar(Length::Limit(4000))), frame)?.0 {
            Value::Text(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    fn integer(&mut self, expression: &Expr, frame: &Frame) -> Result<i64, Failure> {
        match self.evaluate(expression, Some(SqlType::Int), frame)?.0 {
            Value::Integer(number) => Ok(number),
            _ => Ok(0),
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
        let result = self.run_kind(&statement.kind, frame, reply);
        let resets_error = !matches!(
            statement.kind,
            StatementKind::If { .. }
                | StatementKind::While { .. }
                | StatementKind::Block(_)
                | StatementKind::TryCatch { .. }
                | StatementKind::Declare(_)
                | StatementKind::RaiseError { .. }
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
        if error.line <= 1 {
            error.line = statement.line;
        }
        self.last_error = error.number;
        self.row_count = 0;
        let mut reach = if thrown { Reach::Batch } else { errors::reach(&error) };
        let raised = matches!(statement.kind, StatementKind::RaiseError { .. });
        if raised {
            reach = Reach::Statement;
        } else if self.settings.xact_abort {
            reach = Reach::Transaction;
        }
        if frame.tries > 0 {
            if reach == Reach::Transaction
                && let Some(transaction) = &mut self.transaction
            {
                transaction.doomed = true;
            }
            return Err(if thrown { Failure::Thrown(error) } else { Failure::Sql(error) });
        }
        reply.error(&error);
        reply.done(done_kind(&statement.kind), None);
        match reach {
            Reach::Statement => Ok(Flow::Next),
            Reach::Batch => Ok(Flow::Aborted(error.number)),
            Reach::Transaction => {
                self.undo(reply);
                Ok(Flow::Aborted(error.number))
            }
        }
    }

    fn run_kind(
        &mut self,
        kind: &StatementKind,
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        match kind {
            StatementKind::Select { query, targets } if targets.is_empty() => {
                self.select(query, frame, reply)?
            }
            StatementKind::Select { query, targets } => self.select_into(query, targets, frame)?,
            StatementKind::Modify { statement, top } => {
                let facts = self.frame_facts(frame);
                let count = self.modify(statement, top.as_deref(), &frame.variables, &facts, reply)?;
                let _ = count;
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
            StatementKind::Assign { variable, value } => {
                let sql_type = frame.variables.get(variable).map(|variable| variable.sql_type);
                let (value, sql_type) = self.evaluate(value, sql_type, frame)?;
                frame.variables.insert(variable.clone(), Variable { sql_type, value });
                return Ok(Flow::Next);
            }
            StatementKind::Set(settings) => {
                for setting in settings {
                    self.set(setting)?;
                }
            }
            StatementKind::If { condition, then, otherwise } => {
                return if self.holds(condition, frame)? {
                    self.run_statement(then, frame, reply)
                } else if let Some(otherwise) = otherwise {
                    self.run_statement(otherwise, frame, reply)
                } else {
                    Ok(Flow::Next)
                };
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
                return Ok(Flow::Next);
            }
            StatementKind::Block(statements) => return self.run_block(statements, frame, reply),
            StatementKind::TryCatch { body, handler } => {
                frame.tries += 1;
                let result = self.run_block(body, frame, reply);
                frame.tries -= 1;
                return match result {
                    Err(Failure::Sql(error) | Failure::Thrown(error)) => {
                        frame.caught.push(error);
                        let flow = self.run_block(handler, frame, reply);
                        frame.caught.pop();
                        flow
                    }
                    other => other,
                };
            }
            StatementKind::Break => return Ok(Flow::Break),
            StatementKind::Continue => return Ok(Flow::Continue),
            StatementKind::Return(value) => {
                let status = match value {
                    Some(value) => i32::try_from(self.integer(value, frame)?).unwrap_or(0),
                    None => 0,
                };
                return Ok(Flow::Return(status));
            }
            StatementKind::Print(value) => {
                let text = self.text(value, frame)?.unwrap_or_default();
                reply.info(&SqlError::new(0, text).with_class(0));
            }
            StatementKind::Throw(None) => {
                let error = frame.caught.last().cloned().ok_or_else(|| SqlError::new(10704, "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.").with_class(15))?;
                return Err(Failure::Thrown(error));
            }
            StatementKind::Throw(Some(parts)) => {
                let [number, message, state] = &**parts;
                let number = self.integer(number, frame)?;
                let message = self.text(message, frame)?.unwrap_or_default();
                let state = u8::try_from(self.integer(state, frame)?).unwrap_or(1);
                let number = i32::try_from(number).ok().filter(|number| *number >= 50000).ok_or_else(|| {
                    SqlError::new(35100, format!("Error number {number} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647."))
                })?;
                return Err(Failure::Thrown(SqlError::new(number, message).with_state(state)));
            }
            StatementKind::RaiseError { message, severity, state, arguments } => {
                let mut texts = Vec::new();
                for argument in arguments {
                    texts.push(self.text(argument, frame)?.unwrap_or_else(|| "(null)".to_owned()));
                }
                let (message, message_type) = self.evaluate(message, None, frame)?;
                let Value::Text(message) = message else {
                    return Err(unsupported(&format!(
                        "RAISERROR with a {} instead of a text",
                        message_type.family_name()
                    ))
                    .into());
                };
                let severity = u8::try_from(self.integer(severity, frame)?.clamp(0, 18)).unwrap_or(16);
                let state = u8::try_from(self.integer(state, frame)?.clamp(0, 255)).unwrap_or(1);
                let error =
                    SqlError::new(50000, formatted(&message, &texts)?).with_class(severity).with_state(state);
                if severity > 10 {
                    return Err(Failure::Sql(error));
                }
                reply.info(&error);
            }
            StatementKind::Wait(delay) => {
                let delay = self.text(delay, frame)?.unwrap_or_default();
                self.wait(parse_delay(&delay)?)?;
            }
            StatementKind::Begin => self.begin_transaction(Isolation::Unchanged, reply)?,
            StatementKind::Commit => self.commit_transaction(reply)?,
            StatementKind::Rollback(None) => self.rollback_transaction(reply)?,
            StatementKind::Rollback(Some(name)) => self.rollback_to(name)?,
            StatementKind::Save(name) => self.save_transaction(name)?,
            StatementKind::Use(name) => {
                if !name.eq_ignore_ascii_case(&self.login.database) {
                    return Err(SqlError::new(40508, "USE statement is not supported to switch between databases. Use a new connection to connect to a different database.").into());
                }
            }
            StatementKind::Execute { result, procedure, arguments } => {
                return self.execute(result.as_deref(), procedure, arguments, frame, reply);
            }
            definition => {
                let facts = self.frame_facts(frame);
                self.define(definition, &facts)?;
            }
        }
        if !matches!(kind, StatementKind::Select { .. }) {
            reply.done(Done::Other, None);
        } else if let StatementKind::Select { targets, .. } = kind {
            let count =
                u64::try_from(self.row_count).ok().filter(|_| !self.settings.no_count && targets.is_empty());
            reply.done(Done::Select, count);
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, setting: &Setting) -> Result<(), Failure> {
        match setting {
            Setting::NoCount(on) => self.settings.no_count = *on,
            Setting::XactAbort(on) => self.settings.xact_abort = *on,
            Setting::Isolation(level) => self.settings.isolation = *level,
            Setting::LockTimeout(milliseconds) => self.settings.lock_timeout = *milliseconds,
            Setting::IdentityInsert(name, on) => {
                let table = super::define::table(&self.connection, name)?;
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

    fn wait(&mut self, delay: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        while let Some(left) = delay.checked_sub(start.elapsed()) {
            if self.cancelled() {
                return Err(Failure::Stopped);
            }
            std::thread::sleep(left.min(Duration::from_millis(10)));
        }
        Ok(())
    }

    fn select(&mut self, query: &Query, frame: &Frame, reply: &mut dyn ReplySink) -> Result<(), Failure> {
        let mut sent = false;
        let mut types = Vec::new();
        self.rows(query, frame, |columns, row| {
            if !sent {
                reply.columns(columns)?;
                types = columns.iter().map(|column| column.sql_type).collect();
                sent = true;
            }
            match row {
                Some(row) => reply.row(row).map_err(Failure::from),
                None => Ok(()),
            }
        })
    }

    fn select_into(&mut self, query: &Query, targets: &[String], frame: &mut Frame) -> Result<(), Failure> {
        let text = query.to_string().to_lowercase();
        if text.contains(" from ") && targets.iter().any(|target| text.contains(target.as_str())) {
            return Err(unsupported("SELECT @a = ... that reads the variable it sets, over rows").into());
        }
        let mut last: Option<(Vec<SqlType>, Vec<Value>)> = None;
        self.rows(query, frame, |columns, row| {
            if let Some(row) = row {
                last = Some((columns.iter().map(|column| column.sql_type).collect(), row.to_vec()));
            }
            Ok(())
        })?;
        let Some((types, values)) = last else { return Ok(()) };
        for ((target, from), value) in targets.iter().zip(types).zip(values) {
            let Some(to) = frame.variables.get(target).map(|variable| variable.sql_type) else { continue };
            let value = self.converted(&value, from, to)?;
            frame.variables.insert(target.clone(), Variable { sql_type: to, value });
        }
        Ok(())
    }

    /// Runs a query and hands over the columns (with no row) and then each row.
    fn rows(
        &mut self,
        query: &Query,
        frame: &Frame,
        mut take: impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let facts = self.frame_facts(frame);
        let mut binder = Binder::new(&self.connection, &frame.variables, &facts);
        let bound = binder.query(query)?;
        let parameters = std::mem::take(&mut binder.parameters);
        drop(binder);
        let columns: Vec<Column> = bound
            .columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                sql_type: column.sql_type,
                nullable: column.nullable,
                identity: column.identity,
            })
            .collect();
        self.set_clock();
        self.row_count = 0;
        let mut count = 0;
        let result = self.stream(&bound.sql, parameters, &columns, &mut count, &mut take);
        self.row_count = count;
        result
    }

    /// Steps through a statement's rows.
    pub(super) fn stream(
        &self,
        sql: &str,
        parameters: Vec<Stored>,
        columns: &[Column],
        count: &mut i64,
        take: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let failure = |error: &rusqlite::Error| self.sqlite_failure(error, None);
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| failure(&error))?;
        let mut rows =
            statement.query(rusqlite::params_from_iter(parameters)).map_err(|error| failure(&error))?;
        take(columns, None)?;
        let mut values = Vec::with_capacity(columns.len());
        while let Some(row) = rows.next().map_err(|error| failure(&error))? {
            values.clear();
            for (index, column) in columns.iter().enumerate() {
                values.push(from_sqlite(
                    row.get_ref(index).map_err(|error| failure(&error))?,
                    column.sql_type,
                )?);
            }
            take(columns, Some(&values))?;
            *count += 1;
            if self.cancelled() {
                return Err(Failure::Stopped);
            }
        }
        Ok(())
    }

    fn execute(
        &mut self,
        result: Option<&str>,
        procedure: &Name,
        arguments: &[ExecuteArgument],
        frame: &mut Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<Flow, Failure> {
        let mut values = Vec::new();
        for argument in arguments {
            let (value, sql_type) = self.evaluate(&argument.value, None, frame)?;
            values.push(Argument {
                name: argument.name.clone().unwrap_or_default(),
                sql_type,
                value,
                output: argument.output,
            });
        }
        match procedure.object.to_lowercase().as_str() {
            "sp_set_session_context" => self.set_session_context(&values)?,
            "sp_executesql" => {
                let text = |argument: Option<&Argument>| match argument.map(|argument| &argument.value) {
                    Some(Value::Text(text)) => text.clone(),
                    _ => String::new(),
                };
                let statement = text(values.first());
                let declarations = text(values.get(1));
                let (outputs, status) =
                    self.execute_text(&statement, &declarations, values.get(2..).unwrap_or_default(), reply)?;
                for (name, variable) in outputs {
                    let target = arguments
                        .iter()
                        .skip(2)
                        .find(|argument| argument.name.as_deref() == Some(name.as_str()))
                        .map(|argument| &argument.value);
                    if let Some(Expr::Identifier(target)) = target {
                        let target = target.value.to_lowercase();
                        if let Some(sql_type) = frame.variables.get(&target).map(|variable| variable.sql_type)
                        {
                            let value = self.converted(&variable.value, variable.sql_type, sql_type)?;
                            frame.variables.insert(target, Variable { sql_type, value });
                        }
                    }
                }
                if let Some(result) = result
                    && let Some(variable) = frame.variables.get_mut(result)
                {
                    variable.value = Value::Integer(i64::from(status));
                }
            }
            name if name.starts_with("sp_getapplock") || name.starts_with("sp_releaseapplock") => {
                return Err(unsupported(name).into());
            }
            _ => return Err(no_procedure(&errors::display(procedure)).into()),
        }
        Ok(Flow::Next)
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

/// RAISERROR's `%s`, `%d` and `%%`.
fn formatted(message: &str, arguments: &[String]) -> Result<String, SqlError> {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut characters = message.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => text.push('%'),
            Some('s' | 'd' | 'i' | 'u') => text.push_str(arguments.next().map_or("(null)", String::as_str)),
            _ => return Err(unsupported("A RAISERROR format other than %s, %d, %i, %u")),
        }
    }
    Ok(text)
}

/// `hh:mm[:ss[.mmm]]`, below 24 hours.
fn parse_delay(text: &str) -> Result<Duration, SqlError> {
    let wrong = || {
        SqlError::new(148, format!("Incorrect time syntax in time string '{text}' used with WAITFOR."))
            .with_class(15)
    };
    let mut parts = text.trim().split(':');
    let mut number = |most: f64| -> Result<f64, SqlError> {
        let part = parts.next().unwrap_or("0");
        if part.is_empty() || !part.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(wrong());
        }
        part.parse::<f64>().ok().filter(|value| *value <= most).ok_or_else(wrong)
    };
    let (hours, minutes, seconds) = (number(23.0)?, number(59.0)?, number(59.999)?);
    Duration::try_from_secs_f64(hours * 3600.0 + minutes * 60.0 + seconds).map_err(|_| wrong())
}
