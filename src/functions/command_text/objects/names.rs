//! Names of one to four parts, and which of them mean an object of the user's own database.

use super::super::rights::ObjectName;
use super::super::scanner::{Kind, Token};
use super::nodes::Node;

/// A name as written: its parts without their quotes, the last one not empty.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) parts: Vec<String>,
    pub(super) line: usize,
}

/// What a name can mean as far as its form tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An object of this database; `default_schema` = written without a schema.
    Own { object: ObjectName, default_schema: bool },
    /// The server's own, a #temp object or a session's: nothing to grant.
    Ungranted,
    /// In another database (or this one by its name), or on another server.
    Elsewhere,
}

impl Name {
    /// Reads the name that begins here, and tells how many nodes it takes.
    pub(super) fn read(nodes: &[Node<'_>]) -> Option<(Self, usize)> {
        let first = nodes.first().filter(|node| node.is_name())?;
        let mut parts = vec![unquoted(first.token()?)];
        let mut length = 1;
        while nodes.get(length).is_some_and(|node| node.is_symbol(".")) {
            match nodes.get(length + 1) {
                Some(node) if node.is_name() => {
                    parts.push(unquoted(node.token()?));
                    length += 2;
                }
                // `database..table`: the schema is left to the server.
                Some(node) if node.is_symbol(".") && nodes.get(length + 2).is_some_and(Node::is_name) => {
                    parts.push(String::new());
                    length += 1;
                }
                _ => break,
            }
        }
        Some((Self { parts, line: first.line() }, length))
    }

    pub(super) fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// The name where it has one part alone.
    pub(super) fn single(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [name] => Some(name),
            _ => None,
        }
    }

    pub(super) fn meaning(&self) -> Meaning {
        match self.parts.as_slice() {
            [.., name] if name.starts_with('#') => Meaning::Ungranted,
            [database, _, _] if database.eq_ignore_ascii_case("tempdb") => Meaning::Ungranted,
            [schema, _] if is_servers_schema(schema) => Meaning::Ungranted,
            [name] => Meaning::Own { object: ObjectName::object("dbo", name), default_schema: true },
            [schema, name] => {
                Meaning::Own { object: ObjectName::object(schema, name), default_schema: false }
            }
            _ => Meaning::Elsewhere,
        }
    }
}

/// The same parts in any case, wherever they stand.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        let lower = |name: &Self| name.parts.iter().map(|part| part.to_lowercase()).collect::<Vec<_>>();
        lower(self) == lower(other)
    }
}

impl Eq for Name {}

/// As a message shows it: the parts with points between them.
impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.parts.join("."))
    }
}

/// The schemas whose views everybody may read, each seeing what it may see.
fn is_servers_schema(schema: &str) -> bool {
    ["sys", "INFORMATION_SCHEMA"].iter().any(|own| schema.eq_ignore_ascii_case(own))
}

fn unquoted(token: &Token<'_>) -> String {
    let inside = || {
        let mut characters = token.text.chars();
        characters.next();
        characters.next_back();
        characters.as_str()
    };
    match token.kind {
        Kind::QuotedName if token.text.starts_with('[') => inside().replace("]]", "]"),
        Kind::QuotedName => inside().replace("\"\"", "\""),
        _ => token.text.to_owned(),
    }
}
