//! The procedures of a database, as rows of a side table in the SQLite file: they follow transactions and survive a
//! restart.

use rusqlite::{Connection, OptionalExtension, Row, params};

const SIDE_TABLE: &str = "
CREATE TABLE IF NOT EXISTS main.local_azure_procedures (
    object_id INTEGER PRIMARY KEY, schema_name TEXT NOT NULL COLLATE NOCASE, procedure_name TEXT NOT NULL COLLATE NOCASE,
    definition TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
    UNIQUE (schema_name, procedure_name)) STRICT;
";

/// A procedure, without its text.
#[derive(Clone, Debug)]
pub(crate) struct StoredProcedure {
    pub(crate) id: i64,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// In ticks of 100 ns since 0001-01-01 in UTC, as `modified`.
    pub(crate) created: i64,
    pub(crate) modified: i64,
}

impl StoredProcedure {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            schema: row.get(1)?,
            name: row.get(2)?,
            created: row.get(3)?,
            modified: row.get(4)?,
        })
    }
}

/// Makes the side table if it isn't there.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SIDE_TABLE)
}

/// The procedure of that name.
pub(crate) fn find(
    connection: &Connection,
    schema: &str,
    name: &str,
) -> rusqlite::Result<Option<StoredProcedure>> {
    connection
        .prepare_cached("SELECT object_id, schema_name, procedure_name, created, modified FROM main.local_azure_procedures WHERE schema_name = ?1 AND procedure_name = ?2")?
        .query_row([schema, name], |row| StoredProcedure::of(row))
        .optional()
}

/// All procedures, by id.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<StoredProcedure>> {
    let mut statement = connection.prepare_cached("SELECT object_id, schema_name, procedure_name, created, modified FROM main.local_azure_procedures ORDER BY object_id")?;
    let rows = statement.query_map([], |row| StoredProcedure::of(row))?;
    rows.collect()
}

/// A procedure's text.
pub(crate) fn definition(connection: &Connection, id: i64) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT definition FROM main.local_azure_procedures WHERE object_id = ?1")?
        .query_row([id], |row| row.get(0))
}

/// Writes a new procedure.
pub(crate) fn insert(
    connection: &Connection,
    procedure: &StoredProcedure,
    definition: &str,
) -> rusqlite::Result<()> {
    let StoredProcedure { id, schema, name, created, modified } = procedure;
    connection.execute(
        "INSERT INTO main.local_azure_procedures VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, schema, name, definition, created, modified],
    )?;
    Ok(())
}

/// Writes a procedure's new text.
pub(crate) fn update(
    connection: &Connection,
    id: i64,
    definition: &str,
    modified: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE main.local_azure_procedures SET definition = ?2, modified = ?3 WHERE object_id = ?1",
        params![id, definition, modified],
    )?;
    Ok(())
}

/// Forgets a procedure and the rights on it.
pub(crate) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    crate::sql::engine::security::store::forget_object(connection, id)?;
    connection.execute("DELETE FROM main.local_azure_procedures WHERE object_id = ?1", [id])?;
    Ok(())
}

/// The highest object id that a procedure has.
pub(crate) fn last_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(object_id), 0) FROM main.local_azure_procedures", [], |row| {
        row.get(0)
    })
}
