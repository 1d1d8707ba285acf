//! What .NET reads as a number, a truth value, an identifier or a date in the invariant culture.

use uuid::Uuid;

/// White space around a number (`NumberStyles.AllowLeadingWhite`): tab to carriage return, and blank.
const BLANKS: [char; 6] = ['\t', '\n', '\u{b}', '\u{c}', '\r', ' '];

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
        .map_or(whole.bytes().all(|byte| byte == b'0'), |whole| whole < 1 << 96)
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

/// The forms of a date that a path holds in practice: ISO 8601 and the invariant culture's month/day/year, with or without
/// a time. `DateTime.TryParse` knows more.
pub(super) fn is_date_time(value: &str) -> bool {
    const DATES: [&str; 4] = ["%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%m-%d-%Y"];
    const TIMES: [&str; 5] = ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"];
    let value = value.trim();
    if DATES.iter().any(|format| chrono::NaiveDate::parse_from_str(value, format).is_ok()) {
        return true;
    }
    let Some((date, time)) = value.split_once(['T', 't']).or_else(|| value.split_once(' ')) else {
        return chrono::NaiveTime::parse_from_str(value, "%H:%M").is_ok()
            || chrono::NaiveTime::parse_from_str(value, "%H:%M:%S").is_ok();
    };
    let time = without_zone(time.trim());
    DATES.iter().any(|format| chrono::NaiveDate::parse_from_str(date, format).is_ok())
        && TIMES.iter().any(|format| chrono::NaiveTime::parse_from_str(time, format).is_ok())
}

/// The time without `Z`, `+02:00` or `-0530` behind it.
fn without_zone(time: &str) -> &str {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return time.trim_end();
    }
    match time.rsplit_once(['+', '-']) {
        Some((time, zone)) if chrono::NaiveTime::parse_from_str(zone, "%H:%M").is_ok() => time.trim_end(),
        Some((time, zone)) if zone.len() == 4 && zone.bytes().all(|byte| byte.is_ascii_digit()) => {
            time.trim_end()
        }
        _ => time,
    }
}
