//! A sql_variant on the wire (MS-TDS 2.2.5.5.4): what stands in front of the value and says its type.

use super::bytes::{Malformed, Reader};
use super::type_info::{COLLATION, TextEncoding, fixed_limit, narrow, number, second_scale, wire_length};
use crate::sql::types::{Collation, Length, SqlType};

/// What stands in front of a sql_variant's value (MS-TDS 2.2.5.5.4): the base type, how many bytes of properties, and
/// these. None for a type that it can't hold.
pub(super) fn variant_head(base: SqlType) -> Option<Vec<u8>> {
    let collated = |kind: u8, bytes: u16| {
        let mut head = vec![kind, 7];
        head.extend_from_slice(&base.collation().map_or(COLLATION, Collation::wire));
        head.extend_from_slice(&bytes.to_le_bytes());
        head
    };
    let [low, high] = match base.length() {
        Some(Length::Limit(limit)) => limit.max(1).to_le_bytes(),
        _ => [0, 0],
    };
    Some(match base.plain() {
        SqlType::Bit => vec![number::BIT, 0],
        SqlType::TinyInt => vec![number::INT1, 0],
        SqlType::SmallInt => vec![number::INT2, 0],
        SqlType::Int => vec![number::INT4, 0],
        SqlType::BigInt => vec![number::INT8, 0],
        SqlType::Real => vec![number::FLT4, 0],
        SqlType::Float => vec![number::FLT8, 0],
        SqlType::Money => vec![number::MONEY, 0],
        SqlType::SmallMoney => vec![number::MONEY4, 0],
        SqlType::DateTime => vec![number::DATETIME, 0],
        SqlType::SmallDateTime => vec![number::DATETIM4, 0],
        SqlType::UniqueIdentifier => vec![number::GUID, 0],
        SqlType::Date => vec![number::DATEN, 0],
        SqlType::Time { scale } => vec![number::TIMEN, 1, scale],
        SqlType::DateTime2 { scale } => vec![number::DATETIME2N, 1, scale],
        SqlType::DateTimeOffset { scale } => vec![number::DATETIMEOFFSETN, 1, scale],
        SqlType::Decimal { precision, scale } => vec![number::DECIMALN, 2, precision, scale],
        SqlType::Binary(_) => vec![number::BIGBINARY, 2, low, high],
        SqlType::VarBinary(Length::Limit(_)) => vec![number::BIGVARBINARY, 2, low, high],
        SqlType::Char(limit) => collated(number::BIGCHAR, limit),
        SqlType::VarChar(length @ Length::Limit(_)) => collated(number::BIGVARCHAR, wire_length(length, 1)),
        SqlType::NChar(limit) => collated(number::NCHAR, wire_length(Length::Limit(limit), 2)),
        SqlType::NVarChar(length @ Length::Limit(_)) => collated(number::NVARCHAR, wire_length(length, 2)),
        _ => return None,
    })
}

/// Reads what [`variant_head`] writes: the base type, and how its text is written.
///
/// # Errors
/// When it is malformed, or names a type that a sql_variant can't hold.
pub(super) fn read_variant_head(reader: &mut Reader<'_>) -> Result<(SqlType, TextEncoding), Malformed> {
    let kind = reader.u8()?;
    let length = usize::from(reader.u8()?);
    let mut properties = Reader::new(reader.take(length)?);
    let mut encoding = TextEncoding::Utf16;
    let base = match kind {
        number::BIT => SqlType::Bit,
        number::INT1 => SqlType::TinyInt,
        number::INT2 => SqlType::SmallInt,
        number::INT4 => SqlType::Int,
        number::INT8 => SqlType::BigInt,
        number::FLT4 => SqlType::Real,
        number::FLT8 => SqlType::Float,
        number::MONEY => SqlType::Money,
        number::MONEY4 => SqlType::SmallMoney,
        number::DATETIME => SqlType::DateTime,
        number::DATETIM4 => SqlType::SmallDateTime,
        number::GUID => SqlType::UniqueIdentifier,
        number::DATEN => SqlType::Date,
        number::TIMEN => SqlType::Time { scale: second_scale(&mut properties)? },
        number::DATETIME2N => SqlType::DateTime2 { scale: second_scale(&mut properties)? },
        number::DATETIMEOFFSETN => SqlType::DateTimeOffset { scale: second_scale(&mut properties)? },
        number::DECIMALN | number::NUMERICN => {
            let (precision, scale) = (properties.u8()?, properties.u8()?);
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(Malformed("a decimal has an impossible precision or scale"));
            }
            SqlType::Decimal { precision, scale }
        }
        number::BIGBINARY => SqlType::Binary(fixed_limit(properties.u16()?, 1)?),
        number::BIGVARBINARY => SqlType::VarBinary(Length::Limit(fixed_limit(properties.u16()?, 1)?)),
        number::BIGCHAR | number::BIGVARCHAR => {
            let (of_text, collation) = narrow(&mut properties)?;
            encoding = of_text;
            let limit = fixed_limit(properties.u16()?, 1)?;
            let text = if kind == number::BIGCHAR {
                SqlType::Char(limit)
            } else {
                SqlType::VarChar(Length::Limit(limit))
            };
            text.with_collation(collation)
        }
        number::NCHAR | number::NVARCHAR => {
            properties.array::<5>()?;
            let limit = fixed_limit(properties.u16()?, 2)?;
            if kind == number::NCHAR {
                SqlType::NChar(limit)
            } else {
                SqlType::NVarChar(Length::Limit(limit))
            }
        }
        _ => return Err(Malformed("a sql_variant has an unknown base type")),
    };
    if properties.is_empty() {
        Ok((base, encoding))
    } else {
        Err(Malformed("a sql_variant has too many properties"))
    }
}
