//! `DATEDIFF` and `DATEDIFF_BIG`: how many boundaries of a part lie between two instants.

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

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datediff", 5, |call| {
        stored(boundaries(call, Function::Difference)?, Function::Difference, |number| {
            i32::try_from(number).ok().map(i64::from)
        })
    })?;
    pure(connection, context, "tsql_datediff_big", 5, |call| {
        stored(boundaries(call, Function::DifferenceBig)?, Function::DifferenceBig, |number| {
            i64::try_from(number).ok()
        })
    })
}

/// NULL for None, 535 for what `fit` can't put into the result's type.
fn stored(
    number: Option<i128>,
    function: Function,
    fit: impl Fn(i128) -> Option<i64>,
) -> Result<Stored, SqlError> {
    let Some(number) = number else {
        return Ok(Stored::Null);
    };
    fit(number).map(Stored::Integer).ok_or_else(|| {
        let name = function.name();
        SqlError::new(
            535,
            format!(
                "The {name} function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use {name} with a less precise datepart."
            ),
        )
    })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_support::{error, integer};

    #[test]
    fn one_tick_before_new_year_is_one_of_every_part_before_it() {
        for part in [
            "year",
            "quarter",
            "month",
            "dayofyear",
            "day",
            "week",
            "weekday",
            "hour",
            "minute",
            "second",
            "millisecond",
            "microsecond",
        ] {
            let call = format!(
                "tsql_datediff('{part}', {{2005-12-31 23:59:59.9999999|datetime2(7)}}, {{2006-01-01 00:00:00.0000000|datetime2(7)}})"
            );
            // 2006-01-01 was a Sunday, so that a week begins too.
            assert_eq!(integer(&call), Some(1), "{part}");
        }
    }

    #[test]
    fn boundaries_are_counted_and_not_durations() {
        for (call, expected) in [
            ("'year', {2023-12-31|date}, {2024-01-01|date}", 1),
            ("'yy', {2023-01-01|date}, {2023-12-31|date}", 0),
            ("'month', {2024-03-31|date}, {2024-02-01|date}", -1),
            ("'day', {2005-12-31 23:59|datetime}, {2006-01-01|date}", 1),
            ("'hh', {2024-03-05|date}, {2024-03-06|date}", 24),
            ("'wk', {2024-03-02|date}, {2024-03-03|date}", 1),
            ("'wk', {2024-03-03|date}, {2024-03-09|date}", 0),
            ("'n', {10:59:59|time(0)}, {11:00:00|time(0)}", 1),
            ("'ms', {2024-03-05|datetime}, {2024-03-05 00:00:00.997|datetime}", 997),
            ("'ns', {00:00:00|time(7)}, {00:00:00.0000001|time(7)}", 100),
            ("'day', {23:00|time(0)}, {01:00|time(0)}", 0),
            ("'hour', {22:00|time(0)}, {1900-01-02|date}", 2),
            ("'day', {0001-01-01|date}, {9999-12-31|date}", 3_652_058),
        ] {
            assert_eq!(integer(&format!("tsql_datediff({call})")), Some(expected), "{call}");
        }
    }

    #[test]
    fn zones_are_compared_on_the_clock_of_utc() {
        let call = "tsql_datediff('day', {2024-03-05 23:30 -02:00|datetimeoffset(0)}, {2024-03-06 02:00 +00:00|datetimeoffset(0)})";
        assert_eq!(integer(call), Some(0));
    }

    #[test]
    fn null_gives_null() {
        assert_eq!(integer("tsql_datediff('day', NULL, 'date', {2024-03-05|date})"), None);
        assert_eq!(integer("tsql_datediff_big('day', {2024-03-05|date}, NULL, 'date')"), None);
    }

    #[test]
    fn a_difference_beyond_the_result_is_refused_with_535() {
        let seconds = "'second', {1900-01-01|date}, {2024-03-05|date}";
        assert_eq!(
            error(&format!("tsql_datediff({seconds})")),
            (
                535,
                "The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart."
                    .to_owned()
            )
        );
        assert_eq!(integer(&format!("tsql_datediff_big({seconds})")), Some(3_918_585_600));
        let nanoseconds = "tsql_datediff_big('ns', {0001-01-01|date}, {2024-03-05|date})";
        assert_eq!(error(nanoseconds).0, 535);
    }

    #[test]
    fn parts_that_have_no_difference_are_refused() {
        let message = error("tsql_datediff('x', NULL, 'date', NULL, 'date')").1;
        assert_eq!(message, "'x' is not a recognized datediff option.");
        assert_eq!(error("tsql_datediff('tz', NULL, 'date', NULL, 'date')").0, 9806);
        assert_eq!(error("tsql_datediff('day', 1, 'int', NULL, 'date')").0, 8116);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_dateadd_added_is_the_difference(
            start in 0..=3_652_058_i64 * 864_000_000_000,
            number in -20_000..20_000_i64,
            part in proptest::sample::select(vec!["year", "quarter", "month", "day", "week", "hour", "minute", "second", "ms", "mcs"]),
        ) {
            let server = super::super::test_support::Server::new();
            let later = format!("tsql_dateadd('{part}', {number}, {start}, 'datetime2(7)')");
            match server.evaluate(&later) {
                Ok(_) => {
                    let call = format!("tsql_datediff('{part}', {start}, 'datetime2(7)', {later}, 'datetime2(7)')");
                    prop_assert_eq!(integer(&call), Some(number));
                }
                Err(error) => prop_assert_eq!(error.number, 517),
            }
        }
    }
}
