//! `+ - * / %` of decimals: computed without loss, then brought to the result's scale.

use super::wide::Wide;
use crate::sql::reply::SqlError;
use crate::sql::values::{decimal, errors};

/// A decimal: digits at a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    /// The digits, as an integer.
    pub(crate) digits: i128,
    /// How many of them are after the point.
    pub(crate) scale: u8,
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoResult {
    /// A division by zero.
    DivideByZero,
    /// More digits than an `i128` holds.
    Overflow,
}

impl NoResult {
    /// The server's error; `target` is the result type's name.
    pub(crate) fn into_error(self, target: &str) -> SqlError {
        match self {
            Self::DivideByZero => errors::divide_by_zero(),
            Self::Overflow => errors::overflow("expression", target),
        }
    }
}

/// `a op b` at `scale`. A sum or product with more digits after the point is rounded half away from zero; a quotient is
/// cut (`2.0 / 3` is `0.666666` on SQL Server).
pub(crate) fn compute(op: char, a: Scaled, b: Scaled, scale: u8) -> Result<i128, NoResult> {
    match op {
        '*' => multiply(a, b, scale),
        '/' => divide(a, b, scale),
        '%' => remainder(a, b, scale),
        '-' => add(a, Signed::of(b.digits).negated(), b.scale, scale),
        _ => add(a, Signed::of(b.digits), b.scale, scale),
    }
    .and_then(|digits| {
        if decimal::fits(digits, crate::sql::values::data_type::MAX_PRECISION) {
            Ok(digits)
        } else {
            Err(NoResult::Overflow)
        }
    })
}

/// A sign and a size, in which nothing of a decimal overflows.
#[derive(Clone, Copy)]
struct Signed {
    negative: bool,
    size: Wide,
}

impl Signed {
    fn of(digits: i128) -> Self {
        Self { negative: digits < 0, size: Wide::from(digits.unsigned_abs()) }
    }

    fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    fn rescaled(self, from: u8, to: u8) -> Option<Self> {
        let size = if to >= from {
            self.size.times_power_of_ten(u32::from(to - from))?
        } else {
            self.size.over_power_of_ten_rounded(u32::from(from - to))?
        };
        Some(Self { size, ..self })
    }

    fn plus(self, other: Self) -> Option<Self> {
        if self.negative == other.negative {
            return Some(Self { size: self.size.plus(other.size)?, ..self });
        }
        let (more, less) = if self.size >= other.size { (self, other) } else { (other, self) };
        Some(Self { size: more.size.minus(less.size)?, ..more })
    }

    fn narrow(self) -> Option<i128> {
        let size = i128::try_from(self.size.narrow()?).ok()?;
        Some(if self.negative { -size } else { size })
    }
}

fn add(a: Scaled, b: Signed, b_scale: u8, scale: u8) -> Result<i128, NoResult> {
    let common = a.scale.max(b_scale);
    let sum = || {
        let a = Signed::of(a.digits).rescaled(a.scale, common)?;
        let b = b.rescaled(b_scale, common)?;
        a.plus(b)?.rescaled(common, scale)?.narrow()
    };
    sum().ok_or(NoResult::Overflow)
}

fn multiply(a: Scaled, b: Scaled, scale: u8) -> Result<i128, NoResult> {
    let product = Signed {
        negative: (a.digits < 0) != (b.digits < 0),
        size: Wide::product(a.digits.unsigned_abs(), b.digits.unsigned_abs()),
    };
    product
        .rescaled(a.scale.saturating_add(b.scale), scale)
        .and_then(Signed::narrow)
        .ok_or(NoResult::Overflow)
}

fn divide(a: Scaled, b: Scaled, scale: u8) -> Result<i128, NoResult> {
    if b.digits == 0 {
        return Err(NoResult::DivideByZero);
    }
    // (a / 10^as) / (b / 10^bs) * 10^scale = a * 10^(scale + bs - as) / b. A dividend beyond 256 bits is an overflow of the
    // quotient too, since no divisor is longer than 128.
    let up = u32::from(scale) + u32::from(b.scale);
    let down = u32::from(a.scale);
    let quotient = || {
        let dividend = Wide::from(a.digits.unsigned_abs()).times_power_of_ten(up.saturating_sub(down))?;
        let divisor = Wide::from(b.digits.unsigned_abs()).times_power_of_ten(down.saturating_sub(up))?;
        let (size, _) = dividend.divided_by(divisor)?;
        Signed { negative: (a.digits < 0) != (b.digits < 0), size }.narrow()
    };
    quotient().ok_or(NoResult::Overflow)
}

/// What is left of `a`, with its sign.
fn remainder(a: Scaled, b: Scaled, scale: u8) -> Result<i128, NoResult> {
    if b.digits == 0 {
        return Err(NoResult::DivideByZero);
    }
    let common = a.scale.max(b.scale);
    let left = || {
        let a = Signed::of(a.digits).rescaled(a.scale, common)?;
        let b = Signed::of(b.digits).rescaled(b.scale, common)?;
        let (_, size) = a.size.divided_by(b.size)?;
        Signed { size, ..a }.rescaled(common, scale)?.narrow()
    };
    left().ok_or(NoResult::Overflow)
}
