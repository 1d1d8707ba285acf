//! The rights that a command needs in the database: on which objects, which, and what could not be told.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A right on one object, in the order in which a GRANT lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Reads rows of a table, a view or a function that returns a table.
    Select,
    /// Adds rows.
    Insert,
    /// Changes rows; on a sequence, takes its next value.
    Update,
    /// Removes rows.
    Delete,
    /// Calls a procedure or a function that returns one value; declares a variable of a table type.
    Execute,
    /// Changes the table itself: TRUNCATE TABLE and SET IDENTITY_INSERT need it.
    Alter,
}

impl Right {
    /// The permission's name in GRANT and HAS_PERMS_BY_NAME.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Execute => "EXECUTE",
            Self::Alter => "ALTER",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The two classes of things in a schema that GRANT tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurableClass {
    /// A table, view, procedure, function or sequence: `OBJECT::`.
    Object,
    /// A user-defined type: `TYPE::`.
    Type,
}

/// Something in a schema of the connection's own database. Two names that differ in case alone are one: the default
/// collation of Azure SQL Database has no case.
#[derive(Clone, Debug)]
pub struct ObjectName {
    class: SecurableClass,
    schema: String,
    name: String,
}

impl ObjectName {
    /// A table, view, procedure, function or sequence; both parts without their quotes.
    #[must_use]
    pub fn object(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { class: SecurableClass::Object, schema: schema.into(), name: name.into() }
    }

    /// A user-defined type; both parts without their quotes.
    #[must_use]
    pub fn user_type(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { class: SecurableClass::Type, schema: schema.into(), name: name.into() }
    }

    /// Which class of securable it is.
    #[must_use]
    pub fn class(&self) -> SecurableClass {
        self.class
    }

    /// The schema's name, unquoted.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The name in the schema, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> (SecurableClass, String, String) {
        (self.class, self.schema.to_lowercase(), self.name.to_lowercase())
    }
}

impl PartialEq for ObjectName {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ObjectName {}

impl PartialOrd for ObjectName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ObjectName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// `[dbo].[Persons]`, each part quoted as QUOTENAME does.
impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", quoted_name(&self.schema), quoted_name(&self.name))
    }
}

/// A name in brackets, a closing one doubled, as QUOTENAME writes it.
#[must_use]
pub fn quoted_name(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Something about a command's rights that its text doesn't tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RightsNote {
    /// The command's line, from 1.
    pub line: usize,
    /// What can't be told, and what to do.
    pub message: String,
}

/// The rights that a command needs, as far as its text tells, and notes on the rest.
///
/// No right stands here that the command doesn't need; a right that it needs may be missing only where a note says so.
/// A procedure, view or function reads and writes with its owner's rights (ownership chaining), so a right on it is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightsNeeded {
    /// By object, in the order of class, schema and name.
    pub rights: BTreeMap<ObjectName, BTreeSet<Right>>,
    /// In the order of the command's lines.
    pub notes: BTreeSet<RightsNote>,
}

impl RightsNeeded {
    /// Each right on each object, in order.
    pub fn each(&self) -> impl Iterator<Item = (&ObjectName, Right)> {
        self.rights.iter().flat_map(|(object, rights)| rights.iter().map(move |right| (object, *right)))
    }

    pub(in crate::functions) fn need(&mut self, object: ObjectName, right: Right) {
        self.rights.entry(object).or_default().insert(right);
    }

    pub(super) fn note(&mut self, line: usize, message: impl Into<String>) {
        self.notes.insert(RightsNote { line, message: message.into() });
    }
}
