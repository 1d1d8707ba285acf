//! The functions called through SQLite, with dates written and read as SQL Server prints them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use crate::sql::reply::SqlError;

/// A connection with the functions and what the tests need of conversions.
pub(super) struct Server {
    connection: Connection,
    pub(super) context: Arc<FunctionContext>,
}

impl Server {
    pub(super) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        let context = Arc::new(FunctionContext::default());
        super::super::conversions::register(&connection, &context).unwrap();
        super::register(&connection, &context).unwrap();
        Self { connection, context }
    }

    pub(super) fn evaluate(&self, expression: &str) -> Result<Stored, SqlError> {
        self.connection
            .query_row(&format!("SELECT {expression}"), [], |row| row.get(0))
            .map_err(|error| self.context.take_error().ok_or(error).unwrap())
    }
}

/// An expression of the stored form of `text` as a type.
pub(super) fn literal(text: &str, sql_type: &str) -> String {
    format!("tsql_convert('{text}', 'varchar(40)', '{sql_type}', NULL)")
}

/// `{date|type}` in a template becomes the stored form and the type: two arguments.
pub(super) fn with_dates(template: &str) -> String {
    let mut expression = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (date, behind) = after.split_once('}').unwrap();
        let (text, sql_type) = date.split_once('|').unwrap();
        expression.push_str(before);
        expression.push_str(&literal(text, sql_type));
        expression.push_str(&format!(", '{sql_type}'"));
        rest = behind;
    }
    expression.push_str(rest);
    expression
}

pub(super) fn integer(template: &str) -> Option<i64> {
    match Server::new().evaluate(&with_dates(template)).unwrap() {
        Stored::Integer(integer) => Some(integer),
        Stored::Null => None,
        other => {
            assert_eq!(other, Stored::Null, "no integer: {template}");
            None
        }
    }
}

pub(super) fn text(template: &str) -> Option<String> {
    match Server::new().evaluate(&with_dates(template)).unwrap() {
        Stored::Text(text) => Some(text),
        Stored::Null => None,
        other => {
            assert_eq!(other, Stored::Null, "no text: {template}");
            None
        }
    }
}

/// What the call gives as a type, printed in style 121.
pub(super) fn printed(template: &str, sql_type: &str) -> Option<String> {
    text(&format!("tsql_convert({}, '{sql_type}', 'varchar(40)', 121)", with_dates(template)))
}

pub(super) fn error(template: &str) -> (i32, String) {
    let error = Server::new().evaluate(&with_dates(template)).unwrap_err();
    (error.number, error.message)
}
