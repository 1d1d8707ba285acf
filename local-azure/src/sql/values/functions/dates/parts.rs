//! The parts of a date that the functions name (`year`, `yy`, `hour` ...), and which of them a type has.

use super::super::context::Arguments;
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::errors;

/// A part of a date or of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    /// Weeks from Sunday; week 1 begins on January 1.
    Week,
    /// Weeks from Monday; week 1 has the year's first Thursday.
    IsoWeek,
    Weekday,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    /// The distance from UTC.
    Offset,
}

impl Part {
    /// The part that a word names, in whole or abbreviated, in any case.
    fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "year" | "yy" | "yyyy" => Self::Year,
            "quarter" | "qq" | "q" => Self::Quarter,
            "month" | "mm" | "m" => Self::Month,
            "dayofyear" | "dy" | "y" => Self::DayOfYear,
            "day" | "dd" | "d" => Self::Day,
            "week" | "wk" | "ww" => Self::Week,
            "iso_week" | "isowk" | "isoww" => Self::IsoWeek,
            "weekday" | "dw" | "w" => Self::Weekday,
            "hour" | "hh" => Self::Hour,
            "minute" | "mi" | "n" => Self::Minute,
            "second" | "ss" | "s" => Self::Second,
            "millisecond" | "ms" => Self::Millisecond,
            "microsecond" | "mcs" => Self::Microsecond,
            "nanosecond" | "ns" => Self::Nanosecond,
            "tzoffset" | "tz" => Self::Offset,
            _ => return None,
        })
    }

    /// The word that messages use.
    fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::DayOfYear => "dayofyear",
            Self::Day => "day",
            Self::Week => "week",
            Self::IsoWeek => "iso_week",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Millisecond => "millisecond",
            Self::Microsecond => "microsecond",
            Self::Nanosecond => "nanosecond",
            Self::Offset => "tzoffset",
        }
    }
}

/// A function that takes a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `DATEADD`
    Add,
    /// `DATEDIFF`
    Difference,
    /// `DATEDIFF_BIG`
    DifferenceBig,
    /// `DATEPART`
    Number,
    /// `DATENAME`
    Name,
    /// `DATETRUNC`
    Truncate,
}

impl Function {
    /// The word that messages use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Add => "dateadd",
            Self::Difference => "datediff",
            Self::DifferenceBig => "datediff_big",
            Self::Number => "datepart",
            Self::Name => "datename",
            Self::Truncate => "datetrunc",
        }
    }

    /// Reads the function's first argument, a part.
    ///
    /// 155 for an unknown word, 9806 for a part that the function takes from no type.
    pub(super) fn part(self, call: &Arguments<'_, '_>) -> Result<Part, SqlError> {
        let word = call.text(0)?.ok_or_else(|| errors::internal("a part of a date is NULL"))?;
        let part = Part::named(word).ok_or_else(|| {
            SqlError::new(155, format!("'{word}' is not a recognized {} option.", self.name())).with_class(15)
        })?;
        let never = match self {
            Self::Add | Self::Difference | Self::DifferenceBig => {
                matches!(part, Part::IsoWeek | Part::Offset)
            }
            Self::Number | Self::Name => false,
            Self::Truncate => matches!(part, Part::Weekday | Part::Offset | Part::Nanosecond),
        };
        if never {
            return Err(SqlError::new(
                9806,
                format!("The datepart {} is not supported by date function {}.", part.name(), self.name()),
            ));
        }
        Ok(part)
    }

    /// Refuses a part that the type doesn't have, or that the function doesn't take from it: 9810. An argument that is
    /// no date at all: 8116 with its `position`, which counts from 1.
    pub(super) fn check(self, part: Part, sql_type: SqlType, position: usize) -> Result<(), SqlError> {
        if !sql_type.is_date_time() {
            return Err(errors::invalid_argument_type(sql_type, position, self.name()));
        }
        let is_date_part = part < Part::Hour;
        let is_time_part = (Part::Hour..=Part::Nanosecond).contains(&part);
        let takes = match sql_type {
            // A difference fills in what a type lacks: midnight for a date, 1900-01-01 for a time.
            _ if matches!(self, Self::Difference | Self::DifferenceBig) => true,
            SqlType::Date => is_date_part,
            SqlType::Time { .. } => is_time_part,
            SqlType::DateTime | SqlType::SmallDateTime => match part {
                Part::Microsecond | Part::Nanosecond => self != Self::Add,
                Part::Offset => false,
                _ => true,
            },
            _ => true,
        };
        let digits = match part {
            Part::Millisecond => 3,
            Part::Microsecond => 6,
            _ => 0,
        };
        let too_coarse = self == Self::Truncate
            && match sql_type {
                SqlType::DateTime => digits > 3,
                SqlType::SmallDateTime => digits > 0,
                _ => sql_type.fraction_digits().is_some_and(|scale| scale < digits),
            };
        if takes && !too_coarse {
            return Ok(());
        }
        Err(SqlError::new(
            9810,
            format!(
                "The datepart {} is not supported by date function {} for data type {}.",
                part.name(),
                self.name(),
                sql_type.family_name()
            ),
        ))
    }
}
