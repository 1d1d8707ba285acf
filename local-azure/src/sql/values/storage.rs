//! The form of a value inside SQLite: such that SQLite's own order of two values of one type is SQL Server's.
//!
//! | types | form |
//! |---|---|
//! | bit, tinyint to bigint | INTEGER |
//! | money, smallmoney | INTEGER, ten-thousandths |
//! | date; time; datetime, smalldatetime, datetime2 | INTEGER: days; ticks; ticks, as in [`Value`] |
//! | real, float | REAL |
//! | decimal | BLOB of 16 bytes: the digits at the type's scale, sign bit flipped, big endian |
//! | datetimeoffset | BLOB of 10 bytes: UTC ticks, then minutes of offset, each sign bit flipped, big endian |
//! | char, varchar, nchar, nvarchar | TEXT |
//! | binary, varbinary | BLOB |
//! | uniqueidentifier | BLOB of 16 bytes in the order in which SQL Server compares them |
//! | text, ntext, xml, json | TEXT |
//! | image, rowversion, hierarchyid, geometry, geography | BLOB |
//! | sql_variant | BLOB: the base type and the value's own form, see `variant.rs`; compared through its key |
//!
//! A datetimeoffset's first 8 bytes are its instant: equal instants with different offsets are equal to SQL Server, so
//! comparisons go through `tsql_instant`. SQL Server's binary comparison ignores zeros at the end; SQLite's does not.

use rusqlite::types::{Value as Stored, ValueRef};

use super::{errors, variant};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};

/// Which printed byte of a uniqueidentifier stands where in its stored form. SQL Server compares the last group first
/// (bytes 10 to 15), then 8-9, then 6-7, 4-5 and 0-3; within the first three groups it compares the bytes as kept in
/// memory, which is backwards from how they are printed (`SqlGuid.CompareTo` in .NET has the same table).
const UNIQUEIDENTIFIER_ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 7, 6, 5, 4, 3, 2, 1, 0];

/// The stored form of `value`, which must be of `sql_type` (or NULL).
#[must_use]
pub fn to_sqlite(value: &Value, _sql_type: SqlType) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bit(bit) => Stored::Integer(i64::from(*bit)),
        Value::Integer(number) | Value::Money(number) => Stored::Integer(*number),
        Value::Decimal(digits) => Stored::Blob(decimal_key(*digits).to_vec()),
        Value::Float(number) => Stored::Real(*number),
        Value::Date(days) => Stored::Integer(i64::from(*days)),
        Value::Time(ticks) | Value::DateTime(ticks) => Stored::Integer(*ticks),
        Value::DateTimeOffset { utc_ticks, offset_minutes } => {
            let mut bytes = instant_key(*utc_ticks).to_vec();
            bytes.extend((offset_minutes ^ i16::MIN).to_be_bytes());
            Stored::Blob(bytes)
        }
        Value::Text(text) => Stored::Text(text.clone()),
        Value::Binary(bytes) => Stored::Blob(bytes.clone()),
        Value::UniqueIdentifier(printed) => Stored::Blob(permuted(printed).to_vec()),
        Value::Variant(held) => Stored::Blob(variant::stored(held)),
    }
}

/// The value of `sql_type` that `stored` is the form of.
///
/// # Errors
/// 8630 when `stored` has another form than the type's: a defect of the caller.
pub fn from_sqlite(stored: ValueRef<'_>, sql_type: SqlType) -> Result<Value, SqlError> {
    let wrong = || errors::internal(&format!("a stored {} is no {sql_type}", stored.data_type()));
    match (sql_type.plain(), stored) {
        (_, ValueRef::Null) => Ok(Value::Null),
        (SqlType::Bit, ValueRef::Integer(number)) => Ok(Value::Bit(number != 0)),
        (
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt,
            ValueRef::Integer(number),
        ) => Ok(Value::Integer(number)),
        (SqlType::Money | SqlType::SmallMoney, ValueRef::Integer(number)) => Ok(Value::Money(number)),
        (SqlType::Real | SqlType::Float, ValueRef::Real(number)) => Ok(Value::Float(number)),
        (SqlType::Date, ValueRef::Integer(days)) => i32::try_from(days).map(Value::Date).map_err(|_| wrong()),
        (SqlType::Time { .. }, ValueRef::Integer(ticks)) => Ok(Value::Time(ticks)),
        (
            SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2 { .. },
            ValueRef::Integer(ticks),
        ) => Ok(Value::DateTime(ticks)),
        (SqlType::Decimal { .. }, ValueRef::Blob(bytes)) => {
            let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| wrong())?;
            Ok(Value::Decimal(i128::from_be_bytes(bytes) ^ i128::MIN))
        }
        (SqlType::DateTimeOffset { .. }, ValueRef::Blob(bytes)) => {
            let (instant, offset) = bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
            let offset = <[u8; 2]>::try_from(offset).map_err(|_| wrong())?;
            Ok(Value::DateTimeOffset {
                utc_ticks: i64::from_be_bytes(*instant) ^ i64::MIN,
                offset_minutes: i16::from_be_bytes(offset) ^ i16::MIN,
            })
        }
        (
            SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::Text
            | SqlType::NText
            | SqlType::Xml
            | SqlType::Json,
            ValueRef::Text(text),
        ) => Ok(Value::Text(String::from_utf8_lossy(text).into_owned())),
        (
            SqlType::Binary(_)
            | SqlType::VarBinary(_)
            | SqlType::Image
            | SqlType::RowVersion
            | SqlType::HierarchyId
            | SqlType::Geometry
            | SqlType::Geography,
            ValueRef::Blob(bytes),
        ) => Ok(Value::Binary(bytes.to_vec())),
        (SqlType::SqlVariant, ValueRef::Blob(bytes)) => {
            variant::read(bytes).map(|held| Value::Variant(Box::new(held)))
        }
        (SqlType::UniqueIdentifier, ValueRef::Blob(bytes)) => {
            let key = <[u8; 16]>::try_from(bytes).map_err(|_| wrong())?;
            Ok(Value::UniqueIdentifier(printed(&key)))
        }
        _ => Err(wrong()),
    }
}

/// The bytes of a decimal, in the order of its value.
fn decimal_key(digits: i128) -> [u8; 16] {
    (digits ^ i128::MIN).to_be_bytes()
}

/// The first 8 bytes of a datetimeoffset: its instant, in order.
pub(crate) fn instant_key(utc_ticks: i64) -> [u8; 8] {
    (utc_ticks ^ i64::MIN).to_be_bytes()
}

fn permuted(printed: &[u8; 16]) -> [u8; 16] {
    let mut key = [0; 16];
    for (slot, &source) in key.iter_mut().zip(&UNIQUEIDENTIFIER_ORDER) {
        *slot = printed.get(source).copied().unwrap_or_default();
    }
    key
}

fn printed(key: &[u8; 16]) -> [u8; 16] {
    let mut printed = [0; 16];
    for (&byte, &target) in key.iter().zip(&UNIQUEIDENTIFIER_ORDER) {
        if let Some(slot) = printed.get_mut(target) {
            *slot = byte;
        }
    }
    printed
}
