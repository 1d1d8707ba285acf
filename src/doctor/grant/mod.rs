//! The T-SQL that creates a database user for an Entra identity and gives it the least rights that functions need.
//!
//! Nothing here talks to a server.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use uuid::Uuid;

use crate::database::idempotency;
use crate::functions::{Catalogue, ObjectName, Right, RightsNeeded, RightsNote, SecurableClass, quoted_name};

/// The name of a database user: what the Entra identity is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

/// Why a text can't be a database user's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserNameError {
    /// Nothing, or nothing but blanks.
    #[error(
        "the identity's name is empty; write the name of the function app or of the user-assigned identity"
    )]
    Empty,
    /// Longer than sysname.
    #[error("the identity's name is longer than 128 characters, which no database user's name can be")]
    TooLong,
    /// A zero character or a line's end, which no identity's name holds.
    #[error("the identity's name holds a control character; write the name alone, without a line's end")]
    Control,
}

impl UserName {
    /// Checks a name.
    ///
    /// # Errors
    /// When no user can have it: sysname is nvarchar(128), counted in UTF-16 units.
    pub fn parse(name: &str) -> Result<Self, UserNameError> {
        if name.trim().is_empty() {
            return Err(UserNameError::Empty);
        }
        if name.encode_utf16().count() > 128 {
            return Err(UserNameError::TooLong);
        }
        // Also keeps the name within its line of a comment.
        if name
            .chars()
            .any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}'))
        {
            return Err(UserNameError::Control);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name, unquoted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in brackets, as QUOTENAME writes it.
    #[must_use]
    pub fn quoted(&self) -> String {
        quoted_name(&self.0)
    }
}

/// What kind of principal it is, in the server's letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person, a managed identity or an app registration: `TYPE = E`.
    #[default]
    UserOrApplication,
    /// A group: `TYPE = X`.
    Group,
}

/// How the server comes to know which identity of the directory the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// `FROM EXTERNAL PROVIDER`: the server asks the directory for the name, which it must be allowed to read.
    ByName,
    /// `FROM EXTERNAL PROVIDER WITH OBJECT_ID`: where more than one identity has the name. Of a managed identity or an
    /// app registration it is the object id of its enterprise application (service principal).
    ByObjectId(Uuid),
    /// `WITH SID`: the directory is not asked. The id is what the token says of the caller: the client (application)
    /// id of a managed identity or an app registration, the object id of a person or a group.
    BySid(Uuid, PrincipalKind),
}

/// Who gets the rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The database user's name.
    pub name: UserName,
    /// Which identity of the directory it is.
    pub lookup: Lookup,
}

/// The SID of a database user made from an id: its 16 bytes in the order in which SQL Server stores a
/// uniqueidentifier, the first three fields with their lowest byte first.
#[must_use]
pub fn sid(id: Uuid) -> String {
    let mut text = "0x".to_owned();
    for byte in id.to_bytes_le() {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// The rights that functions need together, and which function needs what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    grants: BTreeMap<ObjectName, BTreeMap<Right, BTreeSet<String>>>,
    notes: BTreeSet<(String, RightsNote)>,
    left_out: BTreeSet<String>,
    /// A function has an idempotency key, so there must be the table of keys.
    has_keys: bool,
}

impl Grants {
    /// The rights of all valid functions that use this connection setting. The host's own rule for settings' names is
    /// followed: case counts.
    #[must_use]
    pub fn of_functions(catalogue: &Catalogue, connection_setting: &str) -> Self {
        let mut grants = Self::default();
        for function in catalogue.valid() {
            let Some(plan) = function.plan() else { continue };
            if &**plan.connection_setting() == connection_setting {
                grants.add(&function.name, &plan.rights_needed());
                grants.has_keys |= plan.idempotency_key().is_some();
            }
        }
        grants.left_out = catalogue.invalid().map(|(name, _)| name.to_owned()).collect();
        grants
    }

    /// Adds what one function needs.
    pub fn add(&mut self, function: &str, needed: &RightsNeeded) {
        for (object, right) in needed.each() {
            let rights = self.grants.entry(object.clone()).or_default();
            rights.entry(right).or_default().insert(function.to_owned());
        }
        for note in &needed.notes {
            self.notes.insert((function.to_owned(), note.clone()));
        }
    }

    /// What couldn't be told, each with its function's name.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &RightsNote)> {
        self.notes.iter().map(|(function, note)| (function.as_str(), note))
    }

    /// The functions whose definitions aren't valid, so that neither their connection nor their rights can be told.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    /// Whether no function needs any right that can be told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }
}

/// The script for one identity in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantScript {
    identity: Identity,
    grants: Grants,
}

impl GrantScript {
    /// Puts it together.
    #[must_use]
    pub fn new(identity: Identity, grants: Grants) -> Self {
        Self { identity, grants }
    }

    /// The statements in their order, each to be run on its own; running all of them again changes nothing.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let mut statements = vec![self.create_user()];
        statements.extend(self.grants.has_keys.then(|| idempotency::SCRIPT.to_owned()));
        statements.extend(self.grants.grants.iter().map(|(object, rights)| self.grant(object, rights)));
        statements
    }

    /// The statements with comments for the person who runs them, as one batch without `GO`.
    #[must_use]
    pub fn script(&self) -> String {
        let mut lines = vec![
            format!("-- The database user {} with the least rights that the functions need.", self.identity.name.quoted()),
            "-- Run it in the functions' own database (not in master), signed in as a Microsoft Entra administrator of"
                .to_owned(),
            "-- the server. It can be run again: what is there stays. If the identity was deleted and made anew, the user of".to_owned(),
            format!("-- the old one is in its way: DROP USER {}; first.", self.identity.name.quoted()),
        ];
        lines.extend(self.lookup_comment().iter().map(|line| format!("-- {line}")));
        lines.push(self.create_user());
        if self.grants.has_keys {
            lines.push(String::new());
            lines.push("-- The table of idempotency keys and their answers.".to_owned());
            lines.push(idempotency::SCRIPT.to_owned());
        }
        for (object, rights) in &self.grants.grants {
            lines.push(String::new());
            for (right, functions) in rights {
                let functions: Vec<&str> = functions.iter().map(String::as_str).collect();
                lines.push(comment(&format!("{right} for {}", functions.join(", "))));
            }
            lines.push(self.grant(object, rights));
        }
        if self.grants.is_empty() {
            lines.push(String::new());
            lines
                .push("-- No function needs a right on an object, as far as their commands tell.".to_owned());
        }
        if !self.grants.left_out.is_empty() {
            let names: Vec<&str> = self.grants.left_out().collect();
            lines.push(String::new());
            lines.push(comment(&format!(
                "Left out, since their definitions are not valid (see `azsql-worker check`): {}",
                names.join(", ")
            )));
        }
        if !self.grants.notes.is_empty() {
            lines.push(String::new());
            lines.push("-- What the commands' text doesn't tell, to be looked at by a person:".to_owned());
            for (function, note) in self.grants.notes() {
                lines.push(comment(&format!("{function}, line {}: {}", note.line, note.message)));
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn create_user(&self) -> String {
        let user = self.identity.name.quoted();
        let source = match self.identity.lookup {
            Lookup::ByName => "FROM EXTERNAL PROVIDER".to_owned(),
            Lookup::ByObjectId(id) => format!("FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{id}'"),
            Lookup::BySid(id, kind) => {
                let letter = match kind {
                    PrincipalKind::UserOrApplication => "E",
                    PrincipalKind::Group => "X",
                };
                format!("WITH SID = {}, TYPE = {letter}", sid(id))
            }
        };
        let name = literal(self.identity.name.as_str());
        format!(
            "IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = {name})\n    CREATE USER {user} {source};"
        )
    }

    fn lookup_comment(&self) -> &'static [&'static str] {
        match self.identity.lookup {
            Lookup::ByName => &[
                "The server looks the name up in Microsoft Entra ID. If it may not (error 33134), or if more than one",
                "identity has the name (error 33131), give --client-id or --object-id.",
            ],
            Lookup::ByObjectId(_) => &[
                "The server looks the object id up in Microsoft Entra ID. If it may not (error 33134), give --client-id.",
            ],
            Lookup::BySid(..) => &[
                "The directory is not asked: the user is made from the id alone, so nothing tells if the id is wrong but",
                "a refused login. Of a managed identity it is the client id, not the object (principal) id.",
            ],
        }
    }

    fn grant(&self, object: &ObjectName, rights: &BTreeMap<Right, BTreeSet<String>>) -> String {
        let rights: Vec<&str> = rights.keys().map(|right| right.name()).collect();
        format!(
            "GRANT {} ON {}::{object} TO {};",
            rights.join(", "),
            class_name(object.class()),
            self.identity.name.quoted()
        )
    }
}

/// A right to be asked for with `HAS_PERMS_BY_NAME(@securable, @class, @permission)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsCheck {
    /// What it is asked on.
    pub object: ObjectName,
    /// Which right.
    pub right: Right,
    /// `@securable`: the quoted name of two parts.
    pub securable: String,
    /// `@class`: always `OBJECT`.
    pub class: &'static str,
    /// `@permission`
    pub permission: &'static str,
}

/// The query for one [`RightsCheck`]; it answers one int in one row: 1 = has it, 0 = has it not, NULL = there is no such
/// object, or none that the caller may see.
pub const RIGHTS_CHECK_QUERY: &str = "SELECT HAS_PERMS_BY_NAME(@securable, @class, @permission)";

/// What the doctor asks the server about a function's rights. Types are left out: HAS_PERMS_BY_NAME of Azure SQL
/// Database knows the classes DATABASE, OBJECT, ROLE, SCHEMA and USER alone (T-SQL reference).
#[must_use]
pub fn checks(needed: &RightsNeeded) -> Vec<RightsCheck> {
    needed
        .each()
        .filter(|(object, _)| object.class() == SecurableClass::Object)
        .map(|(object, right)| RightsCheck {
            object: object.clone(),
            right,
            securable: object.to_string(),
            class: class_name(SecurableClass::Object),
            permission: right.name(),
        })
        .collect()
}

fn class_name(class: SecurableClass) -> &'static str {
    match class {
        SecurableClass::Object => "OBJECT",
        SecurableClass::Type => "TYPE",
    }
}

/// `N'text'`, a quote doubled.
fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A comment of one line, whatever the text holds: a name in brackets may hold a line's end.
fn comment(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| {
            let breaks_line = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
            if breaks_line { ' ' } else { character }
        })
        .collect();
    format!("-- {text}")
}

#[cfg(test)]
mod tests;
