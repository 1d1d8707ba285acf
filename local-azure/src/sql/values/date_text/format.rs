//! Dates and times to text, in the styles of CONVERT.

use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::calendar::{self, DAY, HOUR, MINUTE, MONTHS, SECOND};
use crate::sql::values::errors;
use crate::sql::values::number_text::invalid_style;

/// The parts of a value that are written; each is there when its type has it.
struct Parts {
    date: Option<calendar::CalendarDay>,
    /// Ticks since midnight.
    time: Option<i64>,
    offset_minutes: Option<i16>,
    /// Digits of the fraction.
    digits: u8,
    /// datetime and smalldatetime: three digits everywhere, and a colon before them in some styles.
    legacy: bool,
}

impl Parts {
    fn of(value: &Value, sql_type: SqlType) -> Result<Self, SqlError> {
        let (date, time, offset_minutes) = match *value {
            Value::Date(days) => (Some(calendar::day_of(days)), None, None),
            Value::Time(ticks) => (None, Some(ticks), None),
            Value::DateTime(ticks) => {
                let (days, time) = calendar::split(ticks);
                (Some(calendar::day_of(days)), Some(time), None)
            }
            Value::DateTimeOffset { utc_ticks, offset_minutes } => {
                let local = utc_ticks.saturating_add(i64::from(offset_minutes) * MINUTE);
                let (days, time) = calendar::split(local);
                (Some(calendar::day_of(days)), Some(time), Some(offset_minutes))
            }
            _ => {
                return Err(errors::internal("a value without a date was to be written as one"));
            }
        };
        let legacy = matches!(sql_type, SqlType::DateTime | SqlType::SmallDateTime);
        Ok(Self {
            date,
            time,
            offset_minutes,
            digits: if legacy { 3 } else { sql_type.fraction_digits().unwrap_or(0) },
            legacy,
        })
    }

    fn clock(&self, ticks: i64) -> String {
        format!("{:02}:{:02}:{:02}", ticks / HOUR, ticks / MINUTE % 60, ticks / SECOND % 60)
    }

    /// The fraction behind `separator`, or nothing for a type without one. A datetime's is rounded to milliseconds.
    fn fraction(&self, ticks: i64, separator: char) -> String {
        if self.digits == 0 {
            return String::new();
        }
        let unit = 10_i64.pow(u32::from(7_u8.saturating_sub(self.digits)));
        let fraction = if self.legacy { (ticks % SECOND + unit / 2) / unit } else { ticks % SECOND / unit };
        format!("{separator}{fraction:0width$}", width = usize::from(self.digits))
    }

    fn twelve_hours(&self, ticks: i64, precise: bool) -> String {
        let hour = match ticks / HOUR % 12 {
            0 => 12,
            hour => hour,
        };
        let half = if ticks % DAY < 12 * HOUR { "AM" } else { "PM" };
        let minutes = ticks / MINUTE % 60;
        if precise {
            let separator = if self.legacy { ':' } else { '.' };
            let seconds = ticks / SECOND % 60;
            format!("{hour:2}:{minutes:02}:{seconds:02}{}{half}", self.fraction(ticks, separator))
        } else {
            format!("{hour:2}:{minutes:02}{half}")
        }
    }

    fn offset(&self) -> String {
        self.offset_minutes.map(|minutes| format!(" {}", offset(minutes))).unwrap_or_default()
    }
}

/// `+hh:mm`.
pub(crate) fn offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let size = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", size / 60, size % 60)
}

/// Writes a value of a date or time type; without a style, 0 for datetime and smalldatetime, 121 for the others.
///
/// # Errors
/// 281 for a style that SQL Server doesn't have, that this endpoint doesn't (130, 131), or that writes a part which
/// the type hasn't got.
pub(crate) fn format(value: &Value, sql_type: SqlType, style: Option<i32>) -> Result<String, SqlError> {
    let parts = Parts::of(value, sql_type)?;
    let style = style.unwrap_or(if parts.legacy { 0 } else { 121 });
    let refused = || invalid_style(style, sql_type);
    let pieces = match (date(&parts, style), time(&parts, style)) {
        (Some(date), Some(time)) => (date, time),
        _ => return Err(refused()),
    };
    let (date, time) = pieces;
    if date.is_empty() && time.is_empty() {
        return Err(refused());
    }
    let separator = match style {
        126 | 127 => "T",
        _ => " ",
    };
    let separator = if date.is_empty() || time.is_empty() { "" } else { separator };
    let offset = match style {
        127 if parts.offset_minutes.is_some() => {
            return Err(errors::unsupported("Style 127 of a datetimeoffset"));
        }
        126 => parts.offset_minutes.map(offset).unwrap_or_default(),
        _ if time.is_empty() => String::new(),
        _ => parts.offset(),
    };
    Ok(format!("{date}{separator}{time}{offset}"))
}

/// The date's part of a style: empty where the style or the type has none, None where there is no such style.
fn date(parts: &Parts, style: i32) -> Option<String> {
    let layout = match style {
        0 | 100 | 9 | 109 => "M d Y",
        8 | 108 | 24 | 14 | 114 => "",
        1 | 22 => "mm/dd/yy",
        101 => "mm/dd/yyyy",
        2 => "yy.mm.dd",
        102 => "yyyy.mm.dd",
        3 => "dd/mm/yy",
        103 => "dd/mm/yyyy",
        4 => "dd.mm.yy",
        104 => "dd.mm.yyyy",
        5 => "dd-mm-yy",
        105 => "dd-mm-yyyy",
        6 => "dd mon yy",
        106 => "dd mon yyyy",
        7 => "mon dd, yy",
        107 => "mon dd, yyyy",
        10 => "mm-dd-yy",
        110 => "mm-dd-yyyy",
        11 => "yy/mm/dd",
        111 => "yyyy/mm/dd",
        12 => "yymmdd",
        112 => "yyyymmdd",
        13 | 113 => "dd mon yyyy",
        20 | 120 | 21 | 25 | 121 | 23 | 126 | 127 => "yyyy-mm-dd",
        _ => return None,
    };
    let Some(day) = parts.date else {
        return Some(String::new());
    };
    let month_name = usize::try_from(day.month)
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?))
        .and_then(|name| name.get(..3))
        .unwrap_or_default();
    if layout == "M d Y" {
        return Some(format!("{month_name} {:2} {:04}", day.day, day.year));
    }
    Some(
        layout
            .replace("yyyy", &format!("{:04}", day.year))
            .replace("yy", &format!("{:02}", day.year % 100))
            .replace("mon", month_name)
            .replace("mm", &format!("{:02}", day.month))
            .replace("dd", &format!("{:02}", day.day)),
    )
}

/// The time's part of a style; as [`date`].
fn time(parts: &Parts, style: i32) -> Option<String> {
    let Some(ticks) = parts.time else {
        return Some(String::new());
    };
    Some(match style {
        0 | 100 => parts.twelve_hours(ticks, false),
        9 | 109 => parts.twelve_hours(ticks, true),
        8 | 108 | 24 | 20 | 120 => parts.clock(ticks),
        13 | 113 | 14 | 114 => {
            let separator = if parts.legacy { ':' } else { '.' };
            parts.clock(ticks) + &parts.fraction(ticks, separator)
        }
        21 | 25 | 121 => parts.clock(ticks) + &parts.fraction(ticks, '.'),
        22 => {
            let half = if ticks < 12 * HOUR { "AM" } else { "PM" };
            let hour = match ticks / HOUR % 12 {
                0 => 12,
                hour => hour,
            };
            format!("{hour:2}:{:02}:{:02} {half}", ticks / MINUTE % 60, ticks / SECOND % 60)
        }
        126 | 127 => {
            let fraction = parts.fraction(ticks, '.');
            // A datetime without milliseconds is written without them, a datetime2 with its zeros.
            let fraction = if parts.legacy && fraction == ".000" { String::new() } else { fraction };
            let zone = if style == 127 && parts.date.is_some() { "Z" } else { "" };
            parts.clock(ticks) + &fraction + zone
        }
        1..=7 | 10..=12 | 23 | 101..=107 | 110..=112 => String::new(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn moment() -> i64 {
        calendar::join(calendar::days_of(2024, 3, 5).unwrap(), 13 * HOUR + 4 * MINUTE + 6 * SECOND + 70_000)
    }

    #[test]
    fn the_styles_of_datetime_are_those_of_the_reference() {
        for (style, text) in [
            (0, "Mar  5 2024  1:04PM"),
            (1, "03/05/24"),
            (3, "05/03/24"),
            (4, "05.03.24"),
            (5, "05-03-24"),
            (10, "03-05-24"),
            (12, "240305"),
            (20, "2024-03-05 13:04:06"),
            (23, "2024-03-05"),
            (101, "03/05/2024"),
            (102, "2024.03.05"),
            (103, "05/03/2024"),
            (104, "05.03.2024"),
            (105, "05-03-2024"),
            (106, "05 Mar 2024"),
            (107, "Mar 05, 2024"),
            (108, "13:04:06"),
            (109, "Mar  5 2024  1:04:06:007PM"),
            (112, "20240305"),
            (113, "05 Mar 2024 13:04:06:007"),
            (114, "13:04:06:007"),
            (121, "2024-03-05 13:04:06.007"),
            (126, "2024-03-05T13:04:06.007"),
            (127, "2024-03-05T13:04:06.007Z"),
        ] {
            let written = format(&Value::DateTime(moment()), SqlType::DateTime, Some(style)).unwrap();
            assert_eq!(written, text, "style {style}");
        }
    }

    #[test]
    fn without_a_style_the_newer_types_are_iso() {
        let offset = Value::DateTimeOffset { utc_ticks: moment(), offset_minutes: -90 };
        for (value, sql_type, text) in [
            (Value::DateTime(moment()), SqlType::DateTime2 { scale: 7 }, "2024-03-05 13:04:06.0070000"),
            (Value::DateTime(moment()), SqlType::DateTime2 { scale: 0 }, "2024-03-05 13:04:06"),
            (Value::Date(0), SqlType::Date, "0001-01-01"),
            (Value::Time(HOUR), SqlType::Time { scale: 3 }, "01:00:00.000"),
            (offset, SqlType::DateTimeOffset { scale: 3 }, "2024-03-05 11:34:06.007 -01:30"),
        ] {
            assert_eq!(format(&value, sql_type, None).unwrap(), text);
        }
    }

    #[test]
    fn a_style_that_does_not_exist_is_refused_with_281() {
        for style in [15, 99, 130, 131, -1] {
            let refused = format(&Value::DateTime(0), SqlType::DateTime, Some(style));
            assert_eq!(refused.unwrap_err().number, 281, "style {style}");
        }
        let refused = format(&Value::Date(0), SqlType::Date, Some(108));
        assert_eq!(refused.unwrap_err().number, 281);
    }
}
