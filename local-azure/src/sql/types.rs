//! The SQL types this endpoint knows, and the values that travel between the wire and the engine.

/// How long a character or binary type may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// At most this many units: bytes for char, varchar, binary and varbinary; UTF-16 units for nchar and nvarchar.
    Limit(u16),
    /// `(max)`: up to 2 GB on SQL Server.
    Max,
}

/// A SQL Server type with all that its declaration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// `decimal(precision, scale)`, also `numeric`
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// `money`, four digits after the point
    Money,
    /// `smallmoney`, four digits after the point
    SmallMoney,
    /// `real`
    Real,
    /// `float`, that is `float(53)`
    Float,
    /// `date`
    Date,
    /// `time(scale)`
    Time {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// `datetime`, in steps of 1/300 s
    DateTime,
    /// `smalldatetime`, in steps of a minute
    SmallDateTime,
    /// `datetime2(scale)`
    DateTime2 {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// `datetimeoffset(scale)`
    DateTimeOffset {
        /// Digits of the second's fraction, 0 to 7.
        scale: u8,
    },
    /// `char(n)`, padded with blanks
    Char(u16),
    /// `varchar(n)` or `varchar(max)`
    VarChar(Length),
    /// `nchar(n)`, padded with blanks
    NChar(u16),
    /// `nvarchar(n)` or `nvarchar(max)`
    NVarChar(Length),
    /// `binary(n)`, padded with zeros
    Binary(u16),
    /// `varbinary(n)` or `varbinary(max)`
    VarBinary(Length),
    /// `uniqueidentifier`
    UniqueIdentifier,
    /// `text`, the older form of `varchar(max)`
    Text,
    /// `ntext`, the older form of `nvarchar(max)`
    NText,
    /// `image`, the older form of `varbinary(max)`
    Image,
    /// `rowversion`, also `timestamp`: eight bytes that the database sets anew in each row that is written
    RowVersion,
    /// `xml` without a schema collection
    Xml,
    /// `json`
    Json,
    /// `sql_variant`: a value that brings its type with it
    SqlVariant,
    /// `hierarchyid`
    HierarchyId,
    /// `geometry`
    Geometry,
    /// `geography`
    Geography,
    /// char, varchar, nchar or nvarchar with a collation that isn't the database's own
    Collated {
        /// Which of the four.
        text: TextType,
        /// Its collation.
        collation: Collation,
    },
}

/// The types of text that have a collation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextType {
    /// `char(n)`
    Char(u16),
    /// `varchar(n)` or `varchar(max)`
    VarChar(Length),
    /// `nchar(n)`
    NChar(u16),
    /// `nvarchar(n)` or `nvarchar(max)`
    NVarChar(Length),
}

/// The collations that this endpoint knows besides the database's own, `SQL_Latin1_General_CP1_CI_AS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collation {
    /// `SQL_Latin1_General_CP1_CS_AS`
    SqlLatin1GeneralCp1CsAs,
    /// `Latin1_General_CI_AS`
    Latin1GeneralCiAs,
    /// `Latin1_General_CS_AS`
    Latin1GeneralCsAs,
    /// `Latin1_General_BIN`
    Latin1GeneralBin,
    /// `Latin1_General_BIN2`
    Latin1GeneralBin2,
    /// `Latin1_General_100_CI_AS`
    Latin1General100CiAs,
    /// `Latin1_General_100_CI_AS_SC`
    Latin1General100CiAsSc,
    /// `Latin1_General_100_CS_AS_SC`
    Latin1General100CsAsSc,
    /// `Latin1_General_100_BIN2`
    Latin1General100Bin2,
    /// `Latin1_General_100_CI_AS_SC_UTF8`
    Latin1General100CiAsScUtf8,
    /// `Latin1_General_100_CS_AS_SC_UTF8`
    Latin1General100CsAsScUtf8,
    /// `Latin1_General_100_BIN2_UTF8`
    Latin1General100Bin2Utf8,
}

/// A value; which SQL type it has stands beside it, in the column or the parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// `bit`
    Bit(bool),
    /// tinyint, smallint, int, bigint
    Integer(i64),
    /// decimal: the digits as an integer, at the scale of the type
    Decimal(i128),
    /// money and smallmoney: ten-thousandths
    Money(i64),
    /// real (already rounded to an `f32`) and float
    Float(f64),
    /// date: days since 0001-01-01
    Date(i32),
    /// time: ticks of 100 ns since midnight
    Time(i64),
    /// datetime, smalldatetime, datetime2: ticks of 100 ns since 0001-01-01T00:00:00
    DateTime(i64),
    /// datetimeoffset
    DateTimeOffset {
        /// Ticks of 100 ns since 0001-01-01T00:00:00 in UTC.
        utc_ticks: i64,
        /// The zone's distance from UTC in minutes, -840 to 840.
        offset_minutes: i16,
    },
    /// char, varchar, nchar, nvarchar, text, ntext, xml, json
    Text(String),
    /// binary, varbinary, image, rowversion, hierarchyid, geometry, geography
    Binary(Vec<u8>),
    /// uniqueidentifier: the bytes in the order in which they are printed
    UniqueIdentifier([u8; 16]),
    /// sql_variant that is not NULL
    Variant(Box<Variant>),
}

/// What a sql_variant holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The type of the value: one that a sql_variant can hold.
    pub base: SqlType,
    /// The value, never NULL.
    pub value: Value,
}

/// A column of a result set.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name; empty for an expression without an alias.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// Whether NULL may come.
    pub nullable: bool,
    /// Whether it is an IDENTITY column.
    pub identity: bool,
    /// Of text, ntext and image: the table that it is a column of, as schema and name; empty for every other type
    /// and for an expression.
    pub table: Vec<String>,
}
