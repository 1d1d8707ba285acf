//! What SQLite must compare so that the result is SQL Server's: of a datetimeoffset its instant, of bytes what stands
//! before the zeros at the end, of text the collation, of any other type the stored value.

use super::{Typed, select::OutputColumn};
use crate::sql::types::SqlType;

/// Whether two stored values of the type may differ in their bytes and still be equal on SQL Server.
pub(crate) fn has_key(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::DateTimeOffset { .. }) || sql_type.is_binary()
}

/// The expression by which values are ordered, grouped, counted as distinct and joined.
pub(crate) fn key(sql: &str, sql_type: SqlType) -> String {
    match sql_type {
        SqlType::DateTimeOffset { .. } => format!("tsql_instant({sql})"),
        _ if sql_type.is_binary() => format!("tsql_binary_key({sql})"),
        _ if sql_type.is_text() => format!("{sql} COLLATE tsql_ci_as"),
        _ => sql.to_owned(),
    }
}

/// A value in a select list: text carries the collation for what compares whole rows, DISTINCT and UNION. Types that
/// [`has_key`] names need more than that.
pub(crate) fn collated(value: &Typed) -> String {
    if value.sql_type.is_text() && !value.collated {
        format!("{} COLLATE tsql_ci_as", value.sql)
    } else {
        value.sql.clone()
    }
}

/// The keys of columns c0, c1, ... with `prefix` before each.
pub(crate) fn row_keys(prefix: &str, columns: &[OutputColumn]) -> String {
    let keys: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| key(&format!("{prefix}c{index}"), column.sql_type))
        .collect();
    keys.join(", ")
}
