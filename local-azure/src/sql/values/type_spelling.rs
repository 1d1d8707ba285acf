//! A type as a text writes it: its name and what stands in the parentheses.

use super::data_type::{DefaultLength, MAX_PRECISION};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};

/// What stands in the parentheses behind a type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypeArgument {
    Number(u32),
    Max,
}

/// A type's name in lower case with single blanks, and its arguments.
pub(super) struct Spelling {
    pub(super) name: String,
    arguments: Vec<TypeArgument>,
}

impl Spelling {
    pub(super) fn read(text: &str) -> Result<Self, SqlError> {
        let (head, arguments) = match text.split_once('(') {
            None => (text, Vec::new()),
            Some((head, tail)) => {
                let Some((inside, rest)) = tail.split_once(')') else {
                    return Err(syntax(text));
                };
                if !rest.trim().is_empty() {
                    return Err(syntax(rest.trim()));
                }
                let arguments = inside
                    .split(',')
                    .map(|argument| read_argument(argument.trim()))
                    .collect::<Result<Vec<_>, _>>()?;
                (head, arguments)
            }
        };
        let words: Vec<String> =
            head.split_whitespace().map(|word| word.trim_matches(['[', ']', '"']).to_lowercase()).collect();
        let name = words.join(" ");
        let name = name.strip_prefix("sys.").map(str::to_owned).unwrap_or(name);
        if name.is_empty() {
            return Err(syntax(text));
        }
        Ok(Self { name, arguments })
    }

    pub(super) fn plain(&self, sql_type: SqlType) -> Result<SqlType, SqlError> {
        if self.arguments.is_empty() {
            Ok(sql_type)
        } else {
            Err(SqlError::new(
                2716,
                format!(
                    "Column, parameter, or variable #1: Cannot specify a column width on data type {}.",
                    self.name
                ),
            ))
        }
    }

    pub(super) fn decimal(&self) -> Result<SqlType, SqlError> {
        let (precision, scale) = match self.arguments.as_slice() {
            [] => (18, 0),
            [TypeArgument::Number(precision)] => (*precision, 0),
            [TypeArgument::Number(precision), TypeArgument::Number(scale)] => (*precision, *scale),
            _ => return Err(syntax(&self.name)),
        };
        let narrow = u8::try_from(precision).ok().filter(|&digits| digits <= MAX_PRECISION);
        match (narrow, u8::try_from(scale).ok()) {
            (Some(0), _) => Err(invalid_length(0)),
            (Some(precision), Some(scale)) if scale <= precision => Ok(SqlType::Decimal { precision, scale }),
            (Some(precision), _) => Err(SqlError::new(
                2751,
                format!(
                    "Column or parameter #1: Specified column scale {scale} is greater than the specified precision of {precision}."
                ),
            )),
            (None, _) => Err(too_precise(precision, MAX_PRECISION)),
        }
    }

    /// `float(n)`: up to 24 bits of mantissa are `real`.
    pub(super) fn float(&self) -> Result<SqlType, SqlError> {
        match self.arguments.as_slice() {
            [] => Ok(SqlType::Float),
            [TypeArgument::Number(0)] => Err(invalid_length(0)),
            [TypeArgument::Number(bits)] if *bits <= 24 => Ok(SqlType::Real),
            [TypeArgument::Number(bits)] if *bits <= 53 => Ok(SqlType::Float),
            [TypeArgument::Number(bits)] => Err(too_precise(*bits, 53)),
            _ => Err(syntax(&self.name)),
        }
    }

    pub(super) fn fraction(&self) -> Result<u8, SqlError> {
        match self.arguments.as_slice() {
            [] => Ok(7),
            [TypeArgument::Number(digits)] => {
                u8::try_from(*digits).ok().filter(|&digits| digits <= 7).ok_or_else(|| {
                    SqlError::new(1002, format!("Line 1: Specified scale {digits} is invalid."))
                        .with_class(15)
                })
            }
            _ => Err(syntax(&self.name)),
        }
    }

    pub(super) fn fixed(&self, most: u16, default: DefaultLength) -> Result<u16, SqlError> {
        match self.varying(most, default)? {
            Length::Limit(units) => Ok(units),
            Length::Max => Err(syntax("max")),
        }
    }

    pub(super) fn varying(&self, most: u16, default: DefaultLength) -> Result<Length, SqlError> {
        match self.arguments.as_slice() {
            [] => Ok(Length::Limit(default.units())),
            [TypeArgument::Max] => Ok(Length::Max),
            [TypeArgument::Number(0)] => Err(invalid_length(0)),
            [TypeArgument::Number(units)] => u16::try_from(*units)
                .ok()
                .filter(|&units| units <= most)
                .map(Length::Limit)
                .ok_or_else(|| {
                    SqlError::new(
                        131,
                        format!(
                            "The size ({units}) given to the type '{}' exceeds the maximum allowed for any data type ({most}).",
                            self.name
                        ),
                    )
                    .with_class(15)
                }),
            _ => Err(syntax(&self.name)),
        }
    }
}

fn read_argument(text: &str) -> Result<TypeArgument, SqlError> {
    if text.eq_ignore_ascii_case("max") {
        return Ok(TypeArgument::Max);
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(syntax(text));
    }
    // More digits than a u32 holds are out of every type's range anyway.
    Ok(TypeArgument::Number(text.parse().unwrap_or(u32::MAX)))
}

fn syntax(near: &str) -> SqlError {
    SqlError::new(102, format!("Incorrect syntax near '{near}'.")).with_class(15)
}

fn invalid_length(length: u32) -> SqlError {
    SqlError::new(1001, format!("Line 1: Length or precision specification {length} is invalid."))
        .with_class(15)
}

fn too_precise(precision: u32, most: u8) -> SqlError {
    SqlError::new(
        2750,
        format!(
            "Column or parameter #1: Specified column precision {precision} is greater than the maximum precision of {most}."
        ),
    )
}
