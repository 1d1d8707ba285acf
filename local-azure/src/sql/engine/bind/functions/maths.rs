//! Functions of numbers.

use sqlparser::ast::Expr;

use super::super::{Binder, Typed};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::functions::maths::result_type;

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn maths_function(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        let lower = name.to_lowercase();
        Ok(Some(match (name, values) {
            ("ABS" | "CEILING" | "FLOOR" | "SIGN", [value]) => {
                let (value, result) = self.of_own_type(name, value)?;
                Typed::new(format!("tsql_{lower}({}, '{}')", value.sql, value.sql_type), result)
            }
            ("ROUND", [value, places, rest @ ..]) if rest.len() <= 1 => {
                let (value, result) = self.of_own_type(name, value)?;
                let places = self.number(places)?;
                let truncate = match rest {
                    [truncate] => self.number(truncate)?,
                    _ => "0".to_owned(),
                };
                let sql = format!("tsql_round({}, '{}', {places}, {truncate})", value.sql, value.sql_type);
                Typed::new(sql, result)
            }
            ("POWER", [value, exponent]) => {
                let (value, result) = self.of_own_type(name, value)?;
                let exponent = self.float(exponent)?;
                Typed::new(format!("tsql_power({}, '{}', {exponent})", value.sql, value.sql_type), result)
            }
            (
                "SQRT" | "SQUARE" | "EXP" | "LOG10" | "LOG" | "SIN" | "COS" | "TAN" | "COT" | "ASIN" | "ACOS"
                | "ATAN",
                [value],
            ) => Typed::new(format!("tsql_{lower}({})", self.float(value)?), SqlType::Float),
            ("LOG" | "ATN2", [first, second]) => {
                let (first, second) = (self.float(first)?, self.float(second)?);
                Typed::new(format!("tsql_{lower}({first}, {second})"), SqlType::Float)
            }
            ("PI" | "RAND", []) => Typed::new(format!("tsql_{lower}()"), SqlType::Float).not_null(),
            ("NEWID", []) => Typed::new("tsql_newid()", SqlType::UniqueIdentifier).not_null(),
            _ => return Ok(None),
        }))
    }

    /// The argument of a function whose result has a type of the argument's kind, and that type.
    fn of_own_type(&mut self, name: &str, value: &Expr) -> Result<(Typed, SqlType), SqlError> {
        let value = self.expression(value)?;
        let result = result_type(name, value.sql_type)?;
        let converts = value.sql_type.is_text() || value.sql_type == SqlType::Bit;
        let value = if converts || value.null { self.coerce(value, result)? } else { value };
        Ok((value, result))
    }

    pub(super) fn float(&mut self, value: &Expr) -> Result<String, SqlError> {
        let value = self.expression(value)?;
        Ok(self.coerce(value, SqlType::Float)?.sql)
    }
}
