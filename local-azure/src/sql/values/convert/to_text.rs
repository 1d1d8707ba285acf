//! Conversion to char, varchar, nchar and nvarchar.

use super::{Conversion, truncated};
use crate::sql::code_page;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::number_text::invalid_style;
use crate::sql::values::{date_text, decimal, errors, number_text};

pub(super) fn convert(
    value: &Value,
    from: SqlType,
    to: SqlType,
    how: Conversion<'_>,
    style: Option<i32>,
) -> Result<Value, SqlError> {
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Bit(bit) => i32::from(*bit).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(digits) => {
            decimal::format(*digits, from.precision_and_scale().map_or(0, |(_, scale)| scale))
        }
        Value::Money(number) => number_text::money(*number, style.unwrap_or(0), from)?,
        Value::Float(number) => {
            let style = style.unwrap_or(0);
            number_text::float(*number, style).ok_or_else(|| invalid_style(style, from))?
        }
        Value::UniqueIdentifier(printed) => {
            uuid::Uuid::from_bytes(*printed).hyphenated().to_string().to_uppercase()
        }
        Value::Binary(bytes) => text_of_bytes(bytes, to, style)?,
        _ => date_text::format::format(value, from, style)?,
    };
    let utf8 = to.is_utf8_text();
    let text = if to.is_unicode_text() || utf8 { text } else { code_page::narrowed(&text) };
    let limit = match to.length() {
        Some(Length::Limit(limit)) => usize::from(limit),
        _ => return Ok(Value::Text(text)),
    };
    // The units of UTF-8 are bytes.
    let units = if utf8 { text.len() } else { text.encode_utf16().count() };
    if units > limit {
        return too_long(&text, from, to, limit, how);
    }
    let padding = match to.plain() {
        SqlType::Char(_) | SqlType::NChar(_) => limit - units,
        _ => 0,
    };
    Ok(Value::Text(text + &" ".repeat(padding)))
}

fn too_long(
    text: &str,
    from: SqlType,
    to: SqlType,
    limit: usize,
    how: Conversion<'_>,
) -> Result<Value, SqlError> {
    let family = to.family_name();
    match from {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int if !to.is_unicode_text() => {
            return Ok(Value::Text("*".to_owned()));
        }
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            return Err(errors::overflow("expression", family));
        }
        SqlType::Decimal { .. } => return Err(errors::overflow("numeric", family).with_state(5)),
        SqlType::Real | SqlType::Float => return Err(errors::overflow("expression", family)),
        SqlType::Money | SqlType::SmallMoney => {
            return Err(SqlError::new(
                234,
                format!("There is insufficient result space to convert a money value to {family}."),
            )
            .with_state(2));
        }
        SqlType::UniqueIdentifier => {
            return Err(SqlError::new(
                8170,
                "Insufficient result space to convert uniqueidentifier value to char.",
            )
            .with_state(2));
        }
        _ => {}
    }
    let kept = if to.is_utf8_text() { cut_bytes(text, limit) } else { cut(text, limit) };
    if let Conversion::Assignment { table, column } = how {
        // Blanks beyond the end are dropped without a word.
        let rest = text.get(kept.len()..).unwrap_or_default();
        if !rest.bytes().all(|byte| byte == b' ') {
            return Err(truncated(table, column, kept));
        }
    }
    Ok(Value::Text(kept.to_owned()))
}

/// The first `units` UTF-16 units. A pair of surrogates that the end would split is left out whole, since text here
/// can't hold half of it; SQL Server keeps the half.
pub(crate) fn cut(text: &str, units: usize) -> &str {
    let mut used = 0;
    for (place, character) in text.char_indices() {
        used += character.len_utf16();
        if used > units {
            return text.get(..place).unwrap_or(text);
        }
    }
    text
}

/// As many whole characters as fit into so many bytes.
fn cut_bytes(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn text_of_bytes(bytes: &[u8], to: SqlType, style: Option<i32>) -> Result<String, SqlError> {
    let hex = || bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    match style {
        None | Some(0) if to.is_unicode_text() => {
            let units: Vec<u16> = bytes
                .chunks(2)
                .map(|pair| match pair {
                    [low, high] => u16::from_le_bytes([*low, *high]),
                    [low] => u16::from(*low),
                    _ => 0,
                })
                .collect();
            Ok(String::from_utf16_lossy(&units))
        }
        None | Some(0) if to.is_utf8_text() => Ok(String::from_utf8_lossy(bytes).into_owned()),
        None | Some(0) => Ok(bytes.iter().map(|&byte| code_page::character_of(byte)).collect()),
        Some(1) => Ok(format!("0x{}", hex())),
        Some(2) => Ok(hex()),
        Some(style) => Err(invalid_style(style, SqlType::VarBinary(Length::Max))),
    }
}
