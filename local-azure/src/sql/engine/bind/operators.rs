//! Operators: signs, arithmetic, concatenation, bits. The types of arithmetic are those of `values::arithmetic`.

use sqlparser::ast::{self, BinaryOperator, Expr, UnaryOperator};

use super::{Binder, Typed, expression::widest, keys::meet, literals::number, not_tsql};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::arithmetic::{negation_type, result_type};
use crate::sql::values::errors::{invalid_operand, unsupported};

impl Binder<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, operand: &Expr) -> Result<Typed, SqlError> {
        match op {
            UnaryOperator::Plus => self.expression(operand),
            UnaryOperator::Minus => {
                if let Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, false), span: _ }) =
                    operand
                {
                    // -2147483648 is an int on SQL Server's wire too: the sign belongs to the literal's type.
                    let (value, sql_type) = number(digits)?;
                    let (value, sql_type) = match value {
                        Value::Integer(number) => (Value::Integer(-number), sql_type),
                        Value::Decimal(number) => (Value::Decimal(-number), sql_type),
                        Value::Float(number) => (Value::Float(-number), sql_type),
                        other => (other, sql_type),
                    };
                    let sql = self.value(&value, sql_type);
                    return Ok(Typed::new(sql, sql_type).not_null());
                }
                let operand = self.expression(operand)?;
                let result = negation_type(operand.sql_type)?;
                let operand = self.coerce(operand, result)?;
                Ok(Typed {
                    parameter: operand.parameter,
                    ..Typed::new(format!("tsql_negate({}, '{result}')", operand.sql), result)
                })
            }
            UnaryOperator::BitwiseNot => {
                let operand = self.expression(operand)?;
                if !operand.sql_type.is_integer() {
                    return Err(invalid_operand(operand.sql_type, "'~'"));
                }
                let sql = match operand.sql_type {
                    SqlType::Bit => format!("(1 - {})", operand.sql),
                    SqlType::TinyInt => format!("(255 - {})", operand.sql),
                    _ => format!("(~{})", operand.sql),
                };
                Ok(Typed { parameter: operand.parameter, ..Typed::new(sql, operand.sql_type) })
            }
            UnaryOperator::Not => Err(not_tsql("NOT")),
            other => Err(not_tsql(&other.to_string())),
        }
    }

    pub(super) fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Typed, SqlError> {
        // Chains such as a + b + c are as deep on the left as they are long: walked in a loop, not on the stack.
        let mut rest = vec![(op, right)];
        let mut first = left;
        while let Expr::BinaryOp { left, op, right } = first {
            rest.push((op, right));
            first = left;
        }
        let mut bound = self.expression(first)?;
        while let Some((op, right)) = rest.pop() {
            let right = self.expression(right)?;
            bound = self.operate(bound, op, right)?;
        }
        Ok(bound)
    }

    fn operate(&mut self, left: Typed, op: &BinaryOperator, right: Typed) -> Result<Typed, SqlError> {
        let symbol = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Modulo => "%",
            BinaryOperator::BitwiseAnd => "&",
            BinaryOperator::BitwiseOr => "|",
            BinaryOperator::BitwiseXor => "^",
            BinaryOperator::StringConcat => return Err(not_tsql("||")),
            other => return Err(not_tsql(&other.to_string())),
        };
        // The result may be NULL even if both sides never are: SQL Server's metadata counts what an overflow could give.
        self.two_untyped(&left, &right)?;
        let parameter = left.parameter.clone().or_else(|| right.parameter.clone());
        self.deduce_generally(&left, right.sql_type);
        self.deduce_generally(&right, left.sql_type);
        let (left, right) = match (left.null, right.null) {
            (true, false) => (Typed { sql_type: right.sql_type, ..left }, right),
            (false, true) => {
                let sql_type = left.sql_type;
                (left, Typed { sql_type, ..right })
            }
            _ => (left, right),
        };
        if symbol == "+" && left.sql_type.is_text() && right.sql_type.is_text() {
            let (collation, label) = meet(&[&left, &right], "add")?;
            let sql_type = concatenation(left.sql_type, right.sql_type).with_collation(collation);
            let limit = matches!(
                sql_type.plain(),
                SqlType::VarChar(Length::Limit(8000)) | SqlType::NVarChar(Length::Limit(4000))
            );
            let sql = format!("({} || {})", left.sql, right.sql);
            let sql =
                if limit { format!("tsql_coerce({sql}, '{}', '{sql_type}')", widest(sql_type)) } else { sql };
            return Ok(Typed { parameter, label, ..Typed::new(sql, sql_type) });
        }
        if matches!(symbol, "&" | "|" | "^") {
            if !left.sql_type.is_integer() || !right.sql_type.is_integer() {
                let wrong = if left.sql_type.is_integer() { right.sql_type } else { left.sql_type };
                return Err(invalid_operand(wrong, &format!("'{symbol}'")));
            }
            let sql_type = left.sql_type.common(right.sql_type);
            let sql = if symbol == "^" {
                format!("tsql_bit_xor({}, {})", left.sql, right.sql)
            } else {
                format!("({} {symbol} {})", left.sql, right.sql)
            };
            return Ok(Typed { parameter, ..Typed::new(sql, sql_type) });
        }
        if symbol == "+" && left.sql_type.is_binary() && right.sql_type.is_binary() {
            return Err(unsupported("Concatenation of binary values"));
        }
        let operator = symbol.chars().next().unwrap_or('+');
        let result = result_type(operator, left.sql_type, right.sql_type)?;
        let (left_type, right_type) = (left.sql_type, right.sql_type);
        let left = self.converted_operand(left, right_type)?;
        let right = self.converted_operand(right, left_type)?;
        let sql = format!(
            "tsql_arith('{symbol}', {}, '{}', {}, '{}', '{result}')",
            left.sql, left.sql_type, right.sql, right.sql_type
        );
        Ok(Typed { parameter, ..Typed::new(sql, result) })
    }

    /// Text or bytes beside a number or date become one of its type first, as SQL Server converts them.
    fn converted_operand(&mut self, operand: Typed, other: SqlType) -> Result<Typed, SqlError> {
        let converts = |sql_type: SqlType| sql_type.is_text() || sql_type.is_binary();
        if converts(operand.sql_type) && !converts(other) { self.coerce(operand, other) } else { Ok(operand) }
    }
}

/// The type of `a + b` for texts.
fn concatenation(left: SqlType, right: SqlType) -> SqlType {
    let unicode = left.is_unicode_text() || right.is_unicode_text();
    let limit: u16 = if unicode { 4000 } else { 8000 };
    match (left.length(), right.length()) {
        (Some(Length::Limit(a)), Some(Length::Limit(b))) => {
            let length = Length::Limit(a.saturating_add(b).min(limit));
            if unicode { SqlType::NVarChar(length) } else { SqlType::VarChar(length) }
        }
        _ if unicode => SqlType::NVarChar(Length::Max),
        _ => SqlType::VarChar(Length::Max),
    }
}
