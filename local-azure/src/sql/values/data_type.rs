//! How the types are spelled, which one wins where two meet, and what kind each is.
//!
//! Source of names, synonyms, defaults and precedence: the Transact-SQL reference, "Data types",
//! "Data type synonyms" and "Data type precedence".

use std::fmt;

use super::type_spelling::Spelling;
use super::{collations, errors};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};

/// The most bytes that `char(n)`, `varchar(n)`, `binary(n)` and `varbinary(n)` can have.
pub const MAX_BYTES: u16 = 8000;
/// The most UTF-16 units that `nchar(n)` and `nvarchar(n)` can have.
pub const MAX_UTF16_UNITS: u16 = 4000;
/// The most digits of a decimal.
pub const MAX_PRECISION: u8 = 38;

/// How long a type of text or bytes is when its length isn't written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultLength {
    /// 1, as in the declaration of a column, variable or parameter.
    Declaration,
    /// 30, as in CAST and CONVERT.
    Cast,
}

impl DefaultLength {
    pub(super) fn units(self) -> u16 {
        match self {
            Self::Declaration => 1,
            Self::Cast => 30,
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(units) => write!(f, "{units}"),
            Self::Max => f.write_str("max"),
        }
    }
}

impl fmt::Display for SqlType {
    /// The canonical spelling in T-SQL, which [`SqlType::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Time { scale } => write!(f, "time({scale})"),
            Self::DateTime2 { scale } => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset { scale } => write!(f, "datetimeoffset({scale})"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::NChar(n) => write!(f, "nchar({n})"),
            Self::Binary(n) => write!(f, "binary({n})"),
            Self::VarChar(length) => write!(f, "varchar({length})"),
            Self::NVarChar(length) => write!(f, "nvarchar({length})"),
            Self::VarBinary(length) => write!(f, "varbinary({length})"),
            Self::Bit
            | Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Money
            | Self::SmallMoney
            | Self::Real
            | Self::Float
            | Self::Date
            | Self::DateTime
            | Self::SmallDateTime
            | Self::UniqueIdentifier
            | Self::Text
            | Self::NText
            | Self::Image
            | Self::RowVersion
            | Self::Xml
            | Self::Json
            | Self::SqlVariant
            | Self::HierarchyId
            | Self::Geometry
            | Self::Geography => f.write_str(self.family_name()),
            Self::Collated { text: _, collation } => write!(f, "{} COLLATE {collation}", self.plain()),
        }
    }
}

impl SqlType {
    /// Reads a type as a declaration spells it, such as `nvarchar(50)` or `[decimal] (18, 4)`; see [`SqlType::parse_with`].
    ///
    /// # Errors
    /// As [`SqlType::parse_with`].
    pub fn parse(text: &str) -> Result<Self, SqlError> {
        Self::parse_with(text, DefaultLength::Declaration)
    }

    /// Reads a type with its length, precision or scale; synonyms such as `integer`, `double precision` and
    /// `national character varying` too. `default` says how long a `varchar` without a length is.
    ///
    /// # Errors
    /// 243 for an unknown name; 40517 for one that this endpoint doesn't have (vector, cursor, table); 102 for a wrong
    /// form; 131, 1001, 1002, 2750 or 2751 for a length, precision or scale out of range.
    pub fn parse_with(text: &str, default: DefaultLength) -> Result<Self, SqlError> {
        let (text, collation) = collated(text);
        if let Some(name) = collation {
            let sql_type = Self::parse_with(text, default)?;
            if !sql_type.is_text() {
                return Err(errors::no_collation(sql_type));
            }
            return Ok(sql_type.with_collation(collations::read(name)?));
        }
        let spelling = Spelling::read(text)?;
        let name = spelling.name.as_str();
        match name {
            "bit" => spelling.plain(Self::Bit),
            "tinyint" => spelling.plain(Self::TinyInt),
            "smallint" => spelling.plain(Self::SmallInt),
            "int" | "integer" => spelling.plain(Self::Int),
            "bigint" => spelling.plain(Self::BigInt),
            "decimal" | "numeric" | "dec" => spelling.decimal(),
            "money" => spelling.plain(Self::Money),
            "smallmoney" => spelling.plain(Self::SmallMoney),
            "real" => spelling.plain(Self::Real),
            "double precision" => spelling.plain(Self::Float),
            "float" => spelling.float(),
            "date" => spelling.plain(Self::Date),
            "datetime" => spelling.plain(Self::DateTime),
            "smalldatetime" => spelling.plain(Self::SmallDateTime),
            "time" => Ok(Self::Time { scale: spelling.fraction()? }),
            "datetime2" => Ok(Self::DateTime2 { scale: spelling.fraction()? }),
            "datetimeoffset" => Ok(Self::DateTimeOffset { scale: spelling.fraction()? }),
            "char" | "character" => Ok(Self::Char(spelling.fixed(MAX_BYTES, default)?)),
            "varchar" | "char varying" | "character varying" => {
                Ok(Self::VarChar(spelling.varying(MAX_BYTES, default)?))
            }
            "nchar" | "national char" | "national character" => {
                Ok(Self::NChar(spelling.fixed(MAX_UTF16_UNITS, default)?))
            }
            "nvarchar" | "national char varying" | "national character varying" => {
                Ok(Self::NVarChar(spelling.varying(MAX_UTF16_UNITS, default)?))
            }
            "sysname" => spelling.plain(Self::NVarChar(Length::Limit(128))),
            "binary" => Ok(Self::Binary(spelling.fixed(MAX_BYTES, default)?)),
            "varbinary" | "binary varying" => Ok(Self::VarBinary(spelling.varying(MAX_BYTES, default)?)),
            "uniqueidentifier" => spelling.plain(Self::UniqueIdentifier),
            "text" => spelling.plain(Self::Text),
            "ntext" | "national text" => spelling.plain(Self::NText),
            "image" => spelling.plain(Self::Image),
            "rowversion" | "timestamp" => spelling.plain(Self::RowVersion),
            "xml" => spelling.plain(Self::Xml),
            "json" => spelling.plain(Self::Json),
            "sql_variant" => spelling.plain(Self::SqlVariant),
            "hierarchyid" => spelling.plain(Self::HierarchyId),
            "geometry" => spelling.plain(Self::Geometry),
            "geography" => spelling.plain(Self::Geography),
            "vector" | "cursor" | "table" => Err(errors::unsupported_type(name)),
            _ => Err(SqlError::new(243, format!("Type {name} is not a defined system type."))),
        }
    }

    /// The name without length, precision or scale, as error messages give it; a decimal is `numeric` there.
    #[must_use]
    pub fn family_name(self) -> &'static str {
        match self.plain() {
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Decimal { .. } => "numeric",
            Self::Money => "money",
            Self::SmallMoney => "smallmoney",
            Self::Real => "real",
            Self::Float => "float",
            Self::Date => "date",
            Self::Time { .. } => "time",
            Self::DateTime => "datetime",
            Self::SmallDateTime => "smalldatetime",
            Self::DateTime2 { .. } => "datetime2",
            Self::DateTimeOffset { .. } => "datetimeoffset",
            Self::Char(_) => "char",
            Self::VarChar(_) => "varchar",
            Self::NChar(_) => "nchar",
            Self::NVarChar(_) => "nvarchar",
            Self::Binary(_) => "binary",
            Self::VarBinary(_) => "varbinary",
            Self::UniqueIdentifier => "uniqueidentifier",
            Self::Text => "text",
            Self::NText => "ntext",
            Self::Image => "image",
            // The older name of rowversion is the one that the catalogue and the messages have.
            Self::RowVersion => "timestamp",
            Self::Xml => "xml",
            Self::Json => "json",
            Self::SqlVariant => "sql_variant",
            Self::HierarchyId => "hierarchyid",
            Self::Geometry => "geometry",
            Self::Geography => "geography",
            Self::Collated { .. } => "text",
        }
    }

    /// The rank among types: where two meet, the one with the HIGHER number is the type of both.
    #[must_use]
    pub fn precedence(self) -> u8 {
        match self.plain() {
            Self::HierarchyId | Self::Geometry | Self::Geography => 41,
            Self::Json => 40,
            Self::SqlVariant => 39,
            Self::Xml => 38,
            Self::DateTimeOffset { .. } => 37,
            Self::DateTime2 { .. } => 36,
            Self::DateTime => 35,
            Self::SmallDateTime => 34,
            Self::Date => 33,
            Self::Time { .. } => 32,
            Self::Float => 31,
            Self::Real => 30,
            Self::Decimal { .. } => 29,
            Self::Money => 28,
            Self::SmallMoney => 27,
            Self::BigInt => 26,
            Self::Int => 25,
            Self::SmallInt => 24,
            Self::TinyInt => 23,
            Self::Bit => 22,
            Self::NText => 21,
            Self::Text => 20,
            Self::Image => 19,
            Self::RowVersion => 18,
            Self::UniqueIdentifier => 11,
            Self::NVarChar(_) => 10,
            Self::NChar(_) => 9,
            Self::VarChar(_) => 8,
            Self::Char(_) => 7,
            Self::VarBinary(_) => 6,
            Self::Binary(_) | Self::Collated { .. } => 5,
        }
    }

    /// Whether it is char, varchar, nchar or nvarchar.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self.plain(), Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_))
    }

    /// Whether it is nchar or nvarchar: any character, counted in UTF-16 units.
    #[must_use]
    pub fn is_unicode_text(self) -> bool {
        matches!(self.plain(), Self::NChar(_) | Self::NVarChar(_))
    }

    /// Whether it is binary or varbinary.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Binary(_) | Self::VarBinary(_))
    }

    /// Whether it is text, ntext or image: the older long types, which most of T-SQL doesn't take.
    #[must_use]
    pub fn is_old_long(self) -> bool {
        matches!(self, Self::Text | Self::NText | Self::Image)
    }

    /// Whether it is one of the CLR types that SQL Server brings: hierarchyid, geometry, geography.
    #[must_use]
    pub fn is_clr(self) -> bool {
        matches!(self, Self::HierarchyId | Self::Geometry | Self::Geography)
    }

    /// Whether it is bit, tinyint, smallint, int or bigint.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// Whether it is money or smallmoney.
    #[must_use]
    pub fn is_money(self) -> bool {
        matches!(self, Self::Money | Self::SmallMoney)
    }

    /// Whether it is real or float.
    #[must_use]
    pub fn is_approximate(self) -> bool {
        matches!(self, Self::Real | Self::Float)
    }

    /// Whether it is a number of any kind, bit among them.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.is_integer() || self.is_money() || self.is_approximate() || matches!(self, Self::Decimal { .. })
    }

    /// Whether it is a date, a time or both.
    #[must_use]
    pub fn is_date_time(self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Time { .. }
                | Self::DateTime
                | Self::SmallDateTime
                | Self::DateTime2 { .. }
                | Self::DateTimeOffset { .. }
        )
    }

    /// The length of a type of text or bytes, in its own units; None for the others.
    #[must_use]
    pub fn length(self) -> Option<Length> {
        match self.plain() {
            Self::Char(n) | Self::NChar(n) | Self::Binary(n) => Some(Length::Limit(n)),
            Self::VarChar(length) | Self::NVarChar(length) | Self::VarBinary(length) => Some(length),
            _ => None,
        }
    }

    /// The precision and scale that an exact number has where it meets a decimal: `int` is `(10,0)`, `money` is `(19,4)`.
    /// None for what is no exact number.
    #[must_use]
    pub fn precision_and_scale(self) -> Option<(u8, u8)> {
        match self {
            Self::Bit => Some((1, 0)),
            Self::TinyInt => Some((3, 0)),
            Self::SmallInt => Some((5, 0)),
            Self::Int => Some((10, 0)),
            Self::BigInt => Some((19, 0)),
            Self::Decimal { precision, scale } => Some((precision, scale)),
            Self::Money => Some((19, 4)),
            Self::SmallMoney => Some((10, 4)),
            _ => None,
        }
    }

    /// The digits of a second's fraction that it keeps; None for what has no time of day.
    #[must_use]
    pub fn fraction_digits(self) -> Option<u8> {
        match self {
            Self::Time { scale } | Self::DateTime2 { scale } | Self::DateTimeOffset { scale } => Some(scale),
            Self::DateTime => Some(3),
            Self::SmallDateTime => Some(0),
            _ => None,
        }
    }

    /// The one type of two that meet in a comparison, CASE, COALESCE, UNION or VALUES: the family by precedence,
    /// long and precise enough for both. Whether each converts to it is
    /// [`is_allowed`](super::convert::is_allowed)'s to say.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        let collation = self.collation().or(other.collation());
        let (a, b) = (self.plain(), other.plain());
        let (low, high) = if a.precedence() <= b.precedence() { (a, b) } else { (b, a) };
        let common = match high {
            Self::Decimal { precision, scale } => match low.precision_and_scale() {
                Some((low_precision, low_scale)) => {
                    widest_decimal((precision, scale), (low_precision, low_scale))
                }
                None => high,
            },
            Self::Time { scale } => Self::Time { scale: widest_fraction(scale, low) },
            Self::DateTime2 { scale } => Self::DateTime2 { scale: widest_fraction(scale, low) },
            Self::DateTimeOffset { scale } => Self::DateTimeOffset { scale: widest_fraction(scale, low) },
            Self::NVarChar(length) => Self::NVarChar(widest(length, low, MAX_UTF16_UNITS)),
            Self::VarChar(length) => Self::VarChar(widest(length, low, MAX_BYTES)),
            Self::VarBinary(length) => Self::VarBinary(widest(length, low, MAX_BYTES)),
            Self::NChar(n) => match low {
                Self::NChar(m) | Self::Char(m) => Self::NChar(n.max(m.min(MAX_UTF16_UNITS))),
                _ => Self::NVarChar(widest(Length::Limit(n), low, MAX_UTF16_UNITS)),
            },
            Self::Char(n) => match low {
                Self::Char(m) => Self::Char(n.max(m)),
                _ => high,
            },
            Self::Binary(n) => match low {
                Self::Binary(m) => Self::Binary(n.max(m)),
                _ => high,
            },
            _ => high,
        };
        // Which of two collations wins, and where they may not meet at all, is the binder's to say.
        common.with_collation(collation)
    }
}

/// What stands before and behind the last COLLATE.
fn collated(text: &str) -> (&str, Option<&str>) {
    let place = text.to_ascii_uppercase().rfind(" COLLATE ");
    match place.and_then(|place| Some((text.get(..place)?, text.get(place..)?.get(" COLLATE ".len()..)?))) {
        Some((head, name)) => (head, Some(name.trim())),
        None => (text, None),
    }
}

fn widest_decimal(a: (u8, u8), b: (u8, u8)) -> SqlType {
    let whole = a.0.saturating_sub(a.1).max(b.0.saturating_sub(b.1));
    let scale = a.1.max(b.1).min(MAX_PRECISION.saturating_sub(whole));
    SqlType::Decimal { precision: whole.saturating_add(scale).clamp(1, MAX_PRECISION), scale }
}

fn widest_fraction(scale: u8, low: SqlType) -> u8 {
    low.fraction_digits().map_or(scale, |digits| scale.max(digits))
}

fn widest(length: Length, low: SqlType, most: u16) -> Length {
    match (length, low.length()) {
        (Length::Limit(a), Some(Length::Limit(b))) => Length::Limit(a.max(b.min(most))),
        (Length::Max, _) | (_, Some(Length::Max)) => Length::Max,
        (a, None) => a,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn synonyms_are_the_types_that_the_reference_says() {
        for (spelling, canonical) in [
            ("INTEGER", "int"),
            ("dec(5)", "decimal(5,0)"),
            ("numeric ( 18 , 4 )", "decimal(18,4)"),
            ("decimal", "decimal(18,0)"),
            ("double precision", "float"),
            ("float(24)", "real"),
            ("float(25)", "float"),
            ("character  varying(30)", "varchar(30)"),
            ("national character varying(max)", "nvarchar(max)"),
            ("[nvarchar](50)", "nvarchar(50)"),
            ("sysname", "nvarchar(128)"),
            ("rowversion", "timestamp"),
            ("national text", "ntext"),
            ("SQL_VARIANT", "sql_variant"),
            ("sys.hierarchyid", "hierarchyid"),
            ("datetime2", "datetime2(7)"),
            ("time(0)", "time(0)"),
            ("varchar", "varchar(1)"),
        ] {
            assert_eq!(SqlType::parse(spelling).unwrap().to_string(), canonical, "{spelling}");
        }
    }

    #[test]
    fn a_varchar_without_length_is_30_long_in_a_cast() {
        assert_eq!(
            SqlType::parse_with("varchar", DefaultLength::Cast).unwrap(),
            SqlType::VarChar(Length::Limit(30))
        );
    }

    #[test]
    fn wrong_types_are_refused_with_the_servers_numbers() {
        for (spelling, number) in [
            ("whatever", 243),
            ("vector", 40517),
            ("cursor", 40517),
            ("xml(5)", 2716),
            ("varchar(8001)", 131),
            ("nvarchar(4001)", 131),
            ("varchar(0)", 1001),
            ("decimal(39,0)", 2750),
            ("decimal(5,6)", 2751),
            ("datetime2(8)", 1002),
            ("int(4)", 2716),
            ("char(max)", 102),
            ("varchar(5", 102),
            ("varchar(-1)", 102),
            ("", 102),
        ] {
            assert_eq!(SqlType::parse(spelling).unwrap_err().number, number, "{spelling}");
        }
    }

    #[test]
    fn the_common_type_has_room_for_both() {
        for (a, b, common) in [
            ("int", "bigint", "bigint"),
            ("decimal(5,2)", "int", "decimal(12,2)"),
            ("decimal(5,2)", "decimal(10,6)", "decimal(10,6)"),
            ("decimal(38,0)", "decimal(38,10)", "decimal(38,0)"),
            ("varchar(10)", "nvarchar(5)", "nvarchar(10)"),
            ("char(3)", "varchar(2)", "varchar(3)"),
            ("nchar(3)", "varchar(20)", "nvarchar(20)"),
            ("varchar(max)", "nvarchar(5)", "nvarchar(max)"),
            ("datetime2(0)", "time(7)", "datetime2(7)"),
            ("varchar(5)", "int", "int"),
        ] {
            let (a, b) = (SqlType::parse(a).unwrap(), SqlType::parse(b).unwrap());
            assert_eq!(a.common(b).to_string(), common);
            assert_eq!(b.common(a).to_string(), common);
        }
    }
}
