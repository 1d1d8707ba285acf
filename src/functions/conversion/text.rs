//! Text, as it stands in routes, queries and headers, to a value of a SQL type.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::{decimal, float, in_integer_range, moment, not_an_integer};
use crate::functions::binding::is_strict_json;
use crate::invocation::{SqlType, SqlValue};

/// Converts text strictly: no blanks, no `+`, nothing rounded, nothing cut.
///
/// bit is `true`, `false`, `1` or `0` in any case; binary is base64; a uniqueidentifier stands with or without braces;
/// json is a JSON text; dates and times are ISO 8601, see [`moment`](super::moment).
pub(crate) fn from_text(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    match sql_type {
        SqlType::Bit => bit(text),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => integer(text, sql_type),
        SqlType::Decimal { precision, scale } => decimal(text, precision, scale),
        SqlType::Real | SqlType::Float => float(text, sql_type),
        SqlType::Date
        | SqlType::Time { .. }
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2 { .. }
        | SqlType::DateTimeOffset { .. } => moment::from_text(text, sql_type),
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::Xml => {
            Ok(SqlValue::Text(text.to_owned()))
        }
        SqlType::Json => json(text),
        SqlType::Binary(_) | SqlType::VarBinary(_) => STANDARD
            .decode(text)
            .map(SqlValue::Binary)
            .map_err(|_| "must be base64 with its padding".to_owned()),
        SqlType::UniqueIdentifier => uniqueidentifier(text),
    }
}

/// A JSON text as it was sent.
fn json(text: &str) -> Result<SqlValue, String> {
    let is_json = is_strict_json(text) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    match text.trim() {
        _ if !is_json => Err("must be JSON".to_owned()),
        "null" => Ok(SqlValue::Null),
        _ => Ok(SqlValue::Text(text.to_owned())),
    }
}

fn bit(text: &str) -> Result<SqlValue, String> {
    match text {
        "1" => Ok(SqlValue::Bit(true)),
        "0" => Ok(SqlValue::Bit(false)),
        _ if text.eq_ignore_ascii_case("true") => Ok(SqlValue::Bit(true)),
        _ if text.eq_ignore_ascii_case("false") => Ok(SqlValue::Bit(false)),
        _ => Err("must be true, false, 1 or 0".to_owned()),
    }
}

fn integer(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    // Rust's own reading would also take a plus sign.
    if text.starts_with('+') {
        return Err(not_an_integer(sql_type));
    }
    in_integer_range(text.parse().ok(), sql_type)
}

fn uniqueidentifier(text: &str) -> Result<SqlValue, String> {
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    // The hyphenated form only: 36 characters.
    Some(inside)
        .filter(|inside| inside.len() == 36)
        .and_then(|inside| Uuid::try_parse(inside).ok())
        .map(SqlValue::UniqueIdentifier)
        .ok_or_else(|| "must be a GUID such as 6f9619ff-8b86-d011-b42d-00c04fc964ff".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn sql_type(text: &str) -> SqlType {
        SqlType::parse(text).unwrap()
    }

    #[test]
    fn text_is_taken_exactly_or_refused() {
        for (text, declared, value) in [
            ("-2147483648", "int", Some(SqlValue::Integer(-2_147_483_648))),
            ("2147483648", "int", None),
            ("9223372036854775807", "bigint", Some(SqlValue::Integer(i64::MAX))),
            ("255", "tinyint", Some(SqlValue::Integer(255))),
            ("-1", "tinyint", None),
            ("+1", "int", None),
            (" 1", "int", None),
            ("1.0", "int", None),
            ("", "int", None),
            ("TRUE", "bit", Some(SqlValue::Bit(true))),
            ("0", "bit", Some(SqlValue::Bit(false))),
            ("yes", "bit", None),
            ("1e400", "float", None),
            ("inf", "float", None),
            ("1e39", "real", None),
            ("2.5", "real", Some(SqlValue::Float(2.5))),
            ("AQI=", "varbinary(5)", Some(SqlValue::Binary(vec![1, 2]))),
            ("AQI", "varbinary(5)", None),
            ("6f9619ff8b86d011b42d00c04fc964ff", "uniqueidentifier", None),
            ("16777217", "real", Some(SqlValue::Float(16_777_216.0))),
            ("1e-400", "float", None),
            ("1e-310", "float", None),
            ("1e-40", "real", None),
            ("0e-400", "real", Some(SqlValue::Float(0.0))),
            ("<a/>", "xml", Some(SqlValue::Text("<a/>".to_owned()))),
            (" [1.10, 2] ", "json", Some(SqlValue::Text(" [1.10, 2] ".to_owned()))),
            ("null", "json", Some(SqlValue::Null)),
            ("[1,]", "json", None),
            (r#""\ud800""#, "json", None),
        ] {
            assert_eq!(from_text(text, sql_type(declared)).ok(), value, "{text} as {declared}");
        }
        let guid = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
        let plain = from_text(guid, SqlType::UniqueIdentifier).unwrap();
        assert_eq!(from_text(&format!("{{{guid}}}"), SqlType::UniqueIdentifier).unwrap(), plain);
    }

    #[test]
    fn a_decimal_that_would_be_rounded_is_refused_with_the_scale() {
        let declared = sql_type("decimal(18,4)");
        assert!(from_text("12345678901234.1234", declared).is_ok());
        assert_eq!(from_text("1.00001", declared).unwrap_err(), "must have at most 4 digits after the point");
        assert_eq!(
            from_text("123456789012345", declared).unwrap_err(),
            "must have at most 14 digits before the point"
        );
    }

    proptest! {
        #[test]
        fn a_refusal_never_holds_the_value(secret in "[g-z]{12}") {
            for name in SqlType::NAMES {
                let declared = SqlType::parse(name).or_else(|_| SqlType::parse(&format!("{name}(50)"))).unwrap();
                if let Err(sentence) = from_text(&secret, declared) {
                    prop_assert!(!sentence.contains(&secret));
                }
            }
        }
    }
}
