//! Writes single values as JSON text, straight into a buffer.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike, NaiveDate, NaiveTime, Offset, Timelike};

use super::plan::{NotANumber, Numbers};
use crate::database::{Cell, SinkError};

/// Writes a value in the form that the design's "Answers" gives its type.
pub(super) fn write_cell(json: &mut String, cell: Cell<'_>, numbers: Numbers) {
    match cell {
        Cell::Null => json.push_str("null"),
        Cell::Bit(value) => json.push_str(if value { "true" } else { "false" }),
        Cell::Integer(value) => push(json, format_args!("{value}")),
        Cell::BigInt(value) => number(json, numbers, format_args!("{value}")),
        Cell::Decimal(value) => number(json, numbers, format_args!("{value}")),
        // Debug writes the shortest digits that read back as the same number, and an exponent where Display would
        // write hundreds of zeros. JSON has no other numbers than finite ones.
        Cell::Real(value) if value.is_finite() => push(json, format_args!("{value:?}")),
        Cell::Float(value) if value.is_finite() => push(json, format_args!("{value:?}")),
        Cell::Real(_) | Cell::Float(_) => json.push_str("null"),
        Cell::Text(text) => write_string(json, text),
        Cell::Binary(bytes) => {
            json.push('"');
            STANDARD.encode_string(bytes, json);
            json.push('"');
        }
        Cell::UniqueIdentifier(value) => push(json, format_args!("\"{value}\"")),
        Cell::Date(value) => {
            json.push('"');
            date(json, value);
            json.push('"');
        }
        Cell::Time { value, scale } => {
            json.push('"');
            time(json, value, scale);
            json.push('"');
        }
        Cell::DateTime { value, scale } => {
            json.push('"');
            date(json, value.date());
            json.push('T');
            time(json, value.time(), scale);
            json.push('"');
        }
        Cell::DateTimeOffset { value, scale } => {
            let local = value.naive_local();
            let minutes = value.offset().fix().local_minus_utc() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.unsigned_abs();
            json.push('"');
            date(json, local.date());
            json.push('T');
            time(json, local.time(), scale);
            push(json, format_args!("{sign}{:02}:{:02}\"", minutes / 60, minutes % 60));
        }
    }
}

/// Refuses a value that is no number to JSON, where the settings say so.
pub(super) fn check_number(cell: Cell<'_>, nan: NotANumber) -> Result<(), SinkError> {
    let is_number = match cell {
        Cell::Real(value) => value.is_finite(),
        Cell::Float(value) => value.is_finite(),
        _ => true,
    };
    if is_number || nan == NotANumber::Null {
        return Ok(());
    }
    Err(SinkError::Form(
        "A value is NaN or infinite, which JSON has no number for: leave it out in the command, or set AZSQL_NAN to `null`."
            .to_owned(),
    ))
}

/// Writes a JSON string: quotes, backslashes and control characters escaped, everything else as it is.
pub(super) fn write_string(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| matches!(character, '"' | '\\') || character < ' ') {
        let (plain, special) = rest.split_at(at);
        json.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some('\r') => json.push_str("\\r"),
            Some('\t') => json.push_str("\\t"),
            Some(control) => push(json, format_args!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = characters.as_str();
    }
    json.push_str(rest);
    json.push('"');
}

fn number(json: &mut String, numbers: Numbers, digits: std::fmt::Arguments<'_>) {
    match numbers {
        Numbers::Exact => push(json, digits),
        Numbers::String => push(json, format_args!("\"{digits}\"")),
    }
}

fn date(json: &mut String, date: NaiveDate) {
    push(json, format_args!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()));
}

/// As many digits of the fraction as the column has.
fn time(json: &mut String, time: NaiveTime, scale: u8) {
    push(json, format_args!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()));
    let scale = usize::from(scale.min(9));
    if scale > 0 {
        // chrono counts a leap second as 10^9 and more; SQL Server has none.
        let nanoseconds = format!("{:09}", time.nanosecond() % 1_000_000_000);
        json.push('.');
        json.push_str(nanoseconds.get(..scale).unwrap_or(&nanoseconds));
    }
}

fn push(json: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String never fails.
    let _ = json.write_fmt(text);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use chrono::{FixedOffset, TimeZone};
    use proptest::prelude::*;
    use serde_json::Value as Json;
    use uuid::Uuid;

    use super::*;
    use crate::invocation::Decimal;

    fn written(cell: Cell<'_>, numbers: Numbers) -> String {
        let mut json = String::new();
        write_cell(&mut json, cell, numbers);
        json
    }

    fn parsed(cell: Cell<'_>) -> Json {
        serde_json::from_str(&written(cell, Numbers::Exact)).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_reads_back_the_same(text in "(\\PC|[\u{0}-\u{1f}\"\\\\\u{2028}\u{7f}]){0,60}") {
            prop_assert_eq!(parsed(Cell::Text(&text)), Json::from(text));
        }

        #[test]
        fn any_number_reads_back_with_the_same_digits(
            bigint: i64,
            int: i32,
            unscaled in -(10i128.pow(38) - 1)..10i128.pow(38),
            scale in 0u8..=38,
        ) {
            prop_assert_eq!(parsed(Cell::BigInt(bigint)).to_string(), bigint.to_string());
            prop_assert_eq!(parsed(Cell::Integer(int)).to_string(), int.to_string());
            let decimal = Decimal { unscaled, scale };
            prop_assert_eq!(parsed(Cell::Decimal(decimal)).to_string(), decimal.to_string());
            prop_assert_eq!(written(Cell::Decimal(decimal), Numbers::String), format!("\"{decimal}\""));
        }

        #[test]
        fn any_float_reads_back_as_the_same_number(
            float in any::<f64>().prop_filter("SQL Server has finite ones only", |f| f.is_finite()),
            real in any::<f32>().prop_filter("SQL Server has finite ones only", |f| f.is_finite()),
        ) {
            prop_assert_eq!(parsed(Cell::Float(float)).to_string().parse::<f64>().unwrap(), float);
            prop_assert_eq!(parsed(Cell::Real(real)).to_string().parse::<f32>().unwrap(), real);
        }

        #[test]
        fn any_bytes_read_back_from_base64(bytes: Vec<u8>) {
            let Json::String(text) = parsed(Cell::Binary(&bytes)) else { panic!("not a string") };
            prop_assert_eq!(STANDARD.decode(text).unwrap(), bytes);
        }
    }

    #[test]
    fn dates_and_times_have_the_columns_digits_and_no_false_zone() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let value = date.and_hms_nano_opt(7, 8, 9, 123_456_700).unwrap();
        let west = FixedOffset::west_opt(5 * 3600 + 30 * 60).unwrap();
        for (cell, json) in [
            (Cell::Date(date), "\"2026-01-31\""),
            (Cell::Date(NaiveDate::from_ymd_opt(1, 1, 1).unwrap()), "\"0001-01-01\""),
            (Cell::Time { value: value.time(), scale: 7 }, "\"07:08:09.1234567\""),
            (Cell::Time { value: value.time(), scale: 0 }, "\"07:08:09\""),
            (Cell::DateTime { value, scale: 3 }, "\"2026-01-31T07:08:09.123\""),
            (
                Cell::DateTimeOffset { value: west.from_local_datetime(&value).unwrap(), scale: 1 },
                "\"2026-01-31T07:08:09.1-05:30\"",
            ),
        ] {
            assert_eq!(written(cell, Numbers::Exact), json);
        }
    }

    #[test]
    fn the_other_types_have_the_designs_forms() {
        let guid = Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
        for (cell, json) in [
            (Cell::Null, "null"),
            (Cell::Bit(true), "true"),
            (Cell::Float(1e300), "1e300"),
            (Cell::Real(0.1), "0.1"),
            (Cell::Decimal(Decimal { unscaled: -5, scale: 4 }), "-0.0005"),
            (Cell::UniqueIdentifier(guid), "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\""),
            (Cell::Text("a\u{1}\"b"), "\"a\\u0001\\\"b\""),
        ] {
            assert_eq!(written(cell, Numbers::Exact), json);
        }
        assert_eq!(written(Cell::BigInt(5), Numbers::String), "\"5\"");
        assert_eq!(written(Cell::Integer(5), Numbers::String), "5");
    }

    #[test]
    fn what_is_no_number_is_null_or_an_error_as_the_setting_says() {
        for cell in [Cell::Float(f64::NAN), Cell::Float(f64::NEG_INFINITY), Cell::Real(f32::INFINITY)] {
            assert_eq!(check_number(cell, NotANumber::Null), Ok(()));
            assert_eq!(written(cell, Numbers::Exact), "null");
            let error = check_number(cell, NotANumber::Error).unwrap_err();
            assert!(error.to_string().contains("AZSQL_NAN"), "{error}");
        }
        for cell in [Cell::Null, Cell::Float(0.0), Cell::Real(f32::MAX)] {
            assert_eq!(check_number(cell, NotANumber::Error), Ok(()));
        }
    }
}
