//! What the database knows of its tables: kept as rows of side tables in the same SQLite file, so that they follow
//! transactions and survive a restart.
//!
//! A user's table `dbo.T` is SQLite's `main."dbo.T"`; the side tables' names have no dot, so no user's table collides.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::sql::types::SqlType;

/// The side table of `main`, and of `temp` for temporary tables.
const SIDE_TABLES: &str = "
CREATE TABLE IF NOT EXISTS {db}.local_azure_tables (
    object_id INTEGER PRIMARY KEY, schema_name TEXT NOT NULL COLLATE NOCASE, table_name TEXT NOT NULL COLLATE NOCASE,
    scope INTEGER NOT NULL, definition TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS {db}.local_azure_identities (object_id INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS {db}.local_azure_schemas (name TEXT PRIMARY KEY COLLATE NOCASE) STRICT;
CREATE TABLE IF NOT EXISTS {db}.local_azure_row_versions (one INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO {db}.local_azure_schemas VALUES ('dbo');
";

mod type_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::sql::types::SqlType;

    pub(super) fn serialize<S: Serializer>(sql_type: &SqlType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(sql_type)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SqlType, D::Error> {
        let text = String::deserialize(deserializer)?;
        SqlType::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A column of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    #[serde(with = "type_text")]
    pub(crate) sql_type: SqlType,
    pub(crate) nullable: bool,
    /// Seed and increment.
    pub(crate) identity: Option<(i64, i64)>,
    /// The expression as T-SQL.
    pub(crate) default: Option<String>,
}

/// What a constraint or index is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyKind {
    PrimaryKey,
    Unique,
    UniqueIndex,
    Index,
    Check,
    /// The expression stands at the column.
    Default,
    /// The parent's SQLite name (without quotes), its name to show, its columns.
    Foreign {
        parent: String,
        shown: String,
        columns: Vec<String>,
    },
}

/// A constraint or an index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) kind: KeyKind,
    pub(crate) columns: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) id: i64,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) temporary: bool,
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) keys: Vec<Key>,
}

impl Table {
    /// The name inside SQLite, without database and quotes.
    pub(crate) fn stored_name(&self) -> String {
        if self.temporary {
            format!("tempdb.{}.{}", self.name, self.id)
        } else {
            format!("{}.{}", self.schema, self.name)
        }
    }

    /// The name as SQLite SQL.
    pub(crate) fn sql(&self) -> String {
        format!("{}.{}", self.database(), quote(&self.stored_name()))
    }

    /// `main` or `temp`.
    pub(crate) fn database(&self) -> &'static str {
        if self.temporary { "temp" } else { "main" }
    }

    /// `schema.name`, as error messages show it.
    pub(crate) fn shown(&self) -> String {
        if self.temporary { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    pub(crate) fn column(&self, name: &str) -> Option<(usize, &TableColumn)> {
        self.columns.iter().enumerate().find(|(_, column)| same_name(&column.name, name))
    }

    pub(crate) fn identity(&self) -> Option<(usize, i64, i64)> {
        self.columns
            .iter()
            .enumerate()
            .find_map(|(index, column)| column.identity.map(|(seed, increment)| (index, seed, increment)))
    }

    /// The place of the rowversion column.
    pub(crate) fn row_version(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.sql_type == SqlType::RowVersion)
    }

    /// The columns that tell rows apart inside SQLite.
    pub(crate) fn row_key(&self) -> Vec<String> {
        self.keys.iter().find(|key| key.kind == KeyKind::PrimaryKey).map_or_else(
            || vec!["rowid".to_owned()],
            |key| key.columns.iter().map(|column| quote(column)).collect(),
        )
    }
}

/// Whether two identifiers are the same in the database's collation.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || left.to_lowercase() == right.to_lowercase()
}

/// An identifier as SQLite SQL.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes the side tables of `database` (`main` or `temp`) if they aren't there.
pub(crate) fn prepare(connection: &Connection, database: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&SIDE_TABLES.replace("{db}", database))
}

/// The table of that name; for a temporary one, the one made innermost.
pub(crate) fn find(connection: &Connection, schema: &str, name: &str) -> rusqlite::Result<Option<Table>> {
    let (database, schema) = if name.starts_with('#') { ("temp", "tempdb") } else { ("main", schema) };
    let sql = format!(
        "SELECT definition FROM {database}.local_azure_tables WHERE schema_name = ?1 AND table_name = ?2 ORDER BY scope DESC LIMIT 1"
    );
    let text: Option<String> =
        connection.prepare_cached(&sql)?.query_row(params![schema, name], |row| row.get(0)).optional()?;
    text.map(|text| read(&text)).transpose()
}

/// All tables of `database`, by id.
pub(crate) fn all(connection: &Connection, database: &str) -> rusqlite::Result<Vec<Table>> {
    let sql = format!("SELECT definition FROM {database}.local_azure_tables ORDER BY object_id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| read(&text?)).collect()
}

fn read(text: &str) -> rusqlite::Result<Table> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn write(table: &Table) -> rusqlite::Result<String> {
    serde_json::to_string(table).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Writes a new table's description; `scope` is the depth of the sp_executesql call that makes it.
pub(crate) fn insert(connection: &Connection, table: &Table, scope: usize) -> rusqlite::Result<()> {
    let schema = if table.temporary { "tempdb" } else { &table.schema };
    let sql = format!("INSERT INTO {}.local_azure_tables VALUES (?1, ?2, ?3, ?4, ?5)", table.database());
    let scope = i64::try_from(scope).unwrap_or(i64::MAX);
    connection.execute(&sql, params![table.id, schema, table.name, scope, write(table)?])?;
    Ok(())
}

/// Writes a changed description.
pub(crate) fn update(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let sql =
        format!("UPDATE {}.local_azure_tables SET definition = ?2 WHERE object_id = ?1", table.database());
    connection.execute(&sql, params![table.id, write(table)?])?;
    Ok(())
}

/// Forgets a table.
pub(crate) fn remove(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let database = table.database();
    if !table.temporary {
        super::security::store::forget_object(connection, table.id)?;
    }
    for side in ["local_azure_tables", "local_azure_identities"] {
        connection.execute(&format!("DELETE FROM {database}.{side} WHERE object_id = ?1"), [table.id])?;
    }
    Ok(())
}

/// The temporary tables made in `scope` or deeper.
pub(crate) fn temporary_from(connection: &Connection, scope: usize) -> rusqlite::Result<Vec<Table>> {
    let scope = i64::try_from(scope).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached("SELECT definition FROM temp.local_azure_tables WHERE scope >= ?1")?;
    let rows = statement.query_map([scope], |row| row.get::<_, String>(0))?;
    rows.map(|text| read(&text?)).collect()
}

/// The schema's name as it was created.
pub(crate) fn schema(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT name FROM main.local_azure_schemas WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// All schemas with their ids, by name: `dbo` has 1, as on SQL Server, and the others begin at 5.
pub(crate) fn schema_ids(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT CASE rowid WHEN 1 THEN 1 ELSE rowid + 3 END, name FROM main.local_azure_schemas ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
