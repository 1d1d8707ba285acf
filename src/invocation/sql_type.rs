//! The SQL types a parameter can be declared with.

/// How long a character or binary type may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// At most this many: bytes for varchar and varbinary, UTF-16 units for nvarchar.
    Limit(u16),
    /// `(max)`
    Max,
}

/// A parameter's declared SQL type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlType {
    /// `bit`
    Bit,
    /// `tinyint`, 0 to 255
    TinyInt,
    /// `smallint`
    SmallInt,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `decimal(precision, scale)`
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// `real`
    Real,
    /// `float`
    Float,
    /// `date`
    Date,
    /// `time(scale)`
    Time {
        /// Digits of the fraction, 0 to 7.
        scale: u8,
    },
    /// `datetime`
    DateTime,
    /// `smalldatetime`
    SmallDateTime,
    /// `datetime2(scale)`
    DateTime2 {
        /// Digits of the fraction, 0 to 7.
        scale: u8,
    },
    /// `datetimeoffset(scale)`
    DateTimeOffset {
        /// Digits of the fraction, 0 to 7.
        scale: u8,
    },
    /// `char(n)`
    Char(u16),
    /// `varchar(n)`
    VarChar(Length),
    /// `nchar(n)`
    NChar(u16),
    /// `nvarchar(n)`
    NVarChar(Length),
    /// `binary(n)`
    Binary(u16),
    /// `varbinary(n)`
    VarBinary(Length),
    /// `uniqueidentifier`
    UniqueIdentifier,
}
