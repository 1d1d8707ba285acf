//! Laws of arithmetic, against plain integers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn sums_differences_and_products_agree_with_plain_integers(a in -9_999_999_i128..9_999_999, b in -9_999_999_i128..9_999_999, s in 0_u8..5, t in 0_u8..5) {
        let a_type = SqlType::Decimal { precision: 9, scale: s };
        let b_type = SqlType::Decimal { precision: 9, scale: t };
        let (left, right) = (Value::Decimal(a), Value::Decimal(b));
        let common = u32::from(s.max(t));
        let (wide_a, wide_b) = (a * 10_i128.pow(common - u32::from(s)), b * 10_i128.pow(common - u32::from(t)));
        for (op, expected) in [('+', wide_a + wide_b), ('-', wide_a - wide_b), ('*', a * b)] {
            let result = result_type(op, a_type, b_type).unwrap();
            prop_assert_eq!(compute(op, &left, a_type, &right, b_type, result), Ok(Value::Decimal(expected)));
        }
    }

    #[test]
    fn a_quotient_is_the_largest_that_does_not_exceed_the_true_one(a in 0_i128..99_999_999, b in 1_i128..99_999) {
        let (a_type, b_type) = (SqlType::Decimal { precision: 8, scale: 2 }, SqlType::Decimal { precision: 5, scale: 1 });
        let result = result_type('/', a_type, b_type).unwrap();
        let SqlType::Decimal { scale, .. } = result else { unreachable!("a decimal") };
        let computed = compute('/', &Value::Decimal(a), a_type, &Value::Decimal(b), b_type, result).unwrap();
        let Value::Decimal(digits) = computed else { unreachable!("a decimal") };
        // a/100 over b/10 is a/(10 b); digits / 10^scale must be it, cut.
        let numerator = a * 10_i128.pow(u32::from(scale));
        prop_assert!(digits * 10 * b <= numerator && (digits + 1) * 10 * b > numerator);
    }
}
