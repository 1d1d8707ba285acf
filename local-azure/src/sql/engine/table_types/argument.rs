//! Table-valued parameters: the rows that a client sends, or a variable of the caller's.

use rusqlite::types::Value as Stored;

use super::catalog::TableType;
use super::variable::{TableVariable, TableVariables};
use crate::sql::engine::bind::modify::BoundModification;
use crate::sql::engine::bind::{Binder, Facts, Typed};
use crate::sql::engine::catalog::{quote, same_name};
use crate::sql::engine::errors;
use crate::sql::engine::session::{Failure, Session, Variables};
use crate::sql::reply::{SqlError, StatementKind};
use crate::sql::tsql::statement::Name;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::storage::to_sqlite;

/// A column of the rows that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentColumn {
    /// Its type on the wire.
    pub sql_type: SqlType,
    /// Whether the type's default goes into it: the rows then have no value for it.
    pub default: bool,
}

/// The rows that a client sends for a table-valued parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct SentTable {
    /// The schema of its type; empty when the client didn't say.
    pub schema: String,
    /// The name of its type; empty when the client didn't say.
    pub type_name: String,
    /// Its columns; none when the parameter is NULL, which is a table without rows.
    pub columns: Vec<SentColumn>,
    /// A value for each column that doesn't take its default.
    pub rows: Vec<Vec<Value>>,
}

/// What is passed for a table-valued parameter.
#[derive(Clone, Debug)]
pub enum TableArgument {
    /// Rows from a client.
    Sent(SentTable),
    /// A variable of the calling text.
    Variable(TableVariable),
}

/// What a call gives for a table-valued parameter.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql::engine) enum GivenTable<'a> {
    /// Nothing, DEFAULT or NULL: a table without rows.
    Nothing,
    /// A table.
    Table(&'a TableArgument),
    /// A value of this type, which is none.
    Scalar(SqlType),
}

impl PartialEq for TableArgument {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sent(one), Self::Sent(other)) => one == other,
            (Self::Variable(one), Self::Variable(other)) => one.table.id == other.table.id,
            _ => false,
        }
    }
}

impl Session {
    /// Puts a table-valued parameter among the tables of the text that it is for.
    /// `place` is the parameter's number, from 1.
    pub(in crate::sql::engine) fn pass_table(
        &mut self,
        parameter: &str,
        place: usize,
        type_name: &Name,
        given: GivenTable<'_>,
        tables: &mut TableVariables,
        facts: &Facts,
    ) -> Result<(), Failure> {
        let table_type = self.table_type(type_name, place)?;
        self.may_use_type(&table_type)?;
        let variable = match given {
            GivenTable::Nothing => self.table_variable_of(parameter, &table_type, facts)?,
            GivenTable::Table(TableArgument::Sent(sent)) => {
                let named = |written: &str, own: &str| written.is_empty() || same_name(written, own);
                if !named(&sent.schema, &table_type.schema) || !named(&sent.type_name, &table_type.name) {
                    return Err(clash(&sent.type_name, &table_type.name).into());
                }
                let variable = self.table_variable_of(parameter, &table_type, facts)?;
                self.fill(&variable, &table_type, sent, facts)?;
                variable
            }
            GivenTable::Table(TableArgument::Variable(variable)) => {
                let same = variable
                    .table_type
                    .as_ref()
                    .is_some_and(|(schema, name)| *schema == table_type.schema && *name == table_type.name);
                if !same {
                    let from = variable.table_type.as_ref().map_or("table", |(_, name)| name);
                    return Err(clash(from, &table_type.name).into());
                }
                variable.clone()
            }
            GivenTable::Scalar(sql_type) => {
                return Err(clash(sql_type.family_name(), &table_type.name).into());
            }
        };
        tables.insert(parameter.to_owned(), TableVariable { read_only: true, ..variable });
        Ok(())
    }

    /// Inserts the rows that a client sent, all or none.
    fn fill(
        &mut self,
        variable: &TableVariable,
        table_type: &TableType,
        sent: &SentTable,
        facts: &Facts,
    ) -> Result<(), Failure> {
        let table = &variable.table;
        if sent.columns.is_empty() {
            return Ok(());
        }
        if sent.columns.len() != table.columns.len() {
            return Err(SqlError::new(
                500,
                format!(
                    "Trying to pass a table-valued parameter with {} column(s) where the corresponding user-defined table type requires {} column(s).",
                    sent.columns.len(),
                    table.columns.len()
                ),
            )
            .into());
        }
        let variables = Variables::new();
        let mut binder = Binder::new(&self.connection, &variables, facts);
        let identity = table.identity().map(|(place, _, _)| place);
        let mut cells = Vec::new();
        let mut given = 0;
        for (place, column) in sent.columns.iter().enumerate() {
            cells.push(match (column.default, identity == Some(place)) {
                (true, true) => format!("local_azure_identity({})", table.id),
                (true, false) => binder.default(table, place)?,
                (false, true) => {
                    return Err(SqlError::new(
                        1077,
                        format!(
                            "INSERT into an identity column not allowed on table variables: the type '{}' gives its column '{}' a number itself.",
                            table_type.name,
                            table.columns.get(place).map(|column| column.name.as_str()).unwrap_or_default()
                        ),
                    )
                    .into());
                }
                (false, false) => {
                    given += 1;
                    // The parameters of defaults stand behind those of the row.
                    binder.assigned(Typed::new(format!("?{{{given}}}"), column.sql_type), table, place)?
                }
            });
        }
        let constants = std::mem::take(&mut binder.parameters);
        drop(binder);
        let names: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
        let mut sql =
            format!("INSERT INTO {} ({}) VALUES ({})", table.sql(), names.join(", "), cells.join(", "));
        for place in 1..=given {
            sql = sql.replace(&format!("?{{{place}}}"), &format!("?{}", constants.len() + place));
        }
        self.database.counters.prepare(&self.connection, table).map_err(|error| errors::internal(&error))?;
        self.set_clock();
        let bound =
            BoundModification { sql, kind: StatementKind::Insert, table: table.clone(), output: Vec::new() };
        let given_types: Vec<SqlType> =
            sent.columns.iter().filter(|column| !column.default).map(|column| column.sql_type).collect();
        // A savepoint outside a transaction is one; it locks nothing but the temporary database that it writes to.
        let savepoint = |session: &Self, word: &str| {
            session
                .connection
                .execute_batch(&format!("{word} local_azure_rows"))
                .map_err(|error| errors::internal(&error))
        };
        savepoint(self, "SAVEPOINT")?;
        let result = sent.rows.iter().try_for_each(|row| {
            // A cancel between two rows interrupts neither.
            if self.cancelled() {
                return Err(Failure::Stopped);
            }
            let mut parameters = constants.clone();
            parameters
                .extend(row.iter().zip(&given_types).map(|(value, sql_type)| to_sqlite(value, *sql_type)));
            self.insert_row(&bound, &parameters)
        });
        // The savepoint has gone with the transaction.
        if self.has_lost_its_transaction() {
            return result;
        }
        if result.is_err() {
            savepoint(self, "ROLLBACK TO")?;
        }
        savepoint(self, "RELEASE")?;
        result
    }

    fn insert_row(&mut self, bound: &BoundModification, parameters: &[Stored]) -> Result<(), Failure> {
        let inserted = self
            .connection
            .prepare_cached(&bound.sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(parameters)));
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => Err(self.modification_failure(&error, bound, parameters)),
        }
    }
}

/// 206.
pub(in crate::sql::engine) fn clash(from: &str, to: &str) -> SqlError {
    SqlError::new(206, format!("Operand type clash: {from} is incompatible with {to}")).with_state(2)
}
