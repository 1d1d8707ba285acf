//! Running INSERT, UPDATE and DELETE, and what their constraints' errors are called on SQL Server.

use sqlparser::ast;

use super::bind::{Binder, Facts};
use super::catalog::{KeyKind, Table};
use super::errors;
use super::identity::lock;
use super::session::{Failure, Session, Variables};
use crate::sql::reply::{ReplySink, SqlError, StatementKind};
use crate::sql::types::Column;

impl Session {
    /// Runs the statement whole or not at all; the rows of OUTPUT go to `reply`, and so does its end.
    pub(super) fn modify(
        &mut self,
        statement: &ast::Statement,
        top: Option<&ast::Expr>,
        variables: &Variables,
        facts: &Facts,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let (kind, count) = self.atomically(|session| {
            let mut binder = Binder::new(&session.connection, variables, facts);
            let bound = binder.modification(statement, top, session.settings.identity_insert)?;
            let parameters = std::mem::take(&mut binder.parameters);
            drop(binder);
            session
                .database
                .counters
                .prepare(&session.connection, &bound.table)
                .map_err(|error| errors::internal(&error))?;
            session.set_clock();
            lock(&session.shared).last_identity = None;
            let mut count = 0_i64;
            let result = if bound.output.is_empty() {
                let done = session
                    .connection
                    .prepare_cached(&bound.sql)
                    .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(&parameters)));
                match done {
                    Ok(changed) => {
                        count = i64::try_from(changed).unwrap_or(i64::MAX);
                        Ok(())
                    }
                    Err(error) => Err(session.modification_failure(
                        &error,
                        &bound.sql,
                        &parameters,
                        &bound.table,
                        bound.kind,
                    )),
                }
            } else {
                session.send_output(&bound, &parameters, &mut count, reply)
            };
            result?;
            if bound.kind == StatementKind::Insert {
                let last = lock(&session.shared).last_identity.take();
                // A table without an identity column sets @@IDENTITY to NULL, and leaves SCOPE_IDENTITY().
                session.identity = last;
                session.scope_identity = last.or(session.scope_identity);
            }
            if bound.kind == StatementKind::Insert && bound.table.identity().is_some() {
                if let Some(last) = session.database.counters.last(bound.table.id) {
                    let sql = format!(
                        "INSERT OR REPLACE INTO {}.local_azure_identities VALUES (?1, ?2)",
                        bound.table.database()
                    );
                    session
                        .connection
                        .prepare_cached(&sql)
                        .and_then(|mut statement| statement.execute([bound.table.id, last]))
                        .map_err(|error| errors::internal(&error))?;
                }
            }
            Ok((bound.kind, count))
        })?;
        self.row_count = count;
        self.last_error = 0;
        let count = u64::try_from(count).ok().filter(|_| !self.settings.no_count);
        reply.done(kind, count);
        Ok(())
    }

    fn send_output(
        &mut self,
        bound: &super::bind::modify::BoundModification,
        parameters: &[rusqlite::types::Value],
        count: &mut i64,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let columns: Vec<Column> = bound
            .output
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                sql_type: column.sql_type,
                nullable: column.nullable,
                identity: column.identity,
            })
            .collect();
        let run = |session: &Self, count: &mut i64| -> Result<Result<(), Failure>, rusqlite::Error> {
            let mut statement = session.connection.prepare_cached(&bound.sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            if reply.columns(&columns).is_err() {
                return Ok(Err(Failure::Stopped));
            }
            while let Some(row) = rows.next()? {
                let mut values = Vec::with_capacity(columns.len());
                for (index, column) in columns.iter().enumerate() {
                    match crate::sql::values::storage::from_sqlite(row.get_ref(index)?, column.sql_type) {
                        Ok(value) => values.push(value),
                        Err(error) => return Ok(Err(error.into())),
                    }
                }
                if reply.row(&values).is_err() || session.cancelled() {
                    return Ok(Err(Failure::Stopped));
                }
                *count += 1;
            }
            Ok(Ok(()))
        };
        let mut run = run;
        match run(self, count) {
            Ok(result) => result,
            Err(error) => {
                Err(self.modification_failure(&error, &bound.sql, parameters, &bound.table, bound.kind))
            }
        }
    }

    /// SQLite names no foreign key in its error: the statement runs once more with the check put off, the check then
    /// says which key it is, and the caller rolls all of it back.
    fn modification_failure(
        &mut self,
        error: &rusqlite::Error,
        sql: &str,
        parameters: &[rusqlite::types::Value],
        table: &Table,
        kind: StatementKind,
    ) -> Failure {
        let foreign = matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
        if !foreign {
            return self.sqlite_failure(error, Some((table, kind)));
        }
        let find = || -> rusqlite::Result<Option<(String, i64)>> {
            self.connection.pragma_update(None, "defer_foreign_keys", true)?;
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
            while rows.next()?.is_some() {}
            drop(rows);
            let mut check = self.connection.prepare("PRAGMA foreign_key_check")?;
            let mut rows = check.query([])?;
            Ok(match rows.next()? {
                Some(row) => Some((row.get(0)?, row.get(3)?)),
                None => None,
            })
        };
        let found = find();
        let _ = self.connection.pragma_update(None, "defer_foreign_keys", false);
        let _ = self.functions.take_error();
        let tables = super::catalog::all(&self.connection, "main").unwrap_or_default();
        let verb = verb(kind);
        let database = &self.login.database;
        if let Ok(Some((child, number))) = found
            && let Some(child) = tables.iter().find(|other| other.stored_name() == child)
        {
            // SQLite numbers a table's foreign keys from the last to the first.
            let keys: Vec<_> =
                child.keys.iter().filter(|key| matches!(key.kind, KeyKind::Foreign { .. })).collect();
            let place = usize::try_from(number).ok().and_then(|number| keys.len().checked_sub(number + 1));
            if let Some(key) = place.and_then(|place| keys.get(place))
                && let KeyKind::Foreign { shown, columns, .. } = &key.kind
            {
                let (word, at, column) = if child.id == table.id && kind != StatementKind::Delete {
                    ("FOREIGN KEY", shown.clone(), columns.first())
                } else {
                    ("REFERENCE", child.shown(), key.columns.first())
                };
                let column = column.map_or_else(String::new, |column| format!(", column '{column}'"));
                return SqlError::new(547, format!("The {verb} statement conflicted with the {word} constraint \"{}\". The conflict occurred in database \"{database}\", table \"{at}\"{column}.", key.name)).with_state(0).into();
            }
        }
        SqlError::new(547, format!("The {verb} statement conflicted with a FOREIGN KEY constraint of table \"{}\" in database \"{database}\".", table.shown())).with_state(0).into()
    }

    /// 515, 547, 2601 and 2627.
    pub(super) fn constraint_error(
        &self,
        error: &rusqlite::Error,
        table: &Table,
        kind: StatementKind,
    ) -> SqlError {
        let rusqlite::Error::SqliteFailure(failure, Some(message)) = error else {
            return errors::internal(error);
        };
        let about = message.split_once(": ").map_or("", |(_, about)| about);
        let prefix = format!("{}.", table.stored_name());
        let columns: Vec<&str> =
            about.split(", ").map(|column| column.strip_prefix(&prefix).unwrap_or(column)).collect();
        let verb = verb(kind);
        let database = &self.login.database;
        match failure.extended_code {
            rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL => SqlError::new(515, format!("Cannot insert the value NULL into column '{}', table '{database}.{}'; column does not allow nulls. {verb} fails.", columns.join(", "), table.shown())).with_state(2),
            rusqlite::ffi::SQLITE_CONSTRAINT_CHECK => {
                let column = table.keys.iter().find(|key| key.name == about).and_then(|key| key.columns.first()).map_or_else(String::new, |column| format!(", column '{column}'"));
                SqlError::new(547, format!("The {verb} statement conflicted with the CHECK constraint \"{about}\". The conflict occurred in database \"{database}\", table \"{}\"{column}.", table.shown())).with_state(0)
            }
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                // The name of an index on expressions (the one for NULLs) stands between quotes.
                let index = about.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')).map(|index| index.strip_prefix(&prefix).unwrap_or(index).trim_end_matches("$null").to_owned());
                let key = table.keys.iter().find(|key| match &index {
                    Some(index) => key.name == *index,
                    None => matches!(key.kind, KeyKind::PrimaryKey | KeyKind::Unique | KeyKind::UniqueIndex) && key.columns == columns,
                });
                match key {
                    Some(key) if key.kind == KeyKind::UniqueIndex => SqlError::new(2601, format!("Cannot insert duplicate key row in object '{}' with unique index '{}'.", table.shown(), key.name)).with_class(14),
                    Some(key) => {
                        let word = if key.kind == KeyKind::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE KEY" };
                        SqlError::new(2627, format!("Violation of {word} constraint '{}'. Cannot insert duplicate key in object '{}'.", key.name, table.shown())).with_class(14)
                    }
                    None => SqlError::new(2627, format!("Violation of UNIQUE KEY constraint. Cannot insert duplicate key in object '{}'.", table.shown())).with_class(14),
                }
            }
            _ => errors::internal(error),
        }
    }
}

fn verb(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Insert => "INSERT",
        StatementKind::Update => "UPDATE",
        StatementKind::Delete => "DELETE",
        StatementKind::Merge => "MERGE",
        StatementKind::Select | StatementKind::Other => "statement",
    }
}
