//! Functions about the session, the server and its objects.

use sqlparser::ast::{self, Expr};

use super::super::{Binder, Typed};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::errors::unsupported;

impl Binder<'_> {
    /// None when `name` is no function of this kind.
    pub(super) fn session_function(
        &mut self,
        name: &str,
        values: &[&Expr],
    ) -> Result<Option<Typed>, SqlError> {
        Ok(Some(match (name, values) {
            (
                "SESSION_CONTEXT",
                [
                    Expr::Value(ast::ValueWithSpan {
                        value: ast::Value::NationalStringLiteral(key),
                        span: _,
                    }),
                ],
            ) => {
                let (sql_type, value) = self
                    .facts
                    .session_context
                    .get(&key.to_lowercase())
                    .cloned()
                    .unwrap_or((SqlType::NVarChar(Length::Limit(4000)), Value::Null));
                let sql = self.value(&value, sql_type);
                Typed::new(sql, sql_type)
            }
            ("OBJECT_ID", [object]) => self.object_id(object, None)?,
            ("OBJECT_ID", [object, kind]) => self.object_id(object, Some(kind))?,
            (
                "SERVERPROPERTY",
                [
                    Expr::Value(ast::ValueWithSpan {
                        value:
                            ast::Value::SingleQuotedString(property) | ast::Value::NationalStringLiteral(property),
                        span: _,
                    }),
                ],
            ) => {
                let name = SqlType::NVarChar(Length::Limit(128));
                let (value, sql_type) = match property.to_ascii_lowercase().as_str() {
                    "edition" => (Value::Text("SQL Azure".to_owned()), name),
                    "engineedition" => (Value::Integer(5), SqlType::Int),
                    "productversion" => (Value::Text("12.0.2000.8".to_owned()), name),
                    "collation" => (Value::Text("SQL_Latin1_General_CP1_CI_AS".to_owned()), name),
                    _ => (Value::Null, name),
                };
                let sql = self.value(&value, sql_type);
                Typed::new(sql, sql_type)
            }
            _ => return Ok(None),
        }))
    }

    fn object_id(&mut self, object: &Expr, kind: Option<&Expr>) -> Result<Typed, SqlError> {
        let text = |expr: &Expr| match expr {
            Expr::Value(ast::ValueWithSpan {
                value: ast::Value::SingleQuotedString(text) | ast::Value::NationalStringLiteral(text),
                span: _,
            }) => Some(text.clone()),
            _ => None,
        };
        let Some(object) = text(object) else {
            return Err(unsupported("OBJECT_ID of anything but a literal"));
        };
        let table_wanted =
            kind.is_none_or(|kind| text(kind).is_some_and(|kind| kind.trim().eq_ignore_ascii_case("U")));
        let object = object.strip_prefix("tempdb..").unwrap_or(&object).to_owned();
        let names: Vec<String> =
            object.split('.').map(|part| part.trim_matches(['[', ']', '"']).to_owned()).collect();
        let id = if table_wanted { self.find_table(&names).ok().map(|table| table.id) } else { None };
        let sql = self.value(&id.map_or(Value::Null, Value::Integer), SqlType::Int);
        Ok(Typed::new(sql, SqlType::Int))
    }
}
