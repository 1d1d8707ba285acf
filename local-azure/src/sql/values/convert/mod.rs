//! Conversion of a value from one SQL type to another, by SQL Server's rules and with its error numbers.

use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};

/// Why a value is converted, which decides what happens to a text that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion<'a> {
    /// CAST, CONVERT: cut silently.
    Explicit,
    /// Operands, arguments, variables, parameters of `sp_executesql`: cut silently.
    Implicit,
    /// Storing into a column: refused with 2628, which names both.
    Assignment {
        /// `dbo.Persons`, as the message spells it.
        table: &'a str,
        /// The column.
        column: &'a str,
    },
}

/// Converts a value; `style` is CONVERT's third argument.
///
/// # Errors
/// SQL Server's number for what does not convert: 220, 241, 242, 245, 281, 529, 2628, 8114, 8115, 8169 and their kin.
pub fn convert(
    _value: &Value,
    _from: SqlType,
    _to: SqlType,
    _how: Conversion<'_>,
    _style: Option<i32>,
) -> Result<Value, SqlError> {
    Err(super::errors::unsupported("conversion"))
}

/// Whether a conversion exists at all: implicitly, or only with CAST and CONVERT (SQL Server documentation,
/// "CAST and CONVERT", the chart of conversions).
#[must_use]
pub fn is_allowed(_from: SqlType, _to: SqlType, _explicit: bool) -> bool {
    false
}
