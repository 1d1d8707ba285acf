//! The moments that the host reports of a timer, to a value of a date and time type.

use chrono::{Datelike, NaiveDateTime, SubsecRound, TimeZone, Utc};

use super::moment::{Moment, with_offset};
use crate::invocation::{SqlType, SqlValue};

/// Converts a moment of the host's. The host writes it with an offset, or without one when it means UTC, and with more
/// digits than a column may have: unlike a caller it can't be told to do better, so an offset is turned into UTC where
/// the type has none, and digits beyond the scale are left out. The year 1 is the host's word for "never": NULL.
pub(crate) fn from_host_moment(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    let moment = Moment::read(text).ok_or("is not a date and time: the host sent something else")?;
    if moment.local.year() <= 1 {
        return Ok(SqlValue::Null);
    }
    match (sql_type, moment.offset) {
        (SqlType::DateTimeOffset { scale }, offset) => {
            let local = cut(moment.local, scale);
            match offset {
                Some(offset) => with_offset(local, offset),
                None => Ok(Utc.from_utc_datetime(&local).fixed_offset()),
            }
            .map(SqlValue::DateTimeOffset)
        }
        (SqlType::DateTime2 { scale }, Some(offset)) => {
            Ok(SqlValue::DateTime(cut(with_offset(moment.local, offset)?.naive_utc(), scale)))
        }
        (SqlType::DateTime2 { scale }, None) => Ok(SqlValue::DateTime(cut(moment.local, scale))),
        _ => Err(format!("can't be read as {sql_type}")),
    }
}

fn cut(moment: NaiveDateTime, scale: u8) -> NaiveDateTime {
    moment.trunc_subsecs(u16::from(scale))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_hosts_moments_are_taken_as_it_writes_them() {
        let with_offset = "2026-01-31T02:00:00.1234567+02:00";
        let SqlValue::DateTime(utc) = from_host_moment(with_offset, SqlType::DateTime2 { scale: 3 }).unwrap()
        else {
            panic!("not a datetime2");
        };
        assert_eq!(utc.to_string(), "2026-01-31 00:00:00.123");
        let SqlValue::DateTimeOffset(kept) =
            from_host_moment(with_offset, SqlType::DateTimeOffset { scale: 0 }).unwrap()
        else {
            panic!("not a datetimeoffset");
        };
        assert_eq!(kept.to_rfc3339(), "2026-01-31T02:00:00+02:00");
        assert!(from_host_moment("2026-01-31T02:00:00", SqlType::DateTimeOffset { scale: 0 }).is_ok());
    }

    #[test]
    fn never_is_null() {
        for text in ["0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z"] {
            assert_eq!(from_host_moment(text, SqlType::DateTime2 { scale: 7 }).unwrap(), SqlValue::Null);
        }
    }
}
