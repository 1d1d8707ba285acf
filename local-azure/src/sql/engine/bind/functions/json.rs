//! JSON_VALUE, JSON_QUERY, ISJSON, JSON_MODIFY, JSON_PATH_EXISTS, JSON_OBJECT, JSON_ARRAY.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed, not_tsql};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType};
use crate::sql::values::errors::{invalid_argument_type, unsupported};

const TEXT: SqlType = SqlType::NVarChar(Length::Max);

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn json_function(&mut self, name: &str, values: &[&Expr]) -> Result<Option<Typed>, SqlError> {
        Ok(Some(match (name, values) {
            ("JSON_VALUE", [document, path]) => {
                let (document, path) = (self.json_text(document, 1, name)?, self.json_path(path, name)?);
                let sql = format!("tsql_json_value({}, {path})", document.sql);
                Typed::new(sql, SqlType::NVarChar(Length::Limit(4000)))
            }
            ("JSON_QUERY", [document, rest @ ..]) if rest.len() <= 1 => {
                let document = self.json_text(document, 1, name)?;
                let path = match rest {
                    [path] => self.json_path(path, name)?,
                    _ => "'$'".to_owned(),
                };
                let length = match document.sql_type.length() {
                    Some(Length::Max) => Length::Max,
                    _ => Length::Limit(4000),
                };
                let sql = format!("tsql_json_query({}, {path})", document.sql);
                Typed { json: true, ..Typed::new(sql, SqlType::NVarChar(length)) }
            }
            ("JSON_PATH_EXISTS", [document, path]) => {
                let (document, path) = (self.json_text(document, 1, name)?, self.json_path(path, name)?);
                Typed::new(format!("tsql_json_path_exists({}, {path})", document.sql), SqlType::Int)
            }
            ("ISJSON", [text, rest @ ..]) if rest.len() <= 1 => {
                let text = self.json_text(text, 1, name)?;
                let wanted = match rest {
                    [Expr::Identifier(word)] if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
                    [] => String::new(),
                    _ => {
                        return Err(
                            SqlError::new(1023, "Invalid parameter 2 specified for isjson.").with_class(15)
                        );
                    }
                };
                if !matches!(wanted.as_str(), "" | "VALUE" | "SCALAR" | "ARRAY" | "OBJECT") {
                    return Err(SqlError::new(155, format!("'{wanted}' is not a recognized isjson option."))
                        .with_class(15));
                }
                Typed::new(format!("tsql_isjson({}, '{wanted}')", text.sql), SqlType::Int)
            }
            ("JSON_MODIFY", [document, path, value]) => {
                let (document, path) = (self.json_text(document, 1, name)?, self.json_path(path, name)?);
                let value = json_as_text(self.expression(value)?);
                let sql_type = value.sql_type;
                if !(sql_type.is_text()
                    || sql_type.is_integer()
                    || sql_type.is_approximate()
                    || matches!(sql_type, SqlType::Decimal { .. }))
                {
                    return Err(invalid_argument_type(sql_type, 3, "json_modify"));
                }
                // A real is written with the digits of the float that it becomes.
                let sql_type = if sql_type == SqlType::Real { SqlType::Float } else { sql_type };
                let sql = format!(
                    "tsql_json_modify({}, {path}, {}, '{sql_type}', {})",
                    document.sql,
                    value.sql,
                    i32::from(value.json)
                );
                Typed { json: true, ..Typed::new(sql, TEXT) }
            }
            _ => return Ok(None),
        }))
    }

    /// JSON_OBJECT and JSON_ARRAY, whose arguments have a form of their own.
    pub(super) fn json_maker(
        &mut self,
        name: &str,
        arguments: &ast::FunctionArguments,
        decorated: bool,
    ) -> Result<Typed, SqlError> {
        let ast::FunctionArguments::List(ast::FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses,
        }) = arguments
        else {
            return Err(not_tsql(name));
        };
        if decorated {
            return Err(not_tsql(name));
        }
        let is_object = name == "JSON_OBJECT";
        let mut absent = !is_object;
        for clause in clauses {
            absent = match clause {
                ast::FunctionArgumentClause::JsonNullClause(ast::JsonNullClause::AbsentOnNull) => true,
                ast::FunctionArgumentClause::JsonNullClause(ast::JsonNullClause::NullOnNull) => false,
                ast::FunctionArgumentClause::JsonReturningClause(_) => {
                    return Err(unsupported(&format!("{name} ... RETURNING")));
                }
                _ => return Err(not_tsql(name)),
            };
        }
        let mut list = vec![i32::from(absent).to_string()];
        for argument in args {
            let (key, value) = match argument {
                ast::FunctionArg::Unnamed(value) if !is_object => (None, value),
                ast::FunctionArg::ExprNamed { name, arg, operator: ast::FunctionArgOperator::Colon }
                    if is_object =>
                {
                    (Some(name), arg)
                }
                _ => return Err(not_tsql(name)),
            };
            let ast::FunctionArgExpr::Expr(value) = value else { return Err(not_tsql(name)) };
            if let Some(key) = key {
                let key = self.expression(key)?;
                list.push(if key.null { key.sql } else { self.as_text(key)?.sql });
            }
            let value = self.expression(value)?;
            list.push(value.sql);
            list.push(format!("'{}'", value.sql_type));
            list.push(i32::from(value.json).to_string());
        }
        let function = if is_object { "tsql_json_object" } else { "tsql_json_array" };
        let sql = format!("{function}({})", list.join(", "));
        Ok(Typed { json: true, ..Typed::new(sql, TEXT) }.not_null())
    }

    /// A document: any text, or a json; 8116 for another type.
    fn json_text(&mut self, value: &Expr, position: usize, function: &str) -> Result<Typed, SqlError> {
        let value = json_as_text(self.expression(value)?);
        if value.null || value.sql_type.is_text() {
            return Ok(value);
        }
        Err(invalid_argument_type(value.sql_type, position, &function.to_lowercase()))
    }

    /// A path as SQLite SQL. The word NULL is none.
    fn json_path(&mut self, path: &Expr, function: &str) -> Result<String, SqlError> {
        let path = self.expression(path)?;
        if path.null {
            return Err(SqlError::new(
                8116,
                format!(
                    "Argument data type NULL is invalid for argument 2 of {} function.",
                    function.to_lowercase()
                ),
            ));
        }
        if !path.sql_type.is_text() {
            return Err(invalid_argument_type(path.sql_type, 2, &function.to_lowercase()));
        }
        Ok(path.sql)
    }
}

/// A value of the type json as the text that it is stored as; any other value as it is.
pub(in crate::sql::engine::bind) fn json_as_text(value: Typed) -> Typed {
    if value.sql_type == SqlType::Json { Typed { sql_type: TEXT, json: true, ..value } } else { value }
}
