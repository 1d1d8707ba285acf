//! Who may define a procedure, and who may call it.

use super::catalog::StoredProcedure;
use crate::sql::engine::errors;
use crate::sql::engine::security::denied;
use crate::sql::engine::security::rights::{Rights, Securable};
use crate::sql::engine::session::Session;
use crate::sql::reply::SqlError;
use crate::sql::tsql::procedure::{DefinitionVerb, ProcedureDefinition};
use crate::sql::tsql::statement::Name;

impl Session {
    /// A new procedure needs CREATE PROCEDURE in the database and ALTER on its schema; one that is there needs ALTER.
    pub(in crate::sql::engine) fn may_define_procedure(
        &self,
        rights: &Rights,
        definition: &ProcedureDefinition,
    ) -> Result<(), SqlError> {
        let ProcedureDefinition { verb, name, text: _ } = definition;
        let found = self.procedure(name)?.filter(|_| *verb != DefinitionVerb::Create);
        if let Some(found) = found {
            let securable = securable(rights, &found);
            return if rights.allows_named(securable, "ALTER") {
                Ok(())
            } else if rights.sees(securable) {
                Err(SqlError::new(
                    3704,
                    format!(
                        "User does not have permission to perform this operation on procedure '{}'.",
                        found.name
                    ),
                ))
            } else {
                Err(errors::invalid_object(name).with_state(6))
            };
        }
        if !rights.allows_named(Securable::Database, "CREATE PROCEDURE") {
            return Err(denied::in_database("CREATE PROCEDURE", &rights.database));
        }
        let written = name.schema.as_deref().unwrap_or("dbo");
        match rights.schema(written).map(Securable::Schema) {
            Some(schema) if !rights.allows_named(schema, "ALTER") => Err(denied::schema(written)),
            _ => Ok(()),
        }
    }

    /// DROP needs CONTROL of the procedure or ALTER on its schema.
    pub(in crate::sql::engine) fn may_drop_procedures(
        &self,
        rights: &Rights,
        names: &[Name],
    ) -> Result<(), SqlError> {
        for name in names {
            let Some(found) = self.procedure(name)? else { continue };
            let schema = rights.schema(&found.schema).map(Securable::Schema);
            let allowed = rights.allows_named(securable(rights, &found), "CONTROL")
                || schema.is_some_and(|schema| rights.allows_named(schema, "ALTER"));
            if !allowed {
                return Err(denied::drop("procedure", &errors::display(name)));
            }
        }
        Ok(())
    }

    /// 229 unless the session's user may run the procedure.
    pub(super) fn may_call(&self, procedure: &StoredProcedure) -> Result<(), SqlError> {
        if self.user.is_dbo() {
            return Ok(());
        }
        let rights = self.load_rights()?;
        if rights.allows_named(securable(&rights, procedure), "EXECUTE") {
            return Ok(());
        }
        Err(denied::on_named("EXECUTE", &rights.database, &procedure.schema, &procedure.name))
    }
}

/// A procedure as something to have rights on.
fn securable(rights: &Rights, procedure: &StoredProcedure) -> Securable {
    Securable::Object { id: procedure.id, schema: rights.schema(&procedure.schema).unwrap_or_default() }
}
