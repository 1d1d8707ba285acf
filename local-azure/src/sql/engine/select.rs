//! Running queries: rows to the client, or into variables.

use rusqlite::types::Value as Stored;
use sqlparser::ast::Query;

use super::bind::{Binder, Variable};
use super::pieces::Pieces;
use super::run::Frame;
use super::session::{Failure, Session};
use crate::sql::reply::ReplySink;
use crate::sql::types::{Column, SqlType, Value};
use crate::sql::values::storage::from_sqlite;

impl Session {
    /// Runs a query whose rows go to the client.
    pub(super) fn select(
        &mut self,
        query: &Query,
        frame: &Frame,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        self.rows(query, &[], frame, |columns, row| match row {
            Some(row) => reply.row(row).map_err(Failure::from),
            None => reply.columns(columns).map_err(Failure::from),
        })
    }

    /// Runs `SELECT @a = ...`: the last row's values stay in the variables; without a row they keep theirs.
    pub(super) fn select_into(
        &mut self,
        query: &Query,
        targets: &[String],
        frame: &mut Frame,
    ) -> Result<(), Failure> {
        let mut last: Option<(Vec<SqlType>, Vec<Value>)> = None;
        self.rows(query, targets, frame, |columns, row| {
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

    /// Runs a query, whose columns are for `targets` if there are any, and hands over the columns (with no row) and then each row.
    fn rows(
        &mut self,
        query: &Query,
        targets: &[String],
        frame: &Frame,
        mut take: impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let facts = self.frame_facts(frame);
        let mut binder = Binder::new(&self.connection, &frame.variables, &facts);
        let bound =
            if targets.is_empty() { binder.query(query)? } else { binder.assignment(query, targets)? };
        let parameters = std::mem::take(&mut binder.parameters);
        drop(binder);
        let columns: Vec<Column> = bound.columns.iter().map(Column::from).collect();
        self.set_clock();
        self.row_count = 0;
        let mut count = 0;
        let result = match bound.document() {
            None => self.stream(&bound.sql, parameters, &columns, &mut count, &mut take),
            Some(document) => {
                let mut pieces = Pieces::new(document, bound.client_columns());
                let mut each = |_: &[Column], row: Option<&[Value]>| pieces.take(row, &mut take);
                let streamed = self.stream(&bound.sql, parameters, &columns, &mut count, &mut each);
                streamed.and_then(|()| pieces.end(&mut take))
            }
        };
        self.row_count = count;
        result
    }

    /// Steps through a statement's rows.
    fn stream(
        &self,
        sql: &str,
        parameters: Vec<Stored>,
        columns: &[Column],
        count: &mut i64,
        take: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let failure = |error: &rusqlite::Error| self.sqlite_failure(error);
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
}
