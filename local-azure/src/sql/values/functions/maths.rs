//! Mathematical functions.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use super::context::{Arguments, changing, pure};
use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::arithmetic::{self, Scaled};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::{decimal, errors, storage};

/// The type of ABS, CEILING, FLOOR, SIGN, ROUND or POWER (`name` in capitals) of a type (SQL Server documentation, the
/// pages of these functions, return types).
///
/// # Errors
/// 8116 for a type that the function doesn't take.
pub fn result_type(name: &str, of: SqlType) -> Result<SqlType, SqlError> {
    Ok(match of {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
        SqlType::BigInt => SqlType::BigInt,
        SqlType::Decimal { precision, .. } if matches!(name, "CEILING" | "FLOOR") => {
            SqlType::Decimal { precision, scale: 0 }
        }
        SqlType::Decimal { precision, scale } => SqlType::Decimal { precision, scale },
        SqlType::Money | SqlType::SmallMoney => SqlType::Money,
        other if other.is_text() || other.is_number() => SqlType::Float,
        other => return Err(errors::invalid_argument_type(other, 1, &name.to_lowercase())),
    })
}

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    for (name, function, rounding) in [
        ("tsql_abs", "ABS", None),
        ("tsql_sign", "SIGN", None),
        ("tsql_ceiling", "CEILING", Some(Toward::Positive)),
        ("tsql_floor", "FLOOR", Some(Toward::Negative)),
    ] {
        pure(connection, context, name, 2, move |call| of_number(call, function, rounding))?;
    }
    pure(connection, context, "tsql_round", 4, round)?;
    pure(connection, context, "tsql_power", 3, power)?;
    let floats: [(&str, OfFloat); 11] = [
        ("tsql_sqrt", f64::sqrt),
        ("tsql_square", |x| x * x),
        ("tsql_exp", f64::exp),
        ("tsql_log10", f64::log10),
        ("tsql_sin", f64::sin),
        ("tsql_cos", f64::cos),
        ("tsql_tan", f64::tan),
        ("tsql_cot", |x| 1.0 / x.tan()),
        ("tsql_asin", f64::asin),
        ("tsql_acos", f64::acos),
        ("tsql_atan", f64::atan),
    ];
    for (name, function) in floats {
        pure(connection, context, name, 1, move |call| match call.float(0)? {
            Some(x) => float(function(x)),
            None => Ok(Stored::Null),
        })?;
    }
    pure(connection, context, "tsql_log", 1, |call| {
        call.float(0)?.map_or(Ok(Stored::Null), |x| float(x.ln()))
    })?;
    pure(connection, context, "tsql_log", 2, |call| match (call.float(0)?, call.float(1)?) {
        (Some(x), Some(base)) => float(x.ln() / base.ln()),
        _ => Ok(Stored::Null),
    })?;
    pure(connection, context, "tsql_atn2", 2, |call| match (call.float(0)?, call.float(1)?) {
        (Some(y), Some(x)) => float(y.atan2(x)),
        _ => Ok(Stored::Null),
    })?;
    pure(connection, context, "tsql_series_step", 1, |call| match call.integer(0)? {
        Some(0) => Err(SqlError::new(
            4199,
            "Argument value 0 is invalid for argument 3 of generate_series function.",
        )),
        step => Ok(step.map_or(Stored::Null, Stored::Integer)),
    })?;
    pure(connection, context, "tsql_pi", 0, |_| Ok(Stored::Real(std::f64::consts::PI)))?;
    changing(connection, context, "tsql_rand", 0, |_, _| Ok(Stored::Real(random())))
}

/// A function of one float.
type OfFloat = fn(f64) -> f64;

/// 3623, where the mathematical function has no value.
fn float(result: f64) -> Result<Stored, SqlError> {
    if result.is_finite() {
        Ok(Stored::Real(result))
    } else {
        Err(SqlError::new(3623, "An invalid floating point operation occurred."))
    }
}

/// From 0 up to but not 1; 53 random bits of a random UUID, whose first 8 bytes hold 60 of them.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
fn random() -> f64 {
    let bits = uuid::Uuid::new_v4().as_u64_pair().1 << 2 >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// Where a fraction is rounded to.
#[derive(Clone, Copy)]
enum Toward {
    Positive,
    Negative,
}

impl Toward {
    fn digits(self, digits: i128, unit: i128) -> i128 {
        let down = digits.div_euclid(unit);
        match self {
            Self::Negative => down,
            Self::Positive => down + i128::from(digits.rem_euclid(unit) != 0),
        }
    }

    fn float(self, x: f64) -> f64 {
        match self {
            Self::Positive => x.ceil(),
            Self::Negative => x.floor(),
        }
    }
}

/// ABS and SIGN without a rounding, CEILING and FLOOR with one.
fn of_number(call: &Arguments<'_, '_>, name: &str, rounding: Option<Toward>) -> Result<Stored, SqlError> {
    let own = call.sql_type(1)?;
    let result = result_type(name, own)?;
    let overflow = || errors::overflow("expression", result.family_name());
    let value = match (call.value(0, own)?, rounding) {
        (Value::Null, _) => Value::Null,
        (Value::Integer(x), Some(_)) => Value::Integer(x),
        (Value::Integer(x), None) if name == "SIGN" => Value::Integer(x.signum()),
        (Value::Integer(x), None) => arithmetic::in_range(x.checked_abs().ok_or_else(overflow)?, result)?,
        (Value::Money(x), Some(toward)) => {
            arithmetic::money(toward.digits(x.into(), 10_000) * 10_000, result)?
        }
        (Value::Money(x), None) if name == "SIGN" => Value::Money(x.signum() * 10_000),
        (Value::Money(x), None) => Value::Money(x.checked_abs().ok_or_else(overflow)?),
        (Value::Decimal(x), Some(toward)) => {
            let unit = scale_of(own).and_then(decimal::power_of_ten).ok_or_else(overflow)?;
            Value::Decimal(toward.digits(x, unit))
        }
        (Value::Decimal(x), None) if name == "SIGN" => {
            let unit = scale_of(own).and_then(decimal::power_of_ten).ok_or_else(overflow)?;
            let sign =
                x.signum().checked_mul(unit).filter(|digits| fits(*digits, result)).ok_or_else(overflow)?;
            Value::Decimal(sign)
        }
        (Value::Decimal(x), None) => Value::Decimal(x.checked_abs().ok_or_else(overflow)?),
        (Value::Float(x), Some(toward)) => Value::Float(toward.float(x)),
        (Value::Float(x), None) if name == "SIGN" => Value::Float(if x == 0.0 { 0.0 } else { x.signum() }),
        (Value::Float(x), None) => Value::Float(x.abs()),
        _ => return Err(errors::invalid_argument_type(own, 1, &name.to_lowercase())),
    };
    if matches!(value, Value::Decimal(digits) if !fits(digits, result)) {
        return Err(overflow());
    }
    Ok(storage::to_sqlite(&value, result))
}

fn scale_of(sql_type: SqlType) -> Option<u8> {
    match sql_type {
        SqlType::Decimal { scale, .. } => Some(scale),
        _ => None,
    }
}

fn fits(digits: i128, sql_type: SqlType) -> bool {
    match sql_type {
        SqlType::Decimal { precision, .. } => decimal::fits(digits, precision),
        _ => true,
    }
}

/// ROUND(x, places, truncate): negative places round before the point.
fn round(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let own = call.sql_type(1)?;
    let result = result_type("ROUND", own)?;
    let (Some(places), truncate) = (call.integer(2)?, call.integer(3)?.unwrap_or(0) != 0) else {
        return Ok(Stored::Null);
    };
    let overflow = || errors::overflow("expression", result.family_name());
    let exact = |digits: i128, scale: u8| rounded(digits, scale, places, truncate);
    let value = match (call.value(0, own)?, own) {
        (Value::Null, _) => Value::Null,
        (Value::Integer(x), _) => {
            let digits = i64::try_from(exact(x.into(), 0)).map_err(|_| overflow())?;
            arithmetic::in_range(digits, result)?
        }
        (Value::Money(x), _) => arithmetic::money(exact(x.into(), 4), result)?,
        (Value::Decimal(x), SqlType::Decimal { scale, .. }) => {
            let digits = exact(x, scale);
            if !fits(digits, result) {
                return Err(overflow());
            }
            Value::Decimal(digits)
        }
        (Value::Float(x), _) => Value::Float(rounded_float(x, places, truncate)),
        _ => return Err(errors::invalid_argument_type(own, 1, "round")),
    };
    Ok(storage::to_sqlite(&value, result))
}

/// The same scale, with zeros from `places` on.
fn rounded(digits: i128, scale: u8, places: i64, truncate: bool) -> i128 {
    let dropped = i64::from(scale).saturating_sub(places);
    if dropped <= 0 {
        return digits;
    }
    let Some(unit) = u8::try_from(dropped).ok().and_then(decimal::power_of_ten) else { return 0 };
    let kept = if truncate { digits.checked_div(unit) } else { decimal::divide_rounded(digits, unit) };
    kept.and_then(|kept| kept.checked_mul(unit)).unwrap_or(0)
}

fn rounded_float(x: f64, places: i64, truncate: bool) -> f64 {
    let Ok(places) = i32::try_from(places.clamp(-400, 400)) else { return x };
    let unit = 10_f64.powi(places);
    let scaled = x * unit;
    if !scaled.is_finite() {
        return x;
    }
    if unit == 0.0 {
        return 0.0;
    }
    (if truncate { scaled.trunc() } else { scaled.round() }) / unit
}

/// POWER(x, y) of x's own type.
fn power(call: &Arguments<'_, '_>) -> Result<Stored, SqlError> {
    let own = call.sql_type(1)?;
    let result = result_type("POWER", own)?;
    let value = call.value(0, own)?;
    let (false, Some(exponent)) = (value == Value::Null, call.float(2)?) else { return Ok(Stored::Null) };
    let power = arithmetic::float(&value, own)?.powf(exponent);
    if !power.is_finite() {
        return Err(errors::overflow("expression", result.family_name()));
    }
    let value = match result {
        // A float has 17 digits at most; a decimal of more would show digits that nobody computed.
        SqlType::Decimal { precision, scale } => {
            let digits = decimal::parse(&format!("{power:.*}", usize::from(scale)), scale)
                .map_err(|_| errors::overflow("expression", "numeric"))?;
            let number = Scaled { digits, scale };
            if !decimal::fits(number.digits, precision) {
                return Err(errors::overflow("expression", "numeric"));
            }
            Value::Decimal(number.digits)
        }
        other => convert(&Value::Float(power), SqlType::Float, other, Conversion::Implicit, None)?,
    };
    Ok(storage::to_sqlite(&value, result))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::sql::values::functions::register;

    fn run(call: &str) -> Result<Stored, i32> {
        let connection = Connection::open_in_memory().unwrap();
        let context = Arc::new(FunctionContext::default());
        register(&connection, &context).unwrap();
        connection
            .query_row(&format!("SELECT {call}"), (), |row| row.get(0))
            .map_err(|_| context.take_error().map_or(0, |error| error.number))
    }

    fn decimal_blob(digits: i128) -> String {
        match storage::to_sqlite(&Value::Decimal(digits), SqlType::Decimal { precision: 9, scale: 2 }) {
            Stored::Blob(bytes) => {
                format!("x'{}'", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
            }
            _ => String::new(),
        }
    }

    fn decimal_of(call: &str, scale: u8) -> i128 {
        let Stored::Blob(bytes) = run(call).unwrap() else { return i128::MIN };
        let stored = rusqlite::types::ValueRef::Blob(&bytes);
        match storage::from_sqlite(stored, SqlType::Decimal { precision: 9, scale }).unwrap() {
            Value::Decimal(digits) => digits,
            _ => i128::MIN,
        }
    }

    #[test]
    fn decimals_are_rounded_half_away_from_zero_and_keep_their_scale() {
        let x = decimal_blob(-1255);
        assert_eq!(decimal_of(&format!("tsql_round({x}, 'decimal(9,2)', 1, 0)"), 2), -1260);
        assert_eq!(decimal_of(&format!("tsql_round({x}, 'decimal(9,2)', 1, 1)"), 2), -1250);
        assert_eq!(decimal_of(&format!("tsql_round({x}, 'decimal(9,2)', -1, 0)"), 2), -1000);
        assert_eq!(decimal_of(&format!("tsql_ceiling({x}, 'decimal(9,2)')"), 0), -12);
        assert_eq!(decimal_of(&format!("tsql_floor({x}, 'decimal(9,2)')"), 0), -13);
        assert_eq!(decimal_of(&format!("tsql_abs({x}, 'decimal(9,2)')"), 2), 1255);
    }

    #[test]
    fn integers_stay_integers_and_overflow_with_8115() {
        assert_eq!(run("tsql_round(1250, 'int', -2, 0)"), Ok(Stored::Integer(1300)));
        assert_eq!(run("tsql_abs(-2147483648, 'int')"), Err(8115));
        assert_eq!(run("tsql_sign(-7, 'int')"), Ok(Stored::Integer(-1)));
        assert_eq!(run("tsql_power(2, 'int', 10.0)"), Ok(Stored::Integer(1024)));
        // SQL Server words it "Arithmetic overflow error for type int, value = 2147483648.000000."
        assert_eq!(run("tsql_power(2, 'int', 31.0)"), Err(232));
    }

    #[test]
    fn what_has_no_value_is_3623_and_null_gives_null() {
        assert_eq!(run("tsql_sqrt(-1.0)"), Err(3623));
        assert_eq!(run("tsql_log(0.0)"), Err(3623));
        assert_eq!(run("tsql_sqrt(NULL)"), Ok(Stored::Null));
        assert_eq!(run("tsql_round(NULL, 'int', 1, 0)"), Ok(Stored::Null));
    }

    #[test]
    fn rand_is_from_0_up_to_1() {
        for _ in 0..100 {
            assert!(matches!(run("tsql_rand()"), Ok(Stored::Real(x)) if (0.0..1.0).contains(&x)));
        }
    }
}
