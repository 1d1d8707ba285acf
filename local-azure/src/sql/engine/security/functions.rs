//! T-SQL's functions about rights, as one SQLite function: their arguments may be columns and variables.
//!
//! `local_azure_rights(question, a, b, c)` answers from the [`Rights`] that the binder loaded for the statement.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value as Stored;

use super::permission;
use super::principal::PrincipalKind;
use super::rights::{Rights, Securable};
use crate::sql::engine::catalog::same_name;

/// The rights that the statement being run asks; set when it is bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentRights(Arc<Mutex<Arc<Rights>>>);

impl CurrentRights {
    pub(crate) fn set(&self, rights: Arc<Rights>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rights;
    }

    fn get(&self) -> Arc<Rights> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Registers `local_azure_rights`.
pub(crate) fn register(connection: &Connection, current: &CurrentRights) -> rusqlite::Result<()> {
    let current = current.clone();
    connection.create_scalar_function("local_azure_rights", 4, FunctionFlags::SQLITE_UTF8, move |call| {
        let question: String = call.get(0)?;
        let text = |at: usize| call.get::<Option<String>>(at);
        let id = |at: usize| call.get::<Option<i64>>(at);
        let rights = current.get();
        Ok(match question.as_str() {
            "user_name" => match call.get::<Option<i64>>(1)? {
                Some(id) => rights
                    .principal_by_id(id)
                    .map_or(Stored::Null, |principal| Stored::Text(principal.name.clone())),
                None => Stored::Null,
            },
            "object_name" => {
                Stored::from(id(1)?.and_then(|id| rights.object_name(id)).map(|(_, name)| name.to_owned()))
            }
            "object_schema_name" => Stored::from(
                id(1)?.and_then(|id| rights.object_name(id)).map(|(schema, _)| schema.to_owned()),
            ),
            // The id again, where the text may be seen.
            "object_definition" => number(id(1)?.filter(|id| rights.shows_definition(*id))),
            "has_perms_by_name" => {
                number(has_permission(&rights, text(1)?.as_deref(), text(2)?.as_deref(), text(3)?.as_deref()))
            }
            _ => number(text(1)?.and_then(|name| named(&rights, &question, &name, text(2).ok().flatten()))),
        })
    })
}

fn number(value: Option<i64>) -> Stored {
    value.map_or(Stored::Null, Stored::Integer)
}

/// Questions about something that `name` names.
fn named(rights: &Rights, question: &str, name: &str, other: Option<String>) -> Option<i64> {
    match question {
        "database_principal_id" => {
            rights.principal(name).filter(|found| rights.sees_principal(found)).map(|found| found.id)
        }
        "is_member" => {
            let role = rights
                .principal(name)
                .filter(|role| role.is_role() || role.kind == PrincipalKind::ExternalGroup)?;
            Some(i64::from(rights.own().contains(&role.id)))
        }
        "is_rolemember" => {
            let role = rights.principal(name).filter(|role| role.is_role())?;
            match other {
                None => Some(i64::from(rights.own().contains(&role.id))),
                Some(member) => {
                    let member = rights.principal(&member).filter(|found| rights.sees_principal(found))?;
                    Some(i64::from(rights.is_member(member.id, role.id)))
                }
            }
        }
        // Nobody is in a role of the server: the administrator of a server in Azure is not sysadmin.
        "is_srvrolemember" => {
            let lower = name.to_lowercase();
            let known = lower.starts_with("##ms_") && lower.ends_with("##")
                || [
                    "bulkadmin",
                    "dbcreator",
                    "diskadmin",
                    "processadmin",
                    "securityadmin",
                    "serveradmin",
                    "setupadmin",
                    "sysadmin",
                ]
                .contains(&lower.as_str());
            if lower == "public" { Some(1) } else { known.then_some(0) }
        }
        "has_dbaccess" => {
            (same_name(name, &rights.database) || name.eq_ignore_ascii_case("master")).then_some(1)
        }
        "object_id" => {
            let names = parts(name)?;
            let (schema, object) = schema_and_object(&names)?;
            let found = rights.object(schema, object).filter(|found| rights.sees(*found))?;
            let kind = rights.kind(found)?.code();
            other.is_none_or(|wanted| wanted.trim().eq_ignore_ascii_case(kind)).then_some(found.major())
        }
        "schema_id" => rights.schema(name),
        _ => None,
    }
}

/// `HAS_PERMS_BY_NAME`: NULL where the securable, its class or the permission is none.
fn has_permission(
    rights: &Rights,
    securable: Option<&str>,
    class: Option<&str>,
    wanted: Option<&str>,
) -> Option<i64> {
    let wanted = wanted?.trim().to_uppercase();
    let Some(class) = class else {
        // Without a class the server is meant: its administrator may do everything there.
        return securable.is_none().then(|| i64::from(rights.user.is_dbo()));
    };
    let securable = match (class.trim().to_uppercase().as_str(), securable) {
        ("SERVER", None) => return Some(i64::from(rights.user.is_dbo())),
        ("DATABASE", Some(name)) if parts(name)?.as_slice() == [rights.database.as_str()] => {
            Securable::Database
        }
        ("DATABASE", Some(name)) if same_name(name, &rights.database) => Securable::Database,
        ("SCHEMA", Some(name)) => match parts(name)?.as_slice() {
            [name] => Securable::Schema(rights.schema(name)?),
            _ => return None,
        },
        ("OBJECT", Some(name)) => {
            let names = parts(name)?;
            let (schema, object) = schema_and_object(&names)?;
            rights.object(schema, object)?
        }
        ("TYPE", Some(name)) => {
            let names = parts(name)?;
            let (schema, name) = schema_and_object(&names)?;
            rights.type_named(schema, name)?
        }
        _ => return None,
    };
    if wanted == "ANY" {
        return Some(i64::from(rights.sees(securable)));
    }
    let permission = permission::find(securable.class(), &wanted)?;
    Some(i64::from(rights.allows(securable, permission)))
}

fn schema_and_object(names: &[String]) -> Option<(&str, &str)> {
    match names {
        [object] => Some(("dbo", object)),
        [schema, object] => Some((schema, object)),
        _ => None,
    }
}

/// The parts of a name in a text: bare, in brackets or in double quotes, with dots between. None if it is no name.
pub(crate) fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim().chars().peekable();
    loop {
        let mut part = String::new();
        let close = match rest.peek()? {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        match close {
            Some(close) => {
                rest.next();
                loop {
                    let next = rest.next()?;
                    if next != close {
                        part.push(next);
                    } else if rest.next_if_eq(&close).is_some() {
                        part.push(close);
                    } else {
                        break;
                    }
                }
            }
            None => {
                while let Some(next) = rest.next_if(|next| *next != '.') {
                    part.push(next);
                }
            }
        }
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match rest.next() {
            None => return Some(parts),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_in_a_text_have_parts() {
        let found = |text| parts(text).unwrap_or_default();
        assert_eq!(found("dbo.Persons"), ["dbo", "Persons"]);
        assert_eq!(found("[d.b]]o].\"Per sons\""), ["d.b]o", "Per sons"]);
        assert_eq!(found("Persons"), ["Persons"]);
        for none in ["", "dbo.", ".a", "[a", "[a]b"] {
            assert_eq!(parts(none), None, "{none}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_name_in_brackets_is_read_back(name in "\\PC{1,40}") {
            let written = format!("[{}]", name.replace(']', "]]"));
            proptest::prop_assert_eq!(parts(&written), Some(vec![name]));
        }
    }
}
