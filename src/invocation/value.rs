//! A parameter's value once it has been checked: what goes to the server.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use uuid::Uuid;

use super::SqlType;

/// An exact decimal number: `unscaled / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as an integer, at most 38 of them.
    pub unscaled: i128,
    /// How many of them stand after the point, 0 to 38.
    pub scale: u8,
}

/// A value of a declared type. It holds what a caller sent, so its `Debug` shows the kind only.
#[derive(Clone, PartialEq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// bit
    Bit(bool),
    /// tinyint, smallint, int, bigint, within the type's range
    Integer(i64),
    /// decimal, at the type's scale
    Decimal(Decimal),
    /// real and float
    Float(f64),
    /// date
    Date(NaiveDate),
    /// time
    Time(NaiveTime),
    /// datetime, smalldatetime, datetime2
    DateTime(NaiveDateTime),
    /// datetimeoffset
    DateTimeOffset(DateTime<FixedOffset>),
    /// char, varchar, nchar, nvarchar
    Text(String),
    /// binary, varbinary
    Binary(Vec<u8>),
    /// uniqueidentifier
    UniqueIdentifier(Uuid),
}

impl std::fmt::Debug for SqlValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Null) { "SqlValue::Null" } else { "SqlValue(..)" })
    }
}

/// One parameter of a command: its name with the `@`, its declared type and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Such as `@city`.
    pub name: String,
    /// As declared in `function.json`.
    pub sql_type: SqlType,
    /// Checked against the declaration.
    pub value: SqlValue,
}
