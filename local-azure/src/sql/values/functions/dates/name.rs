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

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_datepart", 3, |call| {
        let number = part_of(call, Function::Number)?.map(|(_, number)| number);
        Ok(number.map_or(Stored::Null, Stored::Integer))
    })?;
    pure(connection, context, "tsql_datename", 3, |call| {
        let word = part_of(call, Function::Name)?.map(|(part, number)| name_of(part, number));
        Ok(word.map_or(Stored::Null, Stored::Text))
    })
}

/// The part asked for and its number; None for NULL.
fn part_of(call: &Arguments<'_, '_>, function: Function) -> Result<Option<(Part, i64)>, SqlError> {
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
        Part::Quarter => i64::from(day.month.div_ceil(3)),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_support::{error, integer, text};

    #[test]
    fn datepart_gives_what_the_reference_says() {
        let moment = "{2007-10-30 12:15:32.1234567 +05:10|datetimeoffset(7)}";
        for (words, expected) in [
            ("year yyyy yy YY", 2007),
            ("quarter qq q", 4),
            ("month mm m", 10),
            ("dayofyear dy y", 303),
            ("day dd d", 30),
            ("week wk ww", 44),
            ("weekday dw w", 3),
            ("iso_week isowk isoww", 44),
            ("hour hh", 12),
            ("minute mi n", 15),
            ("second ss s", 32),
            ("millisecond ms", 123),
            ("microsecond mcs", 123_456),
            ("nanosecond ns", 123_456_700),
            ("tzoffset tz", 310),
        ] {
            for word in words.split(' ') {
                let call = format!("tsql_datepart('{word}', {moment})");
                assert_eq!(integer(&call), Some(expected), "{word}");
            }
        }
    }

    #[test]
    fn datename_gives_words_for_months_weekdays_and_zones() {
        let moment = "{2007-10-30 12:15:32.1234567 +05:10|datetimeoffset(7)}";
        for (part, expected) in [
            ("month", "October"),
            ("weekday", "Tuesday"),
            ("tz", "+05:10"),
            ("year", "2007"),
            ("day", "30"),
            ("ms", "123"),
        ] {
            let call = format!("tsql_datename('{part}', {moment})");
            assert_eq!(text(&call).as_deref(), Some(expected), "{part}");
        }
    }

    #[test]
    fn weeks_turn_where_the_calendar_says() {
        for (date, week, iso_week) in [
            ("2023-01-01", 1, 52),
            ("2023-01-07", 1, 1),
            ("2023-01-08", 2, 1),
            ("2020-12-31", 53, 53),
            ("2021-01-03", 2, 53),
            ("2012-12-31", 53, 1),
            ("2000-12-31", 54, 52),
            ("0001-01-01", 1, 1),
            ("9999-12-31", 53, 52),
        ] {
            let part = |part| integer(&format!("tsql_datepart('{part}', {{{date}|date}})"));
            assert_eq!((part("week"), part("isowk")), (Some(week), Some(iso_week)), "{date}");
        }
    }

    #[test]
    fn a_datetimes_thousandths_are_rounded() {
        let call = "tsql_datepart('ms', {2024-03-05 00:00:00.997|datetime})";
        assert_eq!(integer(call), Some(997));
    }

    #[test]
    fn null_gives_null() {
        assert_eq!(integer("tsql_datepart('day', NULL, 'date')"), None);
        assert_eq!(text("tsql_datename('day', NULL, 'date')"), None);
    }

    #[test]
    fn a_part_that_the_type_has_not_is_refused() {
        assert_eq!(
            error("tsql_datepart('hh', {2024-03-05|date})").1,
            "The datepart hour is not supported by date function datepart for data type date."
        );
        assert_eq!(error("tsql_datename('year', {10:00|time(0)})").0, 9810);
        assert_eq!(error("tsql_datepart('tz', {2024-03-05|datetime})").0, 9810);
        assert_eq!(integer("tsql_datepart('tz', {2024-03-05|datetime2(0)})"), Some(0));
        assert_eq!(
            error("tsql_datename('era', NULL, 'date')").1,
            "'era' is not a recognized datename option."
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_parts_build_the_moment_again(ticks in 0..3_652_059_i64 * 864_000_000_000) {
            let part = |part: &str| format!("tsql_datepart('{part}', {ticks}, 'datetime2(7)')");
            let call = format!(
                "tsql_datetime2fromparts({}, {}, {}, {}, {}, {}, {} / 100, 7)",
                part("year"), part("month"), part("day"), part("hour"), part("minute"), part("second"),
                part("nanosecond"),
            );
            prop_assert_eq!(integer(&call), Some(ticks));
        }

        #[test]
        fn iso_weeks_and_days_of_the_year_agree_with_chrono(days in 0..=3_652_058_i32) {
            use chrono::Datelike;
            let oracle = chrono::NaiveDate::from_num_days_from_ce_opt(days + 1);
            let part = |part: &str| integer(&format!("tsql_datepart('{part}', {days}, 'date')"));
            prop_assert_eq!(part("iso_week"), oracle.map(|day| i64::from(day.iso_week().week())));
            prop_assert_eq!(part("dayofyear"), oracle.map(|day| i64::from(day.ordinal())));
            prop_assert_eq!(part("weekday"), oracle.map(|day| i64::from(day.weekday().number_from_sunday())));
        }
    }
}
