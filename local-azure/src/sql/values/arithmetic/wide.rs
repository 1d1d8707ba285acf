//! Unsigned integers of 256 bits: what the product of two decimals, or a decimal moved to a large scale, needs.

/// An unsigned integer of 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    // The order of the fields is the order of comparison.
    high: u128,
    low: u128,
}

const HALF: u32 = 64;
const LOW_HALF: u128 = (1 << HALF) - 1;

impl From<u128> for Wide {
    fn from(low: u128) -> Self {
        Self { high: 0, low }
    }
}

impl Wide {
    /// The product, which always fits.
    pub(crate) fn product(a: u128, b: u128) -> Self {
        let (a_high, a_low) = (a >> HALF, a & LOW_HALF);
        let (b_high, b_low) = (b >> HALF, b & LOW_HALF);
        let low = a_low * b_low;
        let middle = a_high * b_low + (low >> HALF);
        // Each sum of a product of halves and one more half fits in 128 bits.
        let other_middle = a_low * b_high + (middle & LOW_HALF);
        Self {
            high: a_high * b_high + (middle >> HALF) + (other_middle >> HALF),
            low: (other_middle << HALF) | (low & LOW_HALF),
        }
    }

    /// `self * factor`; None beyond 256 bits.
    pub(crate) fn times(self, factor: u128) -> Option<Self> {
        let low = Self::product(self.low, factor);
        let high = self.high.checked_mul(factor)?;
        Some(Self { high: low.high.checked_add(high)?, low: low.low })
    }

    /// `self * 10^exponent`; None beyond 256 bits.
    pub(crate) fn times_power_of_ten(self, exponent: u32) -> Option<Self> {
        if self == Self::default() {
            return Some(self);
        }
        let mut product = self;
        let mut left = exponent;
        while left > 0 {
            let step = left.min(38);
            product = product.times(10_u128.checked_pow(step)?)?;
            left -= step;
        }
        Some(product)
    }

    /// The sum; None beyond 256 bits.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Self { high, low })
    }

    /// The difference; None below 0.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(u128::from(borrow))?;
        Some(Self { high, low })
    }

    /// Quotient and remainder; None for a divisor of 0.
    pub(crate) fn divided_by(self, divisor: Self) -> Option<(Self, Self)> {
        if divisor == Self::default() {
            return None;
        }
        if self.high == 0 && divisor.high == 0 {
            return Some((Self::from(self.low / divisor.low), Self::from(self.low % divisor.low)));
        }
        let mut quotient = Self::default();
        let mut remainder = Self::default();
        for bit in (0..256).rev() {
            // The bit that doubling pushes out stands for 2^256, so the divisor fits in what is left whatever it is.
            let pushed_out = remainder.high >> 127 == 1;
            remainder = remainder.doubled(self.bit(bit));
            quotient = quotient.doubled(false);
            if pushed_out || remainder >= divisor {
                remainder = remainder.wrapping_minus(divisor);
                quotient.low |= 1;
            }
        }
        Some((quotient, remainder))
    }

    /// `self / 10^exponent`, rounded half up.
    pub(crate) fn over_power_of_ten_rounded(self, exponent: u32) -> Option<Self> {
        if exponent == 0 {
            return Some(self);
        }
        let Some(divisor) = Self::from(1).times_power_of_ten(exponent) else {
            return Some(Self::default());
        };
        let (quotient, remainder) = self.divided_by(divisor)?;
        if remainder >= divisor.minus(remainder)? { quotient.plus(Self::from(1)) } else { Some(quotient) }
    }

    /// The number in 128 bits, if it fits.
    pub(crate) fn narrow(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    fn bit(self, bit: u32) -> bool {
        let (part, bit) = if bit >= 128 { (self.high, bit - 128) } else { (self.low, bit) };
        (part >> bit) & 1 == 1
    }

    /// Twice the number (its highest bit is lost) plus a lowest bit.
    fn doubled(self, lowest: bool) -> Self {
        Self { high: (self.high << 1) | (self.low >> 127), low: (self.low << 1) | u128::from(lowest) }
    }

    fn wrapping_minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self { high: self.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow)), low }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    fn wide() -> impl Strategy<Value = Wide> {
        (any::<u128>(), any::<u128>(), 0_u32..128, 0_u32..128)
            .prop_map(|(high, low, a, b)| Wide { high: high >> a, low: low >> b })
    }

    #[test]
    fn the_largest_product_fits() {
        // (2^128 - 1)^2 = 2^256 - 2^129 + 1
        assert_eq!(Wide::product(u128::MAX, u128::MAX), Wide { high: u128::MAX - 1, low: 1 });
    }

    #[test]
    fn powers_of_ten_end_at_77() {
        assert!(Wide::from(1).times_power_of_ten(77).is_some());
        assert_eq!(Wide::from(1).times_power_of_ten(78), None);
        assert_eq!(Wide::from(0).times_power_of_ten(200), Some(Wide::from(0)));
    }

    #[test]
    fn nothing_is_divided_by_zero_or_goes_below_it() {
        assert_eq!(Wide::from(1).divided_by(Wide::from(0)), None);
        assert_eq!(Wide::from(1).minus(Wide::from(2)), None);
    }

    proptest! {
        #[test]
        fn a_product_divided_by_one_factor_is_the_other(a in 1..=u128::MAX, b in any::<u128>()) {
            let product = Wide::product(a, b);
            prop_assert_eq!(
                product.divided_by(Wide::from(a)).unwrap(),
                (Wide::from(b), Wide::from(0))
            );
        }

        #[test]
        fn quotient_times_divisor_plus_remainder_is_the_dividend(a in wide(), b in 1..=u128::MAX) {
            let (quotient, remainder) = a.divided_by(Wide::from(b)).unwrap();
            prop_assert!(remainder < Wide::from(b));
            prop_assert_eq!(quotient.times(b).unwrap().plus(remainder).unwrap(), a);
        }

        #[test]
        fn what_is_taken_away_can_be_added_back(a in wide(), b in wide()) {
            let (less, more) = if a < b { (a, b) } else { (b, a) };
            prop_assert_eq!(more.minus(less).unwrap().plus(less), Some(more));
        }
    }
}
