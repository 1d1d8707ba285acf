//! A parameter's value once it has been checked: what goes to the server.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use uuid::Uuid;

use super::SqlType;

/// An exact decimal number: `unscaled / 10^scale`. `Display` writes all its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as an integer, at most 38 of them.
    pub unscaled: i128,
    /// How many of them stand after the point, 0 to 38.
    pub scale: u8,
}

/// Why a text is not a decimal of the wanted precision and scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a number in JSON's grammar.
    NotANumber,
    /// More digits before the point than `precision - scale`.
    TooLarge,
    /// Digits other than zero beyond the scale: they would be rounded away.
    TooManyFractionDigits,
}

impl Decimal {
    /// Reads a number in JSON's grammar (`-12.50`, `1e3`; no `+`, no blanks) exactly, at the wanted scale.
    ///
    /// # Errors
    /// When the text is not a number, or its value can't be held without rounding.
    pub fn parse(text: &str, precision: u8, scale: u8) -> Result<Self, DecimalError> {
        let number = ExactNumber::read(text).ok_or(DecimalError::NotANumber)?;
        let scale = scale.min(38);
        if number.digits.is_empty() {
            return Ok(Self { unscaled: 0, scale });
        }
        let shift = number.exponent.saturating_add(i64::from(scale));
        if shift < 0 {
            return Err(DecimalError::TooManyFractionDigits);
        }
        let digits = i64::try_from(number.digits.len()).unwrap_or(i64::MAX);
        if digits.saturating_add(shift) > i64::from(precision.min(38)) {
            return Err(DecimalError::TooLarge);
        }
        // At most 38 digits in all, and 10^38 is below i128's limit.
        let zeros = (0..shift).map(|_| b'0');
        let unscaled = number
            .digits
            .bytes()
            .chain(zeros)
            .try_fold(0i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(digit - b'0')))
            .ok_or(DecimalError::TooLarge)?;
        Ok(Self { unscaled: if number.negative { -unscaled } else { unscaled }, scale })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

/// A number as `digits * 10^exponent`, the digits without zeros at either end; zero has none.
struct ExactNumber {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl ExactNumber {
    fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            None => (rest, 0),
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            None => (mantissa, ""),
            Some((_, "")) => return None,
            Some(parts) => parts,
        };
        let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let without_tail = all.trim_end_matches('0');
        let tail = i64::try_from(all.len() - without_tail.len()).ok()?;
        let fraction_length = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits: without_tail.trim_start_matches('0').to_owned(),
            exponent: exponent.saturating_sub(fraction_length).saturating_add(tail),
        })
    }
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // An exponent beyond i64 is beyond every type too: the limit stands for it.
    let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(beyond))
}

/// A value of a declared type. It holds what a caller sent, so its `Debug` shows the kind only.
#[derive(Clone, PartialEq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// bit
    Bit(bool),
    /// tinyint, smallint, int, bigint, within the type's range
    Integer(i64),
    /// decimal, at the type's scale
    Decimal(Decimal),
    /// real and float
    Float(f64),
    /// date
    Date(NaiveDate),
    /// time
    Time(NaiveTime),
    /// datetime, smalldatetime, datetime2
    DateTime(NaiveDateTime),
    /// datetimeoffset
    DateTimeOffset(DateTime<FixedOffset>),
    /// char, varchar, nchar, nvarchar
    Text(String),
    /// binary, varbinary
    Binary(Vec<u8>),
    /// uniqueidentifier
    UniqueIdentifier(Uuid),
}

impl std::fmt::Debug for SqlValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Null) { "SqlValue::Null" } else { "SqlValue(..)" })
    }
}

/// One parameter of a command: its name with the `@`, its declared type and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Such as `@city`.
    pub name: String,
    /// As declared in `function.json`.
    pub sql_type: SqlType,
    /// Checked against the declaration.
    pub value: SqlValue,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_decimal_survives_text_with_all_its_digits(
            unscaled in -(10i128.pow(38) - 1)..10i128.pow(38),
            scale in 0u8..=38,
        ) {
            let decimal = Decimal { unscaled, scale };
            prop_assert_eq!(Decimal::parse(&decimal.to_string(), 38, scale).unwrap(), decimal);
        }

        #[test]
        fn a_text_survives_a_decimal(text in "-?(0|[1-9][0-9]{0,13})\\.[0-9]{4}") {
            let decimal = Decimal::parse(&text, 18, 4).unwrap();
            let zero = decimal.unscaled == 0;
            prop_assert_eq!(decimal.to_string(), if zero { "0.0000" } else { text.as_str() });
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[-+0-9.eE]{0,50}", precision: u8, scale: u8) {
            let _ = Decimal::parse(&text, precision, scale);
        }
    }

    #[test]
    fn only_a_value_that_fits_exactly_is_taken() {
        use DecimalError::{NotANumber, TooLarge, TooManyFractionDigits};

        let parse = |text| Decimal::parse(text, 6, 2).map(|decimal| decimal.to_string());
        for (text, expected) in [
            ("1234.5", Ok("1234.50")),
            ("-0.01", Ok("-0.01")),
            ("1.5000", Ok("1.50")),
            ("1e3", Ok("1000.00")),
            ("125E-2", Ok("1.25")),
            ("007", Ok("7.00")),
            ("0e999999999999999999999", Ok("0.00")),
            ("-0", Ok("0.00")),
            ("0.001", Err(TooManyFractionDigits)),
            ("1e-9999999999999999999999", Err(TooManyFractionDigits)),
            ("10000", Err(TooLarge)),
            ("1e9999999999999999999999", Err(TooLarge)),
            ("", Err(NotANumber)),
            ("-", Err(NotANumber)),
            ("+1", Err(NotANumber)),
            (" 1", Err(NotANumber)),
            (".5", Err(NotANumber)),
            ("5.", Err(NotANumber)),
            ("1e", Err(NotANumber)),
            ("1_0", Err(NotANumber)),
            ("NaN", Err(NotANumber)),
            ("1e1e1", Err(NotANumber)),
        ] {
            assert_eq!(parse(text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn debug_never_shows_a_value() {
        let parameter = Parameter {
            name: "@city".to_owned(),
            sql_type: SqlType::Int,
            value: SqlValue::Text("canary".to_owned()),
        };
        assert!(!format!("{parameter:?}").contains("canary"));
    }
}
