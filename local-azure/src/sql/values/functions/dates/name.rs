//! DATEPART and DATENAME: one part of a date, as a number or as a word.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use super::parts::{Function, Part};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::calendar::{self, HOUR, MINUTE, MONTHS, SECOND, WEEKDAYS};
use crate::sql::values::date_text::format;

pub(super) fn register(
    connection: &Connection,
    context: &Arc<FunctionContext>,
) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datepart", 3, |call| {
        let number = part_of(call, Function::DatePart)?.map(|(_, number)| number);
        Ok(number.map_or(Stored::Null, Stored::Integer))
    })?;
    pure(connection, context, "tsql_datename", 3, |call| {
        let word = part_of(call, Function::DateName)?.map(|(part, number)| name_of(part, number));
        Ok(word.map_or(Stored::Null, Stored::Text))
    })
}

/// The part asked for and its number; None for NULL.
fn part_of(
    call: &Arguments<'_, '_>,
    function: Function,
) -> Result<Option<(Part, i64)>, SqlError> {
    let part = function.part(call)?;
    let sql_type = call.sql_type(2)?;
    function.check(part, sql_type, 2)?;
    let moment = Moment::of(&call.value(1, sql_type)?)?;
    Ok(moment.map(|moment| (part, number_of(part, moment, sql_type))))
}

/// Weekdays count from 1 for Sunday (DATEFIRST 7, the default of us_english).
fn number_of(part: Part, moment: Moment, sql_type: SqlType) -> i64 {
    let (days, time) = calendar::split(moment.ticks);
    let day = calendar::day_of(days);
    let fraction = time % SECOND;
    match part {
        Part::Year => i64::from(day.year),
        Part::Quarter => i64::from((day.month + 2) / 3),
        Part::Month => i64::from(day.month),
        Part::DayOfYear => i64::from(days - first_of_year(days) + 1),
        Part::Day => i64::from(day.day),
        Part::Week => {
            let first = first_of_year(days);
            i64::from((days - first + calendar::weekday(first)) / 7 + 1)
        }
        Part::IsoWeek => {
            // Day 0 was a Monday. A week is of the year that has its Thursday.
            let thursday = days - days.rem_euclid(7) + 3;
            i64::from((thursday - first_of_year(thursday)) / 7 + 1)
        }
        Part::Weekday => i64::from(calendar::weekday(days) + 1),
        Part::Hour => time / HOUR,
        Part::Minute => time % HOUR / MINUTE,
        Part::Second => time % MINUTE / SECOND,
        // A datetime's 1/300 s are thousandths rounded: .003, .007.
        Part::Millisecond if sql_type == SqlType::DateTime => (fraction + 5_000) / 10_000,
        Part::Millisecond => fraction / 10_000,
        Part::Microsecond => fraction / 10,
        Part::Nanosecond => fraction * 100,
        Part::Offset => i64::from(moment.offset_minutes),
    }
}

/// January 1 of the year that a day is in.
fn first_of_year(days: i32) -> i32 {
    calendar::days_of(calendar::day_of(days).year, 1, 1).unwrap_or_default()
}

fn name_of(part: Part, number: i64) -> String {
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let word = match part {
        Part::Month => index.and_then(|index| MONTHS.get(index)),
        Part::Weekday => index.and_then(|index| WEEKDAYS.get(index)),
        Part::Offset => return format::offset(i16::try_from(number).unwrap_or_default()),
        _ => None,
    };
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

