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

pub(super) fn register(
    connection: &Connection,
    context: &Arc<FunctionContext>,
) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datefromparts", 3, |call| {
        build(call, SqlType::Date, |[year, month, day]| {
            local(days(year, month, day)?, 0)
        })
    })?;
    pure(connection, context, "tsql_timefromparts", 5, |call| {
        let scale = scale(call, 4, "time")?;
        let to = SqlType::Time { scale };
        build(call, to, |[hour, minute, second, parts]| {
            local(DAY_1900, clock(hour, minute, second)? + fraction(parts, scale)?)
        })
    })?;
    pure(connection, context, "tsql_datetimefromparts", 7, |call| {
        let to = SqlType::DateTime;
        build(call, to, |[year, month, day, hour, minute, second, thousandths]| {
            let time = clock(hour, minute, second)? + fraction(thousandths, 3)?;
            local(days(year, month, day)?, time)
        })
    })?;
    pure(connection, context, "tsql_smalldatetimefromparts", 5, |call| {
        build(call, SqlType::SmallDateTime, |[year, month, day, hour, minute]| {
            local(days(year, month, day)?, clock(hour, minute, 0)?)
        })
    })?;
    pure(connection, context, "tsql_datetime2fromparts", 8, |call| {
        let scale = scale(call, 7, "datetime2")?;
        let to = SqlType::DateTime2 { scale };
        build(call, to, |[year, month, day, hour, minute, second, parts]| {
            let time = clock(hour, minute, second)? + fraction(parts, scale)?;
            local(days(year, month, day)?, time)
        })
    })?;
    pure(connection, context, "tsql_datetimeoffsetfromparts", 10, |call| {
        let scale = scale(call, 9, "datetimeoffset")?;
        let to = SqlType::DateTimeOffset { scale };
        build(
            call,
            to,
            |[year, month, day, hour, minute, second, parts, hours_off, minutes_off]| {
                let time = clock(hour, minute, second)? + fraction(parts, scale)?;
                Some(Moment {
                    offset_minutes: offset(hours_off, minutes_off)?,
                    ..local(days(year, month, day)?, time)?
                })
            },
        )
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
    moment_of(numbers)
        .and_then(|moment| moment.stored(to))
        .ok_or_else(|| {
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
    u8::try_from(number)
        .ok()
        .filter(|&scale| scale <= MOST_DIGITS)
        .ok_or_else(|| {
            SqlError::new(1002, format!("Line 1: Specified scale {number} is invalid."))
                .with_class(15)
        })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the closures above read as one chain of what may fail"
)]
fn local(days: i32, time: i64) -> Option<Moment> {
    Some(Moment {
        ticks: calendar::join(days, time),
        offset_minutes: 0,
    })
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
    let exists =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    exists.then(|| hour * HOUR + minute * MINUTE + second * SECOND)
}

/// The ticks of a number of the smallest parts of a second that `scale` digits write.
fn fraction(parts: i64, scale: u8) -> Option<i64> {
    let in_second = 10_i64.pow(u32::from(scale.min(MOST_DIGITS)));
    (0..in_second)
        .contains(&parts)
        .then(|| parts * (SECOND / in_second))
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

