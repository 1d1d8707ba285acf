//! Running CREATE USER, DROP USER, CREATE ROLE, DROP ROLE and ALTER ROLE.

use std::sync::Arc;

use uuid::Uuid;

use super::denied::{cannot, this_action};
use super::login::DirectoryEntry;
use super::permission::{self, Class};
use super::principal::{DB_OWNER, DBO, PUBLIC, Principal, PrincipalKind};
use super::rights::{Rights, Securable, State};
use super::store;
use crate::sql::engine::catalog::same_name;
use crate::sql::engine::errors;
use crate::sql::engine::session::{Failure, Session};
use crate::sql::reply::{ReplySink, SqlError};
use crate::sql::tsql::security::{SecurityStatement, UserSource};

impl Session {
    /// Runs a statement about principals or permissions.
    pub(in crate::sql::engine) fn run_security(
        &mut self,
        statement: &SecurityStatement,
        reply: &mut dyn ReplySink,
    ) -> Result<(), Failure> {
        self.atomically(|session| {
            let rights = session.load_rights()?;
            match statement {
                SecurityStatement::CreateUser { name, source } => session.create_user(&rights, name, source),
                SecurityStatement::DropUser { name, if_exists } => {
                    session.drop_principal(&rights, name, *if_exists, false)
                }
                SecurityStatement::CreateRole(name) => session.create_role(&rights, name),
                SecurityStatement::DropRole { name, if_exists } => {
                    session.drop_principal(&rights, name, *if_exists, true)
                }
                SecurityStatement::AlterRole { role, member, add } => {
                    session.alter_role(&rights, role, member, *add)
                }
                SecurityStatement::Permission { verb, permissions, target, grantees } => {
                    session.set_permissions(&rights, *verb, permissions, target, grantees, reply)
                }
            }
        })
    }

    /// The rights as they are now, for the session's user.
    pub(in crate::sql::engine) fn load_rights(&self) -> Result<Arc<Rights>, SqlError> {
        store::load(&self.connection, self.user.clone(), &self.login.database)
            .map_err(|error| errors::internal(&error))
    }

    /// 15023 for a name that is taken.
    fn free_name(rights: &Rights, name: &str) -> Result<(), SqlError> {
        match rights.principal(name) {
            None => Ok(()),
            Some(_) => Err(SqlError::new(
                15023,
                format!("User, group, or role '{name}' already exists in the current database."),
            )),
        }
    }

    fn create_user(&self, rights: &Rights, name: &str, source: &UserSource) -> Result<(), Failure> {
        if !rights.allows_named(Securable::Database, "ALTER ANY USER") {
            return Err(this_action().into());
        }
        Self::free_name(rights, name)?;
        let (sid, group) = match source {
            UserSource::Sid { sid, group } => (sid.clone(), *group),
            UserSource::ExternalProvider { object_id } => {
                if self.login.token.is_none() {
                    return Err(SqlError::new(33159, format!("Principal '{name}' could not be created. Only connections established with Active Directory accounts can create other Active Directory users.")).into());
                }
                let entry = look_up(self.database.directory.as_deref(), name, object_id.as_deref())?;
                (entry.sid(), entry.group)
            }
        };
        if rights.principals.iter().any(|other| other.sid.as_ref() == Some(&sid)) {
            return Err(SqlError::new(
                15063,
                "The login already has an account under a different user name.",
            )
            .into());
        }
        let kind = if group { PrincipalKind::ExternalGroup } else { PrincipalKind::ExternalUser };
        let add = || -> rusqlite::Result<()> {
            let id = store::add_principal(&self.connection, name, kind, Some(&sid))?;
            if let Some(connect) = permission::find(Class::Database, "CONNECT") {
                store::set_permission(&self.connection, connect, 0, id, Some(State::Grant))?;
            }
            Ok(())
        };
        add().map_err(|error| self.sqlite_failure(&error))
    }

    fn create_role(&self, rights: &Rights, name: &str) -> Result<(), Failure> {
        if !rights.allows_named(Securable::Database, "CREATE ROLE") {
            return Err(this_action().into());
        }
        Self::free_name(rights, name)?;
        store::add_principal(&self.connection, name, PrincipalKind::Role, None)
            .map(|_| ())
            .map_err(|error| self.sqlite_failure(&error))
    }

    fn drop_principal(
        &self,
        rights: &Rights,
        name: &str,
        if_exists: bool,
        role: bool,
    ) -> Result<(), Failure> {
        let (what, needed) = if role { ("role", "ALTER ANY ROLE") } else { ("user", "ALTER ANY USER") };
        let found = rights.principal(name).filter(|found| found.is_role() == role);
        let Some(principal) = found else {
            return if if_exists { Ok(()) } else { Err(cannot("drop", what, name).into()) };
        };
        if !rights.allows_named(Securable::Database, needed) {
            return Err(cannot("drop", what, name).into());
        }
        if principal.is_built_in() {
            return Err(SqlError::new(15150, format!("Cannot drop the {what} '{}'.", principal.name)).into());
        }
        if role && rights.members.iter().any(|(role, _)| *role == principal.id) {
            return Err(SqlError::new(
                15144,
                "The role has members. It must be empty before it can be dropped.",
            )
            .into());
        }
        store::remove_principal(&self.connection, principal.id).map_err(|error| self.sqlite_failure(&error))
    }

    fn alter_role(&self, rights: &Rights, role: &str, member: &str, add: bool) -> Result<(), Failure> {
        let found = rights.principal(role).filter(|found| found.is_role());
        let Some(found) = found.filter(|found| may_alter(rights, found)) else {
            return Err(cannot("alter", "role", role).into());
        };
        if found.id == PUBLIC {
            return Err(SqlError::new(15081, "Membership of the public role cannot be changed.").into());
        }
        let verb = if add { "add" } else { "drop" };
        let Some(member) = rights.principal(member).filter(|member| rights.sees_principal(member)) else {
            return Err(cannot(verb, "principal", member).into());
        };
        if member.fixed_role || (member.id != DBO && member.is_built_in()) {
            return Err(
                SqlError::new(15405, format!("Cannot use the special principal '{}'.", member.name)).into()
            );
        }
        if member.id == DBO {
            return Err(SqlError::new(15405, "Cannot use the special principal 'dbo'.").into());
        }
        if add && rights.is_member(found.id, member.id) {
            return Err(SqlError::new(15413, "Cannot make a role a member of itself.").into());
        }
        store::set_member(&self.connection, found.id, member.id, add)
            .map_err(|error| self.sqlite_failure(&error))
    }
}

/// Only an owner changes who is in a fixed role.
fn may_alter(rights: &Rights, role: &Principal) -> bool {
    if role.fixed_role {
        rights.user.is_dbo() || rights.own().contains(&DB_OWNER)
    } else {
        rights.allows_named(Securable::Database, "ALTER ANY ROLE")
    }
}

/// The entry of the directory that a name means, with an object id the entry that has it: 33134 when the directory can't
/// be read, 33130 when nothing is found, 33131 when two have the name.
fn look_up<'a>(
    directory: Option<&'a [DirectoryEntry]>,
    name: &str,
    object_id: Option<&str>,
) -> Result<&'a DirectoryEntry, SqlError> {
    let Some(directory) = directory else {
        return Err(SqlError::new(
            33134,
            format!(
                "Principal '{name}' could not be resolved. Error message: 'Server identity is not configured. Please follow the steps in \"Assign an Azure AD identity to your server and add Directory Reader permission to your identity\" (https://aka.ms/sqlaadsetup)'"
            ),
        ));
    };
    let missing = || {
        SqlError::new(
            33130,
            format!("Principal '{name}' could not be found or this principal type is not supported."),
        )
    };
    if let Some(object_id) = object_id {
        let wanted = Uuid::try_parse(object_id).map_err(|_| missing())?;
        return directory.iter().find(|entry| entry.object_id == wanted).ok_or_else(missing);
    }
    let mut found = directory.iter().filter(|entry| same_name(&entry.name, name));
    let first = found.next().ok_or_else(missing)?;
    match found.next() {
        None => Ok(first),
        Some(_) => Err(SqlError::new(
            33131,
            format!(
                "Principal '{name}' has a duplicate display name. Make the display name unique in Azure Active Directory and execute this statement again."
            ),
        )),
    }
}
