//! Methods of values of xml, hierarchyid and the spatial types: those of hierarchyid that go from and to text; the others
//! are refused by name.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed};
use super::arguments;
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    /// `hierarchyid::Parse(...)` and its kin, which the lexer makes one name of. Names of methods are case-sensitive.
    pub(super) fn static_method(
        &mut self,
        of: &str,
        method: &str,
        values: &[&Expr],
    ) -> Result<Typed, SqlError> {
        Ok(match (of, method, values) {
            ("hierarchyid", "Parse", [text]) => {
                let text = self.expression(text)?;
                let text = self.coerce(text, SqlType::NVarChar(Length::Limit(4000)))?;
                self.coerce(text, SqlType::HierarchyId)?
            }
            ("hierarchyid", "GetRoot", []) => {
                let sql = self.value(&Value::Binary(Vec::new()), SqlType::HierarchyId);
                Typed::new(sql, SqlType::HierarchyId).not_null()
            }
            ("hierarchyid", "Parse", _) => return Err(arguments("Parse", 1)),
            ("hierarchyid", "GetRoot", _) => return Err(arguments("GetRoot", 0)),
            _ => return Err(unsupported(&format!("The method {of}::{method}"))),
        })
    }

    /// `column.method(...)` and `@variable.method(...)`, which are read as a function with a compound name; None when
    /// what stands before the last dot is no value of a type with methods.
    pub(super) fn method_of_name(&mut self, function: &ast::Function) -> Result<Option<Typed>, SqlError> {
        let mut names = Vec::new();
        for part in &function.name.0 {
            match part {
                ast::ObjectNamePart::Identifier(name) => names.push(name.value.clone()),
                ast::ObjectNamePart::Function(_) => return Ok(None),
            }
        }
        let Some((_, holder)) = names.split_last() else { return Ok(None) };
        let value = match holder {
            [variable] if variable.starts_with('@') => self.variable(variable),
            [] => return Ok(None),
            column => self.column(column),
        };
        match value {
            Ok(value) if has_methods(value.sql_type) => self.method(value, function).map(Some),
            _ => Ok(None),
        }
    }

    /// A method of a bound value; `function` has the method's name last.
    pub(crate) fn method(&mut self, value: Typed, function: &ast::Function) -> Result<Typed, SqlError> {
        let name = match function.name.0.last() {
            Some(ast::ObjectNamePart::Identifier(name)) => name.value.as_str(),
            _ => "",
        };
        let bare = match &function.args {
            ast::FunctionArguments::None => true,
            ast::FunctionArguments::List(list) => list.args.is_empty(),
            ast::FunctionArguments::Subquery(_) => false,
        };
        if value.sql_type == SqlType::HierarchyId && name == "ToString" && bare {
            let to = SqlType::NVarChar(Length::Limit(4000));
            let sql = format!("tsql_convert({}, '{}', '{to}', NULL)", value.sql, value.sql_type);
            return Ok(Typed { nullable: value.nullable, ..Typed::new(sql, to) });
        }
        if has_methods(value.sql_type) {
            return Err(unsupported(&format!("The {} method {name}()", value.sql_type.family_name())));
        }
        Err(SqlError::new(258, format!("Cannot call methods on {}.", value.sql_type.family_name()))
            .with_class(15))
    }
}

fn has_methods(sql_type: SqlType) -> bool {
    sql_type.is_clr() || matches!(sql_type, SqlType::Xml | SqlType::Json)
}
