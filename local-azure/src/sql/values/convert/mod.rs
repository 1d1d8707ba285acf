//! Conversion of a value from one type to another, with SQL Server's rules and error numbers.

mod special;
mod to_date_time;
mod to_number;
mod to_text;

use super::errors;
use crate::sql::code_page;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};

/// Why a value is converted; it decides what happens to text and bytes that are too long, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion<'a> {
    /// CAST or CONVERT: cuts silently.
    Explicit,
    /// An operand, an argument, a variable or a parameter: cuts silently, and some conversions are not allowed.
    Implicit,
    /// Storing into a column: refuses what is too long with 2628.
    Assignment {
        /// The table's name as the message gives it.
        table: &'a str,
        /// The column's name.
        column: &'a str,
    },
}

/// Whether SQL Server converts between the two types at all; `explicit` = by CAST or CONVERT.
#[must_use]
pub fn is_allowed(from: SqlType, to: SqlType, explicit: bool) -> bool {
    if special::is_special(from) || special::is_special(to) {
        return special::is_allowed(from, to, explicit);
    }
    let legacy_date = |sql_type| matches!(sql_type, SqlType::DateTime | SqlType::SmallDateTime);
    if to.is_text() || (from.is_text() && !to.is_binary()) {
        return true;
    }
    if from.is_text() {
        return explicit;
    }
    match (from, to) {
        (SqlType::UniqueIdentifier, _) => to == from || to.is_binary(),
        (_, SqlType::UniqueIdentifier) => from.is_binary(),
        (SqlType::Date, SqlType::Time { .. }) | (SqlType::Time { .. }, SqlType::Date) => false,
        _ if from.is_date_time() && to.is_date_time() => true,
        _ if from.is_date_time() && to.is_number() => legacy_date(from) && explicit,
        _ if from.is_number() && to.is_date_time() => legacy_date(to),
        _ if from.is_binary() => !to.is_approximate() && (!to.is_date_time() || explicit),
        _ if to.is_binary() => explicit || from.is_integer() || !from.is_approximate(),
        _ => true,
    }
}

/// Converts `value` of the type `from` to the type `to`. NULL stays NULL. `style` is CONVERT's third argument.
///
/// # Errors
/// 529 or 206 for a conversion that doesn't exist, 257 for one that needs CAST; 245, 8114, 235, 241, 242, 8169 for text
/// of the wrong form; 94xx, 13609, 6522 for text that is no xml, json or hierarchyid; 8115, 220, 244, 248, 232 for numbers out of range; 281 for an unknown style; 2628 for text or
/// bytes longer than the column; 40517 for what this endpoint doesn't do.
pub fn convert(
    value: &Value,
    from: SqlType,
    to: SqlType,
    how: Conversion<'_>,
    style: Option<i32>,
) -> Result<Value, SqlError> {
    let explicit = how == Conversion::Explicit;
    if !is_allowed(from, to, explicit) {
        return Err(not_allowed(from, to, explicit));
    }
    if *value == Value::Null {
        return Ok(Value::Null);
    }
    if special::is_special(from) || special::is_special(to) {
        return special::convert(value, from, to, how, style);
    }
    match to {
        _ if to.is_number() => to_number::convert(value, from, to),
        _ if to.is_date_time() => to_date_time::convert(value, from, to, style),
        _ if to.is_text() => to_text::convert(value, from, to, how, style),
        SqlType::UniqueIdentifier => to_unique_identifier(value),
        _ => to_binary(value, from, to, how, style),
    }
}

/// 529, 206 or 257.
#[must_use]
pub fn not_allowed(from: SqlType, to: SqlType, explicit: bool) -> SqlError {
    let (from_name, to_name) = (from.family_name(), to.family_name());
    if explicit {
        SqlError::new(
            529,
            format!("Explicit conversion from data type {from_name} to {to_name} is not allowed."),
        )
        .with_state(2)
    } else if is_allowed(from, to, true) {
        SqlError::new(
            257,
            format!(
                "Implicit conversion from data type {from_name} to {to_name} is not allowed. Use the CONVERT function to run this query."
            ),
        )
        .with_state(3)
    } else {
        SqlError::new(206, format!("Operand type clash: {from_name} is incompatible with {to_name}"))
            .with_state(2)
    }
}

fn to_unique_identifier(value: &Value) -> Result<Value, SqlError> {
    match value {
        Value::UniqueIdentifier(printed) => Ok(Value::UniqueIdentifier(*printed)),
        Value::Text(text) => {
            let refused = || {
                SqlError::new(
                    8169,
                    "Conversion failed when converting from a character string to uniqueidentifier.",
                )
                .with_state(2)
            };
            let text = text.strip_prefix('{').unwrap_or(text);
            // What follows the 36 characters is ignored, as on SQL Server.
            let text = text.get(..36).ok_or_else(refused)?;
            let id = uuid::Uuid::try_parse(text).map_err(|_| refused())?;
            Ok(Value::UniqueIdentifier(*id.as_bytes()))
        }
        Value::Binary(bytes) => {
            let memory = bytes.first_chunk::<16>().ok_or_else(|| {
                SqlError::new(8169, "Conversion failed when converting from binary to uniqueidentifier.")
            })?;
            Ok(Value::UniqueIdentifier(uuid::Uuid::from_bytes_le(*memory).into_bytes()))
        }
        _ => Err(errors::internal("no uniqueidentifier comes from this value")),
    }
}

fn to_binary(
    value: &Value,
    from: SqlType,
    to: SqlType,
    how: Conversion<'_>,
    style: Option<i32>,
) -> Result<Value, SqlError> {
    let limit = match to.length() {
        Some(Length::Limit(limit)) => Some(usize::from(limit)),
        _ => None,
    };
    let mut bytes = match value {
        Value::Binary(bytes) => bytes.clone(),
        Value::Text(text) => text_bytes(text, from, style)?,
        Value::UniqueIdentifier(printed) => uuid::Uuid::from_bytes(*printed).to_bytes_le().to_vec(),
        Value::Bit(_) | Value::Integer(_) | Value::Money(_) => {
            let (number, width) = match (value, from) {
                (Value::Bit(bit), _) => (i64::from(*bit), 1),
                (Value::Integer(number), SqlType::TinyInt) => (*number, 1),
                (Value::Integer(number), SqlType::SmallInt) => (*number, 2),
                (Value::Integer(number), SqlType::BigInt) => (*number, 8),
                (Value::Money(number), SqlType::Money) => (*number, 8),
                (Value::Integer(number) | Value::Money(number), _) => (*number, 4),
                _ => return Err(errors::internal("no number")),
            };
            // Numbers stand at the right end: the high bytes are cut, or zeros are put before them.
            let all = number.to_be_bytes();
            let own = all.get(8 - width..).unwrap_or_default();
            match (limit, to) {
                (Some(limit), _) if limit < own.len() => {
                    own.get(own.len() - limit..).unwrap_or_default().to_vec()
                }
                (Some(limit), SqlType::Binary(_)) => {
                    let mut padded = vec![0; limit - own.len()];
                    padded.extend_from_slice(own);
                    padded
                }
                _ => own.to_vec(),
            }
        }
        _ => {
            return Err(errors::unsupported(&format!(
                "Conversion from {} to {}",
                from.family_name(),
                to.family_name()
            )));
        }
    };
    if let Some(limit) = limit {
        if bytes.len() > limit {
            if let Conversion::Assignment { table, column } = how {
                return Err(truncated(table, column, ""));
            }
            bytes.truncate(limit);
        }
        if let SqlType::Binary(_) = to {
            bytes.resize(limit, 0);
        }
    }
    Ok(Value::Binary(bytes))
}

fn text_bytes(text: &str, from: SqlType, style: Option<i32>) -> Result<Vec<u8>, SqlError> {
    match style {
        None | Some(0) if from.is_unicode_text() => {
            Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
        }
        None | Some(0) if from.is_utf8_text() => Ok(text.as_bytes().to_vec()),
        None | Some(0) => Ok(text.chars().map(code_page::byte_or_question_mark).collect()),
        Some(style @ (1 | 2)) => {
            let refused = || errors::error_converting(from, SqlType::VarBinary(Length::Max));
            let digits = if style == 1 {
                text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or_else(refused)?
            } else {
                text
            };
            bytes_of_hex(digits).ok_or_else(refused)
        }
        Some(style) => Err(errors::unsupported(&format!("Style {style} of a conversion to binary"))),
    }
}

/// The bytes that pairs of hexadecimal digits write; None for an odd number of digits or another character.
pub(crate) fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let nibble = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
            _ => None,
        })
        .collect()
}

/// 2628.
fn truncated(table: &str, column: &str, value: &str) -> SqlError {
    SqlError::new(
        2628,
        format!(
            "String or binary data would be truncated in table '{table}', column '{column}'. Truncated value: '{value}'."
        ),
    )
}

#[cfg(test)]
mod tests;
