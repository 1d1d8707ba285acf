//! Turns what a caller sends, text or JSON, into a value of a declared SQL type: exactly, or with a sentence that says
//! what was expected. No sentence ever holds the value.

mod json;
mod moment;
mod text;
mod timer;

pub(super) use json::{from_json, from_json_text, string_content};
pub(super) use text::from_text;
pub(super) use timer::from_host_moment;

use crate::invocation::{Decimal, DecimalError, SqlType, SqlValue};

/// An exact number at the type's precision and scale.
fn decimal(text: &str, precision: u8, scale: u8) -> Result<SqlValue, String> {
    Decimal::parse(text, precision, scale).map(SqlValue::Decimal).map_err(|error| match error {
        DecimalError::NotANumber => "must be a number such as -12.5".to_owned(),
        DecimalError::TooLarge => {
            format!("must have at most {} digits before the point", precision.saturating_sub(scale))
        }
        DecimalError::TooManyFractionDigits => format!("must have at most {scale} digits after the point"),
    })
}

/// An approximate number that the type can hold: the nearest that it has, read in one step, since a real that was a float
/// first could be the second nearest.
fn float(text: &str, sql_type: SqlType) -> Result<SqlValue, String> {
    // Decimal's grammar is JSON's; Rust's own would also take `inf`, `+1` and `.5`.
    let exact = Decimal::parse(text, 38, 38);
    if exact == Err(DecimalError::NotANumber) {
        return Err("must be a number such as -12.5e3".to_owned());
    }
    let is_zero = matches!(exact, Ok(Decimal { unscaled: 0, .. }));
    // The type's range has a hole around 0 (T-SQL reference, "float and real").
    let (nearest, is_finite, is_within) = match sql_type {
        SqlType::Real => {
            let nearest: f32 = text.parse().unwrap_or(f32::NAN);
            (f64::from(nearest), nearest.is_finite(), nearest.is_normal())
        }
        _ => {
            let nearest: f64 = text.parse().unwrap_or(f64::NAN);
            (nearest, nearest.is_finite(), nearest.is_normal())
        }
    };
    if !is_finite {
        Err(format!("is too large for {sql_type}"))
    } else if is_within || is_zero {
        Ok(SqlValue::Float(nearest))
    } else {
        Err(format!("is too near to 0 for {sql_type}"))
    }
}

/// The range of an integer type.
fn integer_range(sql_type: SqlType) -> Option<(i64, i64)> {
    match sql_type {
        SqlType::TinyInt => Some((0, 255)),
        SqlType::SmallInt => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
        SqlType::Int => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        SqlType::BigInt => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

fn not_an_integer(sql_type: SqlType) -> String {
    let (low, high) = integer_range(sql_type).unwrap_or((i64::MIN, i64::MAX));
    format!("must be a whole number from {low} to {high}")
}

fn in_integer_range(number: Option<i64>, sql_type: SqlType) -> Result<SqlValue, String> {
    number
        .filter(|number| integer_range(sql_type).is_some_and(|(low, high)| (low..=high).contains(number)))
        .map(SqlValue::Integer)
        .ok_or_else(|| not_an_integer(sql_type))
}
