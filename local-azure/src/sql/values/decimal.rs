//! Exact decimals: an `i128` of digits at a scale; rounding is half away from zero, as on SQL Server.

/// Why a text is no decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDecimal {
    /// It has another form than `[sign]digits[.digits]`.
    Syntax,
    /// It has more digits before the point than any decimal.
    Overflow,
}

/// 10 to the power of `exponent`; None from 39 on, where an `i128` ends.
pub(crate) fn power_of_ten(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(u32::from(exponent))
}

/// Whether `digits` has at most `precision` digits.
pub(crate) fn fits(digits: i128, precision: u8) -> bool {
    power_of_ten(precision).is_some_and(|limit| digits.unsigned_abs() < limit.unsigned_abs())
}

/// `dividend / divisor`, rounded half away from zero; None for a divisor of 0.
pub(crate) fn divide_rounded(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let remainder = dividend.checked_rem(divisor)?.unsigned_abs();
    // remainder >= divisor / 2, without the overflow of doubling it.
    let divisor_size = divisor.unsigned_abs();
    if remainder >= divisor_size.saturating_sub(remainder) && remainder != 0 {
        let away = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
        quotient.checked_add(away)
    } else {
        Some(quotient)
    }
}

/// The same number at another scale; None when it doesn't fit an `i128`.
pub(crate) fn rescale(digits: i128, from_scale: u8, to_scale: u8) -> Option<i128> {
    if to_scale >= from_scale {
        if digits == 0 {
            return Some(0);
        }
        digits.checked_mul(power_of_ten(to_scale - from_scale)?)
    } else {
        match power_of_ten(from_scale - to_scale) {
            Some(divisor) => divide_rounded(digits, divisor),
            None => Some(0),
        }
    }
}

/// The whole part; digits after the point are dropped.
pub(crate) fn truncated(digits: i128, scale: u8) -> i128 {
    power_of_ten(scale).map_or(0, |divisor| digits.checked_div(divisor).unwrap_or(0))
}

/// `[-]digits[.digits]`, with exactly `scale` digits after the point.
pub(crate) fn format(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let size = digits.unsigned_abs();
    let scale = usize::from(scale);
    if scale == 0 {
        return format!("{sign}{size}");
    }
    let padded = format!("{size:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// Reads `[sign]digits[.digits]` (no blanks, no exponent) at `scale`; further digits are rounded away.
pub(crate) fn parse(text: &str, scale: u8) -> Result<i128, NotDecimal> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(NotDecimal::Syntax);
    }
    let kept = usize::from(scale);
    let mut digits: i128 = 0;
    let places = whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(kept));
    for byte in places {
        digits = digits
            .checked_mul(10)
            .and_then(|digits| digits.checked_add(i128::from(byte - b'0')))
            .ok_or(NotDecimal::Overflow)?;
    }
    if fraction.as_bytes().get(kept).is_some_and(|&next| next >= b'5') {
        digits = digits.checked_add(1).ok_or(NotDecimal::Overflow)?;
    }
    Ok(if negative { -digits } else { digits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_away_from_zero_at_the_half() {
        for (digits, rounded) in [(25, 3), (24, 2), (-25, -3), (-24, -2), (5, 1), (4, 0)] {
            assert_eq!(rescale(digits, 1, 0), Some(rounded), "{digits}");
        }
    }

    #[test]
    fn texts_are_read_at_the_scale_and_rounded() {
        assert_eq!(parse("1.005", 2), Ok(101));
        assert_eq!(parse("-.5", 0), Ok(-1));
        assert_eq!(parse("7.", 1), Ok(70));
        assert_eq!(parse("1e5", 1), Err(NotDecimal::Syntax));
        assert_eq!(parse(".", 1), Err(NotDecimal::Syntax));
        assert_eq!(parse(&"9".repeat(40), 0), Err(NotDecimal::Overflow));
    }

    #[test]
    fn all_digits_of_the_scale_are_written() {
        assert_eq!(format(-5, 3), "-0.005");
        assert_eq!(format(1200, 2), "12.00");
        assert_eq!(format(0, 2), "0.00");
    }
}
