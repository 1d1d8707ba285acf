//! Conversion to the types of numbers.

use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::decimal::{self, NotDecimal};
use crate::sql::values::{calendar, errors};

pub(super) fn convert(value: &Value, from: SqlType, to: SqlType) -> Result<Value, SqlError> {
    match to {
        SqlType::Real | SqlType::Float => to_float(value, from, to).map(Value::Float),
        SqlType::Decimal { precision, scale } => {
            let digits = to_scale(value, from, to, scale)?;
            if decimal::fits(digits, precision) {
                Ok(Value::Decimal(digits))
            } else {
                Err(errors::overflow(from.family_name(), "numeric"))
            }
        }
        SqlType::Money | SqlType::SmallMoney => to_money(value, from, to).map(Value::Money),
        SqlType::Bit => to_bit(value, from),
        _ => to_integer(value, from, to).map(Value::Integer),
    }
}

fn wrong(value: &Value, to: SqlType) -> SqlError {
    let form = match value {
        Value::Text(_) => "text",
        _ => "this value",
    };
    errors::internal(&format!("{form} was to become {to}"))
}

fn to_bit(value: &Value, from: SqlType) -> Result<Value, SqlError> {
    let bit = match value {
        Value::Bit(bit) => *bit,
        Value::Integer(number) | Value::Money(number) => *number != 0,
        Value::Decimal(digits) => *digits != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => match text.trim_matches(' ') {
            word if word.eq_ignore_ascii_case("true") => true,
            word if word.eq_ignore_ascii_case("false") || word.is_empty() => false,
            word => {
                let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(errors::conversion_failed(from, text, SqlType::Bit));
                }
                digits.bytes().any(|byte| byte != b'0')
            }
        },
        Value::Binary(bytes) => bytes.iter().any(|&byte| byte != 0),
        Value::DateTime(ticks) => days_since_1900(*ticks) != 0.0,
        _ => return Err(wrong(value, SqlType::Bit)),
    };
    Ok(Value::Bit(bit))
}

fn integer_range(to: SqlType) -> (i128, i128) {
    match to {
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i128::from(i16::MIN), i128::from(i16::MAX)),
        SqlType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    }
}

fn to_integer(value: &Value, from: SqlType, to: SqlType) -> Result<i64, SqlError> {
    let number = match value {
        Value::Bit(bit) => i128::from(*bit),
        Value::Integer(number) => i128::from(*number),
        Value::Decimal(digits) => {
            let scale = from.precision_and_scale().map_or(0, |(_, scale)| scale);
            decimal::truncated(*digits, scale)
        }
        Value::Money(number) => decimal::rescale(i128::from(*number), 4, 0).unwrap_or_default(),
        // Out of an i128's range, `as` gives its end, which no type holds.
        Value::Float(number) => number.trunc() as i128,
        Value::DateTime(ticks) => days_since_1900(*ticks).round() as i128,
        Value::Binary(bytes) => signed(bytes, to),
        Value::Text(text) => return integer_of_text(text, from, to),
        _ => return Err(wrong(value, to)),
    };
    let (least, most) = integer_range(to);
    if (least..=most).contains(&number) {
        return i64::try_from(number).map_err(|_| errors::overflow("expression", to.family_name()));
    }
    Err(match (value, to) {
        (Value::Integer(_), SqlType::TinyInt | SqlType::SmallInt) => SqlError::new(
            220,
            format!("Arithmetic overflow error for data type {}, value = {number}.", to.family_name()),
        )
        .with_state(if to == SqlType::TinyInt { 2 } else { 1 }),
        (Value::Float(number), SqlType::TinyInt | SqlType::SmallInt | SqlType::Int) => {
            float_overflow(*number, to)
        }
        (Value::Decimal(_), _) => errors::overflow("numeric", to.family_name()),
        _ => errors::overflow("expression", to.family_name()),
    })
}

/// 232.
fn float_overflow(number: f64, to: SqlType) -> SqlError {
    SqlError::new(
        232,
        format!("Arithmetic overflow error for type {}, value = {number:.6}.", to.family_name()),
    )
    .with_state(3)
}

/// The last bytes as a big-endian number of the type's width.
fn signed(bytes: &[u8], to: SqlType) -> i128 {
    let unsigned = |most: usize| {
        let start = bytes.len().saturating_sub(most);
        bytes.iter().skip(start).fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    match to {
        SqlType::TinyInt => i128::from(unsigned(1)),
        SqlType::SmallInt => i128::from(unsigned(2) as u16 as i16),
        SqlType::Int => i128::from(unsigned(4) as u32 as i32),
        _ => i128::from(unsigned(8) as i64),
    }
}

fn integer_of_text(text: &str, from: SqlType, to: SqlType) -> Result<i64, SqlError> {
    let refused = || match to {
        SqlType::BigInt => errors::error_converting(from, to),
        _ => errors::conversion_failed(from, text, to),
    };
    let word = text.trim_matches(' ');
    if word.is_empty() {
        return Ok(0);
    }
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let (least, most) = integer_range(to);
    let number = word.parse::<i128>().ok().filter(|number| (least..=most).contains(number));
    if let Some(number) = number.and_then(|number| i64::try_from(number).ok()) {
        return Ok(number);
    }
    let family = from.family_name();
    Err(match to {
        SqlType::TinyInt | SqlType::SmallInt => SqlError::new(
            244,
            format!(
                "The conversion of the {family} value '{text}' overflowed an {} column. Use a larger integer column.",
                if to == SqlType::TinyInt { "INT1" } else { "INT2" }
            ),
        ),
        SqlType::Int => SqlError::new(
            248,
            format!("The conversion of the {family} value '{text}' overflowed an int column."),
        ),
        _ => errors::overflow("expression", "bigint"),
    })
}

/// The value's digits at `scale`, rounded half away from zero; the precision is the caller's to check.
fn to_scale(value: &Value, from: SqlType, to: SqlType, scale: u8) -> Result<i128, SqlError> {
    let overflow = || errors::overflow(from.family_name(), to.family_name());
    match value {
        Value::Bit(_) | Value::Integer(_) | Value::Decimal(_) | Value::Money(_) => {
            let (digits, own_scale) = exact(value, from).ok_or_else(|| wrong(value, to))?;
            decimal::rescale(digits, own_scale, scale).ok_or_else(overflow)
        }
        Value::Float(number) => decimal_of_float(*number, scale).ok_or_else(overflow),
        Value::DateTime(ticks) => decimal_of_float(days_since_1900(*ticks), scale).ok_or_else(overflow),
        Value::Text(text) => match decimal::parse(text.trim_matches(' '), scale) {
            Ok(digits) => Ok(digits),
            Err(NotDecimal::Syntax) => Err(errors::error_converting(from, to)),
            Err(NotDecimal::Overflow) => Err(overflow()),
        },
        _ => Err(errors::unsupported(&format!(
            "Conversion from {} to {}",
            from.family_name(),
            to.family_name()
        ))),
    }
}

/// An exact number's digits and scale.
pub(crate) fn exact(value: &Value, from: SqlType) -> Option<(i128, u8)> {
    match value {
        Value::Bit(bit) => Some((i128::from(*bit), 0)),
        Value::Integer(number) => Some((i128::from(*number), 0)),
        Value::Decimal(digits) => Some((*digits, from.precision_and_scale()?.1)),
        Value::Money(number) => Some((i128::from(*number), 4)),
        _ => None,
    }
}

/// A float at `scale`. Far more digits than the scale are written first, so that the rounding is the decimal's.
pub(crate) fn decimal_of_float(number: f64, scale: u8) -> Option<i128> {
    if !number.is_finite() {
        return None;
    }
    decimal::parse(&format!("{number:.places$}", places = usize::from(scale) + 30), scale).ok()
}

fn to_money(value: &Value, from: SqlType, to: SqlType) -> Result<i64, SqlError> {
    let small = to == SqlType::SmallMoney;
    let digits = match value {
        Value::Text(text) => {
            let word: String = text.trim_matches(' ').chars().filter(|&c| c != ',').collect();
            let word = ["$", "€", "£", "¥"].iter().fold(word, |word, sign| word.replacen(sign, "", 1));
            if word.is_empty() {
                return Ok(0);
            }
            decimal::parse(&word, 4).map_err(|reason| match (reason, small) {
                (NotDecimal::Syntax, false) => SqlError::new(
                    235,
                    "Cannot convert a char value to money. The char value has incorrect syntax.",
                ),
                (NotDecimal::Syntax, true) => SqlError::new(
                    293,
                    "Cannot convert char value to smallmoney. The char value has incorrect syntax.",
                ),
                (NotDecimal::Overflow, _) => errors::overflow("expression", to.family_name()),
            })?
        }
        Value::Binary(bytes) => signed(bytes, if small { SqlType::Int } else { SqlType::BigInt }),
        _ => to_scale(value, from, to, 4)?,
    };
    let in_range = if small { i32::try_from(digits).map(i64::from) } else { i64::try_from(digits) };
    in_range.map_err(|_| errors::overflow("expression", to.family_name()))
}

fn to_float(value: &Value, from: SqlType, to: SqlType) -> Result<f64, SqlError> {
    let number = match value {
        Value::Float(number) => *number,
        Value::DateTime(ticks) => days_since_1900(*ticks),
        Value::Text(text) => {
            let word = text.trim_matches(' ');
            let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
            if word.is_empty() {
                0.0
            } else if word.bytes().all(plain) {
                word.parse().map_err(|_| errors::error_converting(from, to))?
            } else {
                return Err(errors::error_converting(from, to));
            }
        }
        _ => {
            let (digits, scale) = exact(value, from).ok_or_else(|| wrong(value, to))?;
            // Through the text, so that the result is the nearest float and not a rounded quotient.
            decimal::format(digits, scale).parse().map_err(|_| wrong(value, to))?
        }
    };
    let stored = if to == SqlType::Real { f64::from(number as f32) } else { number };
    if stored.is_finite() { Ok(stored) } else { Err(float_overflow(number, to)) }
}

fn days_since_1900(ticks: i64) -> f64 {
    let since = ticks.saturating_sub(calendar::join(calendar::DAY_1900, 0));
    since as f64 / calendar::DAY as f64
}
