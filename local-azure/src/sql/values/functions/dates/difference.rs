//! DATEDIFF and DATEDIFF_BIG: how many boundaries of a part lie between two instants.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use super::parts::{Function, Part};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::calendar::{self, HOUR, MINUTE, SECOND};
use crate::sql::values::errors;

pub(super) fn register(
    connection: &Connection,
    context: &Arc<FunctionContext>,
) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datediff", 5, |call| {
        let difference = boundaries(call, Function::DateDiff)?;
        store(
            difference.map(|number| i32::try_from(number).map(i64::from)),
            Function::DateDiff,
        )
    })?;
    pure(connection, context, "tsql_datediff_big", 5, |call| {
        let difference = boundaries(call, Function::DateDiffBig)?;
        store(difference.map(i64::try_from), Function::DateDiffBig)
    })
}

/// NULL for None, 535 for what doesn't fit the result's type.
fn store<E>(number: Option<Result<i64, E>>, function: Function) -> Result<Stored, SqlError> {
    match number {
        None => Ok(Stored::Null),
        Some(Ok(number)) => Ok(Stored::Integer(number)),
        Some(Err(_)) => {
            let name = function.name();
            Err(SqlError::new(
                535,
                format!(
                    "The {name} function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use {name} with a less precise datepart."
                ),
            ))
        }
    }
}

fn boundaries(call: &Arguments<'_, '_>, function: Function) -> Result<Option<i128>, SqlError> {
    let part = function.part(call)?;
    let (start_type, end_type) = (call.sql_type(2)?, call.sql_type(4)?);
    function.check(part, start_type, 2)?;
    function.check(part, end_type, 3)?;
    let start = Moment::of(&call.value(1, start_type)?)?;
    let end = Moment::of(&call.value(3, end_type)?)?;
    match (start, end) {
        (Some(start), Some(end)) => {
            let end = number_of(part, end, end_type)?;
            Ok(Some(end - number_of(part, start, start_type)?))
        }
        _ => Ok(None),
    }
}

/// The number of the year, month, hour ... that an instant is in, counted from a beginning that is the same for all.
/// Instants with a zone count by the clock of UTC, as on SQL Server.
fn number_of(part: Part, moment: Moment, sql_type: SqlType) -> Result<i128, SqlError> {
    let ticks = moment.utc_ticks();
    let (days, _) = calendar::split(ticks);
    let day = calendar::day_of(days);
    let month = i128::from(day.year) * 12 + i128::from(day.month) - 1;
    let whole = |unit: i64| i128::from(ticks.div_euclid(unit));
    Ok(match part {
        Part::Year => i128::from(day.year),
        Part::Quarter => month.div_euclid(3),
        Part::Month => month,
        Part::DayOfYear | Part::Day | Part::Weekday => i128::from(days),
        // Day 0 was a Monday; the boundary lies before Sunday whatever DATEFIRST says.
        Part::Week => (i128::from(days) + 1).div_euclid(7),
        Part::Hour => whole(HOUR),
        Part::Minute => whole(MINUTE),
        Part::Second => whole(SECOND),
        // A datetime's 1/300 s are thousandths rounded: .003, .007.
        Part::Millisecond if sql_type == SqlType::DateTime => {
            i128::from((ticks + SECOND / 2_000).div_euclid(SECOND / 1_000))
        }
        Part::Millisecond => whole(SECOND / 1_000),
        Part::Microsecond => whole(SECOND / 1_000_000),
        Part::Nanosecond => i128::from(ticks) * 100,
        Part::IsoWeek | Part::Offset => {
            return Err(errors::internal("a difference in a part that has none"));
        }
    })
}

