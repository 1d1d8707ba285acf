//! CREATE TYPE ... AS TABLE and DROP TYPE.

use super::catalog::{self, TableType};
use crate::sql::engine::bind::Facts;
use crate::sql::engine::catalog::{Table, schema};
use crate::sql::engine::errors;
use crate::sql::engine::security::denied;
use crate::sql::engine::security::rights::Securable;
use crate::sql::engine::session::{Failure, Session};
use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::Name;
use crate::sql::tsql::table_type::parse_body;

impl Session {
    /// The table type of that name, in `dbo` if it names no schema; 2715 if there is none.
    pub(in crate::sql::engine) fn table_type(&self, name: &Name, place: usize) -> Result<TableType, SqlError> {
        catalog::find(&self.connection, name.schema.as_deref().unwrap_or("dbo"), &name.object)
            .map_err(|error| errors::internal(&error))?
            .ok_or_else(|| {
                SqlError::new(
                    2715,
                    format!(
                        "Column, parameter, or variable #{place}: Cannot find data type {}.",
                        errors::display(name)
                    ),
                )
                .with_state(3)
            })
    }

    /// 229 unless the session's user may use the type for a variable or a parameter.
    pub(in crate::sql::engine) fn may_use_type(&self, table_type: &TableType) -> Result<(), SqlError> {
        if self.user.is_dbo() {
            return Ok(());
        }
        let rights = self.load_rights()?;
        let schema = rights.schema(&table_type.schema).unwrap_or_default();
        if rights.allows_named(Securable::Type { id: table_type.id, schema }, "EXECUTE") {
            return Ok(());
        }
        Err(denied::on_type("EXECUTE", &rights.database, &table_type.schema, &table_type.name))
    }

    /// CREATE TYPE ... AS TABLE.
    pub(in crate::sql::engine) fn create_table_type(
        &mut self,
        name: &Name,
        body: &str,
        facts: &Facts,
    ) -> Result<(), Failure> {
        let written = name.schema.as_deref().unwrap_or("dbo");
        let schema = schema(&self.connection, written)
            .map_err(|error| errors::internal(&error))?
            .ok_or_else(|| denied::schema(written))?;
        let known = catalog::find(&self.connection, &schema, &name.object);
        if known.map_err(|error| errors::internal(&error))?.is_some() {
            return Err(SqlError::new(
                219,
                format!(
                    "The type '{}' already exists, or you do not have permission to create it.",
                    errors::display(name)
                ),
            )
            .into());
        }
        let object_id = self.database.next_object();
        // What can't be a table is refused here and not where a variable is declared.
        let table = Table {
            id: object_id,
            schema: schema.clone(),
            name: name.object.clone(),
            temporary: true,
            columns: Vec::new(),
            keys: Vec::new(),
        };
        self.describe_table(table, &parse_body(body)?, facts)?;
        catalog::insert(&self.connection, object_id, &schema, &name.object, body)
            .map_err(|error| self.sqlite_failure(&error))
    }

    /// DROP TYPE.
    pub(in crate::sql::engine) fn drop_type(&self, name: &Name, if_exists: bool) -> Result<(), Failure> {
        let found = catalog::find(&self.connection, name.schema.as_deref().unwrap_or("dbo"), &name.object)
            .map_err(|error| errors::internal(&error))?;
        match found {
            Some(found) => {
                catalog::remove(&self.connection, found.id).map_err(|error| self.sqlite_failure(&error))
            }
            None if if_exists => Ok(()),
            None => Err(denied::drop("type", &errors::display(name)).into()),
        }
    }
}
