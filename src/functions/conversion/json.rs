//! A JSON value, as it stands in a body or a definition, to a value of a SQL type.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{decimal, float, from_text, in_integer_range, not_an_integer};
use crate::invocation::{Decimal, SqlType, SqlValue};

/// Converts a JSON value strictly.
///
/// | type | JSON |
/// |---|---|
/// | bit | `true`, `false` |
/// | tinyint, smallint, int | a number whose value is whole |
/// | bigint, decimal | a number, or a string with one: JavaScript's numbers can't hold all of them |
/// | real, float | a number |
/// | varchar(max), nvarchar(max) | a string; an array or object becomes its JSON text, for OPENJSON |
/// | json | any value; it becomes its JSON text |
/// | everything else | a string, read as in a query |
///
/// A number never becomes text, nor a text an int: a caller who mixes them up has a mistake to hear of.
pub(crate) fn from_json(json: &Json, sql_type: SqlType) -> Result<SqlValue, String> {
    match json {
        Json::Null => Ok(SqlValue::Null),
        _ if sql_type == SqlType::Json => Ok(SqlValue::Text(json.to_string())),
        Json::Bool(value) => from_bool(*value, sql_type),
        Json::Number(number) => from_number(&number.to_string(), sql_type),
        Json::String(text) => from_string(|| Ok(Cow::Borrowed(text)), sql_type),
        Json::Array(_) | Json::Object(_) => from_nested(|| json.to_string(), sql_type),
    }
}

/// The same for a value that stands in a valid JSON text, without blanks around it. What it begins with says what it is, so
/// one of a wrong kind is not read further; an array or object keeps its own text.
pub(crate) fn from_json_text(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    match text.bytes().next() {
        Some(b'n') => Ok(SqlValue::Null),
        _ if sql_type == SqlType::Json => Ok(SqlValue::Text(text.to_owned())),
        Some(b't') => from_bool(true, sql_type),
        Some(b'f') => from_bool(false, sql_type),
        Some(b'"') => from_string(|| string_content(text), sql_type),
        Some(b'[' | b'{') => from_nested(|| text.to_owned(), sql_type),
        _ => from_number(text, sql_type),
    }
}

/// The content of a JSON string, copied only where it has escapes.
pub(crate) fn string_content(json: &str) -> Result<Cow<'_, str>, String> {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(json).map(Cow::Owned).map_err(|_| "must be a JSON string".to_owned()),
    }
}

fn from_bool(value: bool, sql_type: SqlType) -> Result<SqlValue, String> {
    if sql_type == SqlType::Bit { Ok(SqlValue::Bit(value)) } else { Err(expected(sql_type)) }
}

fn from_number(digits: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    match sql_type {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            // 5.0 and 5e0 are the same number as 5; exact digits, so that nothing passes through f64.
            let whole = Decimal::parse(digits, 38, 0).ok();
            in_integer_range(whole.and_then(|whole| i64::try_from(whole.unscaled).ok()), sql_type)
        }
        SqlType::Decimal { precision, scale } => decimal(digits, precision, scale),
        SqlType::Real | SqlType::Float => float(digits, sql_type),
        _ => Err(expected(sql_type)),
    }
}

/// The content is asked for only where a string may come.
fn from_string<'t>(
    content: impl FnOnce() -> Result<Cow<'t, str>, String>,
    sql_type: SqlType,
) -> Result<SqlValue, String> {
    match sql_type {
        SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::Real
        | SqlType::Float => Err(expected(sql_type)),
        _ if sql_type.is_text() => content().map(|text| SqlValue::Text(text.into_owned())),
        _ => from_text(&content()?, sql_type),
    }
}

fn from_nested(text: impl FnOnce() -> String, sql_type: SqlType) -> Result<SqlValue, String> {
    if sql_type.takes_json() { Ok(SqlValue::Text(text())) } else { Err(expected(sql_type)) }
}

/// What may come for a type, for a value of another kind.
fn expected(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Bit => "must be true or false".to_owned(),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => not_an_integer(sql_type),
        SqlType::Decimal { .. } | SqlType::Real | SqlType::Float => "must be a number".to_owned(),
        _ => "must be a JSON string".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::invocation::Length;

    /// Both from a value and from its text.
    fn convert(json: &str, declared: &str) -> Result<SqlValue, String> {
        let declared = SqlType::parse(declared).unwrap();
        let converted = from_json_text(json, declared);
        assert_eq!(from_json(&serde_json::from_str(json).unwrap(), declared), converted, "{json}");
        converted
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        assert_eq!(convert("9007199254740993", "bigint").unwrap(), SqlValue::Integer(9_007_199_254_740_993));
        assert_eq!(
            convert("\"9007199254740993\"", "bigint").unwrap(),
            SqlValue::Integer(9_007_199_254_740_993)
        );
        for digits in ["12345678901234567890.1234", "\"12345678901234567890.1234\""] {
            assert_eq!(
                convert(digits, "decimal(24,4)").unwrap(),
                SqlValue::Decimal(Decimal { unscaled: 123_456_789_012_345_678_901_234, scale: 4 })
            );
        }
    }

    #[test]
    fn an_integer_is_one_by_its_value() {
        assert_eq!(convert("5.0", "int").unwrap(), SqlValue::Integer(5));
        assert_eq!(convert("1e2", "int").unwrap(), SqlValue::Integer(100));
        for json in ["5.5", "2147483648", "\"5\"", "true", "[5]", "1e99"] {
            assert_eq!(
                convert(json, "int").unwrap_err(),
                "must be a whole number from -2147483648 to 2147483647"
            );
        }
    }

    #[test]
    fn an_array_keeps_the_text_that_was_sent() {
        let sent = "[1.10, {\"a\" : 1e2}]";
        let kept = from_json_text(sent, SqlType::NVarChar(Length::Max));
        assert_eq!(kept, Ok(SqlValue::Text(sent.to_owned())));
    }

    #[test]
    fn any_value_becomes_json_with_its_own_digits() {
        for json in ["1.10", "-1e400", "\"a\"", "true", "[1.10,{\"a\":null}]", "{}", "12345678901234567890.1"]
        {
            let text = from_json_text(json, SqlType::Json);
            assert_eq!(text, Ok(SqlValue::Text(json.to_owned())), "{json}");
        }
        assert_eq!(convert("null", "json"), Ok(SqlValue::Null));
    }

    #[test]
    fn kinds_are_not_mixed_up() {
        for (json, declared) in [
            ("1", "bit"),
            ("\"true\"", "bit"),
            ("5", "nvarchar(10)"),
            ("true", "nvarchar(10)"),
            ("{}", "nvarchar(10)"),
            ("\"1.5\"", "float"),
            ("20260131", "date"),
        ] {
            assert!(convert(json, declared).is_err(), "{json} as {declared}");
        }
        assert_eq!(convert("[1.10,{}]", "nvarchar(max)").unwrap(), SqlValue::Text("[1.10,{}]".to_owned()));
        assert_eq!(convert(r#""a\u0062""#, "nvarchar(2)").unwrap(), SqlValue::Text("ab".to_owned()));
        assert_eq!(convert("null", "int").unwrap(), SqlValue::Null);
    }
}
