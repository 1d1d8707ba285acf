//! Table variables and table-valued parameters of a batch that is described: they have columns and never a row.

use super::describer::Describer;
use crate::sql::engine::catalog::{Table, TableColumn};
use crate::sql::engine::errors;
use crate::sql::engine::table_types::catalog::{self, TableType, columns_of};
use crate::sql::engine::table_types::definition::no_type;
use crate::sql::engine::table_types::variable::TableVariable;
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::{Name, TableSource};

impl Describer<'_> {
    /// DECLARE of a table variable.
    pub(super) fn declare_table(&mut self, name: &str, source: &TableSource) -> Result<(), SqlError> {
        match source {
            TableSource::Elements(elements) => {
                self.insert_table(name, columns_of(elements), None, false);
                Ok(())
            }
            TableSource::Type(type_name) => self.table_of_type(name, type_name, false),
        }
    }

    /// A variable of a table type, or a parameter, which nobody changes.
    pub(super) fn table_of_type(
        &mut self,
        name: &str,
        type_name: &Name,
        read_only: bool,
    ) -> Result<(), SqlError> {
        let schema = type_name.schema.as_deref().unwrap_or("dbo");
        let found: TableType = catalog::find(self.connection, schema, &type_name.object)
            .map_err(|error| errors::internal(&error))?
            .ok_or_else(|| no_type(type_name, 1))?;
        self.bind(|binder| binder.may_use_type(&found))?;
        let columns = found.columns()?;
        self.insert_table(name, columns, Some((found.schema, found.name)), read_only);
        Ok(())
    }

    fn insert_table(
        &mut self,
        name: &str,
        columns: Vec<TableColumn>,
        table_type: Option<(String, String)>,
        read_only: bool,
    ) {
        // Nothing is made, so no table that is there has such an id.
        self.last_table -= 1;
        let table = Table {
            id: self.last_table,
            schema: "dbo".to_owned(),
            name: name.to_owned(),
            temporary: true,
            columns,
            keys: Vec::new(),
        };
        self.facts.tables.insert(name.to_owned(), TableVariable { table, table_type, read_only });
    }
}
