//! Table variables: DECLARE, and how long they live.

use std::collections::HashMap;

use rusqlite::types::Value as Stored;

use super::catalog::TableType;
use crate::sql::engine::bind::Facts;
use crate::sql::engine::catalog::{self, Table};
use crate::sql::engine::session::{Failure, Session};
use crate::sql::tsql::statement::{TableElement, TableSource};
use crate::sql::tsql::table_type::parse_body;

/// A table variable or a table-valued parameter.
#[derive(Clone, Debug)]
pub struct TableVariable {
    pub(crate) table: Table,
    /// The schema and name of its type, if it has one.
    pub(crate) table_type: Option<(String, String)>,
    /// Whether it is a parameter, which can't be changed.
    pub(crate) read_only: bool,
}

/// The table variables of a text, by name in lower case.
pub(crate) type TableVariables = HashMap<String, TableVariable>;

/// A table variable that is there.
#[derive(Debug)]
struct Live {
    table: Table,
    /// What makes it anew after a rollback that took it away.
    create: String,
    /// The depth of the text that declared it.
    scope: usize,
}

/// The table variables of a session, in all the texts that run.
#[derive(Debug, Default)]
pub(in crate::sql::engine) struct LiveTables {
    live: Vec<Live>,
    /// Tables that were dropped inside the transaction: a rollback would bring them back.
    dropped: Vec<Table>,
}

/// The rows of the table variables, kept over a rollback.
pub(in crate::sql::engine) struct KeptRows(Vec<Vec<Vec<Stored>>>);

impl Session {
    /// DECLARE of a table variable. It is there from its declaration to the end of the text, whose loops don't make it
    /// anew.
    pub(in crate::sql::engine) fn declare_table(
        &mut self,
        name: &str,
        source: &TableSource,
        tables: &mut TableVariables,
        facts: &Facts,
    ) -> Result<(), Failure> {
        if tables.contains_key(name) {
            return Ok(());
        }
        let variable = match source {
            TableSource::Elements(elements) => self.new_table_variable(name, elements, None, facts)?,
            TableSource::Type(type_name) => {
                let found = self.table_type(type_name, 1)?;
                self.may_use_type(&found)?;
                self.table_variable_of(name, &found, facts)?
            }
        };
        tables.insert(name.to_owned(), variable);
        Ok(())
    }

    /// A new and empty variable of a type.
    pub(super) fn table_variable_of(
        &mut self,
        name: &str,
        table_type: &TableType,
        facts: &Facts,
    ) -> Result<TableVariable, Failure> {
        let elements = parse_body(&table_type.body)?;
        self.new_table_variable(name, &elements, Some(table_type), facts)
    }

    fn new_table_variable(
        &mut self,
        name: &str,
        elements: &[TableElement],
        table_type: Option<&TableType>,
        facts: &Facts,
    ) -> Result<TableVariable, Failure> {
        let table = Table {
            id: self.database.next_object(),
            schema: "dbo".to_owned(),
            name: name.to_owned(),
            temporary: true,
            columns: Vec::new(),
            keys: Vec::new(),
        };
        let (table, create) = self.describe_table(table, elements, facts)?;
        self.create_described(&table, &create)?;
        self.tables.live.push(Live { table: table.clone(), create, scope: self.depth });
        Ok(TableVariable {
            table,
            table_type: table_type.map(|table_type| (table_type.schema.clone(), table_type.name.clone())),
            read_only: false,
        })
    }

    /// Drops the table variables declared at this depth or deeper.
    pub(in crate::sql::engine) fn drop_table_variables(&mut self, depth: usize) {
        let (gone, live) =
            std::mem::take(&mut self.tables.live).into_iter().partition(|live| live.scope >= depth);
        self.tables.live = live;
        for Live { table, .. } in gone {
            self.drop_table_variable(&table);
            self.database.counters.forget(table.id);
            if !self.connection.is_autocommit() {
                self.tables.dropped.push(table);
            }
        }
        if self.connection.is_autocommit() {
            self.tables.dropped.clear();
        }
    }

    fn drop_table_variable(&self, table: &Table) {
        // Whatever is left of it goes with the session: nobody finds it.
        let _ = self.connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", table.sql()));
        let _ = catalog::remove(&self.connection, table);
    }

    /// What the table variables hold, before a rollback takes it away.
    pub(in crate::sql::engine) fn keep_table_variables(&self) -> KeptRows {
        let rows = |table: &Table| -> rusqlite::Result<Vec<Vec<Stored>>> {
            let mut statement = self.connection.prepare(&format!("SELECT * FROM {}", table.sql()))?;
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
            rows.collect()
        };
        KeptRows(self.tables.live.iter().map(|live| rows(&live.table).unwrap_or_default()).collect())
    }

    /// Gives the table variables after a rollback what they held before it.
    pub(in crate::sql::engine) fn restore_table_variables(&mut self, kept: &KeptRows) -> Result<(), Failure> {
        for table in &self.tables.dropped {
            self.drop_table_variable(table);
        }
        for (live, rows) in self.tables.live.iter().zip(&kept.0) {
            let table = live.table.sql();
            let _ = self.connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}"));
            self.create_described(&live.table, &live.create)?;
            let places: Vec<String> =
                (1..=live.table.columns.len()).map(|place| format!("?{place}")).collect();
            let insert = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
            for row in rows {
                self.connection
                    .prepare_cached(&insert)
                    .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(row)))
                    .map_err(|error| self.sqlite_failure(&error))?;
            }
        }
        Ok(())
    }

    /// Drops the tables again that were dropped inside a transaction which is undone as a whole.
    pub(in crate::sql::engine) fn drop_what_came_back(&mut self) {
        for table in std::mem::take(&mut self.tables.dropped) {
            self.drop_table_variable(&table);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use crate::sql::engine::{Database, Login};
    use crate::sql::seed::FirstError;

    #[test]
    fn a_reset_leaves_no_table_that_a_rollback_brought_back() {
        let mut session = Database::open(None).unwrap().session(Login::default()).unwrap();
        let tables = "SELECT count(*) FROM temp.sqlite_master WHERE type = 'table'";
        let count = |connection: &rusqlite::Connection| -> i64 {
            connection.query_row(tables, [], |row| row.get(0)).unwrap()
        };
        let before = count(&session.connection);
        let mut reply = FirstError(None);
        let batch =
            "CREATE TABLE dbo.x (a int); DECLARE @t TABLE (a int); BEGIN TRAN; INSERT dbo.x VALUES (1)";
        session.batch(batch, &mut reply);
        assert_eq!(reply.0, None);
        session.reset(false);
        assert_eq!(count(&session.connection), before);
    }
}
