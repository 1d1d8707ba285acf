//! The SQL types a parameter can be declared with: reading their T-SQL spelling and writing it.

use std::fmt;
use std::str::FromStr;

/// How long a character or binary type may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// At most this many: bytes for varchar and varbinary, UTF-16 units for nvarchar.
    Limit(u16),
    /// `(max)`
    Max,
}

/// A parameter's declared SQL type.
///
/// [`SqlType::parse`] reads T-SQL's spelling and its synonyms, `Display` writes the canonical one:
///
/// ```
/// use azsql_worker::invocation::SqlType;
///
/// assert_eq!(SqlType::parse("NUMERIC(18, 4)").unwrap().to_string(), "decimal(18,4)");
/// assert!(SqlType::parse("money").unwrap_err().to_string().contains("decimal(19,4)"));
/// ```
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
    /// `xml`: the server reads the text that is sent.
    Xml,
    /// `json`: the JSON text of a value, whatever the value is. It goes to the server as [`SqlType::on_server`] says.
    Json,
}

/// Why a text is not a type that a parameter can have; the sentence names the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SqlTypeError(String);

/// The longest bounded varchar, char, varbinary and binary, in bytes (T-SQL reference, "char and varchar").
const LONGEST_IN_BYTES: u16 = 8000;
/// The longest bounded nvarchar and nchar, in UTF-16 units (T-SQL reference, "nchar and nvarchar").
const LONGEST_IN_UNITS: u16 = 4000;

impl SqlType {
    /// The canonical names, for error messages and the check of a misspelt one.
    pub const NAMES: [&'static str; 23] = [
        "bit",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "decimal",
        "real",
        "float",
        "date",
        "time",
        "datetime",
        "smalldatetime",
        "datetime2",
        "datetimeoffset",
        "char",
        "varchar",
        "nchar",
        "nvarchar",
        "binary",
        "varbinary",
        "uniqueidentifier",
        "xml",
        "json",
    ];

    /// Reads T-SQL's spelling of a type, in any case and with its synonyms: `integer`, `dec`, `numeric`, `double
    /// precision`, `float(n)`, `character varying(n)`, `national character(n)`, `sysname` and so on.
    ///
    /// A length must be written: T-SQL would read `varchar` as `varchar(1)` and cut every value.
    ///
    /// # Errors
    /// When the text is not a type, or one that a parameter can't have.
    pub fn parse(text: &str) -> Result<Self, SqlTypeError> {
        let Spelling { name, arguments } = Spelling::read(text)?;
        match name.as_str() {
            "bit" => plain(Self::Bit, &name, &arguments),
            "tinyint" => plain(Self::TinyInt, &name, &arguments),
            "smallint" => plain(Self::SmallInt, &name, &arguments),
            "int" | "integer" => plain(Self::Int, &name, &arguments),
            "bigint" => plain(Self::BigInt, &name, &arguments),
            "decimal" | "dec" | "numeric" => decimal(&arguments),
            "real" => plain(Self::Real, &name, &arguments),
            "float" => float(&arguments),
            "double precision" => plain(Self::Float, &name, &arguments),
            "date" => plain(Self::Date, &name, &arguments),
            "time" => Ok(Self::Time { scale: fraction(&name, &arguments)? }),
            "datetime" => plain(Self::DateTime, &name, &arguments),
            "smalldatetime" => plain(Self::SmallDateTime, &name, &arguments),
            "datetime2" => Ok(Self::DateTime2 { scale: fraction(&name, &arguments)? }),
            "datetimeoffset" => Ok(Self::DateTimeOffset { scale: fraction(&name, &arguments)? }),
            "char" | "character" => Ok(Self::Char(fixed_length("char", &arguments, LONGEST_IN_BYTES)?)),
            "varchar" | "char varying" | "character varying" => {
                Ok(Self::VarChar(length("varchar", &arguments, LONGEST_IN_BYTES)?))
            }
            "nchar" | "national char" | "national character" => {
                Ok(Self::NChar(fixed_length("nchar", &arguments, LONGEST_IN_UNITS)?))
            }
            "nvarchar" | "national char varying" | "national character varying" => {
                Ok(Self::NVarChar(length("nvarchar", &arguments, LONGEST_IN_UNITS)?))
            }
            "sysname" => plain(Self::NVarChar(Length::Limit(128)), &name, &arguments),
            "binary" => Ok(Self::Binary(fixed_length("binary", &arguments, LONGEST_IN_BYTES)?)),
            "varbinary" | "binary varying" => {
                Ok(Self::VarBinary(length("varbinary", &arguments, LONGEST_IN_BYTES)?))
            }
            "uniqueidentifier" => plain(Self::UniqueIdentifier, &name, &arguments),
            "xml" => plain(Self::Xml, &name, &arguments),
            "json" => plain(Self::Json, &name, &arguments),
            _ => Err(refusal(&name)),
        }
    }

    /// The type that a declaration for the server names. `json` goes as `nvarchar(max)`: OPENJSON and its kin take that, and
    /// not every server has a type of that name.
    #[must_use]
    pub fn on_server(self) -> Self {
        match self {
            Self::Json => Self::NVarChar(Length::Max),
            other => other,
        }
    }

    /// Whether values are text: the char and varchar families, and xml.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_) | Self::Xml)
    }

    /// Whether a JSON array or object is taken as its text: `json`, `nvarchar(max)` and `varchar(max)`.
    #[must_use]
    pub fn takes_json(self) -> bool {
        matches!(self, Self::Json | Self::NVarChar(Length::Max) | Self::VarChar(Length::Max))
    }

    /// Whether values are bytes: binary and varbinary.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Binary(_) | Self::VarBinary(_))
    }

    /// Whether values can be put in order by a caller's reckoning: numbers, dates and times.
    #[must_use]
    pub fn is_ordered(self) -> bool {
        !self.is_text()
            && !self.is_binary()
            && !matches!(self, Self::Bit | Self::UniqueIdentifier | Self::Json)
    }

    /// The longest value of a text or binary type; None for `(max)` and for every other type.
    #[must_use]
    pub fn length_limit(self) -> Option<u16> {
        match self {
            Self::Char(n) | Self::NChar(n) | Self::Binary(n) => Some(n),
            Self::VarChar(Length::Limit(n))
            | Self::NVarChar(Length::Limit(n))
            | Self::VarBinary(Length::Limit(n)) => Some(n),
            _ => None,
        }
    }
}

impl FromStr for SqlType {
    type Err = SqlTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(n) => write!(f, "{n}"),
            Self::Max => f.write_str("max"),
        }
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Real => f.write_str("real"),
            Self::Float => f.write_str("float"),
            Self::Date => f.write_str("date"),
            Self::Time { scale } => write!(f, "time({scale})"),
            Self::DateTime => f.write_str("datetime"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime2 { scale } => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset { scale } => write!(f, "datetimeoffset({scale})"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::VarChar(length) => write!(f, "varchar({length})"),
            Self::NChar(n) => write!(f, "nchar({n})"),
            Self::NVarChar(length) => write!(f, "nvarchar({length})"),
            Self::Binary(n) => write!(f, "binary({n})"),
            Self::VarBinary(length) => write!(f, "varbinary({length})"),
            Self::UniqueIdentifier => f.write_str("uniqueidentifier"),
            Self::Xml => f.write_str("xml"),
            Self::Json => f.write_str("json"),
        }
    }
}

/// A type as written: its words in lower case with one blank between, and what stands in the parentheses.
struct Spelling {
    name: String,
    arguments: Vec<String>,
}

impl Spelling {
    fn read(text: &str) -> Result<Self, SqlTypeError> {
        let (words, arguments) = match text.split_once('(') {
            None => (text, Vec::new()),
            Some((words, rest)) => {
                let inside = rest.trim_end().strip_suffix(')').ok_or_else(|| {
                    SqlTypeError(format!("the type `{text}` has no closing parenthesis at its end"))
                })?;
                (words, inside.split(',').map(|argument| argument.trim().to_ascii_lowercase()).collect())
            }
        };
        let name = words.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if name.is_empty() {
            return Err(SqlTypeError("the type is empty; write a SQL type such as `int`".to_owned()));
        }
        Ok(Self { name, arguments })
    }
}

fn plain(sql_type: SqlType, name: &str, arguments: &[String]) -> Result<SqlType, SqlTypeError> {
    if arguments.is_empty() {
        Ok(sql_type)
    } else {
        Err(SqlTypeError(format!("`{name}` takes nothing in parentheses; write `{sql_type}`")))
    }
}

fn number_between(argument: &str, low: u16, high: u16) -> Option<u16> {
    argument.parse().ok().filter(|number| (low..=high).contains(number))
}

fn decimal(arguments: &[String]) -> Result<SqlType, SqlTypeError> {
    let wrong = || {
        SqlTypeError(
            "decimal takes a precision from 1 to 38 and a scale from 0 to the precision, such as `decimal(18,4)`"
                .to_owned(),
        )
    };
    let (precision, scale) = match arguments {
        // T-SQL's own default.
        [] => (18, 0),
        [precision] => (number_between(precision, 1, 38).ok_or_else(wrong)?, 0),
        [precision, scale] => {
            let precision = number_between(precision, 1, 38).ok_or_else(wrong)?;
            (precision, number_between(scale, 0, precision).ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    let digits = |n: u16| u8::try_from(n).map_err(|_| wrong());
    Ok(SqlType::Decimal { precision: digits(precision)?, scale: digits(scale)? })
}

fn float(arguments: &[String]) -> Result<SqlType, SqlTypeError> {
    match arguments {
        [] => Ok(SqlType::Float),
        // T-SQL keeps two sizes only: up to 24 bits of mantissa is real.
        [bits] => match number_between(bits, 1, 53) {
            Some(bits) if bits <= 24 => Ok(SqlType::Real),
            Some(_) => Ok(SqlType::Float),
            None => Err(SqlTypeError("float takes 1 to 53 bits; write `float` or `real`".to_owned())),
        },
        _ => Err(SqlTypeError("float takes at most one number; write `float` or `real`".to_owned())),
    }
}

fn fraction(name: &str, arguments: &[String]) -> Result<u8, SqlTypeError> {
    let wrong =
        || SqlTypeError(format!("{name} takes 0 to 7 digits of a second's fraction, such as `{name}(3)`"));
    match arguments {
        [] => Ok(7),
        [digits] => number_between(digits, 0, 7).and_then(|n| u8::try_from(n).ok()).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn fixed_length(name: &str, arguments: &[String], longest: u16) -> Result<u16, SqlTypeError> {
    match arguments {
        [] => Err(SqlTypeError(format!(
            "{name} without a length would be {name}(1); write the length, such as `{name}(50)`"
        ))),
        [n] => number_between(n, 1, longest)
            .ok_or_else(|| SqlTypeError(format!("{name} takes a length from 1 to {longest}"))),
        _ => Err(SqlTypeError(format!("{name} takes one length, such as `{name}(50)`"))),
    }
}

fn length(name: &str, arguments: &[String], longest: u16) -> Result<Length, SqlTypeError> {
    match arguments {
        [max] if max == "max" => Ok(Length::Max),
        [n] => number_between(n, 1, longest).map(Length::Limit).ok_or_else(|| {
            SqlTypeError(format!("{name} takes a length from 1 to {longest}, or `{name}(max)`"))
        }),
        _ => fixed_length(name, arguments, longest).map(Length::Limit),
    }
}

fn refusal(name: &str) -> SqlTypeError {
    let cure = match name {
        "money" => "use `decimal(19,4)`, which holds every money value and keeps all its digits",
        "smallmoney" => "use `decimal(10,4)`, which holds every smallmoney value and keeps all its digits",
        "text" => "use `varchar(max)`",
        "ntext" => "use `nvarchar(max)`",
        "image" => "use `varbinary(max)`",
        "rowversion" | "timestamp" => "use `binary(8)`",
        "sql_variant" => "declare the type that the value really has",
        "hierarchyid" | "geometry" | "geography" | "vector" => {
            "send its text as `nvarchar(max)` and make the value in the command"
        }
        _ if name.contains('.') || name.ends_with("readonly") => {
            "a table type stands beside its `columns`, in `parameters` only; for another type of your own write the type that it stands for"
        }
        _ => {
            return SqlTypeError(format!(
                "`{name}` is not a SQL type; there are {}",
                SqlType::NAMES.join(", ")
            ));
        }
    };
    SqlTypeError(format!("a parameter can't be `{name}`: {cure}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn any_length(longest: u16) -> impl Strategy<Value = Length> {
        prop_oneof![Just(Length::Max), (1..=longest).prop_map(Length::Limit)]
    }

    fn any_type() -> impl Strategy<Value = SqlType> {
        prop_oneof![
            Just(SqlType::Bit),
            Just(SqlType::TinyInt),
            Just(SqlType::SmallInt),
            Just(SqlType::Int),
            Just(SqlType::BigInt),
            (1u8..=38)
                .prop_flat_map(|p| (Just(p), 0..=p))
                .prop_map(|(precision, scale)| SqlType::Decimal { precision, scale }),
            Just(SqlType::Real),
            Just(SqlType::Float),
            Just(SqlType::Date),
            (0u8..=7).prop_map(|scale| SqlType::Time { scale }),
            Just(SqlType::DateTime),
            Just(SqlType::SmallDateTime),
            (0u8..=7).prop_map(|scale| SqlType::DateTime2 { scale }),
            (0u8..=7).prop_map(|scale| SqlType::DateTimeOffset { scale }),
            (1u16..=8000).prop_map(SqlType::Char),
            any_length(8000).prop_map(SqlType::VarChar),
            (1u16..=4000).prop_map(SqlType::NChar),
            any_length(4000).prop_map(SqlType::NVarChar),
            (1u16..=8000).prop_map(SqlType::Binary),
            any_length(8000).prop_map(SqlType::VarBinary),
            Just(SqlType::UniqueIdentifier),
            Just(SqlType::Xml),
            Just(SqlType::Json),
        ]
    }

    proptest! {
        #[test]
        fn what_display_writes_parse_reads_back(sql_type in any_type()) {
            prop_assert_eq!(SqlType::parse(&sql_type.to_string()).unwrap(), sql_type);
            prop_assert_eq!(SqlType::parse(&sql_type.to_string().to_uppercase()).unwrap(), sql_type);
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,40}") {
            let _ = SqlType::parse(&text);
        }
    }

    #[test]
    fn synonyms_become_the_canonical_type() {
        for (written, canonical) in [
            ("INTEGER", "int"),
            ("dec(5,2)", "decimal(5,2)"),
            ("numeric", "decimal(18,0)"),
            (" Decimal ( 18 , 4 ) ", "decimal(18,4)"),
            ("float(24)", "real"),
            ("float(25)", "float"),
            ("Double   Precision", "float"),
            ("character varying(20)", "varchar(20)"),
            ("national character varying(MAX)", "nvarchar(max)"),
            ("sysname", "nvarchar(128)"),
            ("time", "time(7)"),
            ("datetime2", "datetime2(7)"),
            ("binary varying(3)", "varbinary(3)"),
        ] {
            assert_eq!(SqlType::parse(written).unwrap().to_string(), canonical, "{written}");
        }
    }

    #[test]
    fn a_type_that_would_lose_data_is_refused_with_the_cure() {
        for (written, cure) in [
            ("varchar", "varchar(50)"),
            ("nvarchar", "nvarchar(50)"),
            ("char", "char(1)"),
            ("varbinary", "varbinary(50)"),
            ("money", "decimal(19,4)"),
            ("text", "varchar(max)"),
            ("sql_variant", "really has"),
            ("rowversion", "binary(8)"),
            ("geography", "nvarchar(max)"),
            ("xml(dbo.Orders)", "`xml`"),
            ("dbo.Ids", "`columns`"),
            ("dbo.Ids READONLY", "`columns`"),
            ("varchar(8001)", "1 to 8000"),
            ("nvarchar(4001)", "1 to 4000"),
            ("decimal(39,0)", "1 to 38"),
            ("decimal(5,6)", "scale"),
            ("datetime2(8)", "0 to 7"),
            ("int(4)", "`int`"),
            ("strin", "not a SQL type"),
            ("varchar(5", "closing parenthesis"),
            ("", "empty"),
        ] {
            let sentence = SqlType::parse(written).unwrap_err().to_string();
            assert!(sentence.contains(cure), "{written}: {sentence}");
        }
    }
}
