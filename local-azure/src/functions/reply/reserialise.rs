//! What re-serialising by Newtonsoft.Json does to values inside an object body.

use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use serde_json::{Number, Value};

/// The value after reading and writing by Newtonsoft.Json: a string that looks like a date and time is written as the date,
/// and a number with a fraction goes through a double.
pub(super) fn reserialised(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(rewritten_date(text).unwrap_or_else(|| text.clone())),
        Value::Number(number) => Value::Number(through_double(number)),
        Value::Array(items) => Value::Array(items.iter().map(reserialised).collect()),
        Value::Object(properties) => {
            properties.iter().map(|(name, value)| (name.clone(), reserialised(value))).collect()
        }
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// Trailing zeros of the fraction go; an offset is changed to the host's own zone, which is UTC on Azure.
pub(super) fn rewritten_date(text: &str) -> Option<String> {
    if text.len() < 19 || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (time, zone) = if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        (time.naive_utc(), if text.ends_with('Z') { "Z" } else { "+00:00" })
    } else {
        (NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?, "")
    };
    // .NET keeps 100 ns.
    let full = time.and_utc().to_rfc3339_opts(SecondsFormat::Nanos, true);
    let (seconds, fraction) = full.trim_end_matches('Z').split_once('.')?;
    let fraction = fraction.get(..7)?.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{seconds}{point}{fraction}{zone}"))
}

/// Newtonsoft.Json reads `1.10` as a double and writes `1.1`; a whole number stays exact.
fn through_double(number: &Number) -> Number {
    let text = number.to_string();
    if !text.contains(['.', 'e', 'E']) {
        return number.clone();
    }
    number
        .as_f64()
        // .NET writes a double without a fraction as `1.0`, and so does Rust's `Debug`.
        .and_then(|double| serde_json::from_str(&format!("{double:?}")).ok())
        .unwrap_or_else(|| number.clone())
}

#[cfg(test)]
mod tests {
    use super::{reserialised, rewritten_date};

    #[test]
    fn dates_and_decimals_inside_an_object_body_are_changed() {
        let body = serde_json::json!({ "a": "2026-01-31T07:08:09.1200000+02:00", "b": ["2026-01-31T07:08:09.000Z", "2026-01-31"], "s": "x" });
        let expected = serde_json::json!({ "a": "2026-01-31T05:08:09.12+00:00", "b": ["2026-01-31T07:08:09Z", "2026-01-31"], "s": "x" });
        assert_eq!(reserialised(&body), expected);
        let number =
            |text: &str| serde_json::from_str(text).map(|value| reserialised(&value).to_string()).ok();
        assert_eq!(number("12345678901234567890.1234").as_deref(), Some("1.2345678901234567e+19"));
        assert_eq!(number("1.10").as_deref(), Some("1.1"));
        assert_eq!(number("9007199254740993").as_deref(), Some("9007199254740993"));
    }

    #[test]
    fn what_is_no_date_stays() {
        for text in ["", "2026-01-31", "2026-02-31T00:00:00", "2026-01-31 07:08:09", "äöüäöüäöüTäöüäöüäöü"]
        {
            assert_eq!(rewritten_date(text), None, "{text}");
        }
    }
}
