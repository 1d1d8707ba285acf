//! DATEFROMPARTS and its kin, which build a date from numbers, and ISDATE, which asks whether a text is one.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::calendar::{self, DAY_1900, HOUR, MINUTE, SECOND};
use crate::sql::values::convert::{Conversion, convert};

/// The most digits of a second's fraction.
const MOST_DIGITS: u8 = 7;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datefromparts", 3, |call| {
        build(call, SqlType::Date, |[year, month, day]| Some(local(days(year, month, day)?, 0)))
    })?;
    pure(connection, context, "tsql_timefromparts", 5, |call| {
        let scale = scale(call, 4, "time")?;
        let to = SqlType::Time { scale };
        build(call, to, |[hour, minute, second, parts]| {
            Some(local(DAY_1900, clock(hour, minute, second)? + fraction(parts, scale)?))
        })
    })?;
    pure(connection, context, "tsql_datetimefromparts", 7, |call| {
        let to = SqlType::DateTime;
        build(call, to, |[year, month, day, hour, minute, second, thousandths]| {
            let time = clock(hour, minute, second)? + fraction(thousandths, 3)?;
            Some(local(days(year, month, day)?, time))
        })
    })?;
    pure(connection, context, "tsql_smalldatetimefromparts", 5, |call| {
        build(call, SqlType::SmallDateTime, |[year, month, day, hour, minute]| {
            Some(local(days(year, month, day)?, clock(hour, minute, 0)?))
        })
    })?;
    pure(connection, context, "tsql_datetime2fromparts", 8, |call| {
        let scale = scale(call, 7, "datetime2")?;
        let to = SqlType::DateTime2 { scale };
        build(call, to, |[year, month, day, hour, minute, second, parts]| {
            let time = clock(hour, minute, second)? + fraction(parts, scale)?;
            Some(local(days(year, month, day)?, time))
        })
    })?;
    pure(connection, context, "tsql_datetimeoffsetfromparts", 10, |call| {
        let scale = scale(call, 9, "datetimeoffset")?;
        let to = SqlType::DateTimeOffset { scale };
        build(call, to, |[year, month, day, hour, minute, second, parts, hours_off, minutes_off]| {
            let time = clock(hour, minute, second)? + fraction(parts, scale)?;
            Some(Moment {
                offset_minutes: offset(hours_off, minutes_off)?,
                ..local(days(year, month, day)?, time)
            })
        })
    })?;
    pure(connection, context, "tsql_isdate", 1, isdate)
}

/// Builds a value from the first `N` arguments: NULL when one of them is NULL, 289 when they are none of the type.
fn build<const N: usize>(
    call: &Arguments<'_, '_>,
    to: SqlType,
    moment_of: impl Fn([i64; N]) -> Option<Moment>,
) -> Result<Stored, SqlError> {
    let mut numbers = [0; N];
    for (at, number) in numbers.iter_mut().enumerate() {
        match call.integer(at)? {
            Some(argument) => *number = argument,
            None => return Ok(Stored::Null),
        }
    }
    moment_of(numbers).and_then(|moment| moment.stored(to)).ok_or_else(|| {
        SqlError::new(
            289,
            format!(
                "Cannot construct data type {}, some of the arguments have values which are not valid.",
                to.family_name()
            ),
        )
    })
}

/// The last argument of types with a precision: 10760 for NULL, 1002 beyond 7.
fn scale(call: &Arguments<'_, '_>, at: usize, family: &str) -> Result<u8, SqlError> {
    let number = call.integer(at)?.ok_or_else(|| {
        SqlError::new(
            10760,
            format!(
                "Scale argument is not valid. Valid expressions for data type {family} scale argument are integer constants and integer constant expressions."
            ),
        )
    })?;
    u8::try_from(number).ok().filter(|&scale| scale <= MOST_DIGITS).ok_or_else(|| {
        SqlError::new(1002, format!("Line 1: Specified scale {number} is invalid.")).with_class(15)
    })
}

fn local(days: i32, time: i64) -> Moment {
    Moment { ticks: calendar::join(days, time), offset_minutes: 0 }
}

fn days(year: i64, month: i64, day: i64) -> Option<i32> {
    calendar::days_of(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok().filter(|month| (1..=12).contains(month))?,
        u32::try_from(day).ok()?,
    )
}

/// The ticks of a time of day.
fn clock(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let exists = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    exists.then(|| hour * HOUR + minute * MINUTE + second * SECOND)
}

/// The ticks of a number of the smallest parts of a second that `scale` digits write.
fn fraction(parts: i64, scale: u8) -> Option<i64> {
    let in_second = 10_i64.pow(u32::from(scale.min(MOST_DIGITS)));
    (0..in_second).contains(&parts).then(|| parts * (SECOND / in_second))
}

/// Up to 14 hours east or west; hours and minutes must go the same way.
fn offset(hours: i64, minutes: i64) -> Option<i16> {
    let exist = (-14..=14).contains(&hours) && (-59..=59).contains(&minutes);
    let one_way = hours.signum() * minutes.signum() >= 0;
    let total = if exist && one_way { hours * 60 + minutes } else { return None };
    i16::try_from(total).ok().filter(|total| total.abs() <= 840)
}

/// 1 for a text that `datetime` reads, else 0; a text of blanks converts, but is no date.
fn isdate(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let Some(text) = call.text(0)?.filter(|text| !text.trim_matches(' ').is_empty()) else {
        return Ok(Stored::Integer(0));
    };
    let is_date = convert(
        &Value::Text(text.to_owned()),
        SqlType::VarChar(Length::Max),
        SqlType::DateTime,
        Conversion::Explicit,
        None,
    )
    .is_ok();
    Ok(Stored::Integer(i64::from(is_date)))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{error, integer, printed};

    #[test]
    fn numbers_become_dates() {
        for (call, sql_type, expected) in [
            ("tsql_datefromparts(2024, 2, 29)", "date", "2024-02-29"),
            ("tsql_timefromparts(14, 23, 44, 5, 1)", "time(1)", "14:23:44.5"),
            ("tsql_timefromparts(14, 23, 44, 50, 2)", "time(2)", "14:23:44.50"),
            ("tsql_timefromparts(23, 59, 59, 0, 0)", "time(0)", "23:59:59"),
            ("tsql_datetimefromparts(2010, 12, 31, 23, 59, 59, 998)", "datetime", "2010-12-31 23:59:59.997"),
            (
                "tsql_datetime2fromparts(2011, 8, 15, 14, 23, 44, 500, 3)",
                "datetime2(3)",
                "2011-08-15 14:23:44.500",
            ),
            (
                "tsql_datetimeoffsetfromparts(2010, 12, 31, 14, 23, 23, 1, 12, 30, 7)",
                "datetimeoffset(7)",
                "2010-12-31 14:23:23.0000001 +12:30",
            ),
        ] {
            assert_eq!(printed(call, sql_type).as_deref(), Some(expected), "{call}");
        }
        let small = printed("tsql_smalldatetimefromparts(2010, 12, 31, 23, 59)", "smalldatetime");
        assert!(small.is_some_and(|text| text.starts_with("2010-12-31 23:59:00")));
    }

    #[test]
    fn what_is_no_date_is_refused_with_289() {
        assert_eq!(
            error("tsql_datefromparts(2023, 2, 29)").1,
            "Cannot construct data type date, some of the arguments have values which are not valid."
        );
        for call in [
            "tsql_datefromparts(0, 1, 1)",
            "tsql_datefromparts(2024, 4294967297, 1)",
            "tsql_datefromparts(2024, 4294967295, 1)",
            "tsql_datefromparts(2024, 13, 1)",
            "tsql_timefromparts(24, 0, 0, 0, 0)",
            "tsql_timefromparts(1, 60, 0, 0, 0)",
            "tsql_timefromparts(1, 0, 0, 1, 0)",
            "tsql_timefromparts(1, 0, 0, 10, 1)",
            "tsql_timefromparts(1, 0, 0, -1, 1)",
            "tsql_datetimefromparts(1752, 12, 31, 0, 0, 0, 0)",
            "tsql_datetimefromparts(2024, 1, 1, 0, 0, 0, 1000)",
            "tsql_smalldatetimefromparts(2079, 6, 7, 0, 0)",
            "tsql_datetimeoffsetfromparts(2024, 1, 1, 0, 0, 0, 0, 14, 1, 0)",
            "tsql_datetimeoffsetfromparts(2024, 1, 1, 0, 0, 0, 0, -1, 30, 0)",
            "tsql_datetimeoffsetfromparts(1, 1, 1, 0, 0, 0, 0, 1, 0, 0)",
        ] {
            assert_eq!(error(call).0, 289, "{call}");
        }
    }

    #[test]
    fn null_gives_null_but_for_the_precision() {
        assert_eq!(integer("tsql_datefromparts(2024, NULL, 1)"), None);
        assert_eq!(integer("tsql_timefromparts(NULL, 0, 0, 0, 0)"), None);
        assert_eq!(error("tsql_timefromparts(1, 0, 0, 0, NULL)").0, 10760);
        assert_eq!(error("tsql_timefromparts(1, 0, 0, 0, 8)").0, 1002);
    }

    #[test]
    fn isdate_says_what_datetime_reads() {
        for (text, expected) in [
            ("'2024-03-05'", 1),
            ("'20240305 10:00:00.123'", 1),
            ("'12:30'", 1),
            ("'2024'", 1),
            ("'2023-02-29'", 0),
            ("'1752-12-31'", 0),
            ("'2024-03-05 10:00:00.1234'", 0),
            ("'soon'", 0),
            ("''", 0),
            ("NULL", 0),
        ] {
            assert_eq!(integer(&format!("tsql_isdate({text})")), Some(expected), "{text}");
        }
    }
}
