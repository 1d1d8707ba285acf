//! DATETRUNC: the beginning of the part that an instant is in.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use super::parts::{Function, Part};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::sql::values::errors;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datetrunc", 3, datetrunc)
}

fn datetrunc(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let part = Function::Truncate.part(call)?;
    let sql_type = call.sql_type(2)?;
    Function::Truncate.check(part, sql_type, 2)?;
    let Some(moment) = Moment::of(&call.value(1, sql_type)?)? else {
        return Ok(Stored::Null);
    };
    // A datetime's thousandths are its own steps, which cutting the ticks of 100 ns would move.
    if part == Part::Millisecond && sql_type == SqlType::DateTime {
        return moment.stored(sql_type).ok_or_else(|| too_early(sql_type));
    }
    let ticks = beginning(part, moment.ticks)
        .ok_or_else(|| errors::internal("a part without a beginning was to be cut at"))?;
    Moment { ticks, ..moment }.stored(sql_type).ok_or_else(|| too_early(sql_type))
}

/// The ticks at which the part began; before the calendar's first day they are negative. None for parts that DATETRUNC
/// doesn't take.
fn beginning(part: Part, ticks: i64) -> Option<i64> {
    let (days, _) = calendar::split(ticks);
    let day = calendar::day_of(days);
    let midnight = |days: i32| calendar::join(days, 0);
    let first_of_month = |month| calendar::days_of(day.year, month, 1).map(midnight);
    let cut = |unit: i64| Some(ticks - ticks.rem_euclid(unit));
    match part {
        Part::Year => first_of_month(1),
        Part::Quarter => first_of_month((day.month - 1) / 3 * 3 + 1),
        Part::Month => first_of_month(day.month),
        Part::DayOfYear | Part::Day => cut(DAY),
        Part::Week => Some(midnight(days - calendar::weekday(days))),
        // Day 0 was a Monday.
        Part::IsoWeek => Some(midnight(days - days.rem_euclid(7))),
        Part::Hour => cut(HOUR),
        Part::Minute => cut(MINUTE),
        Part::Second => cut(SECOND),
        Part::Millisecond => cut(SECOND / 1_000),
        Part::Microsecond => cut(SECOND / 1_000_000),
        Part::Weekday | Part::Nanosecond | Part::Offset => None,
    }
}

/// 9837: the week began before the type's first day.
fn too_early(sql_type: SqlType) -> SqlError {
    SqlError::new(
        9837,
        format!(
            "An invalid {} value was encountered: The date value is less than the minimum date value allowed for the data type.",
            sql_type.family_name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{error, integer, printed};

    #[test]
    fn datetrunc_gives_what_the_reference_says() {
        for (part, expected) in [
            ("year", "2021-01-01 00:00:00.0000000"),
            ("quarter", "2021-10-01 00:00:00.0000000"),
            ("month", "2021-12-01 00:00:00.0000000"),
            ("week", "2021-12-05 00:00:00.0000000"),
            ("iso_week", "2021-12-06 00:00:00.0000000"),
            ("dayofyear", "2021-12-08 00:00:00.0000000"),
            ("day", "2021-12-08 00:00:00.0000000"),
            ("hour", "2021-12-08 11:00:00.0000000"),
            ("minute", "2021-12-08 11:30:00.0000000"),
            ("second", "2021-12-08 11:30:15.0000000"),
            ("millisecond", "2021-12-08 11:30:15.1230000"),
            ("microsecond", "2021-12-08 11:30:15.1234560"),
        ] {
            let call = format!("tsql_datetrunc('{part}', {{2021-12-08 11:30:15.1234567|datetime2(7)}})");
            assert_eq!(printed(&call, "datetime2(7)").as_deref(), Some(expected), "{part}");
        }
    }

    #[test]
    fn the_type_stays_and_a_zone_counts_by_its_own_clock() {
        let call = "tsql_datetrunc('day', {2024-03-05 01:30 +02:00|datetimeoffset(0)})";
        assert_eq!(printed(call, "datetimeoffset(0)").as_deref(), Some("2024-03-05 00:00:00 +02:00"));
        let call = "tsql_datetrunc('ms', {2024-03-05 00:00:00.007|datetime})";
        assert_eq!(printed(call, "datetime").as_deref(), Some("2024-03-05 00:00:00.007"));
        let call = "tsql_datetrunc('hh', {10:59:59|time(0)})";
        assert_eq!(printed(call, "time(0)").as_deref(), Some("10:00:00"));
        assert_eq!(integer("tsql_datetrunc('day', NULL, 'date')"), None);
    }

    #[test]
    fn what_cannot_be_cut_at_is_refused() {
        for (call, number) in [
            ("'dw', {2024-03-05|date}", 9806),
            ("'ns', {2024-03-05|datetime2(7)}", 9806),
            ("'tz', {2024-03-05|datetime2(7)}", 9806),
            ("'hour', {2024-03-05|date}", 9810),
            ("'day', {10:00|time(0)}", 9810),
            ("'ms', {2024-03-05|smalldatetime}", 9810),
            ("'mcs', {2024-03-05|datetime}", 9810),
            ("'ms', {2024-03-05|datetime2(2)}", 9810),
            ("'week', {0001-01-01|date}", 9837),
            ("'week', {1900-01-01|smalldatetime}", 9837),
            ("'eon', {2024-03-05|date}", 155),
        ] {
            assert_eq!(error(&format!("tsql_datetrunc({call})")).0, number, "{call}");
        }
        assert_eq!(
            error("tsql_datetrunc('week', {0001-01-03|datetime2(7)})").1,
            "An invalid datetime2 value was encountered: The date value is less than the minimum date value allowed for the data type."
        );
    }
}
