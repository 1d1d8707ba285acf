//! The catalogue views: `sys.tables`, `sys.columns`, `INFORMATION_SCHEMA.TABLES` and their kin, from the catalogue.

use super::{
    Binder,
    select::{BoundQuery, OutputColumn},
};
use crate::sql::engine::security::rights::ObjectKind;
use crate::sql::engine::{
    catalog::{self, Table},
    errors,
};
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::Name;
use crate::sql::types::{Length, SqlType, Value};

pub(super) const NAME: SqlType = SqlType::NVarChar(Length::Limit(128));

/// What `DB_ID()` gives: on Azure the first of a user's databases has 5.
pub(crate) const DATABASE_ID: i64 = 5;

pub(super) type Row = Vec<Value>;
/// Columns and rows of a view.
pub(super) type View = (Vec<(&'static str, SqlType)>, Vec<Row>);

impl Binder<'_> {
    pub(crate) fn system_view(&mut self, schema: &str, view_name: &str) -> Result<BoundQuery, SqlError> {
        let names = (schema.to_ascii_lowercase(), view_name.to_ascii_lowercase());
        let view = match self.rights_view(&names.0, &names.1)? {
            Some(view) => Some(view),
            None => self.types_view(&names.0, &names.1)?,
        };
        let (columns, rows) = match view {
            Some(view) => view,
            None => match self.module_view(&names.0, &names.1)? {
                Some(view) => view,
                None => self.object_view(schema, view_name)?,
            },
        };
        Ok(self.rows_as_query(columns, &rows))
    }

    /// The views of tables, columns and schemas; of tables those on which the session's user has any right.
    fn object_view(&mut self, schema: &str, view: &str) -> Result<View, SqlError> {
        let mut tables = catalog::all(self.connection, "main").map_err(|error| errors::internal(&error))?;
        if !self.facts.user.is_dbo() {
            let rights = self.rights()?;
            tables.retain(|table| rights.sees(rights.securable(table)));
        }
        let schemas = catalog::schema_ids(self.connection).map_err(|error| errors::internal(&error))?;
        let procedures = if view.eq_ignore_ascii_case("objects") { self.procedures()? } else { Vec::new() };
        let text = |text: &str| Value::Text(text.to_owned());
        let object = |name: &str, id: i64, schema: Value, kind: ObjectKind| {
            vec![
                text(name),
                Value::Integer(id),
                schema,
                text(&format!("{:<2}", kind.code())),
                text(kind.description()),
                Value::Bit(false),
            ]
        };
        let schema_id = |name: &str| {
            let found = schemas.iter().find(|(_, other)| catalog::same_name(other, name));
            Value::Integer(found.map_or(1, |(id, _)| *id))
        };
        let database =
            self.facts.values.get("db_name").and_then(|(_, value)| value.clone()).unwrap_or(Value::Null);
        Ok(match (schema.to_ascii_lowercase().as_str(), view.to_ascii_lowercase().as_str()) {
            ("sys", "tables" | "objects") => (
                vec![
                    ("name", NAME),
                    ("object_id", SqlType::Int),
                    ("schema_id", SqlType::Int),
                    ("type", SqlType::Char(2)),
                    ("type_desc", NAME),
                    ("is_ms_shipped", SqlType::Bit),
                ],
                tables
                    .iter()
                    .map(|table| object(&table.name, table.id, schema_id(&table.schema), ObjectKind::Table))
                    .chain(procedures.iter().map(|(procedure, schema)| {
                        let schema = Value::Integer(*schema);
                        object(&procedure.name, procedure.id, schema, ObjectKind::Procedure)
                    }))
                    .collect(),
            ),
            ("sys", "schemas") => (
                vec![("name", NAME), ("schema_id", SqlType::Int)],
                schemas.iter().map(|(id, name)| vec![text(name), Value::Integer(*id)]).collect(),
            ),
            ("sys", "columns") => (
                vec![
                    ("object_id", SqlType::Int),
                    ("name", NAME),
                    ("column_id", SqlType::Int),
                    ("is_nullable", SqlType::Bit),
                    ("is_identity", SqlType::Bit),
                ],
                each_column(&self.with_types(tables)?, |table, ordinal, column| {
                    vec![
                        Value::Integer(table.id),
                        text(&column.name),
                        Value::Integer(ordinal),
                        Value::Bit(column.nullable),
                        Value::Bit(column.identity.is_some()),
                    ]
                }),
            ),
            ("information_schema", "tables") => (
                vec![
                    ("TABLE_CATALOG", NAME),
                    ("TABLE_SCHEMA", NAME),
                    ("TABLE_NAME", NAME),
                    ("TABLE_TYPE", SqlType::VarChar(Length::Limit(10))),
                ],
                tables
                    .iter()
                    .map(|table| {
                        vec![database.clone(), text(&table.schema), text(&table.name), text("BASE TABLE")]
                    })
                    .collect(),
            ),
            ("information_schema", "columns") => (
                vec![
                    ("TABLE_CATALOG", NAME),
                    ("TABLE_SCHEMA", NAME),
                    ("TABLE_NAME", NAME),
                    ("COLUMN_NAME", NAME),
                    ("ORDINAL_POSITION", SqlType::Int),
                    ("IS_NULLABLE", SqlType::VarChar(Length::Limit(3))),
                    ("DATA_TYPE", NAME),
                ],
                each_column(&tables, |table, ordinal, column| {
                    vec![
                        database.clone(),
                        text(&table.schema),
                        text(&table.name),
                        text(&column.name),
                        Value::Integer(ordinal),
                        text(if column.nullable { "YES" } else { "NO" }),
                        text(column.sql_type.family_name()),
                    ]
                }),
            ),
            _ => {
                return Err(errors::invalid_object(&Name {
                    schema: Some(schema.to_owned()),
                    object: view.to_owned(),
                }));
            }
        })
    }

    /// The tables, and behind them the table types: their columns are found by `type_table_object_id`.
    fn with_types(&mut self, mut tables: Vec<Table>) -> Result<Vec<Table>, SqlError> {
        for found in self.visible_types()? {
            tables.push(Table {
                id: found.object_id,
                columns: found.columns()?,
                schema: found.schema,
                name: found.name,
                temporary: false,
                keys: Vec::new(),
            });
        }
        Ok(tables)
    }

    /// The rows as a query that gives them.
    fn rows_as_query(&mut self, columns: Vec<(&str, SqlType)>, rows: &[Row]) -> BoundQuery {
        let mut tuples = Vec::new();
        for row in rows {
            let cells: Vec<String> =
                row.iter().zip(&columns).map(|(value, (_, sql_type))| self.value(value, *sql_type)).collect();
            tuples.push(format!("({})", cells.join(", ")));
        }
        let empty = tuples.is_empty();
        if empty {
            tuples.push(format!("({})", vec!["NULL"; columns.len()].join(", ")));
        }
        let list: Vec<String> =
            (0..columns.len()).map(|index| format!("column{} AS c{index}", index + 1)).collect();
        let sql = format!(
            "SELECT {} FROM (VALUES {}){}",
            list.join(", "),
            tuples.join(", "),
            if empty { " WHERE 0" } else { "" }
        );
        let columns = columns
            .into_iter()
            .map(|(name, sql_type)| OutputColumn {
                name: name.to_owned(),
                sql_type,
                nullable: true,
                identity: false,
                null: false,
                json: false,
                source: None,
            })
            .collect();
        BoundQuery { sql, columns, sources: Vec::new(), json: None }
    }
}

fn each_column(tables: &[Table], row: impl Fn(&Table, i64, &catalog::TableColumn) -> Row) -> Vec<Row> {
    tables
        .iter()
        .flat_map(|table| {
            (1_i64..)
                .zip(&table.columns)
                .map(|(ordinal, column)| row(table, ordinal, column))
                .collect::<Vec<_>>()
        })
        .collect()
}
