//! A JSON value, as it stands in a body or a definition, to a value of a SQL type.

use serde_json::Value as Json;

use super::{decimal, float, from_text, in_integer_range, not_an_integer};
use crate::invocation::{Decimal, Length, SqlType, SqlValue};

/// Converts a JSON value strictly.
///
/// | type | JSON |
/// |---|---|
/// | bit | `true`, `false` |
/// | tinyint, smallint, int | a number whose value is whole |
/// | bigint, decimal | a number, or a string with one: JavaScript's numbers can't hold all of them |
/// | real, float | a number |
/// | varchar(max), nvarchar(max) | a string; an array or object becomes its JSON text, for OPENJSON |
/// | everything else | a string, read as in a query |
///
/// A number never becomes text, nor a text an int: a caller who mixes them up has a mistake to hear of.
pub(crate) fn from_json(json: &Json, sql_type: SqlType) -> Result<SqlValue, String> {
    match (json, sql_type) {
        (Json::Null, _) => Ok(SqlValue::Null),
        (Json::Bool(value), SqlType::Bit) => Ok(SqlValue::Bit(*value)),
        (_, SqlType::Bit) => Err("must be true or false".to_owned()),
        (Json::Number(number), SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt) => {
            // 5.0 and 5e0 are the same number as 5; exact digits, so that nothing passes through f64.
            let whole = Decimal::parse(&number.to_string(), 38, 0).ok();
            in_integer_range(whole.and_then(|whole| i64::try_from(whole.unscaled).ok()), sql_type)
        }
        (Json::Number(number), SqlType::Decimal { precision, scale }) => {
            decimal(&number.to_string(), precision, scale)
        }
        (Json::Number(number), SqlType::Real | SqlType::Float) => float(&number.to_string(), sql_type),
        (Json::String(text), SqlType::BigInt | SqlType::Decimal { .. }) => from_text(text, sql_type),
        (_, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt) => {
            Err(not_an_integer(sql_type))
        }
        (_, SqlType::Decimal { .. } | SqlType::Real | SqlType::Float) => Err("must be a number".to_owned()),
        (Json::String(text), _) => from_text(text, sql_type),
        (
            Json::Array(_) | Json::Object(_),
            SqlType::VarChar(Length::Max) | SqlType::NVarChar(Length::Max),
        ) => Ok(SqlValue::Text(json.to_string())),
        _ => Err("must be a JSON string".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn convert(json: &str, declared: &str) -> Result<SqlValue, String> {
        from_json(&serde_json::from_str(json).unwrap(), SqlType::parse(declared).unwrap())
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
        assert_eq!(convert("[1.10, {}]", "nvarchar(max)").unwrap(), SqlValue::Text("[1.10,{}]".to_owned()));
        assert_eq!(convert("null", "int").unwrap(), SqlValue::Null);
    }
}
