//! Users, roles and permissions as rows of side tables in the SQLite file: they follow transactions and survive a restart.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::login::User;
use super::permission::{self, Class};
use super::principal::{self, LAST_SYSTEM_USER, Principal, PrincipalKind};
use super::rights::{Entry, Object, ObjectKind, Rights, State};
use crate::sql::engine::{catalog, procedures, table_types};

const SIDE_TABLES: &str = "
CREATE TABLE IF NOT EXISTS main.local_azure_principals (
    principal_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, kind TEXT NOT NULL, sid BLOB UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS main.local_azure_role_members (
    role_id INTEGER NOT NULL, member_id INTEGER NOT NULL, PRIMARY KEY (role_id, member_id)) STRICT;
CREATE TABLE IF NOT EXISTS main.local_azure_permissions (
    class INTEGER NOT NULL, major_id INTEGER NOT NULL, grantee_id INTEGER NOT NULL, permission TEXT NOT NULL,
    denied INTEGER NOT NULL, PRIMARY KEY (class, major_id, grantee_id, permission)) STRICT;
";

/// Makes the side tables if they aren't there.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SIDE_TABLES)
}

/// All principals, those of every database among them, by id.
pub(crate) fn principals(connection: &Connection) -> rusqlite::Result<Vec<Principal>> {
    let mut all = principal::built_in();
    let mut statement =
        connection.prepare_cached("SELECT principal_id, name, kind, sid FROM main.local_azure_principals")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kind: String = row.get(2)?;
        let Some(kind) = PrincipalKind::from_code(&kind) else { continue };
        all.push(Principal { id: row.get(0)?, name: row.get(1)?, kind, sid: row.get(3)?, fixed_role: false });
    }
    all.sort_by_key(|principal| principal.id);
    Ok(all)
}

/// Role and member.
pub(crate) fn members(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64)>> {
    let mut statement = connection
        .prepare_cached("SELECT role_id, member_id FROM main.local_azure_role_members ORDER BY 1, 2")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT class, major_id, grantee_id, permission, denied FROM main.local_azure_permissions ORDER BY 1, 2, 3, 4",
    )?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(3)?;
        let permission = Class::from_number(row.get(0)?).and_then(|class| permission::find(class, &name));
        let Some(permission) = permission else { continue };
        let denied: bool = row.get(4)?;
        entries.push(Entry {
            permission,
            major: row.get(1)?,
            grantee: row.get(2)?,
            state: if denied { State::Deny } else { State::Grant },
        });
    }
    Ok(entries)
}

/// Everything that the questions of [`Rights`] are answered from, as it is now.
pub(crate) fn load(connection: &Connection, user: User, database: &str) -> rusqlite::Result<Arc<Rights>> {
    let schemas = catalog::schema_ids(connection)?;
    let object = |id: i64, schema: &str, name: String, kind: ObjectKind| {
        let found = schemas.iter().find(|(_, other)| catalog::same_name(other, schema));
        Object { id, schema: found.map_or(1, |(id, _)| *id), name, kind }
    };
    let tables = catalog::all(connection, "main")?
        .into_iter()
        .map(|table| object(table.id, &table.schema, table.name, ObjectKind::Table));
    let procedures = procedures::catalog::all(connection)?
        .into_iter()
        .map(|procedure| object(procedure.id, &procedure.schema, procedure.name, ObjectKind::Procedure));
    let objects = tables.chain(procedures).collect();
    let types = table_types::catalog::all(connection)?
        .into_iter()
        .map(|found| object(found.id, &found.schema, found.name, ObjectKind::TableType))
        .collect();
    let rights = Rights::new(
        user,
        database.to_owned(),
        principals(connection)?,
        members(connection)?,
        entries(connection)?,
        objects,
        schemas,
    );
    Ok(Arc::new(rights.with_types(types)))
}

/// Adds a principal and gives its id.
pub(crate) fn add_principal(
    connection: &Connection,
    name: &str,
    kind: PrincipalKind,
    sid: Option<&[u8]>,
) -> rusqlite::Result<i64> {
    let last: i64 = connection.query_row(
        "SELECT coalesce(max(principal_id), ?1) FROM main.local_azure_principals",
        [LAST_SYSTEM_USER],
        |row| row.get(0),
    )?;
    let id = match last.saturating_add(1) {
        // The ids of the fixed roles stand in between.
        16_384..=16_399 => 16_400,
        id => id,
    };
    connection.execute(
        "INSERT INTO main.local_azure_principals VALUES (?1, ?2, ?3, ?4)",
        params![id, name, kind.code(), sid],
    )?;
    Ok(id)
}

/// Forgets a principal with its memberships and permissions.
pub(crate) fn remove_principal(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM main.local_azure_role_members WHERE role_id = ?1 OR member_id = ?1", [id])?;
    connection.execute("DELETE FROM main.local_azure_permissions WHERE grantee_id = ?1", [id])?;
    connection.execute("DELETE FROM main.local_azure_principals WHERE principal_id = ?1", [id])?;
    Ok(())
}

/// Makes `member` a member of `role`, or no longer one.
pub(crate) fn set_member(
    connection: &Connection,
    role: i64,
    member: i64,
    is_member: bool,
) -> rusqlite::Result<()> {
    let sql = if is_member {
        "INSERT OR IGNORE INTO main.local_azure_role_members VALUES (?1, ?2)"
    } else {
        "DELETE FROM main.local_azure_role_members WHERE role_id = ?1 AND member_id = ?2"
    };
    connection.execute(sql, [role, member])?;
    Ok(())
}

/// Writes a grant or denial, in place of whatever stood there; None takes it away.
pub(crate) fn set_permission(
    connection: &Connection,
    permission: &permission::Permission,
    major: i64,
    grantee: i64,
    state: Option<State>,
) -> rusqlite::Result<()> {
    let class = permission.class.number();
    match state {
        Some(state) => connection.execute(
            "INSERT OR REPLACE INTO main.local_azure_permissions VALUES (?1, ?2, ?3, ?4, ?5)",
            params![class, major, grantee, permission.name, state == State::Deny],
        )?,
        None => connection.execute(
            "DELETE FROM main.local_azure_permissions WHERE class = ?1 AND major_id = ?2 AND grantee_id = ?3 AND permission = ?4",
            params![class, major, grantee, permission.name],
        )?,
    };
    Ok(())
}

/// Forgets the permissions on an object that goes.
pub(crate) fn forget_object(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    forget(connection, Class::Object, id)
}

/// Forgets the permissions on a user's type that goes.
pub(crate) fn forget_type(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    forget(connection, Class::Type, id)
}

fn forget(connection: &Connection, class: Class, id: i64) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM main.local_azure_permissions WHERE class = ?1 AND major_id = ?2",
        [class.number(), id],
    )?;
    Ok(())
}
