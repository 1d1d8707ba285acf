//! The functions that convert a value, or give the key by which SQLite compares it.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value as Stored, ValueRef};

use super::FunctionContext;
use super::context::{Arguments, pure};
use crate::sql::reply::SqlError;
use crate::sql::values::convert::{Conversion, convert, is_allowed, not_allowed};
use crate::sql::values::{errors, storage};

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_convert", 4, |call| converted(call, Conversion::Explicit, style(call)?))?;
    pure(connection, context, "tsql_try_convert", 4, try_convert)?;
    pure(connection, context, "tsql_coerce", 3, |call| converted(call, Conversion::Implicit, None))?;
    pure(connection, context, "tsql_assign", 5, |call| {
        let table = call.text(3)?.unwrap_or_default();
        let column = call.text(4)?.unwrap_or_default();
        converted(call, Conversion::Assignment { table, column }, None)
    })?;
    pure(connection, context, "tsql_instant", 1, |call| blob(call, |bytes| bytes.get(..8).unwrap_or(bytes)))?;
    pure(connection, context, "tsql_binary_key", 1, |call| {
        blob(call, |bytes| {
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            bytes.get(..end).unwrap_or(bytes)
        })
    })
}

fn style(call: &Arguments<'_, '_>) -> Result<Option<i32>, SqlError> {
    // A style beyond an int is none that exists.
    Ok(call.integer(3)?.map(|style| i32::try_from(style).unwrap_or(i32::MAX)))
}

fn converted(call: &Arguments<'_, '_>, how: Conversion<'_>, style: Option<i32>) -> Result<Stored, SqlError> {
    let (from, to) = (call.sql_type(1)?, call.sql_type(2)?);
    let value = call.value(0, from)?;
    Ok(storage::to_sqlite(&convert(&value, from, to, how, style)?, to))
}

fn try_convert(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let (from, to) = (call.sql_type(1)?, call.sql_type(2)?);
    if !is_allowed(from, to, true) {
        return Err(not_allowed(from, to, true));
    }
    match converted(call, Conversion::Explicit, style(call)?) {
        // What is refused here, or wrong in the statement and not in the value, stays an error.
        Err(error) if matches!(error.number, 281 | 8630 | 40517) => Err(error),
        Err(_) => Ok(Stored::Null),
        stored => stored,
    }
}

fn blob(call: &Arguments<'_, '_>, key: impl Fn(&[u8]) -> &[u8]) -> Result<Stored, SqlError> {
    match call.stored(0) {
        ValueRef::Null => Ok(Stored::Null),
        ValueRef::Blob(bytes) => Ok(Stored::Blob(key(bytes).to_vec())),
        _ => Err(errors::internal("a key was asked of what is no BLOB")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn connection() -> (Connection, Arc<FunctionContext>) {
        let connection = Connection::open_in_memory().unwrap();
        let context = Arc::new(FunctionContext::default());
        register(&connection, &context).unwrap();
        (connection, context)
    }

    #[test]
    fn a_conversion_in_sqlite_gives_the_stored_form() {
        let (connection, _) = connection();
        let days: i64 = connection
            .query_row("SELECT tsql_convert('0001-01-02', 'varchar(10)', 'date', NULL)", [], |row| row.get(0))
            .unwrap();
        assert_eq!(days, 1);
    }

    #[test]
    fn an_error_in_sqlite_keeps_its_number() {
        let (connection, context) = connection();
        let failed = connection.query_row("SELECT tsql_coerce('x', 'varchar(1)', 'int')", [], |_| Ok(()));
        assert!(failed.is_err());
        assert_eq!(context.take_error().unwrap().number, 245);
        assert_eq!(context.take_error(), None);
    }

    #[test]
    fn storing_what_is_too_long_names_table_and_column() {
        let (connection, context) = connection();
        let text = "SELECT tsql_assign('Lissabon', 'varchar(8)', 'nvarchar(5)', 'dbo.Persons', 'City')";
        assert!(connection.query_row(text, [], |_| Ok(())).is_err());
        let error = context.take_error().unwrap();
        assert_eq!(error.number, 2628);
        assert_eq!(
            error.message,
            "String or binary data would be truncated in table 'dbo.Persons', column 'City'. Truncated value: 'Lissa'."
        );
    }

    #[test]
    fn try_convert_gives_null_for_a_bad_value_and_fails_for_a_conversion_that_does_not_exist() {
        let (connection, context) = connection();
        let text = "SELECT tsql_try_convert('x', 'varchar(1)', 'int', NULL) IS NULL";
        assert!(connection.query_row(text, [], |row| row.get::<_, bool>(0)).unwrap());
        let text = "SELECT tsql_try_convert(1, 'int', 'date', NULL)";
        assert!(connection.query_row(text, [], |_| Ok(())).is_err());
        assert_eq!(context.take_error().unwrap().number, 529);
    }
}
