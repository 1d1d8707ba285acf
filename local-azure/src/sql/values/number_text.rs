//! Floats and money as text, in the styles of CONVERT.

use super::decimal;
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

/// A float in style 0 (up to 6 digits), 1 (8 digits), 2 (16) or 3 (17, which is lossless); None for other styles.
pub(crate) fn float(number: f64, style: i32) -> Option<String> {
    match style {
        0 => Some(general(number)),
        1 => Some(scientific(number, 7)),
        2 => Some(scientific(number, 15)),
        3 => Some(scientific(number, 16)),
        _ => None,
    }
}

/// `d.ddde+000`: the exponent has a sign and at least three digits.
fn scientific(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{size:0>3}")
}

/// C's `%g`: six digits, without zeros at the end, with an exponent when it is below -4 or from 6 on.
fn general(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let text = scientific(number, 5);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+000"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&power) {
        let places = usize::try_from(5 - power).unwrap_or(0);
        without_zeros(&format!("{number:.places$}")).to_owned()
    } else {
        format!("{}e{exponent}", without_zeros(mantissa))
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Money in style 0 (two digits after the point), 1 (with commas), 2 or 126 (four digits).
///
/// # Errors
/// 281 for other styles.
pub(crate) fn money(ten_thousandths: i64, style: i32, from: SqlType) -> Result<String, SqlError> {
    let all = i128::from(ten_thousandths);
    let cents = decimal::rescale(all, 4, 2).unwrap_or_default();
    match style {
        0 => Ok(decimal::format(cents, 2)),
        1 => Ok(with_commas(&decimal::format(cents, 2))),
        2 | 126 => Ok(decimal::format(all, 4)),
        _ => Err(invalid_style(style, from)),
    }
}

/// 281.
pub(crate) fn invalid_style(style: i32, from: SqlType) -> SqlError {
    SqlError::new(
        281,
        format!(
            "{style} is not a valid style number when converting from {} to a character string.",
            from.family_name()
        ),
    )
}

fn with_commas(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn floats_are_written_as_the_reference_shows() {
        for (number, text) in [
            (1e6, "1e+006"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.23457e+006"),
            (0.0001, "0.0001"),
            (0.00001, "1e-005"),
            (-2.5, "-2.5"),
            (1.0 / 3.0, "0.333333"),
            (0.0, "0"),
            (999_999.5, "1e+006"),
        ] {
            assert_eq!(float(number, 0).unwrap(), text);
        }
        assert_eq!(float(1.0, 1).unwrap(), "1.0000000e+000");
        assert_eq!(float(0.1, 2).unwrap(), "1.000000000000000e-001");
        assert_eq!(float(1.0, 9), None);
    }

    #[test]
    fn money_is_written_with_two_digits_commas_or_four_digits() {
        assert_eq!(money(12_345_678_950, 0, SqlType::Money).unwrap(), "1234567.90");
        assert_eq!(money(-12_345_678_950, 1, SqlType::Money).unwrap(), "-1,234,567.90");
        assert_eq!(money(12_345, 2, SqlType::Money).unwrap(), "1.2345");
        assert_eq!(money(0, 3, SqlType::Money).unwrap_err().number, 281);
    }
}
