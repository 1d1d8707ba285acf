//! Values as the server sends them, in rows and OUTPUT parameters (MS-TDS 2.2.5.5).

use super::bytes::put_utf16;
use super::decode::{DAYS_TO_1900, LAST_DAY, TICKS_PER_DAY, swap_guid, ticks_per_unit};
use super::type_info::{Layout, decimal_bytes, layout, time_bytes};
use super::variant::variant_head;
use crate::sql::code_page;
use crate::sql::types::{Length, SqlType, Value};

/// A value that its column's type can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value does not fit type {0:?}")]
pub struct DoesNotFit(pub SqlType);

/// How many bytes NULL takes in a ROW token.
#[must_use]
pub fn null_bytes(sql_type: SqlType) -> usize {
    match layout(sql_type) {
        Layout::Fixed(_) | Layout::ByteLength | Layout::TextPointer => 1,
        Layout::ShortLength => 2,
        Layout::Variant | Layout::LongLength => 4,
        Layout::Chunked => 8,
    }
}

/// Appends one value with its length in front.
///
/// # Errors
/// [`DoesNotFit`]; part of the value may have been appended then.
pub fn value(sql_type: SqlType, value: &Value, out: &mut Vec<u8>) -> Result<(), DoesNotFit> {
    match (layout(sql_type), value) {
        (Layout::Fixed(_) | Layout::ByteLength | Layout::TextPointer, Value::Null) => {
            out.push(0);
            Ok(())
        }
        (Layout::Variant, Value::Null) => {
            out.extend_from_slice(&[0; 4]);
            Ok(())
        }
        (Layout::LongLength, Value::Null) => {
            out.extend_from_slice(&[0xFF; 4]);
            Ok(())
        }
        (Layout::Variant, value) => {
            let Value::Variant(held) = value else { return Err(DoesNotFit(sql_type)) };
            let head = variant_head(held.base).ok_or(DoesNotFit(held.base))?;
            long_length(out, |out| {
                out.extend_from_slice(&head);
                scalar(held.base, &held.value, out).or_else(|| content(held.base, &held.value, out))
            })
            .ok_or(DoesNotFit(held.base))
        }
        (Layout::LongLength | Layout::TextPointer, value) => {
            if layout(sql_type) == Layout::TextPointer {
                out.push(u8::try_from(TEXT_POINTER.len()).unwrap_or_default());
                out.extend_from_slice(TEXT_POINTER);
                out.extend_from_slice(TEXT_TIMESTAMP);
            }
            long_length(out, |out| content(sql_type, value, out)).ok_or(DoesNotFit(sql_type))
        }
        (Layout::ShortLength, Value::Null) => {
            out.extend_from_slice(&[0xFF; 2]);
            Ok(())
        }
        (Layout::Chunked, Value::Null) => {
            out.extend_from_slice(&[0xFF; 8]);
            Ok(())
        }
        (Layout::Fixed(_) | Layout::ByteLength, value) => {
            let start = out.len();
            out.push(0);
            scalar(sql_type, value, out).ok_or(DoesNotFit(sql_type))?;
            let length = out.len().saturating_sub(start).saturating_sub(1);
            if let Some(place) = out.get_mut(start) {
                *place = u8::try_from(length).map_err(|_| DoesNotFit(sql_type))?;
            }
            Ok(())
        }
        (Layout::ShortLength, value) => {
            let start = out.len();
            out.extend_from_slice(&[0; 2]);
            content(sql_type, value, out).ok_or(DoesNotFit(sql_type))?;
            let length = out.len().saturating_sub(start).saturating_sub(2);
            if length > longest(sql_type) {
                return Err(DoesNotFit(sql_type));
            }
            let length = u16::try_from(length).map_err(|_| DoesNotFit(sql_type))?;
            patch(out, start, &length.to_le_bytes());
            Ok(())
        }
        (Layout::Chunked, value) => {
            let start = out.len();
            out.extend_from_slice(&[0; 12]);
            content(sql_type, value, out).ok_or(DoesNotFit(sql_type))?;
            let length = out.len().saturating_sub(start).saturating_sub(12);
            let total = u64::try_from(length).map_err(|_| DoesNotFit(sql_type))?;
            let chunk = u32::try_from(length).map_err(|_| DoesNotFit(sql_type))?;
            patch(out, start, &total.to_le_bytes());
            patch(out, start.saturating_add(8), &chunk.to_le_bytes());
            // The one chunk's length of an empty value is the terminator already.
            if chunk != 0 {
                out.extend_from_slice(&[0; 4]);
            }
            Ok(())
        }
    }
}

/// What SQL Server sends for the text pointer and the timestamp of a value that no READTEXT can reach.
const TEXT_POINTER: &[u8; 16] = b"dummy textptr\0\0\0";
const TEXT_TIMESTAMP: &[u8; 8] = b"dummyTS\0";

/// Appends four bytes with the length of what `body` appends, and that.
fn long_length(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out)?;
    let length = u32::try_from(out.len().saturating_sub(start).saturating_sub(4)).ok()?;
    patch(out, start, &length.to_le_bytes());
    Some(())
}

fn patch(out: &mut [u8], at: usize, bytes: &[u8]) {
    for (place, byte) in out.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

fn longest(sql_type: SqlType) -> usize {
    match sql_type.plain() {
        SqlType::Char(limit)
        | SqlType::Binary(limit)
        | SqlType::VarChar(Length::Limit(limit))
        | SqlType::VarBinary(Length::Limit(limit)) => usize::from(limit.max(1)),
        SqlType::NChar(limit) | SqlType::NVarChar(Length::Limit(limit)) => {
            usize::from(limit.max(1)).saturating_mul(2)
        }
        SqlType::RowVersion => 8,
        _ => usize::MAX,
    }
}

fn content(sql_type: SqlType, value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match (sql_type.plain(), value) {
        (_, Value::Text(text)) if sql_type.is_utf8_text() => out.extend_from_slice(text.as_bytes()),
        (SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text, Value::Text(text)) => {
            out.extend(text.chars().map(code_page::byte_or_question_mark));
        }
        // MS-TDS lets xml be UTF-16 with or without a byte order mark; clients of SQL Server get it without.
        (
            SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml | SqlType::Json,
            Value::Text(text),
        ) => put_utf16(out, text),
        (
            SqlType::Binary(_)
            | SqlType::VarBinary(_)
            | SqlType::Image
            | SqlType::RowVersion
            | SqlType::HierarchyId
            | SqlType::Geometry
            | SqlType::Geography,
            Value::Binary(bytes),
        ) => out.extend_from_slice(bytes),
        _ => return None,
    }
    Some(())
}

fn scalar(sql_type: SqlType, value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match (sql_type, value) {
        (SqlType::Bit, Value::Bit(bit)) => out.push(u8::from(*bit)),
        (SqlType::TinyInt, Value::Integer(number)) => out.push(u8::try_from(*number).ok()?),
        (SqlType::SmallInt, Value::Integer(number)) => {
            out.extend_from_slice(&i16::try_from(*number).ok()?.to_le_bytes());
        }
        (SqlType::Int, Value::Integer(number)) => {
            out.extend_from_slice(&i32::try_from(*number).ok()?.to_le_bytes());
        }
        (SqlType::BigInt, Value::Integer(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (SqlType::Decimal { precision, .. }, Value::Decimal(number)) => {
            decimal(precision, *number, out)?;
        }
        (SqlType::Money, Value::Money(number)) => {
            let [a, b, c, d, high @ ..] = number.to_le_bytes();
            out.extend_from_slice(&high);
            out.extend_from_slice(&[a, b, c, d]);
        }
        (SqlType::SmallMoney, Value::Money(number)) => {
            out.extend_from_slice(&i32::try_from(*number).ok()?.to_le_bytes());
        }
        (SqlType::Real, Value::Float(number)) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a real's value is an f32 already, see Value::Float"
            )]
            let number = *number as f32;
            if !number.is_finite() {
                return None;
            }
            out.extend_from_slice(&number.to_le_bytes());
        }
        (SqlType::Float, Value::Float(number)) if number.is_finite() => {
            out.extend_from_slice(&number.to_le_bytes());
        }
        (SqlType::Date, Value::Date(day)) => put_days(i64::from(*day), out)?,
        (SqlType::Time { scale }, Value::Time(ticks)) => put_time(scale, *ticks, out)?,
        (SqlType::DateTime2 { scale }, Value::DateTime(ticks)) => {
            put_time(scale, ticks.rem_euclid(TICKS_PER_DAY), out)?;
            put_days(ticks.div_euclid(TICKS_PER_DAY), out)?;
        }
        (SqlType::DateTimeOffset { scale }, Value::DateTimeOffset { utc_ticks, offset_minutes }) => {
            put_time(scale, utc_ticks.rem_euclid(TICKS_PER_DAY), out)?;
            put_days(utc_ticks.div_euclid(TICKS_PER_DAY), out)?;
            out.extend_from_slice(&offset_minutes.to_le_bytes());
        }
        (SqlType::DateTime, Value::DateTime(ticks)) => datetime(*ticks, out)?,
        (SqlType::SmallDateTime, Value::DateTime(ticks)) => {
            let minutes = ticks.checked_add(300_000_000)? / 600_000_000;
            let day = u16::try_from(minutes / 1440 - DAYS_TO_1900).ok()?;
            out.extend_from_slice(&day.to_le_bytes());
            out.extend_from_slice(&u16::try_from(minutes % 1440).ok()?.to_le_bytes());
        }
        (SqlType::UniqueIdentifier, Value::UniqueIdentifier(bytes)) => {
            out.extend_from_slice(&swap_guid(*bytes));
        }
        _ => return None,
    }
    Some(())
}

fn decimal(precision: u8, number: i128, out: &mut Vec<u8>) -> Option<()> {
    let magnitude = number.unsigned_abs();
    if magnitude >= 10u128.checked_pow(precision.into())? {
        return None;
    }
    out.push(u8::from(number >= 0));
    let digits = usize::from(decimal_bytes(precision)).checked_sub(1)?;
    out.extend(magnitude.to_le_bytes().iter().take(digits));
    Some(())
}

fn datetime(ticks: i64, out: &mut Vec<u8>) -> Option<()> {
    const STEPS_PER_DAY: i64 = 300 * 86_400;
    let day = ticks.div_euclid(TICKS_PER_DAY);
    // To the nearest 1/300 s; the last of a day can round into the next.
    let steps = (ticks.rem_euclid(TICKS_PER_DAY) * 3 + 50_000) / 100_000;
    let day = day - DAYS_TO_1900 + steps / STEPS_PER_DAY;
    out.extend_from_slice(&i32::try_from(day).ok()?.to_le_bytes());
    out.extend_from_slice(&u32::try_from(steps % STEPS_PER_DAY).ok()?.to_le_bytes());
    Some(())
}

fn put_days(days: i64, out: &mut Vec<u8>) -> Option<()> {
    if !(0..=LAST_DAY).contains(&days) {
        return None;
    }
    out.extend(days.to_le_bytes().iter().take(3));
    Some(())
}

fn put_time(scale: u8, ticks: i64, out: &mut Vec<u8>) -> Option<()> {
    if scale > 7 || !(0..TICKS_PER_DAY).contains(&ticks) {
        return None;
    }
    let units = ticks / ticks_per_unit(scale);
    out.extend(units.to_le_bytes().iter().take(usize::from(time_bytes(scale))));
    Some(())
}
