//! Dates and times: ISO 8601 text to a value that the declared type holds without rounding.
//!
//! `2026-01-31`, `07:08`, `07:08:09.123`, `2026-01-31T07:08:09.123` with `T` or a blank between, and for
//! datetimeoffset `Z` or an offset such as `+02:00` at the end. A date alone is its midnight where a type without
//! offset wants a time of day too.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};

use crate::invocation::{SqlType, SqlValue};

/// Converts text to one of the date and time types.
pub(super) fn from_text(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    match sql_type {
        SqlType::Date => {
            date(text).map(SqlValue::Date).ok_or_else(|| "must be a date such as 2026-01-31".to_owned())
        }
        SqlType::Time { scale } => {
            let (time, digits) = clock(text).ok_or("must be a time of day such as 07:08:09.123")?;
            at_most(digits, scale)?;
            Ok(SqlValue::Time(time))
        }
        SqlType::DateTimeOffset { scale } => {
            let moment = Moment::read(text).ok_or(OFFSET_FORM)?;
            at_most(moment.fraction_digits, scale)?;
            let offset = moment.offset.ok_or("must end with Z or an offset such as +02:00")?;
            with_offset(moment.local, offset).map(SqlValue::DateTimeOffset)
        }
        _ => {
            let moment = Moment::read(text).ok_or("must be a date and time such as 2026-01-31T07:08:09")?;
            if moment.offset.is_some() {
                return Err(format!(
                    "must not have Z or an offset: {sql_type} has no place for it; the parameter's type must be datetimeoffset for that"
                ));
            }
            without_offset(&moment, sql_type).map(SqlValue::DateTime)
        }
    }
}

const OFFSET_FORM: &str = "must be a date and time with Z or an offset, such as 2026-01-31T07:08:09+02:00";

/// A date and time of day as written.
pub(super) struct Moment {
    pub(super) local: NaiveDateTime,
    /// Digits of the second's fraction up to the last that isn't zero.
    pub(super) fraction_digits: usize,
    pub(super) offset: Option<FixedOffset>,
}

impl Moment {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (day, rest) = match text.split_at_checked(10)? {
            (day, "") => (day, None),
            (day, rest) => (day, Some(rest.strip_prefix(['T', 't', ' '])?)),
        };
        let day = date(day)?;
        let Some(rest) = rest else {
            return Some(Self { local: day.and_time(NaiveTime::MIN), fraction_digits: 0, offset: None });
        };
        let (time, offset) = split_offset(rest)?;
        let (time, fraction_digits) = clock(time)?;
        Some(Self { local: day.and_time(time), fraction_digits, offset })
    }
}

fn without_offset(moment: &Moment, sql_type: SqlType) -> Result<NaiveDateTime, String> {
    let local = moment.local;
    match sql_type {
        SqlType::DateTime => {
            at_most(moment.fraction_digits, 3)?;
            // The type counts 1/300 s: .998 and .999 would round up into the year 10000.
            let first = day(1753, 1, 1);
            let last = day(9999, 12, 31)
                .and_then(|day| day.checked_sub_signed(chrono::TimeDelta::milliseconds(-86_399_997)));
            within(local, first, last, "must be from 1753-01-01 to 9999-12-31T23:59:59.997")
        }
        SqlType::SmallDateTime => {
            if local.second() != 0 || local.nanosecond() != 0 {
                return Err("must be a whole minute: smalldatetime would round the seconds".to_owned());
            }
            let last = day(2079, 6, 6)
                .and_then(|day| day.checked_add_signed(chrono::TimeDelta::minutes(23 * 60 + 59)));
            within(local, day(1900, 1, 1), last, "must be from 1900-01-01 to 2079-06-06T23:59")
        }
        SqlType::DateTime2 { scale } => at_most(moment.fraction_digits, scale).map(|()| local),
        _ => Err(format!("can't be read as {sql_type}")),
    }
}

fn within(
    value: NaiveDateTime,
    first: Option<NaiveDateTime>,
    last: Option<NaiveDateTime>,
    sentence: &str,
) -> Result<NaiveDateTime, String> {
    let inside = first.is_some_and(|first| first <= value) && last.is_some_and(|last| value <= last);
    if inside { Ok(value) } else { Err(sentence.to_owned()) }
}

fn day(year: i32, month: u32, day: u32) -> Option<NaiveDateTime> {
    NaiveDate::from_ymd_opt(year, month, day).map(|date| date.and_time(NaiveTime::MIN))
}

/// The instant must lie in the years 1 to 9999 in UTC too: that is how the server keeps it.
pub(super) fn with_offset(
    local: NaiveDateTime,
    offset: FixedOffset,
) -> Result<DateTime<FixedOffset>, String> {
    let out = || "must be from 0001-01-01 to 9999-12-31 in UTC".to_owned();
    let instant = offset.from_local_datetime(&local).single().ok_or_else(out)?;
    let utc = instant.naive_utc().date();
    let first = NaiveDate::from_ymd_opt(1, 1, 1).ok_or_else(out)?;
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).ok_or_else(out)?;
    if (first..=last).contains(&utc) { Ok(instant) } else { Err(out()) }
}

fn at_most(digits: usize, scale: u8) -> Result<(), String> {
    if digits <= usize::from(scale) {
        Ok(())
    } else {
        Err(format!("must have at most {scale} digits in the second's fraction"))
    }
}

/// `2026-01-31`, from the year 1 on.
fn date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let year = digits(year, 4).filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(month, 2)?, digits(day, 2)?)
}

/// `07:08`, `07:08:09`, `07:08:09.1234567`: the time and how many digits its fraction has without zeros at the end.
fn clock(text: &str) -> Option<(NaiveTime, usize)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) if whole.len() == 8 => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut parts = whole.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = match parts.next() {
        Some(second) => digits(second, 2)?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    let significant = fraction.trim_end_matches('0');
    // No type keeps more than 7 digits: what follows the ninth only counts as too many.
    let nanoseconds = format!("{:0<9}", significant.get(..9).unwrap_or(significant)).parse().ok()?;
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second, nanoseconds)?, significant.len()))
}

fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, FixedOffset::east_opt(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (time, offset) = text.split_at_checked(at)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2).filter(|minutes| *minutes < 60)?);
    let total = hours * 60 + minutes;
    // SQL Server's limit (T-SQL reference, "datetimeoffset").
    if total > 14 * 60 {
        return None;
    }
    let seconds = i32::try_from(total * 60).ok()?;
    let seconds = if offset.starts_with('-') { -seconds } else { seconds };
    Some((time, Some(FixedOffset::east_opt(seconds)?)))
}

/// Exactly so many digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    let only_digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn convert(text: &str, declared: &str) -> Result<SqlValue, String> {
        from_text(text, SqlType::parse(declared).unwrap())
    }

    #[test]
    fn iso_8601_is_taken() {
        for (text, declared) in [
            ("2026-01-31", "date"),
            ("0001-01-01", "date"),
            ("07:08", "time"),
            ("23:59:59.9999999", "time"),
            ("07:08:09.120000000", "time(2)"),
            ("2026-01-31T07:08:09.123", "datetime2(3)"),
            ("2026-01-31 07:08", "datetime2(0)"),
            ("2026-01-31", "datetime2"),
            ("9999-12-31T23:59:59.997", "datetime"),
            ("2079-06-06T23:59:00", "smalldatetime"),
            ("2026-01-31T07:08:09Z", "datetimeoffset"),
            ("2026-01-31T07:08:09.5-05:30", "datetimeoffset(1)"),
        ] {
            assert!(convert(text, declared).is_ok(), "{text} as {declared}");
        }
    }

    #[test]
    fn what_a_type_would_round_cut_or_not_hold_is_refused() {
        for (text, declared, sentence) in [
            ("2026-02-29", "date", "must be a date"),
            ("2026-1-31", "date", "must be a date"),
            ("0000-01-01", "date", "must be a date"),
            ("2026-01-31T00:00", "date", "must be a date"),
            ("24:00", "time", "must be a time"),
            ("23:59:60", "time", "must be a time"),
            ("07:08.5", "time", "must be a time"),
            ("07:08:09.123", "time(2)", "at most 2 digits"),
            ("07:08:09.12345678", "time", "at most 7 digits"),
            ("2026-01-31T07:08:09Z", "datetime2", "datetimeoffset"),
            ("2026-01-31T07:08:09+02:00", "datetime", "datetimeoffset"),
            ("2026-01-31T07:08:09", "datetimeoffset", "Z or an offset"),
            ("2026-01-31T07:08:09+14:01", "datetimeoffset", "must be a date and time"),
            ("0001-01-01T00:00:00+02:00", "datetimeoffset", "in UTC"),
            ("1752-12-31T00:00", "datetime", "from 1753"),
            ("9999-12-31T23:59:59.999", "datetime", "23:59:59.997"),
            ("2026-01-31T07:08:09.1234", "datetime", "at most 3 digits"),
            ("2026-01-31T07:08:09", "smalldatetime", "whole minute"),
            ("2079-06-07T00:00", "smalldatetime", "2079-06-06"),
            ("31.01.2026", "datetime2", "must be a date and time"),
            ("2026-01-31x07:08", "datetime2", "must be a date and time"),
        ] {
            let refusal = convert(text, declared).unwrap_err();
            assert!(refusal.contains(sentence), "{text} as {declared}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[-+:.TZ 0-9é]{0,36}") {
            for declared in ["date", "time", "datetime", "smalldatetime", "datetime2(3)", "datetimeoffset"] {
                let _ = convert(&text, declared);
            }
        }
    }
}
