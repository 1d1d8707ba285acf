//! Functions about the session, the server and its objects.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed};
use crate::sql::engine::security::rights::{ObjectKind, Securable};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::convert::is_allowed;
use crate::sql::values::errors::{invalid_argument_type, unsupported};

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn session_function(
        &mut self,
        name: &str,
        values: &[&Expr],
    ) -> Result<Option<Typed>, SqlError> {
        Ok(Some(match (name, values) {
            ("SESSION_CONTEXT", [key]) => self.session_context(key)?,
            ("SQL_VARIANT_PROPERTY", [value, property]) => self.variant_property(value, property)?,
            ("OBJECT_ID", [object]) => self.object_id(object, None)?,
            ("OBJECT_ID", [object, kind]) => self.object_id(object, Some(kind))?,
            _ => return Ok(None),
        }))
    }

    /// SQL_VARIANT_PROPERTY of anything that a sql_variant can hold.
    fn variant_property(&mut self, value: &Expr, property: &Expr) -> Result<Typed, SqlError> {
        let value = self.expression(value)?;
        if !value.null && !is_allowed(value.sql_type, SqlType::SqlVariant, false) {
            return Err(invalid_argument_type(value.sql_type, 1, "sql_variant_property"));
        }
        let value = self.coerce(value, SqlType::SqlVariant)?;
        let property = self.expression(property)?;
        let property = self.coerce(property, SqlType::NVarChar(Length::Limit(128)))?;
        Ok(Typed::new(format!("tsql_variant_property({}, {})", value.sql, property.sql), SqlType::SqlVariant))
    }

    /// A value of the session context, in the type in which it was set: here no value has the type sql_variant.
    fn session_context(&mut self, key: &Expr) -> Result<Typed, SqlError> {
        let invalid = |family: &str| {
            SqlError::new(
                8116,
                format!("Argument data type {family} is invalid for argument 1 of session_context function."),
            )
        };
        let key = match self.constant(key)? {
            (Value::Text(key), sql_type) if sql_type.is_unicode_text() => key,
            (Value::Null, _) => return Err(invalid("NULL")),
            (_, sql_type) => return Err(invalid(sql_type.family_name())),
        };
        let (sql_type, value) = self
            .facts
            .session_context
            .get(&context_key(&key))
            .cloned()
            .unwrap_or((SqlType::NVarChar(Length::Limit(4000)), Value::Null));
        let sql = self.value(&value, sql_type);
        Ok(Typed::new(sql, sql_type))
    }

    /// The value of a text literal, of NULL or of a variable: what has to be known before the statement runs.
    pub(super) fn constant(&self, expression: &Expr) -> Result<(Value, SqlType), SqlError> {
        let length =
            |text: &str| Length::Limit(u16::try_from(text.chars().count().clamp(1, 4000)).unwrap_or(4000));
        match expression {
            Expr::Nested(inner) => self.constant(inner),
            Expr::Value(ast::ValueWithSpan { value, span: _ }) => match value {
                ast::Value::SingleQuotedString(text) => {
                    Ok((Value::Text(text.clone()), SqlType::VarChar(length(text))))
                }
                ast::Value::NationalStringLiteral(text) => {
                    Ok((Value::Text(text.clone()), SqlType::NVarChar(length(text))))
                }
                ast::Value::Null => Ok((Value::Null, SqlType::Int)),
                ast::Value::Number(..) => Ok((Value::Integer(0), SqlType::Int)),
                _ => Err(unsupported("This literal as the argument of a function about the session")),
            },
            Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('@') => self
                .variables
                .get(&name.value.to_lowercase())
                .map(|variable| (variable.value.clone(), variable.sql_type))
                .ok_or_else(|| crate::sql::tsql::cursor::undeclared(&name.value)),
            _ => Err(unsupported(
                "Anything but a literal or a variable as the argument of a function about the session",
            )),
        }
    }

    fn object_id(&mut self, object: &Expr, kind: Option<&Expr>) -> Result<Typed, SqlError> {
        let text = |expr: &Expr| match expr {
            Expr::Value(ast::ValueWithSpan {
                value: ast::Value::SingleQuotedString(text) | ast::Value::NationalStringLiteral(text),
                span: _,
            }) => Some(text.clone()),
            _ => None,
        };
        let literal_kind = kind.map(text);
        let (Some(object), false) = (text(object), literal_kind == Some(None)) else {
            let kind = kind.map_or(Ok("NULL".to_owned()), |kind| self.name_argument(kind))?;
            let object = self.name_argument(object)?;
            return self.ask_rights("object_id", [&object, &kind, "NULL"], SqlType::Int);
        };
        let wanted =
            |code: &str| literal_kind.iter().flatten().all(|kind| kind.trim().eq_ignore_ascii_case(code));
        let object = object.strip_prefix("tempdb..").unwrap_or(&object).to_owned();
        let names: Vec<String> =
            object.split('.').map(|part| part.trim_matches(['[', ']', '"']).to_owned()).collect();
        let table = if wanted(ObjectKind::Table.code()) { self.find_table(&names).ok() } else { None };
        let id = match table {
            None if wanted(ObjectKind::Procedure.code()) => self.procedure_id(&names)?,
            Some(table) if !table.temporary && !self.facts.user.is_dbo() => {
                let rights = self.rights()?;
                Some(table.id).filter(|_| rights.sees(rights.securable(&table)))
            }
            table => table.map(|table| table.id),
        };
        let sql = self.value(&id.map_or(Value::Null, Value::Integer), SqlType::Int);
        Ok(Typed::new(sql, SqlType::Int))
    }

    /// The id of a procedure that the session's user sees.
    fn procedure_id(&mut self, names: &[String]) -> Result<Option<i64>, SqlError> {
        let (schema, name) = match names {
            [name] => ("dbo", name.as_str()),
            [schema, name] => (schema.as_str(), name.as_str()),
            _ => return Ok(None),
        };
        let rights = self.rights()?;
        let found = rights.object(schema, name).filter(|found| rights.sees(*found));
        Ok(found.filter(|found| rights.kind(*found) == Some(ObjectKind::Procedure)).map(Securable::major))
    }
}

/// A key of the session context as it is looked up: case and blanks at the end don't count.
pub(crate) fn context_key(key: &str) -> String {
    key.trim_end_matches(' ').to_lowercase()
}
