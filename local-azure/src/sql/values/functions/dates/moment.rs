//! A date and time as the functions work on it, read from and written to any of the types of dates.

use rusqlite::types::Value as Stored;

use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::calendar::{self, DAY, DAY_1900, LAST_DAY, MINUTE};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::{errors, storage};

/// An instant on the clock of its own zone. A `time` is of 1900-01-01, a `date` is its midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Ticks of 100 ns since 0001-01-01T00:00:00 on the zone's clock.
    pub(super) ticks: i64,
    /// The zone's distance from UTC in minutes; 0 for types without a zone.
    pub(super) offset_minutes: i16,
}

impl Moment {
    /// Reads a value; None for NULL.
    pub(super) fn of(value: &Value) -> Result<Option<Self>, SqlError> {
        let (ticks, offset_minutes) = match *value {
            Value::Null => return Ok(None),
            Value::Date(days) => (calendar::join(days, 0), 0),
            Value::Time(time) => (calendar::join(DAY_1900, time), 0),
            Value::DateTime(ticks) => (ticks, 0),
            Value::DateTimeOffset { utc_ticks, offset_minutes } => {
                (utc_ticks.saturating_add(i64::from(offset_minutes) * MINUTE), offset_minutes)
            }
            _ => return Err(errors::internal("a value without a date was taken for one")),
        };
        Ok(Some(Self { ticks, offset_minutes }))
    }

    /// The ticks on the clock of UTC.
    pub(super) fn utc_ticks(self) -> i64 {
        self.ticks.saturating_sub(i64::from(self.offset_minutes) * MINUTE)
    }

    /// The stored form in a type, rounded to what the type can hold; None beyond the type's range. A `time` has no
    /// range: it starts over at midnight.
    pub(super) fn stored(self, sql_type: SqlType) -> Option<Stored> {
        let calendar = 0..=calendar::join(LAST_DAY, DAY - 1);
        let is_time = matches!(sql_type, SqlType::Time { .. });
        let ticks = if is_time { self.ticks.rem_euclid(DAY) } else { self.ticks };
        if !calendar.contains(&ticks) {
            return None;
        }
        let (value, from) = if matches!(sql_type, SqlType::DateTimeOffset { .. }) {
            let utc_ticks = self.utc_ticks();
            let offset_minutes = self.offset_minutes;
            (Value::DateTimeOffset { utc_ticks, offset_minutes }, SqlType::DateTimeOffset { scale: 7 })
        } else {
            (Value::DateTime(ticks), SqlType::DateTime2 { scale: 7 })
        };
        // Out of range is the one thing that can fail here; each caller has an error of its own for it.
        let value = convert(&value, from, sql_type, Conversion::Explicit, None).ok()?;
        Some(storage::to_sqlite(&value, sql_type))
    }
}
