//! The views of procedures, and the functions that name an object or show its text.

use sqlparser::ast::Expr;

use super::system::{NAME, Row, View};
use super::{Binder, Typed};
use crate::sql::engine::errors;
use crate::sql::engine::procedures::catalog::{self, StoredProcedure};
use crate::sql::engine::security::rights::{ObjectKind, Securable};
use crate::sql::reply::SqlError;
use crate::sql::tsql::procedure;
use crate::sql::types::{Length, SqlType, Value};
use crate::sql::values::calendar::round_to_datetime;
use crate::sql::values::errors::unsupported;

const TEXT: SqlType = SqlType::NVarChar(Length::Max);

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Binder<'_> {
    /// None when there is no view of that name here; names in lower case.
    pub(super) fn module_view(&mut self, schema: &str, view: &str) -> Result<Option<View>, SqlError> {
        Ok(Some(match (schema, view) {
            ("sys", "procedures") => self.procedure_rows()?,
            ("sys", "parameters") => self.parameter_rows()?,
            ("sys", "sql_modules") => self.module_rows()?,
            ("information_schema", "routines") => self.standard_procedures()?,
            ("information_schema", "parameters") => self.standard_parameters()?,
            _ => return Ok(None),
        }))
    }

    /// The procedures on which the session's user has any right, each with its schema's id.
    pub(super) fn procedures(&mut self) -> Result<Vec<(StoredProcedure, i64)>, SqlError> {
        let rights = self.rights()?;
        let all = catalog::all(self.connection).map_err(|error| errors::internal(&error))?;
        Ok(all
            .into_iter()
            .map(|procedure| {
                let schema = rights.schema(&procedure.schema).unwrap_or_default();
                (procedure, schema)
            })
            .filter(|(procedure, schema)| {
                rights.sees(Securable::Object { id: procedure.id, schema: *schema })
            })
            .collect())
    }

    fn procedure_rows(&mut self) -> Result<View, SqlError> {
        let columns = vec![
            ("name", NAME),
            ("object_id", SqlType::Int),
            ("schema_id", SqlType::Int),
            ("parent_object_id", SqlType::Int),
            ("type", SqlType::Char(2)),
            ("type_desc", NAME),
            ("create_date", SqlType::DateTime),
            ("modify_date", SqlType::DateTime),
            ("is_ms_shipped", SqlType::Bit),
        ];
        let rows = self
            .procedures()?
            .into_iter()
            .map(|(procedure, schema)| {
                vec![
                    text(&procedure.name),
                    Value::Integer(procedure.id),
                    Value::Integer(schema),
                    Value::Integer(0),
                    text("P "),
                    text(ObjectKind::Procedure.description()),
                    Value::DateTime(round_to_datetime(procedure.created)),
                    Value::DateTime(round_to_datetime(procedure.modified)),
                    Value::Bit(false),
                ]
            })
            .collect();
        Ok((columns, rows))
    }

    fn parameter_rows(&mut self) -> Result<View, SqlError> {
        let columns = vec![
            ("object_id", SqlType::Int),
            ("name", NAME),
            ("parameter_id", SqlType::Int),
            ("is_output", SqlType::Bit),
            ("is_cursor_ref", SqlType::Bit),
            ("has_default_value", SqlType::Bit),
            ("is_readonly", SqlType::Bit),
        ];
        let mut rows: Vec<Row> = Vec::new();
        for (stored, _) in self.procedures()? {
            let definition = self.definition(stored.id)?;
            for (number, parameter) in (1..).zip(procedure::read(&definition)?.parameters) {
                rows.push(vec![
                    Value::Integer(stored.id),
                    text(&parameter.name),
                    Value::Integer(number),
                    Value::Bit(parameter.output),
                    Value::Bit(false),
                    // SQL Server doesn't say it of T-SQL procedures.
                    Value::Bit(false),
                    Value::Bit(parameter.table.is_some()),
                ]);
            }
        }
        Ok((columns, rows))
    }

    fn standard_procedures(&mut self) -> Result<View, SqlError> {
        let columns = vec![
            ("ROUTINE_CATALOG", NAME),
            ("ROUTINE_SCHEMA", NAME),
            ("ROUTINE_NAME", NAME),
            ("ROUTINE_TYPE", SqlType::NVarChar(Length::Limit(20))),
        ];
        let database = self.rights()?.database.clone();
        let rows = self
            .procedures()?
            .into_iter()
            .map(|(stored, _)| {
                vec![text(&database), text(&stored.schema), text(&stored.name), text("PROCEDURE")]
            })
            .collect();
        Ok((columns, rows))
    }

    /// An OUTPUT parameter takes a value too, so its mode is INOUT.
    fn standard_parameters(&mut self) -> Result<View, SqlError> {
        let columns = vec![
            ("SPECIFIC_CATALOG", NAME),
            ("SPECIFIC_SCHEMA", NAME),
            ("SPECIFIC_NAME", NAME),
            ("ORDINAL_POSITION", SqlType::Int),
            ("PARAMETER_MODE", SqlType::NVarChar(Length::Limit(10))),
            ("IS_RESULT", SqlType::NVarChar(Length::Limit(10))),
            ("PARAMETER_NAME", NAME),
            ("DATA_TYPE", NAME),
            ("CHARACTER_MAXIMUM_LENGTH", SqlType::Int),
            ("NUMERIC_PRECISION", SqlType::TinyInt),
            ("NUMERIC_SCALE", SqlType::Int),
            ("DATETIME_PRECISION", SqlType::SmallInt),
        ];
        let database = self.rights()?.database.clone();
        let mut rows: Vec<Row> = Vec::new();
        for (stored, _) in self.procedures()? {
            let definition = self.definition(stored.id)?;
            for (number, parameter) in (1..).zip(procedure::read(&definition)?.parameters) {
                let sql_type = parameter.table.is_none().then_some(parameter.sql_type);
                let (precision, scale) = sql_type.map_or((Value::Null, Value::Null), standard_digits);
                rows.push(vec![
                    text(&database),
                    text(&stored.schema),
                    text(&stored.name),
                    Value::Integer(number),
                    text(if parameter.output { "INOUT" } else { "IN" }),
                    text("NO"),
                    text(&parameter.name),
                    text(match sql_type {
                        None => "table type",
                        Some(SqlType::Decimal { .. }) => "decimal",
                        Some(other) => other.family_name(),
                    }),
                    match sql_type.and_then(SqlType::length) {
                        Some(Length::Limit(length)) => Value::Integer(i64::from(length)),
                        Some(Length::Max) => Value::Integer(-1),
                        None => Value::Null,
                    },
                    precision,
                    scale,
                    sql_type
                        .and_then(SqlType::fraction_digits)
                        .map_or(Value::Null, |digits| Value::Integer(i64::from(digits))),
                ]);
            }
        }
        Ok((columns, rows))
    }

    /// Without VIEW DEFINITION a procedure is there and its text is NULL.
    fn module_rows(&mut self) -> Result<View, SqlError> {
        let columns = vec![
            ("object_id", SqlType::Int),
            ("definition", TEXT),
            ("uses_ansi_nulls", SqlType::Bit),
            ("uses_quoted_identifier", SqlType::Bit),
            ("is_schema_bound", SqlType::Bit),
            ("is_recompiled", SqlType::Bit),
            ("execute_as_principal_id", SqlType::Int),
        ];
        let rights = self.rights()?;
        let mut rows = Vec::new();
        for (stored, schema) in self.procedures()? {
            let securable = Securable::Object { id: stored.id, schema };
            let definition = if rights.allows_named(securable, "VIEW DEFINITION") {
                Value::Text(self.definition(stored.id)?)
            } else {
                Value::Null
            };
            rows.push(vec![
                Value::Integer(stored.id),
                definition,
                Value::Bit(true),
                Value::Bit(true),
                Value::Bit(false),
                Value::Bit(false),
                Value::Null,
            ]);
        }
        Ok((columns, rows))
    }

    fn definition(&self, id: i64) -> Result<String, SqlError> {
        catalog::definition(self.connection, id).map_err(|error| errors::internal(&error))
    }

    /// OBJECT_NAME, OBJECT_SCHEMA_NAME and OBJECT_DEFINITION; None when `name` is none of them.
    pub(super) fn module_function(
        &mut self,
        name: &str,
        values: &[&Expr],
    ) -> Result<Option<Typed>, SqlError> {
        let question = name.to_lowercase();
        Ok(Some(match (name, values) {
            ("OBJECT_NAME" | "OBJECT_SCHEMA_NAME", [_, _]) => {
                return Err(unsupported(&format!("{name} in another database")));
            }
            ("OBJECT_NAME" | "OBJECT_SCHEMA_NAME", [id]) => {
                let id = self.number(id)?;
                self.ask_rights(&question, [&id, "NULL", "NULL"], NAME)?
            }
            ("OBJECT_DEFINITION", [id]) => {
                let id = self.number(id)?;
                let visible = self.ask_rights(&question, [&id, "NULL", "NULL"], SqlType::Int)?.sql;
                let sql = format!(
                    "(SELECT definition FROM main.local_azure_procedures WHERE object_id = {visible})"
                );
                Typed::new(sql, TEXT)
            }
            _ => return Ok(None),
        }))
    }
}

/// Precision and scale as the standard views have them: a number with a binary point has no scale, and `bit` is none.
fn standard_digits(sql_type: SqlType) -> (Value, Value) {
    let digits = |count: u8| Value::Integer(i64::from(count));
    match (sql_type, sql_type.precision_and_scale()) {
        (SqlType::Float, _) => (digits(53), Value::Null),
        (SqlType::Real, _) => (digits(24), Value::Null),
        (SqlType::Bit, _) | (_, None) => (Value::Null, Value::Null),
        (_, Some((precision, scale))) => (digits(precision), digits(scale)),
    }
}
