//! What .NET reads as a number, a truth value, an identifier or a date in the invariant culture.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use uuid::Uuid;

/// White space around a number (`NumberStyles.AllowLeadingWhite`): tab to carriage return, and blank.
const BLANKS: [char; 6] = ['\t', '\n', '\u{b}', '\u{c}', '\r', ' '];

/// The largest whole number of `System.Decimal`, which has 96 bits.
const LARGEST_DECIMAL: u128 = (1 << 96) - 1;

/// `NumberStyles.Integer`: blanks around, a sign, digits.
pub(super) fn integer(value: &str) -> Option<i64> {
    let value = value.trim_matches(BLANKS);
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    value.parse().ok()
}

/// `bool.TryParse`: true or false in any case, white space around.
pub(super) fn is_bool(value: &str) -> bool {
    let value = value.trim().trim_matches('\0').trim();
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}

/// `Guid.TryParse`: 32 digits, with hyphens, in braces or in parentheses.
pub(super) fn is_guid(value: &str) -> bool {
    let value = value.trim();
    let hyphenated = |text: &str| text.len() == 36 && Uuid::try_parse(text).is_ok();
    let inside = |open, close| value.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    hyphenated(value)
        || (value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || inside('{', '}').is_some_and(|text: &str| hyphenated(text) || is_hexadecimal_structure(text))
        || inside('(', ')').is_some_and(hyphenated)
}

/// The format `X` without its outer braces: `0x7f1d3a52,0x0c4e,0x4b8a,{0x9d,0x61,...}`.
fn is_hexadecimal_structure(text: &str) -> bool {
    let number = |text: &str, digits: usize| {
        let text = text.trim();
        let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        hexadecimal.is_some_and(|hexadecimal| {
            (1..=digits).contains(&hexadecimal.len())
                && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    let Some((head, tail)) = text.split_once('{') else { return false };
    let Some(bytes) = tail.trim_end().strip_suffix('}') else { return false };
    let head: Vec<&str> = head.split(',').collect();
    let bytes: Vec<&str> = bytes.split(',').collect();
    matches!(head.as_slice(), [a, b, c, last] if number(a, 8) && number(b, 4) && number(c, 4) && last.trim().is_empty())
        && bytes.len() == 8
        && bytes.iter().all(|byte| number(byte, 2))
}

/// `NumberStyles.Number`: a sign before or behind, separators of thousands, a point, no exponent; what 96 bits hold.
pub(super) fn is_decimal(value: &str) -> bool {
    let value = value.trim_matches(BLANKS);
    let unsigned = match value.strip_prefix(['+', '-']) {
        Some(unsigned) => unsigned,
        None => value.strip_suffix(['+', '-']).unwrap_or(value),
    };
    let Some(whole) = plain_number(unsigned.trim_matches(BLANKS)) else { return false };
    // The fraction is rounded to what fits; only the whole part can be too large.
    whole
        .trim_start_matches('0')
        .parse::<u128>()
        .map_or(whole.bytes().all(|byte| byte == b'0'), |whole| whole <= LARGEST_DECIMAL)
}

/// `NumberStyles.Float | AllowThousands`: the same with an exponent, and the names of what is no finite number.
pub(super) fn is_double(value: &str) -> bool {
    let value = value.trim_matches(BLANKS);
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("nan") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    exponent_fits && plain_number(mantissa).is_some()
}

/// The digits before the point, without separators, of a number that has a digit at all. Separators stand behind the
/// first digit and before the point, anywhere.
fn plain_number(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let separated = whole.starts_with(|first: char| first.is_ascii_digit());
    let digits = if separated { whole.replace(',', "") } else { whole.to_owned() };
    let has_digits = !digits.is_empty() || !fraction.is_empty();
    (has_digits && digits_only(&digits) && digits_only(fraction)).then_some(digits)
}

/// Whether a number is written in a way whose reading hangs on more of .NET's rules than are here: blanks beside a sign, and
/// the largest decimal with a fraction, which .NET may round up to one that is too large.
pub(super) fn is_odd_number(value: &str) -> bool {
    let value = value.trim_matches(BLANKS);
    let blank_inside = value.contains(BLANKS) && !value.contains(char::is_alphabetic);
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let largest = digits.parse() == Ok(LARGEST_DECIMAL) && !fraction.is_empty();
    blank_inside || largest
}

/// Whether .NET may read an identifier that [`is_guid`] doesn't: of old, it takes `+` and `0x` before the digits of a group.
pub(super) fn is_odd_guid(value: &str) -> bool {
    value.len() >= 32 && value.contains(['+', 'x', 'X'])
}

/// The forms of a date that a path holds in practice: ISO 8601 and the invariant culture's month/day/year, with or without
/// a time. `DateTime.TryParse` knows more.
pub(super) fn is_date_time(value: &str) -> bool {
    let value = value.trim();
    if is_date(value) || is_time(value, &["%H:%M", "%H:%M:%S"]) {
        return true;
    }
    let Some((date, time)) = value.split_once(['T', 't']).or_else(|| value.split_once(' ')) else {
        return false;
    };
    const TIMES: [&str; 5] = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"];
    is_date(date) && is_time(without_zone(time.trim()), &TIMES)
}

/// Whether it is a date, perhaps with a time, in the one form whose reading leaves no doubt: ISO 8601 with two digits for each
/// part. Years at the ends of .NET's calendar are left out, where a zone may lead beyond it.
pub(super) fn is_plain_date_time(value: &str) -> bool {
    let Some((date, rest)) = value.split_at_checked(10) else { return false };
    if shape(date) != "0000-00-00" || !is_date(date) || date.starts_with('0') || date.starts_with("9999") {
        return false;
    }
    let Some(time) = rest.strip_prefix(['T', ' ']) else { return rest.is_empty() };
    let (time, zone) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let zone_fits = matches!(zone, "" | "Z") || (shape(&zone.replace('-', "+")) == "+00:00" && is_zone(zone));
    let fraction_fits = (1..=7).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
    let clock_fits = match shape(clock).as_str() {
        "00:00:00" => is_time(clock, &["%H:%M:%S"]),
        "00:00" => is_time(clock, &["%H:%M"]) && !time.contains('.'),
        _ => false,
    };
    zone_fits && fraction_fits && clock_fits
}

/// The text with each digit as 0.
fn shape(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect()
}

/// Half a day at the most, less than .NET allows.
fn is_zone(zone: &str) -> bool {
    zone.get(1..).is_some_and(|clock| clock < "12" && is_time(clock, &["%H:%M"]))
}

/// A date of .NET's calendar, which goes from 1 to 9999; chrono's year may have a sign and more digits.
fn is_date(text: &str) -> bool {
    const DATES: [&str; 4] = ["%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%m-%d-%Y"];
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'/'));
    let mut parsed = DATES.iter().filter_map(|format| NaiveDate::parse_from_str(text, format).ok());
    plain && parsed.any(|date| (1..=9999).contains(&date.year()))
}

/// A time of day without leap second, which .NET doesn't know.
fn is_time(text: &str, formats: &[&str]) -> bool {
    let mut parsed = formats.iter().filter_map(|format| NaiveTime::parse_from_str(text, format).ok());
    parsed.any(|time| time.nanosecond() < 1_000_000_000)
}

/// The time without `Z`, `+02:00` or `-0530` behind it.
fn without_zone(time: &str) -> &str {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return time.trim_end();
    }
    match time.rsplit_once(['+', '-']) {
        Some((time, zone)) if NaiveTime::parse_from_str(zone, "%H:%M").is_ok() => time.trim_end(),
        Some((time, zone)) if zone.len() == 4 && zone.bytes().all(|byte| byte.is_ascii_digit()) => {
            time.trim_end()
        }
        _ => time,
    }
}
