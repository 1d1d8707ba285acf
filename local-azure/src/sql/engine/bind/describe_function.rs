//! `sys.dm_exec_describe_first_result_set(@tsql, @params, 0)` in FROM.

use sqlparser::ast::{self, Expr};

use super::{Binder, select::BoundQuery};
use crate::sql::engine::catalog::same_name;
use crate::sql::engine::describe;
use crate::sql::reply::SqlError;
use crate::sql::types::Value;
use crate::sql::values::errors::unsupported;

/// Its name, by which its columns are qualified if it has no alias.
pub(super) const DESCRIBE_FUNCTION: &str = "dm_exec_describe_first_result_set";

impl Binder<'_> {
    /// Describes the text now, while the statement is bound, so its arguments must be literals or variables. None if
    /// `name` is another function's.
    pub(super) fn describe_function(
        &mut self,
        name: &[String],
        arguments: &ast::TableFunctionArgs,
    ) -> Result<Option<BoundQuery>, SqlError> {
        if !matches!(name, [schema, function] if same_name(schema, "sys") && same_name(function, DESCRIBE_FUNCTION))
        {
            return Ok(None);
        }
        let ast::TableFunctionArgs { args, settings: None } = arguments else {
            return Err(super::not_tsql("SETTINGS"));
        };
        let mut values = Vec::new();
        for argument in args {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(value)) => values.push(value),
                _ => return Err(super::not_tsql(DESCRIBE_FUNCTION)),
            }
        }
        let [text, declarations, mode] = values.as_slice() else {
            return Err(SqlError::new(
                if values.len() < 3 { 313 } else { 8144 },
                format!(
                    "The procedure or function sys.{DESCRIBE_FUNCTION} has {} arguments specified.",
                    if values.len() < 3 { "an insufficient number of" } else { "too many" }
                ),
            ));
        };
        if !is_zero(mode) && self.constant(mode)?.0 != Value::Null {
            return Err(unsupported(&format!("sys.{DESCRIBE_FUNCTION} with browse information")));
        }
        let described = match (self.constant(text)?.0, self.constant(declarations)?.0) {
            (Value::Text(text), declarations) => {
                let declarations = match &declarations {
                    Value::Text(declarations) => declarations.as_str(),
                    _ => "",
                };
                describe::first_result_set(self.connection, self.facts, &text, declarations)
            }
            _ => Ok(None),
        };
        let rows = describe::rows::of_function_result(described);
        Ok(Some(self.rows_as_query(describe::rows::of_function(), &rows)))
    }
}

fn is_zero(mode: &Expr) -> bool {
    matches!(mode, Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, false), span: _ }) if digits == "0")
}
