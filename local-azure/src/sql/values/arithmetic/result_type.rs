//! The type of an arithmetic expression, from the types of its operands.
//!
//! Sources: the Transact-SQL reference, "Data type precedence", "Precision, scale, and length" and the page of each
//! arithmetic operator.

use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::data_type::MAX_PRECISION;
use crate::sql::values::errors;

/// The digits after the point that a product or quotient keeps when its precision has to be cut.
const KEPT_SCALE: u8 = 6;

/// The type of `a op b`, where `op` is one of `+ - * / %`.
///
/// An operand of text or bytes takes the type of the other, to which the binder converts it; the concatenation of two
/// texts is the binder's own.
///
/// # Errors
/// 8117 for operands of one type that the operator doesn't take, 402 or 206 for a pair that it doesn't take.
pub fn result_type(op: char, a: SqlType, b: SqlType) -> Result<SqlType, SqlError> {
    let name = operator_name(op)?;
    let converts = |sql_type: SqlType| sql_type.is_text() || sql_type.is_binary();
    let (a, b) = match (converts(a), converts(b)) {
        (true, true) if a.family_name() == b.family_name() => {
            return Err(errors::invalid_operand(a, name));
        }
        (true, true) => return Err(incompatible(a, b, name)),
        (true, false) if a.is_text() && takes_text(b) => (b, b),
        (true, false) if a.is_binary() && takes_binary(b) => (b, b),
        (false, true) if b.is_text() && takes_text(a) => (a, a),
        (false, true) if b.is_binary() && takes_binary(a) => (a, a),
        (true, _) | (_, true) => return Err(incompatible(a, b, name)),
        (false, false) => (a, b),
    };
    if a.is_number() && b.is_number() {
        return of_numbers(op, name, a, b);
    }
    of_dates(op, name, a, b)
}

/// The type of `-x`.
///
/// # Errors
/// 8117 for what has no negative: bit, dates, texts, bytes, uniqueidentifier.
pub fn negation_type(operand: SqlType) -> Result<SqlType, SqlError> {
    match operand {
        // A tinyint has no negatives; SQL Server makes a smallint of it.
        SqlType::TinyInt => Ok(SqlType::SmallInt),
        SqlType::Bit => Err(errors::invalid_operand(operand, "minus")),
        number if number.is_number() => Ok(number),
        _ => Err(errors::invalid_operand(operand, "minus")),
    }
}

/// The operator's name in messages.
fn operator_name(op: char) -> Result<&'static str, SqlError> {
    match op {
        '+' => Ok("add"),
        '-' => Ok("subtract"),
        '*' => Ok("multiply"),
        '/' => Ok("divide"),
        '%' => Ok("modulo"),
        _ => Err(errors::internal("an unknown arithmetic operator")),
    }
}

/// Whether a text beside this type is converted to it; the newer date types refuse arithmetic with anything.
fn takes_text(other: SqlType) -> bool {
    other.is_number() || matches!(other, SqlType::DateTime | SqlType::SmallDateTime)
}

fn takes_binary(other: SqlType) -> bool {
    other.is_integer() || other.is_money()
}

fn of_numbers(op: char, name: &str, a: SqlType, b: SqlType) -> Result<SqlType, SqlError> {
    let high = if a.precedence() >= b.precedence() { a } else { b };
    match high {
        SqlType::Bit => Err(errors::invalid_operand(high, name)),
        SqlType::Float | SqlType::Real if op == '%' && a == b => Err(errors::invalid_operand(high, name)),
        SqlType::Float | SqlType::Real if op == '%' => Err(incompatible(a, b, name)),
        SqlType::Decimal { .. } => match (a.precision_and_scale(), b.precision_and_scale()) {
            (Some(a), Some(b)) => Ok(of_decimals(op, a, b)),
            _ => Err(incompatible(a, b, name)),
        },
        _ => Ok(high),
    }
}

/// `datetime` and `smalldatetime` are counts of days since 1900-01-01 here; other dates take part in nothing.
fn of_dates(op: char, name: &str, a: SqlType, b: SqlType) -> Result<SqlType, SqlError> {
    let counts_days = |sql_type| matches!(sql_type, SqlType::DateTime | SqlType::SmallDateTime);
    let takes_part = |sql_type: SqlType| counts_days(sql_type) || sql_type.is_number();
    if !takes_part(a) || !takes_part(b) {
        return Err(if a.family_name() == b.family_name() {
            errors::invalid_operand(a, name)
        } else if a.is_date_time() && b.is_date_time() {
            incompatible(a, b, name)
        } else {
            clash(a, b)
        });
    }
    let high = if a.precedence() >= b.precedence() { a } else { b };
    if matches!(op, '+' | '-') { Ok(high) } else { Err(errors::invalid_operand(high, name)) }
}

/// The rules of "Precision, scale, and length" for two decimals, each a precision and a scale.
fn of_decimals(op: char, (p1, s1): (u8, u8), (p2, s2): (u8, u8)) -> SqlType {
    let (whole1, whole2) = (p1.saturating_sub(s1), p2.saturating_sub(s2));
    let (whole, scale, multiplicative) = match op {
        '*' => (whole1 + whole2 + 1, s1 + s2, true),
        '/' => (whole1 + s2, (s1 + p2 + 1).max(KEPT_SCALE), true),
        '%' => (whole1.min(whole2), s1.max(s2), false),
        _ => (whole1.max(whole2) + 1, s1.max(s2), false),
    };
    if whole + scale <= MAX_PRECISION {
        return SqlType::Decimal { precision: (whole + scale).max(1), scale };
    }
    let cut = if multiplicative {
        scale.min(MAX_PRECISION.saturating_sub(whole).max(KEPT_SCALE))
    } else {
        scale.min(MAX_PRECISION.saturating_sub(whole1.max(whole2)))
    };
    SqlType::Decimal { precision: MAX_PRECISION, scale: cut }
}

/// 402.
fn incompatible(a: SqlType, b: SqlType, operator: &str) -> SqlError {
    SqlError::new(
        402,
        format!(
            "The data types {} and {} are incompatible in the {operator} operator.",
            a.family_name(),
            b.family_name()
        ),
    )
}

/// 206.
fn clash(a: SqlType, b: SqlType) -> SqlError {
    SqlError::new(
        206,
        format!("Operand type clash: {} is incompatible with {}", a.family_name(), b.family_name()),
    )
    .with_state(2)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn type_of(op: char, a: &str, b: &str) -> Result<String, i32> {
        result_type(op, SqlType::parse(a).unwrap(), SqlType::parse(b).unwrap())
            .map(|result| result.to_string())
            .map_err(|error| error.number)
    }

    #[test]
    fn the_result_has_the_type_that_the_reference_says() {
        for (op, a, b, result) in [
            ('+', "tinyint", "tinyint", "tinyint"),
            ('*', "smallint", "int", "int"),
            ('/', "int", "bigint", "bigint"),
            ('+', "bit", "int", "int"),
            ('+', "decimal(5,2)", "decimal(8,3)", "decimal(9,3)"),
            ('*', "decimal(5,2)", "decimal(8,3)", "decimal(14,5)"),
            ('/', "decimal(5,2)", "decimal(8,3)", "decimal(17,11)"),
            ('%', "decimal(5,2)", "decimal(8,3)", "decimal(6,3)"),
            ('+', "decimal(5,2)", "int", "decimal(13,2)"),
            ('*', "bigint", "decimal(5,2)", "decimal(25,2)"),
            ('/', "decimal(2,1)", "int", "decimal(13,12)"),
            ('-', "decimal(38,10)", "decimal(38,10)", "decimal(38,10)"),
            ('+', "decimal(38,0)", "decimal(38,10)", "decimal(38,0)"),
            ('*', "decimal(38,10)", "decimal(38,10)", "decimal(38,6)"),
            ('*', "decimal(20,5)", "decimal(20,5)", "decimal(38,7)"),
            ('*', "decimal(38,2)", "decimal(38,2)", "decimal(38,4)"),
            ('/', "decimal(38,20)", "decimal(38,20)", "decimal(38,6)"),
            ('+', "money", "int", "money"),
            ('+', "smallmoney", "bigint", "smallmoney"),
            ('*', "money", "decimal(5,2)", "decimal(25,6)"),
            ('+', "real", "int", "real"),
            ('+', "real", "float", "float"),
            ('*', "float", "decimal(5,2)", "float"),
            ('+', "datetime", "int", "datetime"),
            ('-', "datetime", "smalldatetime", "datetime"),
            ('+', "int", "smalldatetime", "smalldatetime"),
            ('-', "varchar(5)", "int", "int"),
            ('*', "decimal(5,2)", "nvarchar(5)", "decimal(11,4)"),
        ] {
            assert_eq!(type_of(op, a, b), Ok(result.to_owned()), "{a} {op} {b}");
        }
    }

    #[test]
    fn what_the_server_refuses_is_refused_with_its_number() {
        for (op, a, b, number) in [
            ('+', "bit", "bit", 8117),
            ('-', "varchar(5)", "varchar(9)", 8117),
            ('-', "varchar(5)", "nvarchar(5)", 402),
            ('%', "float", "float", 8117),
            ('%', "float", "int", 402),
            ('+', "date", "int", 206),
            ('-', "datetime2", "datetime2", 8117),
            ('-', "datetime", "date", 402),
            ('*', "datetime", "int", 8117),
            ('+', "date", "varchar(5)", 402),
            ('+', "uniqueidentifier", "int", 206),
        ] {
            assert_eq!(type_of(op, a, b), Err(number), "{a} {op} {b}");
        }
    }

    #[test]
    fn a_negated_tinyint_is_a_smallint() {
        assert_eq!(negation_type(SqlType::TinyInt), Ok(SqlType::SmallInt));
        assert_eq!(negation_type(SqlType::Money), Ok(SqlType::Money));
        assert_eq!(negation_type(SqlType::Bit).unwrap_err().number, 8117);
    }
}
