//! CREATE, ALTER and DROP PROCEDURE.

use super::catalog::{self, StoredProcedure};
use crate::sql::engine::catalog as tables;
use crate::sql::engine::errors;
use crate::sql::engine::security::denied;
use crate::sql::engine::session::{Failure, Session};
use crate::sql::reply::SqlError;
use crate::sql::tsql::procedure::{DefinitionVerb, ProcedureDefinition};
use crate::sql::tsql::statement::Name;

impl Session {
    /// Runs CREATE or ALTER PROCEDURE. An altered procedure keeps its id and the rights on it.
    pub(in crate::sql::engine) fn define_procedure(
        &self,
        definition: &ProcedureDefinition,
    ) -> Result<(), Failure> {
        let ProcedureDefinition { verb, name, text } = definition;
        let error =
            |error: SqlError| -> Failure { SqlError { procedure: name.object.clone(), ..error }.into() };
        let written = name.schema.as_deref().unwrap_or("dbo");
        let schema = tables::schema(&self.connection, written)
            .map_err(|error| errors::internal(&error))?
            .ok_or_else(|| error(denied::schema(written)))?;
        let found = self.procedure(name)?;
        let is_table = tables::find(&self.connection, &schema, &name.object)
            .map_err(|error| errors::internal(&error))?
            .is_some();
        if is_table && *verb != DefinitionVerb::Create {
            return Err(error(SqlError::new(
                2010,
                format!(
                    "Cannot perform alter on '{}' because it is an incompatible object type.",
                    errors::display(name)
                ),
            )));
        }
        self.set_clock();
        let now = self.functions.now();
        let result = match (verb, found) {
            (DefinitionVerb::Create, Some(_)) => return Err(error(exists(&name.object))),
            (DefinitionVerb::Create, None) if is_table => return Err(error(exists(&name.object))),
            (DefinitionVerb::Alter, None) => {
                return Err(error(errors::invalid_object(name).with_state(6)));
            }
            (DefinitionVerb::Create | DefinitionVerb::CreateOrAlter, None) => {
                let procedure = StoredProcedure {
                    id: self.database.next_object(),
                    schema,
                    name: name.object.clone(),
                    created: now,
                    modified: now,
                };
                catalog::insert(&self.connection, &procedure, text)
            }
            (DefinitionVerb::CreateOrAlter | DefinitionVerb::Alter, Some(found)) => {
                catalog::update(&self.connection, found.id, text, now)
            }
        };
        result.map_err(|error| self.sqlite_failure(&error))
    }

    /// Runs DROP PROCEDURE.
    pub(in crate::sql::engine) fn drop_procedures(
        &self,
        names: &[Name],
        if_exists: bool,
    ) -> Result<(), Failure> {
        for name in names {
            match self.procedure(name)? {
                Some(found) => catalog::remove(&self.connection, found.id)
                    .map_err(|error| self.sqlite_failure(&error))?,
                None if if_exists => {}
                None => return Err(denied::drop("procedure", &errors::display(name)).into()),
            }
        }
        Ok(())
    }

    /// The procedure of that name, in `dbo` if it names no schema.
    pub(in crate::sql::engine) fn procedure(&self, name: &Name) -> Result<Option<StoredProcedure>, SqlError> {
        catalog::find(&self.connection, name.schema.as_deref().unwrap_or("dbo"), &name.object)
            .map_err(|error| errors::internal(&error))
    }
}

/// 2714.
fn exists(name: &str) -> SqlError {
    SqlError::new(2714, format!("There is already an object named '{name}' in the database.")).with_state(3)
}
