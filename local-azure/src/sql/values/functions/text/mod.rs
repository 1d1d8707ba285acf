//! The functions of text, by the table of the module above.
//!
//! | module | functions |
//! |---|---|
//! | `measure` | `LEN`, `DATALENGTH`, `ASCII`, `UNICODE`, `ISNUMERIC` |
//! | `cut` | `LEFT`, `RIGHT`, `SUBSTRING`, `STUFF`, `LTRIM`, `RTRIM`, `TRIM` |
//! | `search` | `LIKE`, `PATINDEX`, `CHARINDEX`, `REPLACE`, `TRANSLATE` |
//! | `build` | `UPPER`, `LOWER`, `CONCAT`, `CONCAT_WS`, `REPLICATE`, `SPACE`, `REVERSE`, `CHAR`, `NCHAR`, `QUOTENAME`, `STR`, `NEWID` |
//!
//! Lengths and positions count UTF-16 units, as on a server without an `_SC` collation. Text is kept as UTF-8 here, which
//! has no half of a surrogate pair: where a function cuts through one, the half becomes U+FFFD, one unit as well, so
//! lengths stay what SQL Server says.

mod build;
mod cut;
mod like;
mod measure;
mod numeric_text;
mod search;
mod str_function;
mod units;

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use crate::sql::reply::SqlError;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    measure::register(connection, context)?;
    cut::register(connection, context)?;
    search::register(connection, context)?;
    build::register(connection, context)
}

/// TEXT, or NULL for None.
pub(super) fn text_or_null(text: Option<String>) -> Stored {
    text.map_or(Stored::Null, Stored::Text)
}

/// INTEGER from a length or a position.
fn count(number: usize) -> Stored {
    Stored::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The most bytes of UTF-8 that a text made here may have. SQL Server gives a `(max)` type 2 GB; a stand-in that runs
/// on a developer's machine stops before the memory is gone.
const MAX_TEXT_BYTES: usize = 128 * 1024 * 1024;

/// 7119: a text that would get longer than [`MAX_TEXT_BYTES`].
fn too_long() -> SqlError {
    SqlError::new(
        7119,
        format!("Attempting to grow LOB beyond maximum allowed size of {MAX_TEXT_BYTES} bytes."),
    )
}

/// Adds to a text that must not grow without end.
fn append(text: &mut String, more: &str) -> Result<(), SqlError> {
    if text.len().saturating_add(more.len()) > MAX_TEXT_BYTES {
        return Err(too_long());
    }
    text.push_str(more);
    Ok(())
}

#[cfg(test)]
mod test_support {
    //! One connection with the functions on it, for the tests of this folder.
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Arc;

    use rusqlite::Connection;
    use rusqlite::types::Value as Stored;

    use super::FunctionContext;
    use crate::sql::reply::SqlError;

    pub(super) fn evaluate(expression: &str) -> Result<Stored, SqlError> {
        let connection = Connection::open_in_memory().unwrap();
        let context = Arc::new(FunctionContext::default());
        super::super::collation::register(&connection).unwrap();
        super::register(&connection, &context).unwrap();
        connection
            .query_row(&format!("SELECT {expression}"), [], |row| row.get(0))
            .map_err(|error| context.take_error().ok_or(error).unwrap())
    }

    pub(super) fn text(expression: &str) -> Option<String> {
        match evaluate(expression).unwrap() {
            Stored::Null => None,
            Stored::Text(text) => Some(text),
            other => Some(format!("not text: {other:?}")),
        }
    }

    pub(super) fn integer(expression: &str) -> Option<i64> {
        match evaluate(expression).unwrap() {
            Stored::Integer(integer) => Some(integer),
            Stored::Null => None,
            _ => Some(i64::MIN),
        }
    }

    pub(super) fn error_number(expression: &str) -> i32 {
        evaluate(expression).unwrap_err().number
    }
}
