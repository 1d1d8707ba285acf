//! A SQL value as JSON, as FOR JSON, JSON_MODIFY and their kin write it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::calendar::{self, HOUR, MINUTE, SECOND};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::date_text::format::offset;
use crate::sql::values::json::errors::clr;
use crate::sql::values::{decimal, errors, number_text};

/// Writes a text in quotes. Beside what JSON demands SQL Server escapes the slash.
pub(crate) fn put_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control @ '\0'..='\u{1F}' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Writes a value of a type: numbers with the digits of their type, floats in scientific notation, dates and times as ISO
/// 8601 has them without a fraction that is zero, bytes as base64, json as it is.
///
/// # Errors
/// 13604 for a spatial value;
/// 8630 when the value isn't of the type: a defect of the caller.
pub(crate) fn put_value(value: &Value, sql_type: SqlType, out: &mut String) -> Result<(), SqlError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bit(bit) => out.push_str(if *bit { "true" } else { "false" }),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Decimal(digits) => {
            let scale = sql_type.precision_and_scale().map_or(0, |(_, scale)| scale);
            out.push_str(&decimal::format(*digits, scale));
        }
        Value::Money(ten_thousandths) => out.push_str(&decimal::format(i128::from(*ten_thousandths), 4)),
        Value::Float(number) => {
            let style = if sql_type == SqlType::Real { 1 } else { 2 };
            let text = number_text::float(*number, style)
                .ok_or_else(|| errors::internal("a float without its style"))?;
            out.push_str(&text);
        }
        Value::Date(days) => out.push_str(&format!("\"{}\"", date(*days))),
        Value::Time(ticks) => out.push_str(&format!("\"{}\"", clock(*ticks, sql_type))),
        Value::DateTime(ticks) => out.push_str(&format!("\"{}\"", moment(*ticks, sql_type))),
        Value::DateTimeOffset { utc_ticks, offset_minutes } => {
            let local = utc_ticks.saturating_add(i64::from(*offset_minutes).saturating_mul(MINUTE));
            let zone = if *offset_minutes == 0 { "Z".to_owned() } else { offset(*offset_minutes) };
            out.push_str(&format!("\"{}{zone}\"", moment(local, sql_type)));
        }
        Value::Text(text) if matches!(sql_type, SqlType::Json) => out.push_str(text),
        Value::Text(text) => put_string(text, out),
        Value::Variant(variant) => put_value(&variant.value, variant.base, out)?,
        Value::Binary(_) if sql_type == SqlType::HierarchyId => {
            let text = SqlType::NVarChar(Length::Limit(4000));
            if let Value::Text(text) = convert(value, sql_type, text, Conversion::Explicit, None)? {
                put_string(&text, out);
            }
        }
        Value::Binary(_) if matches!(sql_type, SqlType::Geometry | SqlType::Geography) => return Err(clr()),
        Value::Binary(bytes) => out.push_str(&format!("\"{}\"", STANDARD.encode(bytes))),
        Value::UniqueIdentifier(printed) => {
            let text = uuid::Uuid::from_bytes(*printed).hyphenated().to_string().to_uppercase();
            out.push_str(&format!("\"{text}\""));
        }
    }
    Ok(())
}

fn moment(ticks: i64, sql_type: SqlType) -> String {
    let (days, time) = calendar::split(ticks);
    format!("{}T{}", date(days), clock(time, sql_type))
}

fn date(days: i32) -> String {
    let day = calendar::day_of(days);
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

fn clock(ticks: i64, sql_type: SqlType) -> String {
    let text = format!("{:02}:{:02}:{:02}", ticks / HOUR, ticks / MINUTE % 60, ticks / SECOND % 60);
    let digits = sql_type.fraction_digits().unwrap_or(0).min(7);
    let unit = 10_i64.pow(u32::from(7_u8.saturating_sub(digits)));
    // A datetime's thirds of a hundredth are rounded to milliseconds; the others have no more digits than their type.
    let fraction =
        (ticks % SECOND).saturating_add(if sql_type == SqlType::DateTime { unit / 2 } else { 0 }) / unit;
    if digits == 0 || fraction == 0 {
        return text;
    }
    format!("{text}.{fraction:0width$}", width = usize::from(digits))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn json(text: &str, sql_type: &str) -> String {
        let (from, to) = (SqlType::parse("nvarchar(4000)").unwrap(), SqlType::parse(sql_type).unwrap());
        let value = convert(&Value::Text(text.to_owned()), from, to, Conversion::Explicit, None).unwrap();
        let mut out = String::new();
        put_value(&value, to, &mut out).unwrap();
        out
    }

    /// As SQL Server 2025 was seen to write them.
    #[test]
    fn every_type_has_its_form() {
        for (text, sql_type, expected) in [
            ("1", "bit", "true"),
            ("5", "bigint", "5"),
            ("1.5", "decimal(10,2)", "1.50"),
            ("0.5", "decimal(10,2)", "0.50"),
            ("12.34", "money", "12.3400"),
            ("12.34", "smallmoney", "12.3400"),
            ("1.5", "float", "1.500000000000000e+000"),
            ("1.5", "real", "1.5000000e+000"),
            ("0", "float", "0.000000000000000e+000"),
            ("2020-01-02", "date", "\"2020-01-02\""),
            ("2020-01-02 03:04:05.1234567", "datetime2(7)", "\"2020-01-02T03:04:05.1234567\""),
            ("2020-01-02 03:04:05.12", "datetime2(3)", "\"2020-01-02T03:04:05.120\""),
            ("2020-01-02 03:04:05", "datetime2(7)", "\"2020-01-02T03:04:05\""),
            ("03:04:05.1234567", "time(7)", "\"03:04:05.1234567\""),
            (
                "2020-01-02 03:04:05.1234567 +05:30",
                "datetimeoffset(7)",
                "\"2020-01-02T03:04:05.1234567+05:30\"",
            ),
            ("2020-01-02 03:04:05 +00:00", "datetimeoffset(7)", "\"2020-01-02T03:04:05Z\""),
            ("2020-01-02 03:04:05.123", "datetime", "\"2020-01-02T03:04:05.123\""),
            ("2020-01-02 03:04:05.100", "datetime", "\"2020-01-02T03:04:05.100\""),
            ("2020-01-02 03:04:05.997", "datetime", "\"2020-01-02T03:04:05.997\""),
            ("2020-01-02 03:04:00", "smalldatetime", "\"2020-01-02T03:04:00\""),
            (
                "12345678-1234-1234-1234-1234567890ab",
                "uniqueidentifier",
                "\"12345678-1234-1234-1234-1234567890AB\"",
            ),
            ("a/b\"c\\d", "nvarchar(20)", r#""a\/b\"c\\d""#),
            ("café ア €", "nvarchar(20)", "\"café ア €\""),
            ("x", "char(3)", "\"x  \""),
        ] {
            assert_eq!(json(text, sql_type), expected, "{sql_type}");
        }
        let mut out = String::new();
        put_value(&Value::Binary(vec![1, 2, 0xFF]), SqlType::Binary(3), &mut out).unwrap();
        assert_eq!(out, "\"AQL/\"");
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut out = String::new();
        put_string("a\u{8}\t\n\u{C}\r\u{1}\u{1F}", &mut out);
        assert_eq!(out, r#""a\b\t\n\f\r\u0001\u001f""#);
    }
}
