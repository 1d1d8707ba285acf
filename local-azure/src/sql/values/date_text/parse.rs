//! Text to dates and times: ISO 8601, and the forms that SQL Server reads under us_english.

use crate::sql::values::calendar::{self, HOUR, MINUTE, MONTHS, SECOND};

/// Two-digit years up to this one are of this century, those above of the last (`two digit year cutoff` 2049).
const LAST_TWO_DIGIT_YEAR: i32 = 49;

/// What a text said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DateText {
    /// Days since 0001-01-01; None for a time alone.
    pub(crate) days: Option<i32>,
    /// Ticks since midnight.
    pub(crate) time: i64,
    /// How many digits the second's fraction was written with.
    pub(crate) fraction_digits: usize,
    /// The zone, when one was written. `Z` is 0.
    pub(crate) offset_minutes: Option<i16>,
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDate {
    /// No form that is known here.
    Syntax,
    /// A known form, but no such day or time: `2023-02-30`.
    Range,
}

/// The order of a date in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

/// Reads a date, a time, or both. `style` sets the order of a date such as `03/05/2024`: month first without one.
/// A text of blanks is midnight of no day.
pub(crate) fn parse(text: &str, style: Option<i32>) -> Result<DateText, NotDate> {
    let order = match style {
        Some(3 | 4 | 5 | 103 | 104 | 105) => Order::DayMonthYear,
        Some(2 | 11 | 102 | 111) => Order::YearMonthDay,
        _ => Order::MonthDayYear,
    };
    let text = text.trim_matches(' ');
    let mut read = DateText::default();
    if text.is_empty() {
        return Ok(read);
    }
    let (date, time) = split_date_and_time(text);
    if !date.is_empty() {
        read.days = Some(parse_date(date, order)?);
    }
    if !time.is_empty() {
        parse_time(time, &mut read)?;
    }
    Ok(read)
}

/// The date's and the time's part. The time starts at the ISO `T`, or at the word that holds the first colon
/// (or is a number before AM or PM).
fn split_date_and_time(text: &str) -> (&str, &str) {
    let is_iso_t = |place: usize| {
        let digit =
            |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
        digit(place.checked_sub(1)) && digit(place.checked_add(1))
    };
    if let Some(place) = text.find(['T', 't'])
        && is_iso_t(place)
        && let (Some(date), Some(time)) = (text.get(..place), text.get(place + 1..))
    {
        return (date, time);
    }
    let clock = text.find(':').or_else(|| {
        let upper = text.to_ascii_uppercase();
        let half = upper.find("AM").or_else(|| upper.find("PM"))?;
        let digits = text.get(..half)?.trim_end_matches(' ');
        digits.ends_with(|last: char| last.is_ascii_digit()).then(|| digits.len().saturating_sub(1))
    });
    match clock.and_then(|clock| text.split_at_checked(clock)) {
        Some((before, _)) => {
            let start = before.rfind(' ').map_or(0, |blank| blank + 1);
            text.split_at_checked(start).map_or((text, ""), |(date, time)| (date.trim_end_matches(' '), time))
        }
        None => (text, ""),
    }
}

fn parse_date(text: &str, order: Order) -> Result<i32, NotDate> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = |range: std::ops::Range<usize>| number(text.get(range).unwrap_or_default());
        return match text.len() {
            8 => day(number(0..4)?, number(4..6)?, number(6..8)?),
            6 => day(full_year(number(0..2)?), number(2..4)?, number(4..6)?),
            4 => day(number(0..4)?, 1, 1),
            _ => Err(NotDate::Syntax),
        };
    }
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return parse_named_month(text);
    }
    let separator = text.find(['-', '/', '.']).and_then(|at| text.get(at..=at)).ok_or(NotDate::Syntax)?;
    let fields: Vec<&str> = text.split(separator).map(|field| field.trim_matches(' ')).collect();
    let &[first, second, third] = fields.as_slice() else {
        return Err(NotDate::Syntax);
    };
    if first.len() == 4 {
        // Year first is year, month, day whatever the order; a style that says day first keeps it for what follows
        // in `datetime` alone, under another DATEFORMAT, which this endpoint doesn't have.
        return day(number(first)?, short(second)?, short(third)?);
    }
    let (year, month, of_month) = match order {
        Order::MonthDayYear => (third, first, second),
        Order::DayMonthYear => (third, second, first),
        Order::YearMonthDay => (first, second, third),
    };
    let year = match year.len() {
        4 => number(year)?,
        1 | 2 => full_year(number(year)?),
        _ => return Err(NotDate::Syntax),
    };
    day(year, short(month)?, short(of_month)?)
}

/// `Mar 5 2024`, `March 5, 2024`, `5 Mar 2024`, `05-Mar-24`, `2024 Mar 5`.
fn parse_named_month(text: &str) -> Result<i32, NotDate> {
    let words: Vec<&str> = text.split([' ', ',', '-', '/', '.']).filter(|word| !word.is_empty()).collect();
    let &[first, second, third] = words.as_slice() else {
        return Err(NotDate::Syntax);
    };
    let (month, of_month, year) = if let Some(month) = month_named(first) {
        (month, second, third)
    } else {
        let month = month_named(second).ok_or(NotDate::Syntax)?;
        if first.len() == 4 { (month, third, first) } else { (month, first, third) }
    };
    let year = match year.len() {
        4 => number(year)?,
        1 | 2 => full_year(number(year)?),
        _ => return Err(NotDate::Syntax),
    };
    day(year, month, short(of_month)?)
}

fn month_named(word: &str) -> Option<i32> {
    (1..).zip(MONTHS).find_map(|(number, name)| {
        let matches = name.eq_ignore_ascii_case(word)
            || name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(word));
        matches.then_some(number)
    })
}

fn full_year(two_digits: i32) -> i32 {
    two_digits + if two_digits <= LAST_TWO_DIGIT_YEAR { 2000 } else { 1900 }
}

fn number(digits: &str) -> Result<i32, NotDate> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotDate::Syntax);
    }
    digits.parse().map_err(|_| NotDate::Syntax)
}

fn short(digits: &str) -> Result<i32, NotDate> {
    if digits.len() > 2 { Err(NotDate::Syntax) } else { number(digits) }
}

fn day(year: i32, month: i32, day: i32) -> Result<i32, NotDate> {
    match (u32::try_from(month), u32::try_from(day)) {
        (Ok(month), Ok(day)) => calendar::days_of(year, month, day).ok_or(NotDate::Range),
        _ => Err(NotDate::Range),
    }
}

/// `hh:mm[:ss[.fraction]]`, `hh:mm:ss:mmm`, with AM or PM, with a zone.
fn parse_time(text: &str, read: &mut DateText) -> Result<(), NotDate> {
    let (clock, offset_minutes) = split_offset(text)?;
    read.offset_minutes = offset_minutes;
    let upper = clock.trim_end_matches(' ').to_ascii_uppercase();
    let (clock, half) = if let Some(clock) = upper.strip_suffix("AM") {
        (clock, Some(0))
    } else if let Some(clock) = upper.strip_suffix("PM") {
        (clock, Some(12))
    } else {
        (upper.as_str(), None)
    };
    let clock = clock.trim_end_matches(' ');
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let fields: Vec<&str> = clock.split(':').collect();
    if fields.len() < 3 && clock.len() != upper.len() && !fraction.is_empty() {
        return Err(NotDate::Syntax);
    }
    let (hour, minute, second, thousandths) = match fields.as_slice() {
        [hour] if half.is_some() => (short(hour)?, 0, 0, None),
        [hour, minute] => (short(hour)?, short(minute)?, 0, None),
        [hour, minute, second] => (short(hour)?, short(minute)?, short(second)?, None),
        [hour, minute, second, thousandths] if fraction.is_empty() && thousandths.len() <= 3 => {
            (short(hour)?, short(minute)?, short(second)?, Some(number(thousandths)?))
        }
        _ => return Err(NotDate::Syntax),
    };
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return Err(NotDate::Range),
        Some(half) => hour % 12 + half,
        None => hour,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(NotDate::Range);
    }
    read.time = i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * SECOND;
    if let Some(thousandths) = thousandths {
        read.time += i64::from(thousandths) * (SECOND / 1000);
        read.fraction_digits = 3;
    } else if !fraction.is_empty() {
        if fraction.len() > 7 {
            return Err(NotDate::Syntax);
        }
        read.time += i64::from(number(&format!("{fraction:0<7}"))?);
        read.fraction_digits = fraction.len();
    }
    Ok(())
}

fn split_offset(text: &str) -> Result<(&str, Option<i16>), NotDate> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, Some(0)));
    }
    let Some((clock, zone)) = text.find(['+', '-']).and_then(|at| text.split_at_checked(at)) else {
        return Ok((text, None));
    };
    parse_offset(zone).map(|minutes| (clock, Some(minutes)))
}

/// `+hh:mm` or `-hh:mm`, up to 14 hours; in minutes.
pub(crate) fn parse_offset(zone: &str) -> Result<i16, NotDate> {
    let (sign, size) = match zone.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, zone.strip_prefix('+').ok_or(NotDate::Syntax)?),
    };
    let (hours, minutes) = size.split_once(':').ok_or(NotDate::Syntax)?;
    let (hours, minutes) = (short(hours)?, short(minutes)?);
    let total = hours * 60 + minutes;
    if minutes > 59 || total > 840 {
        return Err(NotDate::Range);
    }
    i16::try_from(sign * total).map_err(|_| NotDate::Range)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_common_forms_are_one_day() {
        let day = calendar::days_of(2024, 3, 5);
        for text in [
            "2024-03-05",
            "20240305",
            "240305",
            "2024/3/5",
            "2024.03.05",
            "03/05/2024",
            "3-5-2024",
            "03.05.24",
            "Mar 5 2024",
            "March 5, 2024",
            "5 mar 2024",
            "05-MAR-2024",
            " 2024-03-05 ",
            "2024 Mar 5",
        ] {
            assert_eq!(parse(text, None).unwrap().days, day, "{text}");
        }
        assert_eq!(parse("05/03/2024", Some(103)).unwrap().days, day);
        assert_eq!(parse("05.03.24", Some(4)).unwrap().days, day);
    }

    #[test]
    fn the_common_times_are_one_time() {
        let time = 13 * HOUR + 4 * MINUTE;
        for text in [
            "13:04",
            "1:04PM",
            "01:04:00 pm",
            "13:04:00.0000000",
            "2024-03-05T13:04:00",
            "2024-03-05 13:04:00.000",
            "2024-03-05T13:04:00Z",
            "Mar  5 2024  1:04PM",
            "20240305 13:04:00:000",
            "2024-03-05 13:04:00 +02:00",
        ] {
            assert_eq!(parse(text, None).unwrap().time, time, "{text}");
        }
        assert_eq!(parse("1 PM", None).unwrap().time, 13 * HOUR);
        assert_eq!(parse("11PM", None).unwrap().time, 23 * HOUR);
        let offset = parse("2024-03-05T13:04:00-09:30", None).unwrap().offset_minutes;
        assert_eq!(offset, Some(-570));
    }

    #[test]
    fn what_is_no_date_is_told_from_what_is_out_of_range() {
        for text in ["abc", "2024-03", "2024-03-05T", "12345", "2024-03-05 13:04:00.12345678", "13"] {
            assert_eq!(parse(text, None), Err(NotDate::Syntax), "{text}");
        }
        for text in ["2023-02-29", "2024-13-01", "24:00", "13:60", "0000-01-01", "13:00PM"] {
            assert_eq!(parse(text, None), Err(NotDate::Range), "{text}");
        }
    }
}
