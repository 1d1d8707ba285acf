//! The views about principals, permissions, sessions and the limits of the database, each with the columns that this
//! endpoint can fill.

use std::sync::Arc;

use super::Binder;
use super::functions::server::SERVICE_OBJECTIVE;
use super::system::{DATABASE_ID, NAME, Row, View};
use crate::sql::engine::evaluate::ticks;
use crate::sql::engine::security::denied;
use crate::sql::engine::security::permission::Class;
use crate::sql::engine::security::principal::{DB_OWNER, DBO, PrincipalKind};
use crate::sql::engine::security::rights::{Rights, Securable, State};
use crate::sql::reply::SqlError;
use crate::sql::types::{Length, SqlType, Value};

/// Limits of `GP_Gen5_2` (Microsoft's page "Resource limits for single databases using the vCore purchasing model").
/// They are shown, not kept.
const MAX_WORKERS: i64 = 200;
const MAX_SESSIONS: i64 = 30_000;
const CORES: i64 = 2;
/// Ticks of 100 ns in a second.
const SECOND: i64 = 10_000_000;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Binder<'_> {
    /// None when there is no view of that name here; names in lower case.
    pub(super) fn rights_view(&mut self, schema: &str, view: &str) -> Result<Option<View>, SqlError> {
        if schema != "sys" {
            return Ok(None);
        }
        Ok(Some(match view {
            "database_principals" => principals(&*self.rights()?),
            "database_role_members" => role_members(&*self.rights()?),
            "database_permissions" => permissions(&*self.rights()?),
            "user_token" => user_token(&*self.rights()?),
            "dm_exec_sessions" => self.sessions()?,
            "dm_user_db_resource_governance" => {
                let rights = self.rights()?;
                if !rights.allows_named(Securable::Database, "VIEW DATABASE STATE") {
                    return Err(denied::in_database("VIEW DATABASE STATE", &rights.database));
                }
                resource_governance(&rights)
            }
            _ => return Ok(None),
        }))
    }

    /// Without VIEW DATABASE STATE a user sees its own session only.
    fn sessions(&mut self) -> Result<View, SqlError> {
        let rights: Arc<Rights> = self.rights()?;
        let all = rights.allows_named(Securable::Database, "VIEW DATABASE STATE");
        let own = self.facts.login.session_id;
        let rows = self
            .facts
            .sessions
            .all()
            .into_iter()
            .filter(|session| all || session.id == own)
            .map(|session| {
                let since = ticks(session.since);
                vec![
                    Value::Integer(i64::from(session.id)),
                    Value::DateTime(since.saturating_sub(since % SECOND)),
                    text(&session.host),
                    text(&session.application),
                    text(&session.login),
                    text(&session.login),
                    text(if session.id == own { "running" } else { "sleeping" }),
                    Value::Bit(true),
                    Value::Integer(DATABASE_ID),
                ]
            })
            .collect();
        let columns = vec![
            ("session_id", SqlType::SmallInt),
            ("login_time", SqlType::DateTime),
            ("host_name", NAME),
            ("program_name", NAME),
            ("login_name", NAME),
            ("original_login_name", NAME),
            ("status", SqlType::NVarChar(Length::Limit(30))),
            ("is_user_process", SqlType::Bit),
            ("database_id", SqlType::SmallInt),
        ];
        Ok((columns, rows))
    }
}

fn principals(rights: &Rights) -> View {
    let rows = rights
        .principals
        .iter()
        .filter(|principal| rights.sees_principal(principal))
        .map(|principal| {
            let (authentication, description) = match principal.kind {
                PrincipalKind::ExternalUser | PrincipalKind::ExternalGroup => (4, "EXTERNAL"),
                PrincipalKind::SqlUser if principal.id == DBO => (1, "INSTANCE"),
                PrincipalKind::SqlUser | PrincipalKind::Role => (0, "NONE"),
            };
            vec![
                text(&principal.name),
                Value::Integer(principal.id),
                text(principal.kind.code()),
                text(principal.kind.description()),
                if principal.is_role() { Value::Null } else { text("dbo") },
                principal.sid.clone().map_or(Value::Null, Value::Binary),
                if principal.is_role() { Value::Integer(DBO) } else { Value::Null },
                Value::Bit(principal.fixed_role),
                Value::Integer(authentication),
                text(description),
            ]
        })
        .collect();
    let columns = vec![
        ("name", NAME),
        ("principal_id", SqlType::Int),
        ("type", SqlType::Char(1)),
        ("type_desc", SqlType::NVarChar(Length::Limit(60))),
        ("default_schema_name", NAME),
        ("sid", SqlType::VarBinary(Length::Limit(85))),
        ("owning_principal_id", SqlType::Int),
        ("is_fixed_role", SqlType::Bit),
        ("authentication_type", SqlType::Int),
        ("authentication_type_desc", SqlType::NVarChar(Length::Limit(60))),
    ];
    (columns, rows)
}

fn role_members(rights: &Rights) -> View {
    let seen = |id: i64| rights.principal_by_id(id).is_some_and(|found| rights.sees_principal(found));
    let rows = std::iter::once((DB_OWNER, DBO))
        .chain(rights.members.iter().copied())
        .filter(|(role, member)| seen(*role) && seen(*member))
        .map(|(role, member)| vec![Value::Integer(role), Value::Integer(member)])
        .collect();
    (vec![("role_principal_id", SqlType::Int), ("member_principal_id", SqlType::Int)], rows)
}

fn permissions(rights: &Rights) -> View {
    let row = |class: Class, major: i64, grantee: i64, code: &str, name: &str, state: State| -> Row {
        let (state, description) = match state {
            State::Grant => ("G", "GRANT"),
            State::Deny => ("D", "DENY"),
        };
        vec![
            Value::Integer(class.number()),
            text(class.description()),
            Value::Integer(major),
            Value::Integer(0),
            Value::Integer(grantee),
            Value::Integer(DBO),
            text(&format!("{code:<4}")),
            text(name),
            text(state),
            text(description),
        ]
    };
    let mut rows = vec![row(Class::Database, 0, DBO, "CO", "CONNECT", State::Grant)];
    rows.extend(
        rights
            .entries
            .iter()
            .filter(|entry| {
                rights.principal_by_id(entry.grantee).is_some_and(|found| rights.sees_principal(found))
            })
            .map(|entry| {
                let permission = entry.permission;
                row(
                    permission.class,
                    entry.major,
                    entry.grantee,
                    permission.code,
                    permission.name,
                    entry.state,
                )
            }),
    );
    let columns = vec![
        ("class", SqlType::TinyInt),
        ("class_desc", SqlType::NVarChar(Length::Limit(60))),
        ("major_id", SqlType::Int),
        ("minor_id", SqlType::Int),
        ("grantee_principal_id", SqlType::Int),
        ("grantor_principal_id", SqlType::Int),
        ("type", SqlType::Char(4)),
        ("permission_name", NAME),
        ("state", SqlType::Char(1)),
        ("state_desc", SqlType::NVarChar(Length::Limit(60))),
    ];
    (columns, rows)
}

fn user_token(rights: &Rights) -> View {
    let rows = rights
        .own()
        .into_iter()
        .filter_map(|id| rights.principal_by_id(id))
        .map(|principal| {
            let kind = match principal.kind {
                PrincipalKind::SqlUser => "SQL USER",
                PrincipalKind::Role => "ROLE",
                PrincipalKind::ExternalUser => "EXTERNAL USER",
                PrincipalKind::ExternalGroup => "EXTERNAL GROUP",
            };
            vec![
                Value::Integer(principal.id),
                principal.sid.clone().map_or(Value::Null, Value::Binary),
                text(&principal.name),
                text(kind),
                text("GRANT OR DENY"),
            ]
        })
        .collect();
    let columns = vec![
        ("principal_id", SqlType::Int),
        ("sid", SqlType::VarBinary(Length::Limit(85))),
        ("name", NAME),
        ("type", NAME),
        ("usage", NAME),
    ];
    (columns, rows)
}

fn resource_governance(rights: &Rights) -> View {
    let columns = vec![
        ("database_id", SqlType::Int),
        ("server_name", NAME),
        ("database_name", NAME),
        ("slo_name", NAME),
        ("dtu_limit", SqlType::Int),
        ("cpu_limit", SqlType::Int),
        ("min_cpu", SqlType::TinyInt),
        ("max_cpu", SqlType::TinyInt),
        ("cap_cpu", SqlType::TinyInt),
        ("max_sessions", SqlType::Int),
        ("primary_group_max_workers", SqlType::Int),
        ("primary_pool_max_workers", SqlType::Int),
        ("replica_type", SqlType::Int),
    ];
    let row = vec![
        Value::Integer(DATABASE_ID),
        text("localhost"),
        text(&rights.database),
        text(SERVICE_OBJECTIVE),
        Value::Null,
        Value::Integer(CORES),
        Value::Integer(0),
        Value::Integer(100),
        Value::Integer(100),
        Value::Integer(MAX_SESSIONS),
        Value::Integer(MAX_WORKERS),
        Value::Integer(MAX_WORKERS),
        Value::Integer(0),
    ];
    (columns, vec![row])
}
