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

pub(super) fn register(
    connection: &Connection,
    context: &Arc<FunctionContext>,
) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_dateadd", 4, dateadd)?;
    pure(connection, context, "tsql_eomonth", 3, eomonth)
}

fn dateadd(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let part = Function::DateAdd.part(call)?;
    let sql_type = call.sql_type(3)?;
    Function::DateAdd.check(part, sql_type, 3)?;
    let (Some(number), Some(moment)) = (call.integer(1)?, Moment::of(&call.value(2, sql_type)?)?)
    else {
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
    Moment {
        ticks: ticks.ok_or_else(overflow)?,
        ..moment
    }
    .stored(sql_type)
    .ok_or_else(overflow)
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
    let value = convert(
        &call.value(0, from)?,
        from,
        SqlType::Date,
        Conversion::Implicit,
        None,
    )?;
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
    SqlError::new(
        517,
        format!(
            "Adding a value to a '{}' column caused an overflow.",
            sql_type.family_name()
        ),
    )
}

