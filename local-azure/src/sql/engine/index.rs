//! Indexes, and the unique ones that stand behind UNIQUE constraints.

use super::catalog::{self, Key, KeyKind, Table, quote, same_name};
use super::constraint::{key_columns, proper_names};
use super::define::table;
use super::errors;
use super::session::{Failure, Session};
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::{IndexDefinition, Name};

impl Session {
    /// A unique index; where a column may be NULL a second one lets NULL in only once, as SQL Server does.
    pub(super) fn unique(
        &self,
        table: &Table,
        key: &Key,
        directions: &[(String, bool)],
    ) -> Result<(), Failure> {
        let index = format!("{}.{}", table.stored_name(), key.name);
        let list: Vec<String> = key
            .columns
            .iter()
            .map(|column| {
                format!(
                    "{}{}",
                    quote(column),
                    if directions.iter().any(|(name, descending)| *descending && same_name(name, column)) {
                        " DESC"
                    } else {
                        ""
                    }
                )
            })
            .collect();
        let on = quote(&table.stored_name());
        let database = table.database();
        let create = |name: &str, list: &str, filter: &str| {
            format!("CREATE UNIQUE INDEX {database}.{} ON {on} ({list}){filter}", quote(name))
        };
        self.index_sql(&create(&index, &list.join(", "), ""), table, key)?;
        let nullable: Vec<String> = key
            .columns
            .iter()
            .filter(|column| table.column(column).is_some_and(|(_, column)| column.nullable))
            .map(|column| quote(column))
            .collect();
        if nullable.is_empty() {
            return Ok(());
        }
        let expressions: Vec<String> = key
            .columns
            .iter()
            .map(|column| quote(column))
            .flat_map(|column| [format!("({column} IS NULL)"), format!("ifnull({column}, 0)")])
            .collect();
        let filter: Vec<String> = nullable.iter().map(|column| format!("{column} IS NULL")).collect();
        self.index_sql(
            &create(
                &format!("{index}$null"),
                &expressions.join(", "),
                &format!(" WHERE {}", filter.join(" OR ")),
            ),
            table,
            key,
        )
    }

    fn index_sql(&self, sql: &str, table: &Table, key: &Key) -> Result<(), Failure> {
        self.connection.execute(sql, []).map(|_| ()).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => SqlError::new(1505, format!("The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}' and the index name '{}'.", table.shown(), key.name)).into(),
            _ => self.sqlite_failure(&error),
        })
    }

    pub(super) fn create_index(&mut self, definition: &IndexDefinition) -> Result<(), Failure> {
        let mut table = table(&self.connection, &definition.table)?;
        if table.keys.iter().any(|key| same_name(&key.name, &definition.name)) {
            return Err(SqlError::new(1913, format!("The operation failed because an index or statistics with name '{}' already exists on table '{}'.", definition.name, table.shown())).into());
        }
        let names: Vec<String> = definition.columns.iter().map(|(name, _)| name.clone()).collect();
        let columns = key_columns(&table, &names)?;
        proper_names(&table, &definition.included)?;
        let key = Key {
            name: definition.name.clone(),
            kind: if definition.unique { KeyKind::UniqueIndex } else { KeyKind::Index },
            columns,
        };
        if definition.unique {
            self.unique(&table, &key, &definition.columns)?;
        } else {
            let list: Vec<String> = key
                .columns
                .iter()
                .zip(&definition.columns)
                .map(|(column, (_, descending))| {
                    format!("{}{}", quote(column), if *descending { " DESC" } else { "" })
                })
                .collect();
            let name = format!("{}.{}", table.stored_name(), key.name);
            self.sql(
                &format!(
                    "CREATE INDEX {}.{} ON {} ({})",
                    table.database(),
                    quote(&name),
                    quote(&table.stored_name()),
                    list.join(", ")
                ),
                [],
            )?;
        }
        table.keys.push(key);
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }

    pub(super) fn drop_index(&mut self, index: &str, name: &Name, if_exists: bool) -> Result<(), Failure> {
        let mut table = table(&self.connection, name)?;
        let place = table.keys.iter().position(|key| {
            same_name(&key.name, index) && matches!(key.kind, KeyKind::Index | KeyKind::UniqueIndex)
        });
        let Some(place) = place else {
            if if_exists {
                return Ok(());
            }
            return Err(SqlError::new(3701, format!("Cannot drop the index '{}.{index}', because it does not exist or you do not have permission.", table.shown())).with_class(11).into());
        };
        let key = table.keys.remove(place);
        if self.dependent(&table, &key)?.is_some() {
            return Err(SqlError::new(3723, format!("An explicit DROP INDEX is not allowed on index '{}.{}'. It is being used for FOREIGN KEY constraint enforcement.", table.shown(), key.name)).with_state(4).into());
        }
        self.drop_index_of(&table, &key)?;
        catalog::update(&self.connection, &table).map_err(|error| errors::internal(&error).into())
    }

    /// The table and foreign key that need this unique key of `table`, if there is one.
    pub(super) fn dependent(&self, table: &Table, key: &Key) -> Result<Option<(String, String)>, SqlError> {
        if !matches!(key.kind, KeyKind::PrimaryKey | KeyKind::Unique | KeyKind::UniqueIndex) {
            return Ok(None);
        }
        let tables = catalog::all(&self.connection, "main").map_err(|error| errors::internal(&error))?;
        let stored = table.stored_name();
        let needs = |other: &Key| matches!(&other.kind, KeyKind::Foreign { parent, columns, .. } if *parent == stored && *columns == key.columns);
        Ok(tables.iter().find_map(|other| {
            other.keys.iter().find(|key| needs(key)).map(|key| (other.shown(), key.name.clone()))
        }))
    }

    /// Takes away what `unique` or `create_index` made in SQLite.
    pub(super) fn drop_index_of(&self, table: &Table, key: &Key) -> Result<(), Failure> {
        let stored = format!("{}.{}", table.stored_name(), key.name);
        for name in [stored.clone(), format!("{stored}$null")] {
            self.sql(&format!("DROP INDEX IF EXISTS {}.{}", table.database(), quote(&name)), [])?;
        }
        Ok(())
    }
}
