//! The questions about rights, answered from one state of the side tables: is a member, may do, sees.

use std::collections::BTreeSet;

use super::login::User;
use super::permission::{self, Class, Permission};
use super::principal::{DB_OWNER, DBO, FIXED_ROLES, PUBLIC, Principal};
use crate::sql::engine::catalog::{Table, same_name};

/// Whether a permission was granted or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Grant,
    Deny,
}

/// A row of `sys.database_permissions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) permission: &'static Permission,
    /// The object's or schema's id; 0 for the database.
    pub(crate) major: i64,
    pub(crate) grantee: i64,
    pub(crate) state: State,
}

/// What kind of object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Table,
    Procedure,
    TableType,
}

impl ObjectKind {
    /// `type` of `sys.objects`, without its blanks.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Table => "U",
            Self::Procedure => "P",
            Self::TableType => "TT",
        }
    }

    /// `type_desc` of `sys.objects`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Table => "USER_TABLE",
            Self::Procedure => "SQL_STORED_PROCEDURE",
            Self::TableType => "TYPE_TABLE",
        }
    }

    /// Whether a permission on objects means anything on one of this kind.
    pub(crate) fn takes(self, permission: &str) -> bool {
        match self {
            Self::Table => permission != "EXECUTE",
            Self::Procedure => {
                !matches!(permission, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REFERENCES")
            }
            // Those of types are a class of their own.
            Self::TableType => true,
        }
    }
}

/// A table or procedure, as far as rights go.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) id: i64,
    pub(crate) schema: i64,
    pub(crate) name: String,
    pub(crate) kind: ObjectKind,
}

/// What a permission may stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Securable {
    Database,
    Schema(i64),
    /// An object and the schema it lies in.
    Object {
        id: i64,
        schema: i64,
    },
    /// A user's type and the schema it lies in.
    Type {
        id: i64,
        schema: i64,
    },
}

impl Securable {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Database => Class::Database,
            Self::Schema(_) => Class::Schema,
            Self::Object { .. } => Class::Object,
            Self::Type { .. } => Class::Type,
        }
    }

    /// The id that stands in `sys.database_permissions`.
    pub(crate) fn major(self) -> i64 {
        match self {
            Self::Database => 0,
            Self::Schema(id) | Self::Object { id, .. } | Self::Type { id, .. } => id,
        }
    }

    /// The id of what it lies in, or is itself, of a class.
    fn at(self, class: Class) -> Option<i64> {
        match (self, class) {
            (_, Class::Database) => Some(0),
            (Self::Schema(id), Class::Schema)
            | (Self::Object { id, .. }, Class::Object)
            | (Self::Type { id, .. }, Class::Type) => Some(id),
            (Self::Object { schema, .. } | Self::Type { schema, .. }, Class::Schema) => Some(schema),
            _ => None,
        }
    }
}

/// One state of the database's principals and permissions, and the user that asks.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub(crate) user: User,
    pub(crate) database: String,
    pub(crate) principals: Vec<Principal>,
    pub(crate) members: Vec<(i64, i64)>,
    pub(crate) entries: Vec<Entry>,
    objects: Vec<Object>,
    /// The users' types.
    types: Vec<Object>,
    schemas: Vec<(i64, String)>,
}

impl Rights {
    pub(crate) fn new(
        user: User,
        database: String,
        principals: Vec<Principal>,
        members: Vec<(i64, i64)>,
        entries: Vec<Entry>,
        objects: Vec<Object>,
        schemas: Vec<(i64, String)>,
    ) -> Self {
        Self { user, database, principals, members, entries, objects, types: Vec::new(), schemas }
    }

    /// The same with the users' types.
    pub(crate) fn with_types(self, types: Vec<Object>) -> Self {
        Self { types, ..self }
    }

    /// The users' type of that name.
    pub(crate) fn type_named(&self, schema: &str, name: &str) -> Option<Securable> {
        let schema = self.schema(schema)?;
        let found = self.types.iter().find(|found| found.schema == schema && same_name(&found.name, name));
        found.map(|found| Securable::Type { id: found.id, schema })
    }

    /// The principal of that name.
    pub(crate) fn principal(&self, name: &str) -> Option<&Principal> {
        self.principals.iter().find(|principal| same_name(&principal.name, name))
    }

    pub(crate) fn principal_by_id(&self, id: i64) -> Option<&Principal> {
        self.principals.iter().find(|principal| principal.id == id)
    }

    /// The schema of that name.
    pub(crate) fn schema(&self, name: &str) -> Option<i64> {
        self.schemas.iter().find(|(_, other)| same_name(other, name)).map(|(id, _)| *id)
    }

    /// The object of that name.
    pub(crate) fn object(&self, schema: &str, name: &str) -> Option<Securable> {
        let schema = self.schema(schema)?;
        self.objects
            .iter()
            .find(|object| object.schema == schema && same_name(&object.name, name))
            .map(|object| Securable::Object { id: object.id, schema })
    }

    /// The name of an object and its schema's, if the session's user sees it.
    pub(crate) fn object_name(&self, id: i64) -> Option<(&str, &str)> {
        let object = self.objects.iter().find(|object| object.id == id)?;
        let schema = self.schemas.iter().find(|(id, _)| *id == object.schema)?;
        self.sees(Securable::Object { id, schema: object.schema })
            .then_some((schema.1.as_str(), object.name.as_str()))
    }

    /// Whether the session's user may see the text of an object.
    pub(crate) fn shows_definition(&self, id: i64) -> bool {
        self.objects.iter().find(|object| object.id == id).is_some_and(|object| {
            self.allows_named(Securable::Object { id, schema: object.schema }, "VIEW DEFINITION")
        })
    }

    /// What kind of object something is; None if it is none.
    pub(crate) fn kind(&self, securable: Securable) -> Option<ObjectKind> {
        match securable {
            Securable::Object { id, .. } => {
                self.objects.iter().find(|object| object.id == id).map(|object| object.kind)
            }
            Securable::Database | Securable::Schema(_) | Securable::Type { .. } => None,
        }
    }

    /// A table as something to have rights on.
    pub(crate) fn securable(&self, table: &Table) -> Securable {
        Securable::Object { id: table.id, schema: self.schema(&table.schema).unwrap_or_default() }
    }

    /// The principal and all roles it is in, directly or through others; `public` among them.
    fn all_of(&self, ids: impl IntoIterator<Item = i64>) -> BTreeSet<i64> {
        let mut all = BTreeSet::from([PUBLIC]);
        let mut next: Vec<i64> = ids.into_iter().collect();
        while let Some(id) = next.pop() {
            if all.insert(id) {
                next.extend(self.members.iter().filter(|(_, member)| *member == id).map(|(role, _)| *role));
            }
        }
        if all.contains(&DBO) {
            all.insert(DB_OWNER);
        }
        all
    }

    /// What the session's user is.
    pub(crate) fn own(&self) -> BTreeSet<i64> {
        self.all_of([self.user.id].into_iter().chain(self.user.groups.iter().copied()))
    }

    /// Whether a principal is in a role, directly or not.
    pub(crate) fn is_member(&self, principal: i64, role: i64) -> bool {
        self.all_of([principal]).contains(&role)
    }

    /// Whether the session's user may do something.
    pub(crate) fn allows(&self, securable: Securable, permission: &'static Permission) -> bool {
        self.user.is_dbo() || self.decide(&self.own(), securable, permission)
    }

    /// Whether somebody who is all of `who` may do something: a denial beats every grant.
    pub(crate) fn decide(
        &self,
        who: &BTreeSet<i64>,
        securable: Securable,
        permission: &'static Permission,
    ) -> bool {
        let covering = permission.covered_by();
        let mut granted = false;
        for role in FIXED_ROLES.iter().filter(|role| who.contains(&role.id)) {
            let names = |names: &[&str]| {
                covering
                    .iter()
                    .any(|covering| covering.class == Class::Database && names.contains(&covering.name))
            };
            if names(role.denied) {
                return false;
            }
            granted |= names(role.granted);
        }
        for entry in &self.entries {
            let fits = who.contains(&entry.grantee)
                && covering.contains(&entry.permission)
                && securable.at(entry.permission.class) == Some(entry.major);
            match entry.state {
                State::Deny if fits => return false,
                State::Grant => granted |= fits,
                State::Deny => {}
            }
        }
        granted
    }

    /// The permission of that name on a securable, if the session's user has it. An unknown name is not allowed.
    pub(crate) fn allows_named(&self, securable: Securable, permission: &str) -> bool {
        permission::find(securable.class(), permission)
            .is_some_and(|permission| self.allows(securable, permission))
    }

    /// Whether the session's user has any permission on a securable, and so finds it in the catalogue.
    pub(crate) fn sees(&self, securable: Securable) -> bool {
        self.user.is_dbo() || {
            let own = self.own();
            permission::of_class(securable.class()).any(|permission| self.decide(&own, securable, permission))
        }
    }

    /// Whether the session's user finds a principal in the catalogue.
    pub(crate) fn sees_principal(&self, principal: &Principal) -> bool {
        principal.is_built_in()
            || self.own().contains(&principal.id)
            || ["VIEW DEFINITION", if principal.is_role() { "ALTER ANY ROLE" } else { "ALTER ANY USER" }]
                .iter()
                .any(|name| self.allows_named(Securable::Database, name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: Securable = Securable::Object { id: 100, schema: 5 };

    /// An entry for one of three principals, somewhere round the table or beside it.
    fn entry() -> impl Strategy<Value = Entry> {
        let place = prop_oneof![
            Just((Class::Database, 0)),
            Just((Class::Schema, 5)),
            Just((Class::Schema, 6)),
            Just((Class::Object, 100)),
            Just((Class::Object, 101)),
        ];
        (place, any::<prop::sample::Index>(), 5..8_i64, any::<bool>()).prop_map(
            |((class, major), which, grantee, denied)| {
                let mut all: Vec<_> = permission::of_class(class).collect();
                Entry {
                    permission: all.swap_remove(which.index(all.len())),
                    major,
                    grantee,
                    state: if denied { State::Deny } else { State::Grant },
                }
            },
        )
    }

    fn may(entries: Vec<Entry>, permission: &'static Permission) -> bool {
        let rights = Rights { entries, ..Rights::default() };
        rights.decide(&BTreeSet::from([5, 6]), TABLE, permission)
    }

    fn any_permission() -> impl Strategy<Value = &'static Permission> {
        prop::sample::select(permission::of_class(Class::Object).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn a_grant_takes_nothing_away_and_a_denial_gives_nothing(
            entries in prop::collection::vec(entry(), 0..8),
            more in entry(),
            permission in any_permission(),
        ) {
            let before = may(entries.clone(), permission);
            let state = more.state;
            let after = may(entries.into_iter().chain([more]).collect(), permission);
            match state {
                State::Grant => prop_assert!(after || !before),
                State::Deny => prop_assert!(before || !after),
            }
        }

        #[test]
        fn entries_for_others_and_on_other_things_do_not_count(
            entries in prop::collection::vec(entry(), 0..8),
            permission in any_permission(),
        ) {
            let own = entries.iter().filter(|entry| {
                entry.grantee != 7 && !matches!(entry.major, 6 | 101)
            });
            prop_assert_eq!(may(own.cloned().collect(), permission), may(entries, permission));
        }

        #[test]
        fn a_denial_of_what_covers_a_permission_refuses_it_whatever_is_granted(
            entries in prop::collection::vec(entry(), 0..8),
            permission in any_permission(),
            which in any::<prop::sample::Index>(),
        ) {
            let covering = permission.covered_by();
            let denied = *which.get(&covering);
            let major = TABLE.at(denied.class).unwrap_or_default();
            let denial = Entry { permission: denied, major, grantee: 6, state: State::Deny };
            prop_assert!(!may(entries.into_iter().chain([denial]).collect(), permission));
        }

        #[test]
        fn the_order_of_entries_does_not_count(
            entries in prop::collection::vec(entry(), 0..8),
            permission in any_permission(),
        ) {
            let reversed = entries.iter().rev().cloned().collect();
            prop_assert_eq!(may(entries, permission), may(reversed, permission));
        }
    }
}
