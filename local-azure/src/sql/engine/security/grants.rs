//! Running GRANT, DENY and REVOKE.

use super::denied::cannot;
use super::permission::{self, Permission};
use super::principal::{DBO, PUBLIC, Principal};
use super::rights::{Rights, Securable, State};
use super::store;
use crate::sql::engine::catalog::same_name;
use crate::sql::engine::errors;
use crate::sql::engine::session::{Failure, Session};
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::tsql::security::{Target, Verb};
use crate::sql::values::errors::unsupported;

impl Session {
    pub(super) fn set_permissions(
        &self,
        rights: &Rights,
        verb: Verb,
        permissions: &[String],
        target: &Target,
        grantees: &[String],
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        let securable = securable(rights, target)?;
        let permissions = permissions
            .iter()
            .map(|name| named(rights, securable, name))
            .collect::<Result<Vec<&'static Permission>, SqlError>>()?;
        if !rights.allows_named(securable, "CONTROL") {
            return Err(not_allowed(rights, securable, target).into());
        }
        let grantees = grantees
            .iter()
            .map(|name| {
                rights
                    .principal(name)
                    .filter(|grantee| rights.sees_principal(grantee))
                    .ok_or_else(|| cannot("find", "user", name))
            })
            .collect::<Result<Vec<&Principal>, SqlError>>()?;
        for grantee in grantees {
            if grantee.fixed_role {
                return Err(SqlError::new(
                    4617,
                    "Cannot grant, deny or revoke permissions to or from special roles.",
                )
                .into());
            }
            if (grantee.id != PUBLIC && grantee.id <= DBO)
                || matches!(grantee.name.as_str(), "INFORMATION_SCHEMA" | "sys")
                || grantee.id == rights.user.id
            {
                // A message, and the statement ends without effect.
                reply.info(
                    &SqlError::new(4624, "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.")
                        .with_class(0),
                );
                return Ok(());
            }
            for permission in &permissions {
                if permission.name == "CONNECT" && grantee.is_role() {
                    return Err(SqlError::new(4627, "Cannot grant, deny, or revoke the connect database permission to roles and application roles.").into());
                }
                let state = match verb {
                    Verb::Grant => Some(State::Grant),
                    Verb::Deny => Some(State::Deny),
                    Verb::Revoke => None,
                };
                store::set_permission(&self.connection, permission, securable.major(), grantee.id, state)
                    .map_err(|error| self.sqlite_failure(&error))?;
            }
        }
        Ok(())
    }
}

/// The permission of that name; one that SQL Server may have and this endpoint has not is refused by name, like one
/// that is known on other classes only.
fn named(rights: &Rights, securable: Securable, name: &str) -> Result<&'static Permission, SqlError> {
    let fits = rights.kind(securable).is_none_or(|kind| kind.takes(name));
    permission::find(securable.class(), name).filter(|_| fits).ok_or_else(|| {
        if permission::is_known(name) {
            SqlError::new(4606, format!("Granted or revoked privilege {name} is not compatible with object."))
        } else {
            unsupported(&format!("The permission {name}"))
        }
    })
}

fn securable(rights: &Rights, target: &Target) -> Result<Securable, SqlError> {
    match target {
        Target::Database(None) => Ok(Securable::Database),
        Target::Database(Some(name)) if same_name(name, &rights.database) => Ok(Securable::Database),
        Target::Database(Some(name)) => Err(cannot("find", "database", name)),
        Target::Schema(name) => {
            rights.schema(name).map(Securable::Schema).ok_or_else(|| cannot("find", "schema", name))
        }
        Target::Object(name) => rights
            .object(name.schema.as_deref().unwrap_or("dbo"), &name.object)
            .ok_or_else(|| cannot("find", "object", &name.object)),
        Target::Type(name) => rights
            .type_named(name.schema.as_deref().unwrap_or("dbo"), &name.object)
            .ok_or_else(|| cannot("find", "type", &name.object)),
    }
}

/// Whoever doesn't see the securable isn't told that it is there.
fn not_allowed(rights: &Rights, securable: Securable, target: &Target) -> SqlError {
    if rights.sees(securable) {
        return SqlError::new(4613, "Grantor does not have GRANT permission.");
    }
    match target {
        Target::Database(_) => cannot("find", "database", &rights.database),
        Target::Schema(name) => cannot("find", "schema", name),
        Target::Object(name) => cannot("find", "object", &errors::display(name)),
        Target::Type(name) => cannot("find", "type", &errors::display(name)),
    }
}
