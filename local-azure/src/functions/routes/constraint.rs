//! The constraints of a route parameter: `{id:int}`, `{name:minlength(3)}`.
//!
//! They are the inline constraints of ASP.NET Core (`RouteOptions.cs`, `GetDefaultConstraintMap`). A constraint decides
//! whether a route matches; it is no validation: what doesn't fit is a 404.

use regex::{Regex, RegexBuilder};

/// One constraint.
#[derive(Clone, Debug)]
pub(super) enum Constraint {
    Int,
    Long,
    Bool,
    Guid,
    Decimal,
    Float,
    DateTime,
    Alpha,
    Required,
    /// In UTF-16 units, as .NET counts.
    Length {
        least: usize,
        most: usize,
    },
    Range {
        least: i64,
        most: i64,
    },
    Regex(Regex),
}

/// What the host converts a value to before it puts it among the metadata
/// (`HttpTriggerAttributeBindingProvider.cs`, `ConvertValueIfNecessary`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum ValueType {
    Text,
    Number,
    Boolean,
}

impl Constraint {
    /// Reads `int` or `range(1,5)`.
    ///
    /// # Errors
    /// A sentence about the constraint.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (
                name,
                Some(
                    rest.strip_suffix(')')
                        .ok_or_else(|| format!("the constraint '{text}' lacks its closing parenthesis"))?,
                ),
            ),
            None => (text, None),
        };
        let name = name.to_ascii_lowercase();
        let size = |text: &str| {
            text.trim()
                .parse::<usize>()
                .map_err(|_| format!("'{text}' in the constraint '{name}' is no length"))
        };
        let number = |text: &str| {
            text.trim()
                .parse::<i64>()
                .map_err(|_| format!("'{text}' in the constraint '{name}' is no whole number"))
        };
        Ok(match (name.as_str(), argument) {
            ("int", None) => Self::Int,
            ("long", None) => Self::Long,
            ("bool", None) => Self::Bool,
            ("guid", None) => Self::Guid,
            ("decimal", None) => Self::Decimal,
            ("double" | "float", None) => Self::Float,
            ("datetime", None) => Self::DateTime,
            ("alpha", None) => Self::Alpha,
            ("required", None) => Self::Required,
            ("minlength", Some(least)) => Self::Length { least: size(least)?, most: usize::MAX },
            ("maxlength", Some(most)) => Self::Length { least: 0, most: size(most)? },
            ("length", Some(argument)) => match argument.split_once(',') {
                Some((least, most)) => Self::Length { least: size(least)?, most: size(most)? },
                None => Self::Length { least: size(argument)?, most: size(argument)? },
            },
            ("min", Some(least)) => Self::Range { least: number(least)?, most: i64::MAX },
            ("max", Some(most)) => Self::Range { least: i64::MIN, most: number(most)? },
            ("range", Some(argument)) => {
                let (least, most) = argument
                    .split_once(',')
                    .ok_or_else(|| "the constraint 'range' needs two numbers: range(1,5)".to_owned())?;
                Self::Range { least: number(least)?, most: number(most)? }
            }
            ("regex", Some(pattern)) => Self::Regex(
                RegexBuilder::new(pattern)
                    .case_insensitive(true)
                    .build()
                    .map_err(|error| format!("the pattern of 'regex' can't be used: {error}"))?,
            ),
            _ => {
                return Err(format!(
                    "the constraint '{text}' is unknown, or it has too many or too few arguments"
                ));
            }
        })
    }

    /// Whether a decoded value satisfies it.
    pub(super) fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Int => value.trim().parse::<i32>().is_ok(),
            Self::Long => value.trim().parse::<i64>().is_ok(),
            Self::Bool => ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(value.trim())),
            Self::Guid => uuid::Uuid::parse_str(value.trim().trim_matches(['(', ')'])).is_ok(),
            Self::Decimal => is_number(value, false),
            Self::Float => is_number(value, true),
            Self::DateTime => is_date_time(value.trim()),
            Self::Alpha => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Self::Required => !value.is_empty(),
            Self::Length { least, most } => (*least..=*most).contains(&value.encode_utf16().count()),
            Self::Range { least, most } => {
                value.trim().parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number))
            }
            Self::Regex(pattern) => pattern.is_match(value),
        }
    }

    /// The type that the host converts the value to.
    pub(super) fn value_type(&self) -> ValueType {
        match self {
            Self::Int | Self::Long | Self::Decimal | Self::Float => ValueType::Number,
            Self::Bool => ValueType::Boolean,
            _ => ValueType::Text,
        }
    }
}

/// A number in the invariant culture: a sign, thousands separators, a point, and an exponent if it is allowed.
fn is_number(value: &str, exponent: bool) -> bool {
    let plain = value.trim().replace(',', "");
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.contains(|character: char| character.is_ascii_digit())
        && (exponent || !digits.contains(['e', 'E']))
        && plain.parse::<f64>().is_ok()
}

/// The forms of a date that a path holds in practice; .NET's `DateTime.TryParse` knows more.
fn is_date_time(value: &str) -> bool {
    const DATES: [&str; 3] = ["%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d"];
    const TIMES: [&str; 6] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M%p",
    ];
    let without_zone = value.strip_suffix('Z').unwrap_or(value);
    chrono::DateTime::parse_from_rfc3339(value).is_ok()
        || DATES.iter().any(|format| chrono::NaiveDate::parse_from_str(value, format).is_ok())
        || TIMES.iter().any(|format| chrono::NaiveDateTime::parse_from_str(without_zone, format).is_ok())
}
