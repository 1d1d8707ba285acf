//! The table types of the database, in a side table of the same file.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::sql::engine::catalog::{TableColumn, same_name};
use crate::sql::engine::security::store;
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::{ConstraintKind, TableElement};
use crate::sql::tsql::table_type::parse_body;

/// The side table. `body` is what stood in the parentheses of CREATE TYPE, as T-SQL.
const SIDE_TABLE: &str = "
CREATE TABLE IF NOT EXISTS main.local_azure_table_types (
    user_type_id INTEGER PRIMARY KEY, object_id INTEGER NOT NULL, schema_name TEXT NOT NULL COLLATE NOCASE,
    type_name TEXT NOT NULL COLLATE NOCASE, body TEXT NOT NULL) STRICT;
";

/// The first `user_type_id` of a user's type.
const FIRST_ID: i64 = 257;

/// A table type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableType {
    /// `user_type_id`
    pub(crate) id: i64,
    /// `type_table_object_id`: what its columns are found by in `sys.columns`.
    pub(crate) object_id: i64,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// Columns and constraints as T-SQL.
    pub(crate) body: String,
}

impl TableType {
    /// Its columns.
    pub(crate) fn columns(&self) -> Result<Vec<TableColumn>, SqlError> {
        Ok(columns_of(&parse_body(&self.body)?))
    }
}

/// The columns of a table type or table variable.
pub(crate) fn columns_of(elements: &[TableElement]) -> Vec<TableColumn> {
    let mut columns: Vec<TableColumn> = Vec::new();
    let mut keys: Vec<&[String]> = Vec::new();
    for element in elements {
        let constraints = match element {
            TableElement::Column(column) => {
                columns.push(TableColumn {
                    name: column.name.clone(),
                    sql_type: column.sql_type,
                    nullable: column.nullable.unwrap_or(column.identity.is_none()),
                    identity: column.identity,
                    default: column.default.as_ref().map(|(_, text)| text.clone()),
                });
                column.constraints.as_slice()
            }
            TableElement::Constraint(constraint) => std::slice::from_ref(constraint),
        };
        keys.extend(constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(names) => Some(names.as_slice()),
            _ => None,
        }));
    }
    for column in &mut columns {
        let in_key = keys.iter().any(|names| names.iter().any(|name| same_name(name, &column.name)));
        column.nullable &= !in_key;
    }
    columns
}

/// Makes the side table if it isn't there.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SIDE_TABLE)
}

/// The type of that name.
pub(crate) fn find(connection: &Connection, schema: &str, name: &str) -> rusqlite::Result<Option<TableType>> {
    connection
        .prepare_cached(
            "SELECT user_type_id, object_id, schema_name, type_name, body FROM main.local_azure_table_types WHERE schema_name = ?1 AND type_name = ?2",
        )?
        .query_row([schema, name], read)
        .optional()
}

/// All types, by id.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<TableType>> {
    let mut statement = connection.prepare_cached(
        "SELECT user_type_id, object_id, schema_name, type_name, body FROM main.local_azure_table_types ORDER BY user_type_id",
    )?;
    statement.query_map([], read)?.collect()
}

/// Adds a type; its id is the next one.
pub(super) fn insert(
    connection: &Connection,
    object_id: i64,
    schema: &str,
    name: &str,
    body: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO main.local_azure_table_types
         SELECT coalesce(max(user_type_id) + 1, ?1), ?2, ?3, ?4, ?5 FROM main.local_azure_table_types",
        params![FIRST_ID, object_id, schema, name, body],
    )?;
    Ok(())
}

/// Forgets a type.
pub(super) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    store::forget_type(connection, id)?;
    connection.execute("DELETE FROM main.local_azure_table_types WHERE user_type_id = ?1", [id])?;
    Ok(())
}

/// The highest object id that a type has.
pub(crate) fn last_object(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(object_id), 0) FROM main.local_azure_table_types", [], |row| {
        row.get(0)
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<TableType> {
    Ok(TableType {
        id: row.get(0)?,
        object_id: row.get(1)?,
        schema: row.get(2)?,
        name: row.get(3)?,
        body: row.get(4)?,
    })
}
