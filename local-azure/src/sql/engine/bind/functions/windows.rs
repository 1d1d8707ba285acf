//! Functions with OVER.

use sqlparser::ast::{self, Expr};

use super::super::{
    Binder, Typed,
    keys::{key, sortable},
    select::{direction, order_item},
};
use super::aggregates::extreme;
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    pub(super) fn window(
        &mut self,
        name: &str,
        values: &[&Expr],
        star: bool,
        over: &ast::WindowType,
    ) -> Result<Typed, SqlError> {
        let ast::WindowType::WindowSpec(ast::WindowSpec {
            window_name: None,
            partition_by,
            order_by,
            window_frame: None,
        }) = over
        else {
            return Err(unsupported("A named window, or ROWS or RANGE in OVER"));
        };
        if !self.scopes.last().is_some_and(|scope| scope.windows) {
            return Err(SqlError::new(
                4108,
                "Windowed functions can only appear in the SELECT or ORDER BY clauses.",
            )
            .with_class(15));
        }
        let (call, sql_type) = match (name, values, star) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", [], false) if !order_by.is_empty() => {
                (format!("{}()", name.to_lowercase()), SqlType::BigInt)
            }
            ("COUNT", [], true) => ("count(*)".to_owned(), SqlType::Int),
            ("COUNT_BIG", [], true) => ("count(*)".to_owned(), SqlType::BigInt),
            ("MIN" | "MAX", [value], false) => {
                let value = self.expression(value)?;
                (extreme(name, &value)?, value.sql_type)
            }
            _ => return Err(unsupported(&format!("{name} with OVER"))),
        };
        let mut partition = Vec::new();
        for expression in partition_by {
            let bound = self.expression(expression)?;
            sortable(bound.sql_type, "PARTITION BY")?;
            partition.push(key(&bound.sql, bound.sql_type));
        }
        let mut order = Vec::new();
        for item in order_by {
            let (expr, descending) = order_item(item)?;
            if matches!(expr, Expr::Value(_)) {
                return Err(SqlError::new(
                    5308,
                    "Windowed functions, aggregates and NEXT VALUE FOR functions do not support integer indices as ORDER BY clause expressions.",
                ));
            }
            let bound = self.expression(expr)?;
            sortable(bound.sql_type, "ORDER BY")?;
            order.push(format!("{}{}", key(&bound.sql, bound.sql_type), direction(descending)));
        }
        let partition = if partition.is_empty() {
            String::new()
        } else {
            format!("PARTITION BY {} ", partition.join(", "))
        };
        let order = if order.is_empty() { String::new() } else { format!("ORDER BY {}", order.join(", ")) };
        // None of them is NULL but MIN and MAX; for SQL Server's metadata all may be.
        Ok(Typed::new(format!("({call} OVER ({partition}{order}))"), sql_type))
    }
}
