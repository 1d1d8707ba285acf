//! What the errors of constraints are called on SQL Server: 515, 547, 2601 and 2627.
//!
//! SQLite names neither the foreign key nor the duplicate value. The statement that failed then runs once more, in a way
//! that tells; the caller rolls all of it back.

use rusqlite::types::Value as Stored;

use super::bind::modify::BoundModification;
use super::catalog::{Key, KeyKind, quote};
use super::errors;
use super::identity::lock;
use super::session::{Failure, Session};
use crate::sql::reply::{SqlError, StatementKind};

impl Session {
    /// The error of a modification that failed inside SQLite.
    pub(super) fn modification_failure(
        &mut self,
        error: &rusqlite::Error,
        bound: &BoundModification,
        parameters: &[Stored],
    ) -> Failure {
        let extended = match error {
            rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
            _ => 0,
        };
        match extended {
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => self.foreign_key_error(bound, parameters).into(),
            rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL
            | rusqlite::ffi::SQLITE_CONSTRAINT_CHECK
            | rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
            | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                self.constraint_error(error, bound, parameters).into()
            }
            _ => self.sqlite_failure(error),
        }
    }

    fn run_again(&self, sql: &str, parameters: &[Stored]) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// 547 of a foreign key: with the check put off to the end, SQLite tells which key is broken.
    fn foreign_key_error(&self, bound: &BoundModification, parameters: &[Stored]) -> SqlError {
        let (table, kind) = (&bound.table, bound.kind);
        let find = || -> rusqlite::Result<Option<(String, i64)>> {
            self.connection.pragma_update(None, "defer_foreign_keys", true)?;
            self.run_again(&bound.sql, parameters)?;
            let mut check = self.connection.prepare("PRAGMA main.foreign_key_check")?;
            let mut rows = check.query([])?;
            Ok(match rows.next()? {
                Some(row) => Some((row.get(0)?, row.get(3)?)),
                None => None,
            })
        };
        let found = self.database.counters.unmoved(table.id, find);
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
                return SqlError::new(547, format!("The {verb} statement conflicted with the {word} constraint \"{}\". The conflict occurred in database \"{database}\", table \"{at}\"{column}.", key.name)).with_state(0);
            }
        }
        SqlError::new(547, format!("The {verb} statement conflicted with a FOREIGN KEY constraint of table \"{}\" in database \"{database}\".", table.shown())).with_state(0)
    }

    /// 515, 547, 2601 and 2627.
    fn constraint_error(
        &self,
        error: &rusqlite::Error,
        bound: &BoundModification,
        parameters: &[Stored],
    ) -> SqlError {
        let (table, kind) = (&bound.table, bound.kind);
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
                self.duplicate_key(key, bound, parameters)
            }
            _ => errors::internal(error),
        }
    }

    /// 2601 of a unique index, 2627 of a constraint.
    fn duplicate_key(&self, key: Option<&Key>, bound: &BoundModification, parameters: &[Stored]) -> SqlError {
        let object = bound.table.shown();
        let Some(key) = key else {
            return SqlError::new(
                2627,
                format!(
                    "Violation of UNIQUE KEY constraint. Cannot insert duplicate key in object '{object}'."
                ),
            )
            .with_class(14);
        };
        let value = self
            .duplicate_value(key, bound, parameters)
            .map_or_else(String::new, |value| format!(" The duplicate key value is ({value})."));
        let (number, text) = match key.kind {
            KeyKind::UniqueIndex => (
                2601,
                format!(
                    "Cannot insert duplicate key row in object '{object}' with unique index '{}'.",
                    key.name
                ),
            ),
            KeyKind::PrimaryKey => (
                2627,
                format!(
                    "Violation of PRIMARY KEY constraint '{}'. Cannot insert duplicate key in object '{object}'.",
                    key.name
                ),
            ),
            _ => (
                2627,
                format!(
                    "Violation of UNIQUE KEY constraint '{}'. Cannot insert duplicate key in object '{object}'.",
                    key.name
                ),
            ),
        };
        SqlError::new(number, text + &value).with_class(14)
    }

    /// The key of the row at which the statement fails: a trigger notes that of every row, and the last one is it.
    fn duplicate_value(&self, key: &Key, bound: &BoundModification, parameters: &[Stored]) -> Option<String> {
        let event = match bound.kind {
            StatementKind::Insert => "INSERT",
            StatementKind::Update => "UPDATE",
            _ => return None,
        };
        let parts: Vec<String> = key
            .columns
            .iter()
            .filter_map(|name| bound.table.column(name))
            .map(|(_, column)| {
                let value = format!("NEW.{}", quote(&column.name));
                format!(
                    "CASE WHEN {value} IS NULL THEN '<NULL>' ELSE tsql_coerce({value}, '{}', 'nvarchar(4000)') END",
                    column.sql_type
                )
            })
            .collect();
        let trigger = format!(
            "CREATE TEMP TRIGGER local_azure_duplicate BEFORE {event} ON {} BEGIN SELECT local_azure_note({}); END",
            bound.table.sql(),
            parts.join(" || ', ' || ")
        );
        lock(&self.shared).note = None;
        self.connection.execute_batch(&trigger).ok()?;
        let _ = self.database.counters.unmoved(bound.table.id, || self.run_again(&bound.sql, parameters));
        let _ = self.functions.take_error();
        let mut shared = lock(&self.shared);
        shared.error = None;
        shared.last_identity = None;
        shared.note.take()
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
