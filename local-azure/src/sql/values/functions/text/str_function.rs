//! STR: a float as text of a given length.

/// The digits behind the point that STR gives at most.
const MAX_DECIMALS: usize = 16;
/// Enough digits behind the point to tell a half at [`MAX_DECIMALS`] from what is just under it.
const WORKING_DECIMALS: usize = 40;
/// The longest text that STR gives.
const MAX_LENGTH: usize = 8000;

/// The number right-aligned in `length` characters, rounded to `decimals` digits behind the point, fewer when there is
/// no room for all; only asterisks when the whole part has no room. None for a length or decimals that make no sense.
pub(super) fn format(number: f64, length: i64, decimals: i64) -> Option<String> {
    let length = usize::try_from(length).ok().filter(|length| (1..=MAX_LENGTH).contains(length))?;
    let decimals = usize::try_from(decimals).ok()?.min(MAX_DECIMALS);
    for decimals in fitting(number, length, decimals) {
        let text = rounded(number, decimals);
        if text.len() <= length {
            return Some(format!("{text:>length$}"));
        }
    }
    Some("*".repeat(length))
}

/// The numbers of decimals to try: all, as many as have room behind the whole part, none.
fn fitting(number: f64, length: usize, decimals: usize) -> [usize; 3] {
    let whole = rounded(number.trunc(), 0).len();
    let room = length.saturating_sub(whole).saturating_sub(1);
    [decimals, decimals.min(room), 0]
}

/// The number with `decimals` digits behind the point; a half goes away from zero.
fn rounded(number: f64, decimals: usize) -> String {
    let exact = format!("{:.WORKING_DECIMALS$}", number.abs());
    let (whole, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    let up = fraction.as_bytes().get(decimals).is_some_and(|digit| *digit >= b'5');
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(decimals)).collect();
    if up {
        let mut carry = true;
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit = digit.saturating_add(1);
                carry = false;
                break;
            }
            *digit = b'0';
        }
        if carry {
            digits.insert(0, b'1');
        }
    }
    let negative = number < 0.0 && digits.iter().any(|digit| *digit != b'0');
    let point = digits.len().saturating_sub(decimals);
    let mut text = String::from(if negative { "-" } else { "" });
    for (at, digit) in digits.iter().enumerate() {
        if at == point {
            text.push('.');
        }
        text.push(char::from(*digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_aligned_rounded_and_starred_out_as_the_reference_says() {
        for (number, length, decimals, expected) in [
            (123.45, 6, 1, " 123.5"),
            (123.0, 8, 3, " 123.000"),
            (123.45, 2, 2, "**"),
            (1_223.0, 10, 0, "      1223"),
            (1_234.567, 6, 2, "1234.6"),
            (1_234.567, 5, 2, " 1235"),
            (99.99, 4, 1, " 100"),
            (2.5, 3, 0, "  3"),
            (-2.5, 3, 0, " -3"),
            (-0.4, 3, 0, "  0"),
            (0.0, 1, 0, "0"),
            (1e300, 10, 2, "**********"),
        ] {
            assert_eq!(format(number, length, decimals).as_deref(), Some(expected), "{number}");
        }
    }

    #[test]
    fn a_length_or_decimals_out_of_range_gives_null() {
        for (length, decimals) in [(-1, 0), (0, 0), (8_001, 0), (10, -1)] {
            assert_eq!(format(1.0, length, decimals), None, "{length} {decimals}");
        }
    }
}
