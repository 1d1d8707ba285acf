//! Values as a client sends them, behind their `TYPE_INFO` (MS-TDS 2.2.5.5).

use super::bytes::{Malformed, Reader, utf16_text};
use super::type_info::{Layout, TextEncoding, TypeInfo};
use super::variant::read_variant_head;
use crate::sql::code_page;
use crate::sql::types::{Length, SqlType, Value, Variant};
use crate::sql::values::xml_text;

/// Ticks of 100 ns in a day.
pub(crate) const TICKS_PER_DAY: i64 = 864_000_000_000;
/// Days from 0001-01-01 to 1900-01-01, where datetime counts from.
pub(crate) const DAYS_TO_1900: i64 = 693_595;
/// Days from 0001-01-01 to 9999-12-31.
pub(crate) const LAST_DAY: i64 = 3_652_058;
/// 10^38: a decimal is smaller.
const DECIMAL_LIMIT: u128 = 10u128.pow(38);

/// Reads one value.
///
/// # Errors
/// When it does not fit its type.
pub fn value(info: TypeInfo, reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    match info.layout {
        Layout::Fixed(0) => Ok(Value::Null),
        Layout::Fixed(length) => scalar(info, reader.take(usize::from(length))?),
        Layout::ByteLength => match reader.u8()? {
            0 => Ok(Value::Null),
            length => scalar(info, reader.take(usize::from(length))?),
        },
        Layout::ShortLength => match reader.u16()? {
            0xFFFF => Ok(Value::Null),
            length => sized(info, reader.take(usize::from(length))?),
        },
        Layout::Chunked => chunked(info, reader),
        Layout::Variant => match reader.length32()? {
            0 => Ok(Value::Null),
            length => variant(reader.take(length)?),
        },
        // A client sends no text pointers.
        Layout::LongLength | Layout::TextPointer => match reader.u32()? {
            u32::MAX => Ok(Value::Null),
            length => {
                let length = usize::try_from(length).map_err(|_| Malformed("a length is too large"))?;
                sized(info, reader.take(length)?)
            }
        },
    }
}

fn variant(bytes: &[u8]) -> Result<Value, Malformed> {
    let mut reader = Reader::new(bytes);
    let (base, encoding) = read_variant_head(&mut reader)?;
    let info = TypeInfo { sql_type: base, layout: Layout::LongLength, encoding };
    let content = reader.take_rest();
    let value = if base.length().is_some() { sized(info, content)? } else { scalar(info, content)? };
    Ok(Value::Variant(Box::new(Variant { base, value })))
}

fn chunked(info: TypeInfo, reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    const NULL: u64 = 0xFFFF_FFFF_FFFF_FFFF;
    const UNKNOWN_LENGTH: u64 = 0xFFFF_FFFF_FFFF_FFFE;
    let total = reader.u64()?;
    if total == NULL {
        return Ok(Value::Null);
    }
    let mut bytes = Vec::new();
    loop {
        let length = reader.length32()?;
        if length == 0 {
            break;
        }
        bytes.extend_from_slice(reader.take(length)?);
    }
    if total != UNKNOWN_LENGTH && u64::try_from(bytes.len()) != Ok(total) {
        return Err(Malformed("the chunks of a value don't add up to its length"));
    }
    sized(info, &bytes)
}

fn sized(info: TypeInfo, bytes: &[u8]) -> Result<Value, Malformed> {
    let limit = match info.sql_type.plain() {
        SqlType::Char(limit)
        | SqlType::Binary(limit)
        | SqlType::VarChar(Length::Limit(limit))
        | SqlType::VarBinary(Length::Limit(limit)) => usize::from(limit),
        SqlType::NChar(limit) | SqlType::NVarChar(Length::Limit(limit)) => {
            usize::from(limit).saturating_mul(2)
        }
        _ => usize::MAX,
    };
    if bytes.len() > limit {
        return Err(Malformed("a value is longer than its type"));
    }
    match info.sql_type {
        SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Image
        | SqlType::HierarchyId
        | SqlType::Geometry
        | SqlType::Geography => Ok(Value::Binary(bytes.to_vec())),
        // Its own first bytes say how it is written.
        SqlType::Xml => match bytes {
            [0xDF, 0xFF, ..] => {
                Err(Malformed("an xml parameter is in the binary form, which was not agreed on"))
            }
            _ => xml_text::decoded(bytes).map(Value::Text).ok_or(Malformed("an xml parameter is no text")),
        },
        _ => Ok(Value::Text(match info.encoding {
            TextEncoding::Utf16 => utf16_text(bytes)?,
            TextEncoding::CodePage => bytes.iter().map(|&byte| code_page::character_of(byte)).collect(),
            TextEncoding::Utf8 => std::str::from_utf8(bytes)
                .map_err(|_| Malformed("text under a UTF-8 collation is not UTF-8"))?
                .to_owned(),
        })),
    }
}

fn scalar(info: TypeInfo, bytes: &[u8]) -> Result<Value, Malformed> {
    let mut reader = Reader::new(bytes);
    let value = scalar_value(info.sql_type, &mut reader)?;
    if !reader.is_empty() {
        return Err(Malformed("a value is longer than its type"));
    }
    Ok(value)
}

fn scalar_value(sql_type: SqlType, reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    Ok(match sql_type {
        SqlType::Bit => Value::Bit(reader.u8()? != 0),
        SqlType::TinyInt => Value::Integer(reader.u8()?.into()),
        SqlType::SmallInt => Value::Integer(i16::from_le_bytes(reader.array()?).into()),
        SqlType::Int => Value::Integer(reader.i32()?.into()),
        SqlType::BigInt => Value::Integer(i64::from_le_bytes(reader.array()?)),
        SqlType::Decimal { .. } => decimal(reader)?,
        SqlType::Money => {
            // The high half comes first.
            let high = i64::from(reader.i32()?);
            Value::Money((high << 32) | i64::from(reader.u32()?))
        }
        SqlType::SmallMoney => Value::Money(reader.i32()?.into()),
        SqlType::Real => {
            let number = f32::from_le_bytes(reader.array()?);
            finite(number.into())?
        }
        SqlType::Float => finite(f64::from_le_bytes(reader.array()?))?,
        SqlType::Date => Value::Date(days(reader)?),
        SqlType::Time { scale } => Value::Time(time_of_day(scale, reader)?),
        SqlType::DateTime2 { scale } => {
            let time = time_of_day(scale, reader)?;
            Value::DateTime(i64::from(days(reader)?) * TICKS_PER_DAY + time)
        }
        SqlType::DateTimeOffset { scale } => {
            let time = time_of_day(scale, reader)?;
            let utc_ticks = i64::from(days(reader)?) * TICKS_PER_DAY + time;
            let offset_minutes = i16::from_le_bytes(reader.array()?);
            if !(-840..=840).contains(&offset_minutes) {
                return Err(Malformed("a datetimeoffset is more than 14 hours from UTC"));
            }
            Value::DateTimeOffset { utc_ticks, offset_minutes }
        }
        SqlType::DateTime => {
            let day = i64::from(reader.i32()?) + DAYS_TO_1900;
            let steps = i64::from(reader.u32()?);
            if !(0..=LAST_DAY).contains(&day) || steps >= 300 * 86_400 {
                return Err(Malformed("a datetime is out of range"));
            }
            // A step is 1/300 s, that is 100,000/3 ticks; rounded to the nearest tick.
            Value::DateTime(day * TICKS_PER_DAY + (steps * 100_000 + 1) / 3)
        }
        SqlType::SmallDateTime => {
            let day = i64::from(reader.u16()?) + DAYS_TO_1900;
            let minutes = i64::from(reader.u16()?);
            if minutes >= 24 * 60 {
                return Err(Malformed("a smalldatetime is out of range"));
            }
            Value::DateTime(day * TICKS_PER_DAY + minutes * 600_000_000)
        }
        SqlType::UniqueIdentifier => Value::UniqueIdentifier(swap_guid(reader.array()?)),
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Text
        | SqlType::NText
        | SqlType::Image
        | SqlType::RowVersion
        | SqlType::Xml
        | SqlType::Json
        | SqlType::SqlVariant
        | SqlType::HierarchyId
        | SqlType::Geometry
        | SqlType::Geography
        | SqlType::Collated { .. } => return Err(Malformed("a text has the layout of a number")),
    })
}

fn finite(number: f64) -> Result<Value, Malformed> {
    // SQL Server has no infinities and no NaN.
    if number.is_finite() {
        Ok(Value::Float(number))
    } else {
        Err(Malformed("a float is not a finite number"))
    }
}

fn decimal(reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    let positive = match reader.u8()? {
        0 => false,
        1 => true,
        _ => return Err(Malformed("a decimal has an unknown sign")),
    };
    let digits = reader.take_rest();
    if !matches!(digits.len(), 4 | 8 | 12 | 16) {
        return Err(Malformed("a decimal has an unknown length"));
    }
    let magnitude = digits.iter().rev().fold(0u128, |sum, &byte| (sum << 8) | u128::from(byte));
    if magnitude >= DECIMAL_LIMIT {
        return Err(Malformed("a decimal has more than 38 digits"));
    }
    let magnitude = i128::try_from(magnitude).map_err(|_| Malformed("a decimal has more than 38 digits"))?;
    Ok(Value::Decimal(if positive { magnitude } else { -magnitude }))
}

fn days(reader: &mut Reader<'_>) -> Result<i32, Malformed> {
    let [low, middle, high] = reader.array()?;
    let days = i32::from_le_bytes([low, middle, high, 0]);
    if i64::from(days) > LAST_DAY {
        return Err(Malformed("a date is after 9999-12-31"));
    }
    Ok(days)
}

/// Ticks since midnight; the scale decides how many bytes there are and what they count.
fn time_of_day(scale: u8, reader: &mut Reader<'_>) -> Result<i64, Malformed> {
    let length = usize::from(super::type_info::time_bytes(scale));
    let count = reader.take(length)?.iter().rev().fold(0i64, |sum, &byte| (sum << 8) | i64::from(byte));
    // At most five bytes times 10^7: it fits 64 bits.
    let ticks = count.saturating_mul(ticks_per_unit(scale));
    if ticks >= TICKS_PER_DAY {
        return Err(Malformed("a time is not within a day"));
    }
    Ok(ticks)
}

/// How many ticks one unit of a time's last digit has.
pub(crate) fn ticks_per_unit(scale: u8) -> i64 {
    10i64.saturating_pow(7u32.saturating_sub(scale.into()))
}

/// On the wire the first three groups of a GUID are little-endian; printed they are not.
pub(crate) fn swap_guid(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}
