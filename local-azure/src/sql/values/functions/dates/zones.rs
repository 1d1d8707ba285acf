//! TODATETIMEOFFSET, SWITCHOFFSET and AT TIME ZONE: dates with a distance from UTC.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value as Stored, ValueRef};

use super::super::FunctionContext;
use super::super::context::{Arguments, pure};
use super::moment::Moment;
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::calendar::MINUTE;
use crate::sql::values::date_text::parse;
use crate::sql::values::errors;

/// The farthest that a zone may be from UTC, in minutes.
const FARTHEST: i64 = 14 * 60;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_todatetimeoffset", 3, |call| {
        with_offset(call, "todatetimeoffset", |moment, offset_minutes| Moment { offset_minutes, ..moment })
    })?;
    pure(connection, context, "tsql_switchoffset", 3, |call| with_offset(call, "switchoffset", at_offset))?;
    pure(connection, context, "tsql_at_time_zone", 3, at_time_zone)
}

/// The same instant on the clock of another zone.
fn at_offset(moment: Moment, offset_minutes: i16) -> Moment {
    Moment { ticks: moment.utc_ticks().saturating_add(i64::from(offset_minutes) * MINUTE), offset_minutes }
}

/// The datetimeoffset of the first argument's precision; a date counts as a `datetime2(7)`.
fn result_type(sql_type: SqlType) -> SqlType {
    SqlType::DateTimeOffset { scale: sql_type.fraction_digits().unwrap_or(7) }
}

fn with_offset(
    call: &Arguments<'_, '_>,
    function: &str,
    change: impl Fn(Moment, i16) -> Moment,
) -> Result<Stored, SqlError> {
    let sql_type = call.sql_type(1)?;
    if !sql_type.is_date_time() || matches!(sql_type, SqlType::Time { .. }) {
        return Err(errors::invalid_argument_type(sql_type, 1, function));
    }
    let moment = Moment::of(&call.value(0, sql_type)?)?;
    let (Some(moment), Some(offset_minutes)) = (moment, zone(call, function)?) else {
        return Ok(Stored::Null);
    };
    change(moment, offset_minutes)
        .stored(result_type(sql_type))
        .ok_or_else(|| {
            SqlError::new(
                9813,
                format!(
                    "The timezone provided to builtin function {function} would cause the datetimeoffset to overflow the range of valid date range in either UTC or local time."
                ),
            )
        })
}

/// The third argument, `+hh:mm` or minutes; None for NULL, 9812 for what is neither.
fn zone(call: &Arguments<'_, '_>, function: &str) -> Result<Option<i16>, SqlError> {
    let minutes = match call.stored(2) {
        ValueRef::Null => return Ok(None),
        ValueRef::Integer(minutes) => Some(minutes)
            .filter(|minutes| (-FARTHEST..=FARTHEST).contains(minutes))
            .and_then(|minutes| i16::try_from(minutes).ok()),
        _ => call.text(2)?.and_then(|zone| parse::parse_offset(zone.trim_matches(' ')).ok()),
    };
    minutes.map(Some).ok_or_else(|| {
        SqlError::new(9812, format!("The timezone provided to builtin function {function} is invalid."))
    })
}

/// UTC alone: the rules of the other zones are not part of this endpoint.
fn at_time_zone(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let sql_type = call.sql_type(1)?;
    let takes = match sql_type {
        SqlType::Date | SqlType::Time { .. } => false,
        _ => sql_type.is_date_time(),
    };
    if !takes {
        return Err(errors::invalid_argument_type(sql_type, 1, "AT TIME ZONE"));
    }
    let moment = Moment::of(&call.value(0, sql_type)?)?;
    let (Some(moment), Some(zone)) = (moment, call.text(2)?) else {
        return Ok(Stored::Null);
    };
    if !zone.trim_end_matches(' ').eq_ignore_ascii_case("UTC") {
        return Err(errors::unsupported(&format!("The time zone '{zone}'")));
    }
    at_offset(moment, 0)
        .stored(result_type(sql_type))
        .ok_or_else(|| errors::internal("an instant has no place on the clock of UTC"))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{error, integer, printed};

    #[test]
    fn zones_are_given_and_changed() {
        for (call, sql_type, expected) in [
            (
                "tsql_todatetimeoffset({2024-03-05 10:00:00.12|datetime2(2)}, '-07:00')",
                "datetimeoffset(2)",
                "2024-03-05 10:00:00.12 -07:00",
            ),
            (
                "tsql_todatetimeoffset({2024-03-05 10:00|datetime2(0)}, 90)",
                "datetimeoffset(0)",
                "2024-03-05 10:00:00 +01:30",
            ),
            (
                "tsql_todatetimeoffset({2024-03-05|date}, 0)",
                "datetimeoffset(7)",
                "2024-03-05 00:00:00.0000000 +00:00",
            ),
            (
                "tsql_switchoffset({1998-09-20 07:45:50.71345 -05:00|datetimeoffset(5)}, '-08:00')",
                "datetimeoffset(5)",
                "1998-09-20 04:45:50.71345 -08:00",
            ),
            (
                "tsql_at_time_zone({2024-03-05 10:00:00.007|datetime}, 'UTC')",
                "datetimeoffset(3)",
                "2024-03-05 10:00:00.007 +00:00",
            ),
            (
                "tsql_at_time_zone({2024-03-05 10:00 +02:00|datetimeoffset(0)}, 'utc')",
                "datetimeoffset(0)",
                "2024-03-05 08:00:00 +00:00",
            ),
        ] {
            assert_eq!(printed(call, sql_type).as_deref(), Some(expected), "{call}");
        }
    }

    #[test]
    fn null_gives_null() {
        assert_eq!(integer("tsql_switchoffset(NULL, 'datetimeoffset(7)', '+01:00')"), None);
        assert_eq!(integer("tsql_todatetimeoffset({2024-03-05|datetime2(7)}, NULL)"), None);
        assert_eq!(integer("tsql_at_time_zone(NULL, 'datetime', 'UTC')"), None);
    }

    #[test]
    fn zones_that_are_none_are_refused() {
        for (call, number) in [
            ("tsql_todatetimeoffset({2024-03-05|datetime2(7)}, '+14:01')", 9812),
            ("tsql_todatetimeoffset({2024-03-05|datetime2(7)}, 841)", 9812),
            ("tsql_todatetimeoffset({2024-03-05|datetime2(7)}, 'here')", 9812),
            ("tsql_todatetimeoffset({0001-01-01|datetime2(7)}, '+01:00')", 9813),
            ("tsql_switchoffset({9999-12-31 23:59 +00:00|datetimeoffset(0)}, 1)", 9813),
            ("tsql_at_time_zone({2024-03-05|datetime2(7)}, 'Central European Standard Time')", 40517),
            ("tsql_at_time_zone({2024-03-05|date}, 'UTC')", 8116),
        ] {
            assert_eq!(error(call).0, number, "{call}");
        }
    }
}
