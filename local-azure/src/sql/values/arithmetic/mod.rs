//! `+ - * / %` and negation by SQL Server's rules: the type of the result, and the result.

mod exact;
mod result_type;
mod wide;

pub(crate) use exact::{Scaled, compute as compute_exact};
pub use result_type::{negation_type, result_type};

use super::calendar::{self, DAY, DAY_1900, FIRST_DATETIME_DAY, LAST_DAY};
use super::convert::{Conversion, convert};
use super::{decimal, errors};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};

/// `a op b` of the type that [`result_type`] gave. NULL in an operand gives NULL; a text takes the other's type first.
///
/// # Errors
/// 8134 for a division by zero, 8115 for a result outside its type, and what the conversion of a text raises.
pub fn compute(
    op: char,
    a: &Value,
    a_type: SqlType,
    b: &Value,
    b_type: SqlType,
    result: SqlType,
) -> Result<Value, SqlError> {
    if matches!(a, Value::Null) || matches!(b, Value::Null) {
        return Ok(Value::Null);
    }
    match result {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            let a = integer(a, a_type, result)?;
            let b = integer(b, b_type, result)?;
            of_integers(op, a, b, result)
        }
        SqlType::Decimal { precision, scale } => {
            let digits = of_scaled(op, (a, a_type), (b, b_type), scale, result)?;
            if decimal::fits(digits, precision) {
                Ok(Value::Decimal(digits))
            } else {
                Err(errors::overflow("expression", "numeric"))
            }
        }
        SqlType::Money | SqlType::SmallMoney => {
            let digits = of_scaled(op, (a, a_type), (b, b_type), 4, result)?;
            money(digits, result)
        }
        SqlType::Real | SqlType::Float => of_floats(op, float(a, a_type)?, float(b, b_type)?, result),
        SqlType::DateTime | SqlType::SmallDateTime => of_moments(op, (a, a_type), (b, b_type), result),
        other => Err(errors::invalid_operand(other, "add")),
    }
}

/// `-x` of the type that [`negation_type`] gave.
///
/// # Errors
/// 8115 when the type has no such value: the smallest int has no opposite.
pub fn negate(value: &Value, result: SqlType) -> Result<Value, SqlError> {
    let overflow = || errors::overflow("expression", result.family_name());
    match value {
        Value::Integer(integer) => in_range(integer.checked_neg().ok_or_else(overflow)?, result),
        Value::Decimal(digits) => digits.checked_neg().map(Value::Decimal).ok_or_else(overflow),
        Value::Money(digits) => digits.checked_neg().map(Value::Money).ok_or_else(overflow),
        Value::Float(float) => Ok(Value::Float(-float)),
        Value::Null => Ok(Value::Null),
        _ => Err(errors::invalid_operand(result, "minus")),
    }
}

/// An integer of the type, or 8115.
pub(crate) fn in_range(integer: i64, sql_type: SqlType) -> Result<Value, SqlError> {
    let fits = match sql_type {
        SqlType::TinyInt => u8::try_from(integer).is_ok(),
        SqlType::SmallInt => i16::try_from(integer).is_ok(),
        SqlType::Int => i32::try_from(integer).is_ok(),
        _ => true,
    };
    if fits {
        Ok(Value::Integer(integer))
    } else {
        Err(errors::overflow("expression", sql_type.family_name()))
    }
}

/// Ten-thousandths as a value of money or smallmoney, or 8115.
pub(crate) fn money(digits: i128, sql_type: SqlType) -> Result<Value, SqlError> {
    let overflow = || errors::overflow("expression", sql_type.family_name());
    let digits = i64::try_from(digits).map_err(|_| overflow())?;
    if sql_type == SqlType::SmallMoney && i32::try_from(digits).is_err() {
        return Err(overflow());
    }
    Ok(Value::Money(digits))
}

/// A float of the type, or 8115 for one that is too large.
pub(crate) fn finite(float: f64, sql_type: SqlType) -> Result<Value, SqlError> {
    #[expect(clippy::cast_possible_truncation, reason = "a real is the float rounded to its own precision")]
    let float = if sql_type == SqlType::Real { f64::from(float as f32) } else { float };
    if float.is_finite() {
        Ok(Value::Float(float))
    } else {
        Err(errors::overflow("expression", sql_type.family_name()))
    }
}

fn integer(value: &Value, from: SqlType, to: SqlType) -> Result<i64, SqlError> {
    match convert(value, from, to, Conversion::Implicit, None)? {
        Value::Integer(integer) => Ok(integer),
        _ => Err(errors::internal("an operand of integer arithmetic")),
    }
}

fn of_integers(op: char, a: i64, b: i64, result: SqlType) -> Result<Value, SqlError> {
    if matches!(op, '/' | '%') && b == 0 {
        return Err(errors::divide_by_zero());
    }
    let computed = match op {
        '+' => a.checked_add(b),
        '-' => a.checked_sub(b),
        '*' => a.checked_mul(b),
        '/' => a.checked_div(b),
        // The one remainder that overflows, of the smallest bigint by -1, is 0.
        _ => Some(a.wrapping_rem(b)),
    };
    in_range(computed.ok_or_else(|| errors::overflow("expression", result.family_name()))?, result)
}

fn of_scaled(
    op: char,
    a: (&Value, SqlType),
    b: (&Value, SqlType),
    scale: u8,
    result: SqlType,
) -> Result<i128, SqlError> {
    let a = scaled(a.0, a.1, b.1)?;
    let b = scaled(b.0, b.1, a_or(result, b.1))?;
    compute_exact(op, a, b, scale).map_err(|none| none.into_error(result.family_name()))
}

/// The type that a text beside an operand is read as, when that operand is no exact number itself.
fn a_or(result: SqlType, own: SqlType) -> SqlType {
    if own.is_text() || own.is_binary() { result } else { own }
}

/// An exact number as digits at a scale; a text is read as the other operand's type.
fn scaled(value: &Value, own: SqlType, other: SqlType) -> Result<Scaled, SqlError> {
    let (value, own) = if own.is_text() || own.is_binary() {
        (convert(value, own, other, Conversion::Implicit, None)?, other)
    } else {
        (value.clone(), own)
    };
    Ok(match (value, own) {
        (Value::Bit(bit), _) => Scaled { digits: i128::from(bit), scale: 0 },
        (Value::Integer(integer), _) => Scaled { digits: i128::from(integer), scale: 0 },
        (Value::Money(digits), _) => Scaled { digits: i128::from(digits), scale: 4 },
        (Value::Decimal(digits), SqlType::Decimal { scale, .. }) => Scaled { digits, scale },
        _ => return Err(errors::internal("an operand of exact arithmetic")),
    })
}

/// Any number as a float.
pub(crate) fn float(value: &Value, from: SqlType) -> Result<f64, SqlError> {
    match convert(value, from, SqlType::Float, Conversion::Implicit, None)? {
        Value::Float(float) => Ok(float),
        _ => Err(errors::internal("an operand of float arithmetic")),
    }
}

fn of_floats(op: char, a: f64, b: f64, result: SqlType) -> Result<Value, SqlError> {
    if op == '/' && b == 0.0 {
        return Err(errors::divide_by_zero());
    }
    let computed = match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        _ => return Err(errors::invalid_operand(result, "modulo")),
    };
    finite(computed, result)
}

/// datetime and smalldatetime count days from 1900-01-01 here, the other operand being days too.
fn of_moments(
    op: char,
    a: (&Value, SqlType),
    b: (&Value, SqlType),
    result: SqlType,
) -> Result<Value, SqlError> {
    let since_1900 = |(value, from): (&Value, SqlType)| match convert(
        value,
        from,
        SqlType::DateTime,
        Conversion::Implicit,
        None,
    )? {
        Value::DateTime(ticks) => Ok(ticks - i64::from(DAY_1900) * DAY),
        _ => Err(errors::internal("an operand of date arithmetic")),
    };
    let (a, b) = (since_1900(a)?, since_1900(b)?);
    let sum = if op == '-' { a - b } else { a + b };
    let ticks = calendar::round_to_datetime(sum + i64::from(DAY_1900) * DAY);
    let range = i64::from(FIRST_DATETIME_DAY) * DAY..(i64::from(LAST_DAY) + 1) * DAY;
    if !range.contains(&ticks) {
        return Err(errors::overflow("expression", result.family_name()));
    }
    convert(&Value::DateTime(ticks), SqlType::DateTime, result, Conversion::Implicit, None)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
