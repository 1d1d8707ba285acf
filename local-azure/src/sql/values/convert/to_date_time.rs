//! Conversion to the types of dates and times.

use super::to_number::{decimal_of_float, exact};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::calendar::{self, DAY, DAY_1900, LAST_DAY, MINUTE};
use crate::sql::values::date_text::parse::{self, NotDate};
use crate::sql::values::errors;

/// A day and a time of day in a zone.
#[derive(Clone, Copy)]
struct Local {
    days: i32,
    time: i64,
    offset_minutes: i16,
}

pub(super) fn convert(
    value: &Value,
    from: SqlType,
    to: SqlType,
    style: Option<i32>,
) -> Result<Value, SqlError> {
    let at = |ticks: i64, offset_minutes: i16| {
        let (days, time) = calendar::split(ticks);
        Local { days, time, offset_minutes }
    };
    let local = match value {
        Value::Text(text) => of_text(text, from, to, style)?,
        Value::Date(days) => Local { days: *days, time: 0, offset_minutes: 0 },
        Value::Time(ticks) => Local { days: DAY_1900, time: *ticks, offset_minutes: 0 },
        Value::DateTime(ticks) => at(*ticks, 0),
        Value::DateTimeOffset { utc_ticks, offset_minutes } => {
            at(utc_ticks.saturating_add(i64::from(*offset_minutes) * MINUTE), *offset_minutes)
        }
        Value::Float(days) => at(ticks_of_days(*days, to)?, 0),
        _ => match exact(value, from) {
            Some((digits, scale)) => {
                let days = digits as f64 / 10_f64.powi(i32::from(scale));
                at(ticks_of_days(days, to)?, 0)
            }
            None => {
                return Err(errors::unsupported(&format!(
                    "Conversion from {} to {}",
                    from.family_name(),
                    to.family_name()
                )));
            }
        },
    };
    finish(local, from, to)
}

fn ticks_of_days(days: f64, to: SqlType) -> Result<i64, SqlError> {
    // 1/300 s is the finest step that `datetime` has; the day's digits below it are noise of the float.
    let units = decimal_of_float(days * 86_400.0 * 300.0, 0)
        .and_then(|units| i64::try_from(units).ok())
        .filter(|units| units.abs() < 300 * 86_400 * 4_000_000)
        .ok_or_else(|| errors::overflow("expression", to.family_name()))?;
    let day_units = 300 * 86_400;
    let days = i32::try_from(units.div_euclid(day_units)).unwrap_or(LAST_DAY);
    Ok(calendar::join(days.saturating_add(DAY_1900), calendar::time_of_units(units.rem_euclid(day_units))))
}

fn of_text(text: &str, from: SqlType, to: SqlType, style: Option<i32>) -> Result<Local, SqlError> {
    if let Some(style @ (130 | 131)) = style {
        return Err(errors::unsupported(&format!("Style {style}, the Hijri calendar,")));
    }
    let legacy = matches!(to, SqlType::DateTime | SqlType::SmallDateTime);
    let not_a_date = || match to {
        SqlType::SmallDateTime => SqlError::new(
            295,
            "Conversion failed when converting character string to smalldatetime data type.",
        )
        .with_state(3),
        _ => errors::not_a_date(),
    };
    let read = parse::parse(text, style).map_err(|reason| match reason {
        NotDate::Range if legacy => errors::date_out_of_range(from, to),
        _ => not_a_date(),
    })?;
    // The older types know neither zones (but Z) nor more than milliseconds.
    if legacy && (read.fraction_digits > 3 || read.offset_minutes.is_some_and(|minutes| minutes != 0)) {
        return Err(not_a_date());
    }
    Ok(Local {
        days: read.days.unwrap_or(DAY_1900),
        time: read.time,
        offset_minutes: read.offset_minutes.unwrap_or(0),
    })
}

fn finish(local: Local, from: SqlType, to: SqlType) -> Result<Value, SqlError> {
    let ticks = calendar::join(local.days, local.time);
    let out_of_range = || errors::date_out_of_range(from, to);
    let in_calendar = |ticks: i64| {
        if (0..=calendar::join(LAST_DAY, DAY - 1)).contains(&ticks) { Ok(ticks) } else { Err(out_of_range()) }
    };
    match to {
        SqlType::Date => in_calendar(ticks).map(|_| Value::Date(local.days)),
        // A time that rounds up to midnight starts over at 0.
        SqlType::Time { scale } => {
            Ok(Value::Time(calendar::round_fraction(local.time, scale).rem_euclid(DAY)))
        }
        SqlType::DateTime2 { scale } => {
            in_calendar(calendar::round_fraction(ticks, scale)).map(Value::DateTime)
        }
        SqlType::DateTime => {
            let rounded = calendar::round_to_datetime(ticks);
            let (days, _) = calendar::split(rounded);
            if days < calendar::FIRST_DATETIME_DAY {
                return Err(out_of_range());
            }
            in_calendar(rounded).map(Value::DateTime)
        }
        SqlType::SmallDateTime => {
            // 29.998 s round down and 29.999 s up, since the value passes through milliseconds' steps of `datetime`.
            let minutes = (calendar::round_to_datetime(ticks) + MINUTE / 2 + 10_000).div_euclid(MINUTE);
            let rounded = minutes * MINUTE;
            let (days, _) = calendar::split(rounded);
            if (DAY_1900..=calendar::LAST_SMALLDATETIME_DAY).contains(&days) {
                Ok(Value::DateTime(rounded))
            } else {
                Err(out_of_range())
            }
        }
        SqlType::DateTimeOffset { scale } => {
            in_calendar(ticks)?;
            let rounded = calendar::round_fraction(ticks, scale);
            let utc_ticks = in_calendar(rounded - i64::from(local.offset_minutes) * MINUTE)?;
            Ok(Value::DateTimeOffset { utc_ticks, offset_minutes: local.offset_minutes })
        }
        _ => Err(errors::internal("a date was to become what is none")),
    }
}
