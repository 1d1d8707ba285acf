//! What SQLite must compare so that the result is SQL Server's: of a datetimeoffset its instant, of bytes what stands
//! before the zeros at the end, of text the collation, of a sql_variant its family and value, of any other type the
//! stored value; and the errors of types that compare with nothing.

use super::{Typed, select::OutputColumn};
use crate::sql::reply::SqlError;
use crate::sql::types::{Collation, SqlType};
use crate::sql::values::collations;

/// Where a text's collation comes from; it decides which of two counts ("Collation precedence" in the reference).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CollationLabel {
    /// A literal, a variable, the result of a function: takes the other's.
    #[default]
    Coercible,
    /// A column.
    Implicit,
    /// COLLATE stands behind it.
    Explicit,
}

/// The collation under which texts meet, and whether COLLATE says so; those that aren't text don't count.
///
/// # Errors
/// 468 for two collations neither of which counts more.
pub(crate) fn meet(
    values: &[&Typed],
    operation: &str,
) -> Result<(Option<Collation>, CollationLabel), SqlError> {
    let mut met: (Option<Collation>, CollationLabel) = (None, CollationLabel::Coercible);
    for value in values.iter().filter(|value| value.sql_type.is_text() && !value.null) {
        let collation = value.sql_type.collation();
        // A function's result has the collation of the column that it is made of.
        let label = match (value.label, collation) {
            (CollationLabel::Coercible, Some(_)) => CollationLabel::Implicit,
            (label, _) => label,
        };
        let rank = |label| match label {
            CollationLabel::Coercible => 0,
            CollationLabel::Implicit => 1,
            CollationLabel::Explicit => 2,
        };
        if rank(label) > rank(met.1) {
            met = (collation, label);
        } else if label == met.1 && label != CollationLabel::Coercible && collation != met.0 {
            return Err(SqlError::new(
                468,
                format!(
                    "Cannot resolve the collation conflict between \"{}\" and \"{}\" in the {operation} operation.",
                    collations::name(collation),
                    collations::name(met.0)
                ),
            )
            .with_state(9));
        }
    }
    Ok(met)
}

/// Whether values of the type have no order and no equality: the older long types, xml, json, geometry, geography.
pub(crate) fn is_incomparable(sql_type: SqlType) -> bool {
    sql_type.is_old_long()
        || matches!(sql_type, SqlType::Xml | SqlType::Json | SqlType::Geometry | SqlType::Geography)
}

/// Whether values of the type can be ordered or grouped.
///
/// # Errors
/// 306, 305 or 249, by the type. Which number json has isn't documented; it is given that of xml.
pub(crate) fn sortable(sql_type: SqlType, clause: &str) -> Result<(), SqlError> {
    Err(match sql_type {
        _ if sql_type.is_old_long() => SqlError::new(
            306,
            "The text, ntext, and image data types cannot be compared or sorted, except when using IS NULL or LIKE operator.",
        )
        .with_state(2),
        SqlType::Xml | SqlType::Json => SqlError::new(
            305,
            format!(
                "The {} data type cannot be compared or sorted, except when using the IS NULL operator.",
                if sql_type == SqlType::Xml { "XML" } else { "JSON" }
            ),
        ),
        _ if is_incomparable(sql_type) => SqlError::new(
            249,
            format!(
                "The type \"{}\" is not comparable. It cannot be used in the {clause} clause.",
                sql_type.family_name()
            ),
        ),
        _ => return Ok(()),
    })
}

/// Whether a column of the type can be in a SELECT DISTINCT: 421 if not.
pub(crate) fn distinct(sql_type: SqlType) -> Result<(), SqlError> {
    if !is_incomparable(sql_type) {
        return Ok(());
    }
    Err(SqlError::new(
        421,
        format!(
            "The {} data type cannot be selected as DISTINCT because it is not comparable.",
            sql_type.family_name()
        ),
    ))
}

/// What messages call a comparison with SQLite's symbol.
pub(crate) fn operator(symbol: &str) -> &'static str {
    match symbol {
        "<>" => "not equal to",
        "<" => "less than",
        "<=" => "less than or equal to",
        ">" => "greater than",
        ">=" => "greater than or equal to",
        _ => "equal to",
    }
}

/// Whether two values can be compared with an operator of SQLite's spelling: 402 or 403 if not.
pub(crate) fn comparison(left: &Typed, symbol: &str, right: &Typed) -> Result<(), SqlError> {
    let operator = operator(symbol);
    let Some(wrong) = [left, right].into_iter().find(|side| !side.null && is_incomparable(side.sql_type))
    else {
        return Ok(());
    };
    Err(if wrong.sql_type.is_clr() {
        SqlError::new(
            403,
            format!(
                "Invalid operator for data type. Operator equals {operator}, type equals {}.",
                wrong.sql_type.family_name()
            ),
        )
    } else {
        let name = |side: &Typed, other: &Typed| {
            if side.null { other.sql_type.family_name() } else { side.sql_type.family_name() }
        };
        SqlError::new(
            402,
            format!(
                "The data types {} and {} are incompatible in the {operator} operator.",
                name(left, right),
                name(right, left)
            ),
        )
    })
}

/// Whether two stored values of the type may differ in their bytes and still be equal on SQL Server.
pub(crate) fn has_key(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::DateTimeOffset { .. } | SqlType::SqlVariant) || sql_type.is_binary()
}

/// The expression by which values are ordered, grouped, counted as distinct and joined.
pub(crate) fn key(sql: &str, sql_type: SqlType) -> String {
    match sql_type {
        SqlType::DateTimeOffset { .. } => format!("tsql_instant({sql})"),
        SqlType::SqlVariant => format!("tsql_variant_key({sql})"),
        _ if sql_type.is_binary() => format!("tsql_binary_key({sql})"),
        _ if sql_type.is_text() => format!("{sql} COLLATE {}", collations::order(sql_type)),
        _ => sql.to_owned(),
    }
}

/// A value in a select list: text carries the collation for what compares whole rows, DISTINCT and UNION. Types that
/// [`has_key`] names need more than that.
pub(crate) fn collated(value: &Typed) -> String {
    if value.sql_type.is_text() && !value.collated {
        format!("{} COLLATE {}", value.sql, collations::order(value.sql_type))
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
