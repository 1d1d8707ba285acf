//! The permissions, and which one covers which (`sys.fn_builtin_permissions`): CONTROL of a schema covers SELECT on its tables.

/// What a permission is granted on; the numbers are those of `sys.database_permissions.class`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Database = 0,
    Object = 1,
    Schema = 3,
    Type = 6,
}

impl Class {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Database => 0,
            Self::Object => 1,
            Self::Schema => 3,
            Self::Type => 6,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        [Self::Database, Self::Object, Self::Schema, Self::Type]
            .into_iter()
            .find(|class| class.number() == number)
    }

    /// `class_desc` of `sys.database_permissions`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Database => "DATABASE",
            Self::Object => "OBJECT_OR_COLUMN",
            Self::Schema => "SCHEMA",
            Self::Type => "TYPE",
        }
    }

    /// The class round it, in which permissions cover those here.
    fn parent(self) -> Option<Self> {
        match self {
            Self::Database => None,
            Self::Object | Self::Type => Some(Self::Schema),
            Self::Schema => Some(Self::Database),
        }
    }
}

/// A permission of one class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) class: Class,
    /// Its name, upper case.
    pub(crate) name: &'static str,
    /// `type` of `sys.database_permissions`.
    pub(crate) code: &'static str,
    /// The permission of the same class that covers it.
    covering: Option<&'static str>,
    /// The permission of the class round it that covers it.
    parent_covering: Option<&'static str>,
}

const fn object(
    name: &'static str,
    code: &'static str,
    covering: Option<&'static str>,
    parent: &'static str,
) -> Permission {
    Permission { class: Class::Object, name, code, covering, parent_covering: Some(parent) }
}

const fn type_of_user(name: &'static str, code: &'static str, covering: Option<&'static str>) -> Permission {
    Permission { class: Class::Type, name, code, covering, parent_covering: Some(name) }
}

const fn schema(
    name: &'static str,
    code: &'static str,
    covering: Option<&'static str>,
    parent: &'static str,
) -> Permission {
    Permission { class: Class::Schema, name, code, covering, parent_covering: Some(parent) }
}

const fn database(name: &'static str, code: &'static str, covering: Option<&'static str>) -> Permission {
    Permission { class: Class::Database, name, code, covering, parent_covering: None }
}

const CONTROL: Option<&str> = Some("CONTROL");
const ALTER: Option<&str> = Some("ALTER");

/// The permissions that this endpoint knows.
const PERMISSIONS: &[Permission] = &[
    object("ALTER", "AL", CONTROL, "ALTER"),
    object("CONTROL", "CL", None, "CONTROL"),
    object("DELETE", "DL", CONTROL, "DELETE"),
    object("EXECUTE", "EX", CONTROL, "EXECUTE"),
    object("INSERT", "IN", CONTROL, "INSERT"),
    object("REFERENCES", "RF", CONTROL, "REFERENCES"),
    object("SELECT", "SL", CONTROL, "SELECT"),
    object("TAKE OWNERSHIP", "TO", CONTROL, "CONTROL"),
    object("UPDATE", "UP", CONTROL, "UPDATE"),
    object("VIEW DEFINITION", "VW", CONTROL, "VIEW DEFINITION"),
    type_of_user("CONTROL", "CL", None),
    type_of_user("EXECUTE", "EX", CONTROL),
    type_of_user("REFERENCES", "RF", CONTROL),
    type_of_user("VIEW DEFINITION", "VW", CONTROL),
    schema("ALTER", "AL", CONTROL, "ALTER ANY SCHEMA"),
    schema("CONTROL", "CL", None, "CONTROL"),
    schema("DELETE", "DL", CONTROL, "DELETE"),
    schema("EXECUTE", "EX", CONTROL, "EXECUTE"),
    schema("INSERT", "IN", CONTROL, "INSERT"),
    schema("REFERENCES", "RF", CONTROL, "REFERENCES"),
    schema("SELECT", "SL", CONTROL, "SELECT"),
    schema("TAKE OWNERSHIP", "TO", CONTROL, "CONTROL"),
    schema("UPDATE", "UP", CONTROL, "UPDATE"),
    schema("VIEW DEFINITION", "VW", CONTROL, "VIEW DEFINITION"),
    database("ALTER", "AL", CONTROL),
    database("ALTER ANY ROLE", "ALRL", ALTER),
    database("ALTER ANY SCHEMA", "ALSM", ALTER),
    database("ALTER ANY USER", "ALUS", ALTER),
    database("CONNECT", "CO", CONTROL),
    database("CONTROL", "CL", None),
    database("CREATE FUNCTION", "CRFN", ALTER),
    database("CREATE PROCEDURE", "CRPR", ALTER),
    database("CREATE ROLE", "CRRL", Some("ALTER ANY ROLE")),
    database("CREATE SCHEMA", "CRSM", Some("ALTER ANY SCHEMA")),
    database("CREATE TABLE", "CRTB", ALTER),
    database("CREATE TYPE", "CRTY", ALTER),
    database("CREATE VIEW", "CRVW", ALTER),
    database("DELETE", "DL", CONTROL),
    database("EXECUTE", "EX", CONTROL),
    database("INSERT", "IN", CONTROL),
    database("REFERENCES", "RF", CONTROL),
    database("SELECT", "SL", CONTROL),
    database("SHOWPLAN", "SPLN", ALTER),
    database("TAKE OWNERSHIP", "TO", CONTROL),
    database("UNMASK", "UMSK", CONTROL),
    database("UPDATE", "UP", CONTROL),
    database("VIEW DATABASE STATE", "VWDS", CONTROL),
    database("VIEW DEFINITION", "VW", CONTROL),
];

/// The permission of that name, upper case, on a class; None where the class doesn't have it.
pub(crate) fn find(class: Class, name: &str) -> Option<&'static Permission> {
    PERMISSIONS.iter().find(|permission| permission.class == class && permission.name == name)
}

/// Whether any class has a permission of that name.
pub(crate) fn is_known(name: &str) -> bool {
    PERMISSIONS.iter().any(|permission| permission.name == name)
}

/// All permissions on a class.
pub(crate) fn of_class(class: Class) -> impl Iterator<Item = &'static Permission> {
    PERMISSIONS.iter().filter(move |permission| permission.class == class)
}

impl Permission {
    /// The permission itself and all that cover it, near and far.
    pub(crate) fn covered_by(&'static self) -> Vec<&'static Self> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(permission) = all.get(next).copied() {
            next += 1;
            let same = permission.covering.and_then(|name| find(permission.class, name));
            let above = permission
                .class
                .parent()
                .zip(permission.parent_covering)
                .and_then(|(class, name)| find(class, name));
            for covering in same.into_iter().chain(above) {
                if !all.contains(&covering) {
                    all.push(covering);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn every_covering_name_is_a_permission() {
        for permission in PERMISSIONS {
            if let Some(name) = permission.covering {
                assert!(find(permission.class, name).is_some(), "{permission:?}");
            }
            if let Some(parent) = permission.class.parent() {
                assert!(find(parent, permission.parent_covering.unwrap()).is_some(), "{permission:?}");
            }
        }
    }

    #[test]
    fn control_of_the_database_covers_everything() {
        let control = find(Class::Database, "CONTROL").unwrap();
        assert!(PERMISSIONS.iter().all(|permission| permission.covered_by().contains(&control)));
    }

    #[test]
    fn altering_a_table_is_covered_by_altering_any_schema_and_not_by_selecting() {
        let alter = find(Class::Object, "ALTER").unwrap().covered_by();
        assert!(alter.contains(&find(Class::Database, "ALTER ANY SCHEMA").unwrap()));
        assert!(!alter.contains(&find(Class::Database, "SELECT").unwrap()));
    }
}
