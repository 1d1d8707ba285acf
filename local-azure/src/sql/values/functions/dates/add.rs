//! DATEADD and EOMONTH: going forward and back by parts of a date.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use super::parts::{Function, Part};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::errors;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_dateadd", 4, dateadd)?;
    pure(connection, context, "tsql_eomonth", 3, eomonth)
}

fn dateadd(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let part = Function::Add.part(call)?;
    let sql_type = call.sql_type(3)?;
    Function::Add.check(part, sql_type, 3)?;
    let (Some(number), Some(moment)) = (call.integer(1)?, Moment::of(&call.value(2, sql_type)?)?) else {
        return Ok(Stored::Null);
    };
    let overflow = || overflow(sql_type);
    let ticks = match part {
        Part::Year => months_later(moment.ticks, number.checked_mul(12)),
        Part::Quarter => months_later(moment.ticks, number.checked_mul(3)),
        Part::Month => months_later(moment.ticks, Some(number)),
        _ => {
            let distance = ticks_of(part, number)
                .ok_or_else(|| errors::internal("a part of no length was to be added"))?;
            let sum = i128::from(moment.ticks) + distance;
            // A time goes round the clock, however far.
            let sum = match sql_type {
                SqlType::Time { .. } => sum.rem_euclid(i128::from(DAY)),
                _ => sum,
            };
            i64::try_from(sum).ok()
        }
    };
    Moment { ticks: ticks.ok_or_else(overflow)?, ..moment }.stored(sql_type).ok_or_else(overflow)
}

/// The ticks of a number of parts that all have one length; None for other parts.
fn ticks_of(part: Part, number: i64) -> Option<i128> {
    let number = i128::from(number);
    let unit = match part {
        Part::Week => 7 * DAY,
        Part::Day | Part::DayOfYear | Part::Weekday => DAY,
        Part::Hour => HOUR,
        Part::Minute => MINUTE,
        Part::Second => SECOND,
        Part::Millisecond => SECOND / 1_000,
        Part::Microsecond => SECOND / 1_000_000,
        // 1 to 49 ns are nothing, 50 to 99 ns a tick.
        Part::Nanosecond => return Some((number + 50).div_euclid(100)),
        _ => return None,
    };
    Some(number * i128::from(unit))
}

/// The same day and time of a later month, or that month's last day if it is shorter; None beyond the calendar.
fn months_later(ticks: i64, months: Option<i64>) -> Option<i64> {
    let (days, time) = calendar::split(ticks);
    let day = calendar::day_of(days);
    let (year, month) = month_after(day, months?)?;
    let of_month = day.day.min(calendar::days_in_month(year, month));
    calendar::days_of(year, month, of_month).map(|days| calendar::join(days, time))
}

/// Year and month that come a number of months after a day's; None beyond what an `i32` holds.
fn month_after(day: calendar::CalendarDay, months: i64) -> Option<(i32, u32)> {
    let index = (i64::from(day.year) * 12 + i64::from(day.month) - 1).checked_add(months)?;
    let year = i32::try_from(index.div_euclid(12)).ok()?;
    let month = u32::try_from(index.rem_euclid(12)).ok()? + 1;
    Some((year, month))
}

fn eomonth(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let from = call.sql_type(1)?;
    if !from.is_date_time() && !from.is_text() || matches!(from, SqlType::Time { .. }) {
        return Err(errors::invalid_argument_type(from, 1, "eomonth"));
    }
    let value = convert(&call.value(0, from)?, from, SqlType::Date, Conversion::Implicit, None)?;
    let Value::Date(days) = value else {
        return Ok(Stored::Null);
    };
    let (year, month) = month_after(calendar::day_of(days), call.integer(2)?.unwrap_or(0))
        .ok_or_else(|| overflow(SqlType::Date))?;
    calendar::days_of(year, month, calendar::days_in_month(year, month))
        .map(|days| Stored::Integer(i64::from(days)))
        .ok_or_else(|| overflow(SqlType::Date))
}

/// 517.
fn overflow(sql_type: SqlType) -> SqlError {
    SqlError::new(517, format!("Adding a value to a '{}' column caused an overflow.", sql_type.family_name()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_support::{error, integer, printed};

    #[test]
    fn dateadd_gives_what_the_reference_says() {
        for (call, sql_type, expected) in [
            ("'month', 1, {2006-08-30|datetime2(0)}", "datetime2(0)", "2006-09-30 00:00:00"),
            ("'month', 1, {2006-08-31|datetime2(0)}", "datetime2(0)", "2006-09-30 00:00:00"),
            ("'yy', 1, {2024-02-29|date}", "date", "2025-02-28"),
            ("'yyyy', -4, {2024-02-29|date}", "date", "2020-02-29"),
            ("'Q', 1, {2023-11-30|date}", "date", "2024-02-29"),
            ("'mm', -1, {2024-03-31|date}", "date", "2024-02-29"),
            ("'m', -12, {2024-03-31|date}", "date", "2023-03-31"),
            ("'dy', 365, {2006-08-30|date}", "date", "2007-08-30"),
            ("'ww', -1, {2024-03-05|date}", "date", "2024-02-27"),
            ("'w', 2, {2024-02-28|date}", "date", "2024-03-01"),
            ("'hh', 25, {12:30|time(3)}", "time(3)", "13:30:00.000"),
            ("'mi', -1, {00:00|time(0)}", "time(0)", "23:59:00"),
            ("'hour', 2147483647, {00:00|time(0)}", "time(0)", "07:00:00"),
            ("'s', 1, {2024-02-29 23:59:59|datetime}", "datetime", "2024-03-01 00:00:00.000"),
            ("'ms', 1, {2024-03-05|datetime}", "datetime", "2024-03-05 00:00:00.000"),
            ("'ms', 2, {2024-03-05|datetime}", "datetime", "2024-03-05 00:00:00.003"),
            ("'ms', 5, {2024-03-05|datetime}", "datetime", "2024-03-05 00:00:00.007"),
            ("'ns', 49, {2024-03-05|datetime2(7)}", "datetime2(7)", "2024-03-05 00:00:00.0000000"),
            ("'ns', 50, {2024-03-05|datetime2(7)}", "datetime2(7)", "2024-03-05 00:00:00.0000001"),
            ("'mcs', 3, {2024-03-05|datetime2(7)}", "datetime2(7)", "2024-03-05 00:00:00.0000030"),
            ("'ss', 29, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 10:00:00.000"),
            ("'ss', 30, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 10:01:00.000"),
            ("'ss', -30, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 10:00:00.000"),
            ("'ss', -31, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 09:59:00.000"),
            ("'ms', 29998, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 10:00:00.000"),
            ("'ms', 29999, {2024-03-05 10:00|smalldatetime}", "smalldatetime", "2024-03-05 10:01:00.000"),
            (
                "'month', 1, {2024-01-31 23:30:00 +02:00|datetimeoffset(0)}",
                "datetimeoffset(0)",
                "2024-02-29 23:30:00 +02:00",
            ),
        ] {
            let added = printed(&format!("tsql_dateadd({call})"), sql_type);
            assert_eq!(added.as_deref(), Some(expected), "{call}");
        }
    }

    #[test]
    fn eomonth_is_the_months_last_day() {
        for (call, expected) in [
            ("{2024-12-01|datetime}, NULL", "2024-12-31"),
            ("{2024-01-31|date}, 1", "2024-02-29"),
            ("{2024-03-05 10:00 -02:00|datetimeoffset(3)}, -1", "2024-02-29"),
            ("'12/1/2024', 'varchar(9)', 2", "2025-02-28"),
            ("{9999-12-05|date}, 0", "9999-12-31"),
        ] {
            let end = printed(&format!("tsql_eomonth({call})"), "date");
            assert_eq!(end.as_deref(), Some(expected), "{call}");
        }
        assert_eq!(integer("tsql_eomonth(NULL, 'date', 1)"), None);
        assert_eq!(
            error("tsql_eomonth({9999-12-05|date}, 1)").1,
            "Adding a value to a 'date' column caused an overflow."
        );
        assert_eq!(error("tsql_eomonth({12:00|time(0)}, 1)").0, 8116);
    }

    #[test]
    fn null_gives_null() {
        assert_eq!(integer("tsql_dateadd('day', NULL, {2024-03-05|date})"), None);
        assert_eq!(integer("tsql_dateadd('day', 1, NULL, 'datetime')"), None);
    }

    #[test]
    fn an_unknown_part_is_refused_with_155() {
        let (number, message) = error("tsql_dateadd('fortnight', 1, NULL, 'date')");
        assert_eq!(number, 155);
        assert_eq!(message, "'fortnight' is not a recognized dateadd option.");
    }

    #[test]
    fn a_part_that_the_type_has_not_is_refused_with_9810() {
        assert_eq!(
            error("tsql_dateadd('mi', 1, {2024-03-05|date})"),
            (
                9810,
                "The datepart minute is not supported by date function dateadd for data type date."
                    .to_owned()
            )
        );
        for call in
            ["'day', 1, {12:00|time(7)}", "'mcs', 1, {2024-03-05|datetime}", "'ns', 1, NULL, 'smalldatetime'"]
        {
            assert_eq!(error(&format!("tsql_dateadd({call})")).0, 9810, "{call}");
        }
        for part in ["isowk", "tz"] {
            let call = format!("tsql_dateadd('{part}', 1, {{2024-03-05|datetime2(7)}})");
            assert_eq!(error(&call).0, 9806, "{part}");
        }
        assert_eq!(error("tsql_dateadd('day', 1, 1, 'int')").0, 8116);
    }

    #[test]
    fn leaving_the_types_range_is_refused_with_517() {
        assert_eq!(
            error("tsql_dateadd('year', 2147483647, {2006-07-31|datetime})"),
            (517, "Adding a value to a 'datetime' column caused an overflow.".to_owned())
        );
        for call in [
            "'day', 1, {9999-12-31|date}",
            "'day', -1, {0001-01-01|date}",
            "'day', -1, {1753-01-01|datetime}",
            "'ms', 2, {9999-12-31 23:59:59.997|datetime}",
            "'mi', -1, {1900-01-01|smalldatetime}",
            "'month', 1, {2079-06-06|smalldatetime}",
            "'year', 9223372036854775807, {2024-03-05|datetime2(7)}",
            "'week', -9223372036854775808, {2024-03-05|datetime2(7)}",
            "'hour', 1, {9999-12-31 23:30 +00:00|datetimeoffset(0)}",
            "'hour', -1, {0001-01-01 03:30 +03:00|datetimeoffset(0)}",
        ] {
            assert_eq!(error(&format!("tsql_dateadd({call})")).0, 517, "{call}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn days_added_and_taken_away_are_the_same_day(days in 0..=3_652_058_i64, to in 0..=3_652_058_i64) {
            let distance = to - days;
            let there = format!("tsql_dateadd('day', {distance}, {days}, 'date')");
            let back = format!("tsql_dateadd('dd', -({distance}), {there}, 'date')");
            prop_assert_eq!(integer(&there), Some(to));
            prop_assert_eq!(integer(&back), Some(days));
        }

        #[test]
        fn months_agree_with_chrono(days in 0..=3_652_058_i64, months in -5_000..5_000_i32) {
            let start = i32::try_from(days + 1).ok().and_then(chrono::NaiveDate::from_num_days_from_ce_opt);
            let distance = chrono::Months::new(months.unsigned_abs());
            let oracle = start.and_then(|start| if months < 0 {
                start.checked_sub_months(distance)
            } else {
                start.checked_add_months(distance)
            });
            let oracle = oracle.map(|date| i64::from(chrono::Datelike::num_days_from_ce(&date)) - 1)
                .filter(|days| (0..=3_652_058).contains(days));
            let call = format!("tsql_dateadd('month', {months}, {days}, 'date')");
            match oracle {
                Some(expected) => prop_assert_eq!(integer(&call), Some(expected)),
                None => prop_assert_eq!(error(&call).0, 517),
            }
        }
    }
}
