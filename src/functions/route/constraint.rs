//! The constraints of a route parameter: `{id:int}`, `{name:minlength(3)}`.
//!
//! They are ASP.NET Core's (`RouteOptions.GetDefaultConstraintMap`). A constraint decides whether a route matches; it is no
//! validation: what doesn't fit is a 404.

use regex::{Regex, RegexBuilder};

use super::scalar;
use crate::invocation::nearest;

/// All names, for "did you mean".
const NAMES: [&str; 19] = [
    "int",
    "long",
    "bool",
    "guid",
    "decimal",
    "double",
    "float",
    "datetime",
    "alpha",
    "required",
    "length",
    "minlength",
    "maxlength",
    "min",
    "max",
    "range",
    "regex",
    "file",
    "nonfile",
];

/// What .NET makes of a value, as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    Refused,
    /// Here its rules and ours may differ.
    Unsure,
}

/// A constraint as a description of an interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueRule {
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// `true` or `false`, in any case.
    Bool,
    /// A GUID in any of .NET's forms.
    Guid,
    /// A decimal number.
    Decimal,
    /// A floating-point number.
    Double,
    /// A date, perhaps with a time, as .NET's invariant culture reads it.
    DateTime,
    /// The letters a to z in any case, or nothing.
    Alpha,
    /// Something.
    Required,
    /// A length in UTF-16 units.
    Length {
        /// The shortest.
        least: usize,
        /// The longest; None = any.
        most: Option<usize>,
    },
    /// A whole number of 64 bits between two.
    Range {
        /// The least; None = any.
        least: Option<i64>,
        /// The greatest; None = any.
        most: Option<i64>,
    },
    /// A regular expression of .NET's that matches somewhere, without regard to case.
    Pattern(String),
    /// The name of a file: its last part has a dot.
    File,
    /// No name of a file.
    NonFile,
}

/// One constraint with its spelling in the template.
#[derive(Clone, Debug)]
pub(super) struct Constraint {
    text: String,
    rule: Rule,
}

// Two that are spelt alike mean the same.
impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[derive(Clone, Debug)]
enum Rule {
    Int,
    Long,
    Bool,
    Guid,
    Decimal,
    Double,
    DateTime,
    Alpha,
    Required,
    /// Lengths in UTF-16 units, as .NET counts.
    Length {
        least: usize,
        most: usize,
    },
    Range {
        least: i64,
        most: i64,
    },
    Regex(Regex),
    /// A pattern with something that only .NET's expressions have.
    ForeignRegex(String),
    File,
    NonFile,
}

impl Constraint {
    /// Reads `int` or `range(1,5)`.
    ///
    /// # Errors
    /// A sentence about what is wrong, without a final stop.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let rule = match (name.to_ascii_lowercase().as_str(), argument) {
            ("int", None) => Rule::Int,
            ("long", None) => Rule::Long,
            ("bool", None) => Rule::Bool,
            ("guid", None) => Rule::Guid,
            ("decimal", None) => Rule::Decimal,
            ("double" | "float", None) => Rule::Double,
            ("datetime", None) => Rule::DateTime,
            ("alpha", None) => Rule::Alpha,
            ("required", None) => Rule::Required,
            ("file", None) => Rule::File,
            ("nonfile", None) => Rule::NonFile,
            ("minlength", Some(argument)) => Rule::Length { least: length(argument)?, most: usize::MAX },
            ("maxlength", Some(argument)) => Rule::Length { least: 0, most: length(argument)? },
            ("length", Some(argument)) => match argument.split_once(',') {
                Some((least, most)) => Rule::Length { least: length(least)?, most: length(most)? },
                None => Rule::Length { least: length(argument)?, most: length(argument)? },
            },
            ("min", Some(argument)) => Rule::Range { least: bound(argument)?, most: i64::MAX },
            ("max", Some(argument)) => Rule::Range { least: i64::MIN, most: bound(argument)? },
            ("range", Some(argument)) => {
                let (least, most) =
                    argument.split_once(',').ok_or("`range` takes two numbers, such as range(1,5)")?;
                Rule::Range { least: bound(least)?, most: bound(most)? }
            }
            ("regex", Some(pattern)) => regex(pattern),
            (known, argument) if NAMES.contains(&known) => {
                return Err(match argument {
                    Some(_) => format!("the constraint `{known}` takes no argument; write `{known}`"),
                    None => format!("the constraint `{known}` needs an argument, such as {}", example(known)),
                });
            }
            (unknown, _) => {
                let meant = nearest(unknown, NAMES)
                    .or_else(|| NAMES.into_iter().find(|known| unknown.starts_with(known)));
                return Err(match meant {
                    Some(word) => format!("`{name}` is no constraint; did you mean `{word}`?"),
                    None => format!("`{name}` is no constraint; there are {}", NAMES.join(", ")),
                });
            }
        };
        if let Rule::Length { least, most } = rule
            && least > most
        {
            return Err(format!("`{text}` allows nothing: its least is above its most"));
        }
        if let Rule::Range { least, most } = rule
            && least > most
        {
            return Err(format!("`{text}` allows nothing: its least is above its most"));
        }
        Ok(Self { text: text.to_owned(), rule })
    }

    /// Whether a decoded value keeps to it.
    pub(super) fn accepts(&self, value: &str) -> bool {
        match &self.rule {
            Rule::Int => scalar::integer(value).is_some_and(|number| i32::try_from(number).is_ok()),
            Rule::Long => scalar::integer(value).is_some(),
            Rule::Bool => scalar::is_bool(value),
            Rule::Guid => scalar::is_guid(value),
            Rule::Decimal => scalar::is_decimal(value),
            Rule::Double => scalar::is_double(value),
            Rule::DateTime => scalar::is_date_time(value),
            Rule::Alpha => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Rule::Required => !value.is_empty(),
            Rule::Length { least, most } => (*least..=*most).contains(&value.encode_utf16().count()),
            Rule::Range { least, most } => {
                scalar::integer(value).is_some_and(|number| (*least..=*most).contains(&number))
            }
            Rule::Regex(pattern) => pattern.is_match(value),
            Rule::ForeignRegex(_) => true,
            Rule::File => is_file_name(value),
            Rule::NonFile => !is_file_name(value),
        }
    }

    /// The same where it matters that the host sees it in the same way.
    ///
    /// .NET's expressions let `$` stand before a last line feed and know other letters; its numbers have a minus sign of their own;
    /// its dates have more forms, and ours are read by a library of other rules.
    pub(super) fn verdict(&self, value: &str) -> Verdict {
        let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let has_foreign_letters =
            value.chars().any(|character| !character.is_ascii() && character.is_alphabetic());
        let sure = match &self.rule {
            Rule::Int | Rule::Long | Rule::Bool | Rule::Range { .. } => plain || has_foreign_letters,
            Rule::Guid => (plain || has_foreign_letters) && !scalar::is_odd_guid(value),
            Rule::Decimal | Rule::Double => (plain || has_foreign_letters) && !scalar::is_odd_number(value),
            Rule::Alpha => plain || value.bytes().any(|byte| (b' '..b'A').contains(&byte)),
            Rule::Regex(_) => plain,
            Rule::ForeignRegex(_) => false,
            // There is no date without a digit.
            Rule::DateTime => !value.contains(char::is_numeric) || scalar::is_plain_date_time(value),
            Rule::Required | Rule::Length { .. } | Rule::File | Rule::NonFile => true,
        };
        match (sure, self.accepts(value)) {
            (false, _) => Verdict::Unsure,
            (true, true) => Verdict::Taken,
            (true, false) => Verdict::Refused,
        }
    }

    /// Whether .NET could accept it. Where its rules are wider than what we read of them, or we can't be sure, it could.
    pub(super) fn may_accept(&self, value: &str) -> bool {
        match &self.rule {
            Rule::DateTime | Rule::Regex(_) | Rule::ForeignRegex(_) => true,
            _ => self.verdict(value) != Verdict::Refused,
        }
    }

    /// Whether values that keep to it can hold slashes, backslashes and dots in any order.
    pub(super) fn takes_any_text(&self) -> bool {
        match &self.rule {
            Rule::Int
            | Rule::Long
            | Rule::Bool
            | Rule::Guid
            | Rule::Decimal
            | Rule::Double
            | Rule::Alpha
            | Rule::Range { .. } => false,
            Rule::DateTime
            | Rule::Required
            | Rule::Length { .. }
            | Rule::Regex(_)
            | Rule::ForeignRegex(_)
            | Rule::File
            | Rule::NonFile => true,
        }
    }

    /// What it asks of a value.
    pub(super) fn rule(&self) -> ValueRule {
        match &self.rule {
            Rule::Int => ValueRule::Int,
            Rule::Long => ValueRule::Long,
            Rule::Bool => ValueRule::Bool,
            Rule::Guid => ValueRule::Guid,
            Rule::Decimal => ValueRule::Decimal,
            Rule::Double => ValueRule::Double,
            Rule::DateTime => ValueRule::DateTime,
            Rule::Alpha => ValueRule::Alpha,
            Rule::Required => ValueRule::Required,
            Rule::Length { least, most } => {
                ValueRule::Length { least: *least, most: Some(*most).filter(|most| *most < usize::MAX) }
            }
            Rule::Range { least, most } => ValueRule::Range {
                least: Some(*least).filter(|least| *least > i64::MIN),
                most: Some(*most).filter(|most| *most < i64::MAX),
            },
            Rule::Regex(pattern) => ValueRule::Pattern(pattern.as_str().to_owned()),
            Rule::ForeignRegex(pattern) => ValueRule::Pattern(pattern.clone()),
            Rule::File => ValueRule::File,
            Rule::NonFile => ValueRule::NonFile,
        }
    }

    pub(super) fn foreign_pattern(&self) -> Option<&str> {
        match &self.rule {
            Rule::ForeignRegex(pattern) => Some(pattern),
            _ => None,
        }
    }
}

fn regex(pattern: &str) -> Rule {
    // Sets in sets, ends of words and a repetition without a least number are written alike and mean something else in .NET.
    let other_meaning = ["-[", "[[", "&&", "--", "~~", r"\<", r"\>", r"\b{", r"\B{", "{,"]
        .iter()
        .any(|sign| pattern.contains(sign));
    if other_meaning {
        return Rule::ForeignRegex(pattern.to_owned());
    }
    // `RegexRouteConstraint`: CultureInvariant | IgnoreCase, and a match anywhere counts.
    match RegexBuilder::new(pattern).case_insensitive(true).build() {
        Ok(regex) => Rule::Regex(regex),
        Err(_) => Rule::ForeignRegex(pattern.to_owned()),
    }
}

/// `FileNameRouteConstraint`: the last part has a dot with something other than dots behind it.
fn is_file_name(value: &str) -> bool {
    let name = value.rsplit('/').next().unwrap_or_default();
    name.split_once('.').is_some_and(|(_, extension)| extension.contains(|character| character != '.'))
}

fn length(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{}` is no length; write a whole number from 0", text.trim());
    let number: u32 =
        text.trim().parse().ok().filter(|number| i32::try_from(*number).is_ok()).ok_or_else(wrong)?;
    usize::try_from(number).map_err(|_| wrong())
}

fn bound(text: &str) -> Result<i64, String> {
    scalar::integer(text).ok_or_else(|| format!("`{}` is no whole number of 64 bits", text.trim()))
}

fn example(name: &str) -> &'static str {
    match name {
        "length" => "length(3) or length(1,20)",
        "minlength" => "minlength(3)",
        "maxlength" => "maxlength(20)",
        "min" => "min(1)",
        "max" => "max(100)",
        "range" => "range(1,5)",
        _ => "regex(^[a-z]+$)",
    }
}
