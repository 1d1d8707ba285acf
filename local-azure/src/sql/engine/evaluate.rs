//! Computing expressions and conditions.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::Value as Stored;
use sqlparser::ast::Expr;

use super::bind::{Binder, Facts};
use super::run::Frame;
use super::session::{Failure, Session};
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::storage::{from_sqlite, to_sqlite};

/// Ticks of 100 ns from 0001-01-01 to 1970-01-01.
const EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Ticks of 100 ns since 0001-01-01 in UTC.
pub(crate) fn ticks(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticks = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX - EPOCH_TICKS);
    EPOCH_TICKS.saturating_add(ticks)
}

impl Session {
    /// The value in another type.
    pub(super) fn converted(&mut self, value: &Value, from: SqlType, to: SqlType) -> Result<Value, Failure> {
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
            Err(error) => Err(self.sqlite_failure(&error)),
        }
    }

    pub(super) fn set_clock(&self) {
        let ahead = self.database.clock_ahead.load(Ordering::Relaxed);
        self.functions.set_now(ticks(SystemTime::now()).saturating_add(ahead));
    }

    pub(super) fn frame_facts(&self, frame: &Frame) -> Facts {
        let mut facts = self.facts();
        facts.tables.clone_from(&frame.tables);
        facts.chained = frame.procedure.is_some();
        let mut set = |name: &'static str, value: Value| {
            if let Some(fact) = facts.values.get_mut(name) {
                fact.1 = Some(value);
            }
        };
        if let Some(procedure) = &frame.procedure {
            set("@@procid", Value::Integer(procedure.id));
        }
        if let Some(error) = frame.caught.last() {
            set("error_number", Value::Integer(i64::from(error.number)));
            set("error_severity", Value::Integer(i64::from(error.class)));
            set("error_state", Value::Integer(i64::from(error.state)));
            set("error_line", Value::Integer(i64::from(error.line)));
            set("error_message", Value::Text(error.message.clone()));
            if !error.procedure.is_empty() {
                set("error_procedure", Value::Text(error.procedure.clone()));
            }
        }
        facts
    }

    /// Computes an expression, as `to` if given.
    pub(super) fn evaluate(
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

    pub(super) fn holds(&mut self, condition: &Expr, frame: &Frame) -> Result<bool, Failure> {
        let facts = self.frame_facts(frame);
        let mut binder = Binder::new(&self.connection, &frame.variables, &facts);
        let sql = binder.condition(condition)?;
        let parameters = std::mem::take(&mut binder.parameters);
        drop(binder);
        Ok(self.one_value(&format!("SELECT {sql}"), parameters, SqlType::Bit)? == Value::Bit(true))
    }

    pub(super) fn text(&mut self, expression: &Expr, frame: &Frame) -> Result<Option<String>, Failure> {
        match self.evaluate(expression, Some(SqlType::NVarChar(Length::Limit(4000))), frame)?.0 {
            Value::Text(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    pub(super) fn integer(&mut self, expression: &Expr, frame: &Frame) -> Result<i64, Failure> {
        match self.evaluate(expression, Some(SqlType::Int), frame)?.0 {
            Value::Integer(number) => Ok(number),
            _ => Ok(0),
        }
    }
}
