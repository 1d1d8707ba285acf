//! Literals and their types.

use sqlparser::ast;

use super::{Binder, Typed, not_tsql};
use crate::sql::engine::errors;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::convert::{Conversion, convert};

impl Binder<'_> {
    pub(super) fn literal(&mut self, value: &ast::Value) -> Result<Typed, SqlError> {
        let (value, sql_type) = match value {
            ast::Value::Null => {
                let mut null = Typed::new("NULL", SqlType::Int);
                null.null = true;
                return Ok(null);
            }
            ast::Value::Placeholder(name) if name.starts_with('@') => return self.variable(name),
            ast::Value::Number(digits, false) => number(digits)?,
            ast::Value::SingleQuotedString(text) => {
                let length = u16::try_from(text.chars().count())
                    .ok()
                    .filter(|length| *length <= 8000)
                    .map_or(Length::Max, |length| Length::Limit(length.max(1)));
                // A character outside the code page is a question mark in a literal without N.
                let value = Value::Text(text.clone());
                let from = SqlType::NVarChar(Length::Max);
                let sql_type = SqlType::VarChar(length);
                (convert(&value, from, sql_type, Conversion::Implicit, None)?, sql_type)
            }
            ast::Value::NationalStringLiteral(text) => {
                let length = u16::try_from(text.encode_utf16().count())
                    .ok()
                    .filter(|length| *length <= 4000)
                    .map_or(Length::Max, |length| Length::Limit(length.max(1)));
                (Value::Text(text.clone()), SqlType::NVarChar(length))
            }
            ast::Value::HexStringLiteral(digits) => {
                let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.clone() };
                let bytes: Option<Vec<u8>> = padded
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| {
                        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
                    })
                    .collect();
                let bytes = bytes.ok_or_else(|| not_tsql(digits))?;
                let length = u16::try_from(bytes.len())
                    .ok()
                    .filter(|length| *length <= 8000)
                    .map_or(Length::Max, |length| Length::Limit(length.max(1)));
                (Value::Binary(bytes), SqlType::VarBinary(length))
            }
            ast::Value::Boolean(value) => {
                return Err(errors::invalid_column(&value.to_string()));
            }
            other => return Err(not_tsql(&short(&other.to_string()))),
        };
        let sql = self.value(&value, sql_type);
        Ok(Typed::new(sql, sql_type).not_null())
    }
}

/// The text at most 60 characters long.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A number literal: int, or decimal by its digits, or float with an exponent.
pub(super) fn number(digits: &str) -> Result<(Value, SqlType), SqlError> {
    if digits.contains(['e', 'E']) {
        let value: f64 = digits.parse().map_err(|_| not_tsql(digits))?;
        return Ok((Value::Float(value), SqlType::Float));
    }
    if !digits.contains('.')
        && let Ok(value) = digits.parse::<i32>()
    {
        return Ok((Value::Integer(i64::from(value)), SqlType::Int));
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let joined = format!("{whole}{fraction}");
    let precision = u8::try_from(joined.len().max(1)).ok().filter(|precision| *precision <= 38);
    let scale = u8::try_from(fraction.len()).ok();
    match (precision, scale, if joined.is_empty() { Ok(0) } else { joined.parse::<i128>() }) {
        (Some(precision), Some(scale), Ok(value)) => {
            Ok((Value::Decimal(value), SqlType::Decimal { precision, scale }))
        }
        _ => Err(SqlError::new(
            1007,
            format!(
                "The number '{digits}' is out of the range for numeric representation (maximum precision 38)."
            ),
        )
        .with_class(15)),
    }
}
