//! What SQL Server answers to arithmetic.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn run(op: char, a: (Value, &str), b: (Value, &str)) -> Result<Value, i32> {
    let (a_type, b_type) = (SqlType::parse(a.1).unwrap(), SqlType::parse(b.1).unwrap());
    let result = result_type(op, a_type, b_type).map_err(|error| error.number)?;
    compute(op, &a.0, a_type, &b.0, b_type, result).map_err(|error| error.number)
}

#[test]
fn integer_division_truncates_toward_zero() {
    let int = |number| (Value::Integer(number), "int");
    assert_eq!(run('/', int(-7), int(2)), Ok(Value::Integer(-3)));
    assert_eq!(run('%', int(-7), int(2)), Ok(Value::Integer(-1)));
    assert_eq!(run('/', int(1), int(0)), Err(8134));
}

#[test]
fn an_int_that_grows_too_large_is_8115() {
    let int = |number| (Value::Integer(number), "int");
    assert_eq!(run('+', int(i32::MAX.into()), int(1)), Err(8115));
    let big = |number| (Value::Integer(number), "bigint");
    assert_eq!(run('/', big(i64::MIN), big(-1)), Err(8115));
    assert_eq!(run('%', big(i64::MIN), big(-1)), Ok(Value::Integer(0)));
}

#[test]
fn a_quotient_of_decimals_is_cut_and_a_product_is_rounded() {
    // 2.0 / 3 = 0.666666...
    let quotient = run('/', (Value::Decimal(20), "decimal(2,1)"), (Value::Integer(3), "int"));
    assert_eq!(quotient, Ok(Value::Decimal(666_666_666_666)));
    // 0.0000005 * 1 at a scale cut to 6
    let product = run(
        '*',
        (Value::Decimal(5_000), "decimal(38,10)"),
        (Value::Decimal(10_000_000_000), "decimal(38,10)"),
    );
    assert_eq!(product, Ok(Value::Decimal(1)));
}

#[test]
fn money_loses_digits_in_a_division() {
    // 100 / 339 = 0.29498...
    let money = |whole: i64| (Value::Money(whole * 10_000), "money");
    assert_eq!(run('/', money(100), money(339)), Ok(Value::Money(2949)));
}

#[test]
fn days_are_added_to_a_datetime() {
    let noon = 12 * calendar::HOUR;
    let day = |days| (Value::DateTime(calendar::join(days, noon)), "datetime");
    assert_eq!(run('+', day(700_000), (Value::Integer(2), "int")), Ok(day(700_002).0));
    assert_eq!(run('+', day(700_000), (Value::Integer(i32::MAX.into()), "int")), Err(8115));
}

#[test]
fn null_goes_through() {
    assert_eq!(run('/', (Value::Null, "int"), (Value::Integer(0), "int")), Ok(Value::Null));
}

#[test]
fn a_text_takes_the_type_of_the_other_operand() {
    let text = |text: &str| (Value::Text(text.to_owned()), "varchar(4)");
    assert_eq!(run('-', text("1.50"), (Value::Decimal(25), "decimal(3,2)")), Ok(Value::Decimal(125)));
    assert_eq!(run('-', text("x"), (Value::Integer(1), "int")), Err(245));
}

#[test]
fn null_gives_null() {
    assert_eq!(run('+', (Value::Null, "int"), (Value::Integer(1), "int")), Ok(Value::Null));
}
