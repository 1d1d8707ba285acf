//! Which objects a command's T-SQL uses, and which rights it needs on each, read off its words.
//!
//! This reads the forms of statements, not their sense: it knows no column and no table. What it doesn't understand
//! becomes a note; it never asks for more than the words show.
//!
//! Which right goes with which word is from the sections "Permissions" of Microsoft's T-SQL reference: UPDATE and DELETE
//! need SELECT too where there is a WHERE or a column is read in SET; OUTPUT needs SELECT on what it returns and INSERT
//! on the table it fills; NEXT VALUE FOR needs UPDATE on the sequence; TRUNCATE TABLE and IDENTITY_INSERT need ALTER.

mod changes;
mod columns;
mod extent;
#[cfg(test)]
mod laws;
mod names;
mod nodes;
mod sources;
mod statements;
#[cfg(test)]
mod tests;
mod types;
mod words;

use super::rights::{ObjectName, Right, RightsNeeded};
use super::scanner::{Kind, Token};
use names::{Meaning, Name};
use nodes::{Node, Unbalanced};

/// The rights that the command needs.
pub(super) fn rights_needed(tokens: &[Token<'_>]) -> RightsNeeded {
    let mut reader = Reader::default();
    match nodes::gather(tokens) {
        Ok(nodes) => reader.batch(&nodes),
        Err(Unbalanced::Unmatched { line }) => {
            reader.needed.note(line, "parentheses don't match, so nothing of the command was read; mend it");
        }
        Err(Unbalanced::TooDeep { line }) => {
            reader.needed.note(
                line,
                "more than 100 parentheses within each other, so nothing of the command was read; grant by hand",
            );
        }
    }
    reader.needed
}

/// What a change through a name changes in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    /// Something without rights of its own: a variable, a #temp table, rows made on the spot.
    Nothing,
    /// One table or view.
    Object(Name),
    /// A join: which of its tables is changed depends on the columns.
    Unknown,
}

#[derive(Default)]
struct Reader {
    needed: RightsNeeded,
    /// The names of the WITH before the statement that is being read.
    named_queries: Vec<(String, Base)>,
}

impl Reader {
    fn batch(&mut self, nodes: &[Node<'_>]) {
        let mut rest = nodes;
        let mut is_first = true;
        while let Some(node) = rest.first() {
            if node.is_symbol(";") {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let taken = self.statement(rest, is_first).max(1);
            is_first = false;
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// A right on what the name means; nothing where the name means nothing that is granted.
    fn need(&mut self, name: &Name, right: Right) {
        if self.is_unfit_for_a_script(name) {
            return;
        }
        match name.meaning() {
            Meaning::Own { object, default_schema } => {
                if default_schema {
                    self.needed.note(
                        name.line,
                        format!(
                            "`{name}` has no schema; dbo is taken for it. Write the schema: the server looks into the \
                             user's default schema first"
                        ),
                    );
                }
                self.needed.need(object, right);
            }
            Meaning::Ungranted if name.parts.len() == 2 && is_management_view(name.last()) => {
                self.needed.note(
                    name.line,
                    format!("`{name}` shows little without VIEW DATABASE STATE, which is not granted here"),
                );
            }
            Meaning::Ungranted => {}
            Meaning::Elsewhere => self.needed.note(
                name.line,
                format!(
                    "`{name}` names a database or a server, so {right} on it can't be granted here. If it is this \
                     database, write schema.name; else grant it there"
                ),
            ),
        }
    }

    /// A script is run by tools that look for lines such as `GO` on their own, perhaps inside of brackets too, and by
    /// somebody with more rights than the author of the command.
    fn is_unfit_for_a_script(&mut self, name: &Name) -> bool {
        let breaks_line =
            |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        let is_unfit = name.parts.iter().any(|part| part.contains(breaks_line));
        if is_unfit {
            self.needed.note(
                name.line,
                format!("`{name}` holds a line's end or another control character; grant on it by hand"),
            );
        }
        is_unfit
    }

    fn need_type(&mut self, name: &Name) {
        if self.is_unfit_for_a_script(name) {
            return;
        }
        let object = match name.parts.as_slice() {
            [name] => ObjectName::user_type("dbo", name),
            [schema, _] if schema.eq_ignore_ascii_case("sys") => return,
            [schema, name] => ObjectName::user_type(schema, name),
            _ => {
                self.needed.note(name.line, format!("the type `{name}` can't be told; grant EXECUTE on it"));
                return;
            }
        };
        if name.single().is_some() {
            self.needed.note(name.line, format!("the type `{name}` has no schema; dbo is taken for it"));
        }
        self.needed.need(object, Right::Execute);
    }

    /// SELECT, with everything up to the end of its UNIONs; hands out what a change through it would change.
    fn query(&mut self, nodes: &[Node<'_>]) -> Base {
        let mut sources = Vec::new();
        let mut rest = nodes;
        let mut before: Option<&Node<'_>> = None;
        while let Some(node) = rest.first() {
            let taken = if begins_from(before, node) {
                let body = rest.get(1..).unwrap_or_default();
                let length = sources::from_length(body);
                sources.extend(self.sources(body.get(..length).unwrap_or_default(), node.line()));
                1 + length
            } else if node.is_word("INTO") {
                1 + self.select_into(rest.get(1..).unwrap_or_default())
            } else {
                self.expression(rest)
            };
            before = taken.checked_sub(1).and_then(|last| rest.get(last));
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
        for source in &sources {
            if let Some(name) = &source.object {
                self.need(name, Right::Select);
            }
        }
        match sources.as_slice() {
            [] => Base::Nothing,
            [source] => source.base.clone(),
            _ => Base::Unknown,
        }
    }

    /// `SELECT ... INTO name`: a new table, which only #temp tables should be here.
    fn select_into(&mut self, nodes: &[Node<'_>]) -> usize {
        let Some((name, taken)) = Name::read(nodes) else { return 0 };
        if name.meaning() != Meaning::Ungranted {
            self.needed.note(
                name.line,
                format!(
                    "SELECT INTO makes the table `{name}`, which needs CREATE TABLE and ALTER on its schema; such rights \
                     are not granted here. Make the table beforehand and INSERT into it"
                ),
            );
        }
        taken
    }

    fn expressions(&mut self, nodes: &[Node<'_>]) {
        let mut rest = nodes;
        while !rest.is_empty() {
            let taken = self.expression(rest).max(1);
            rest = rest.get(taken..).unwrap_or_default();
        }
    }

    /// One piece of an expression: parentheses, a function's name, a sequence's value. Hands out the nodes it takes.
    fn expression(&mut self, nodes: &[Node<'_>]) -> usize {
        match nodes {
            [Node::Group { nodes: inside, .. }, ..] => {
                if is_query(inside) {
                    self.query(inside);
                } else {
                    self.expressions(inside);
                }
                1
            }
            [next, value, r#for, rest @ ..]
                if next.is_word("NEXT") && value.is_word("VALUE") && r#for.is_word("FOR") =>
            {
                match Name::read(rest) {
                    Some((name, taken)) => {
                        self.need(&name, Right::Update);
                        3 + taken
                    }
                    None => 3,
                }
            }
            // A method of a variable or of what stands before: `@x.value(...)`.
            [point, name, ..] if point.is_symbol(".") && name.is_name() => 2,
            [first, ..] if first.is_name() => {
                let Some((name, taken)) = Name::read(nodes) else { return 1 };
                let after = nodes.get(taken..).unwrap_or_default();
                match after {
                    [Node::Group { nodes: arguments, .. }, ..] => self.function(&name, arguments),
                    // `dbo.Point::Parse(..)`
                    [one, other, ..] if one.is_symbol(":") && other.is_symbol(":") => {
                        self.written_type(nodes);
                    }
                    _ => {}
                }
                taken
            }
            _ => 1,
        }
    }

    /// A function in an expression. One without a schema is the server's own.
    fn function(&mut self, name: &Name, arguments: &[Node<'_>]) {
        // All of these are written in this case alone, but for WRITE.
        let is_method = words::METHODS.contains(&name.last())
            || name.last().starts_with("ST")
            || name.last().eq_ignore_ascii_case("WRITE");
        match name.parts.as_slice() {
            [single] => {
                self.type_of_call(single, arguments);
                if words::OPAQUE_FUNCTIONS.iter().any(|word| single.eq_ignore_ascii_case(word)) {
                    self.needed
                        .note(name.line, format!("what `{single}` uses needs rights that can't be told"));
                }
            }
            [first, ..] if is_method && !first.eq_ignore_ascii_case("dbo") => self.needed.note(
                name.line,
                format!(
                    "`{name}` is taken for a method of a column; if it is a function, grant EXECUTE on it"
                ),
            ),
            _ => self.need(name, Right::Execute),
        }
    }
}

/// Whether a view of the schema sys shows something to those alone who may see the database's state.
fn is_management_view(name: &str) -> bool {
    let name = name.to_lowercase();
    ["dm_", "query_store_"].iter().any(|start| name.starts_with(start))
}

/// Whether a FROM begins a query's sources here: the one in `IS DISTINCT FROM` does not.
fn begins_from(before: Option<&Node<'_>>, node: &Node<'_>) -> bool {
    node.is_word("FROM") && !before.is_some_and(|before| before.is_word("DISTINCT"))
}

/// Whether what stands in parentheses is a query, perhaps in more parentheses.
fn is_query(nodes: &[Node<'_>]) -> bool {
    match nodes {
        [Node::Group { nodes: inside, .. }] => is_query(inside),
        [Node::Group { nodes: inside, .. }, next, ..] => {
            next.is_any_word(&["UNION", "EXCEPT", "INTERSECT"]) && is_query(inside)
        }
        [first, ..] => first.is_word("SELECT"),
        [] => false,
    }
}

/// Whether this is the `N` of `N'text'`.
fn is_text_prefix(nodes: &[Node<'_>]) -> bool {
    matches!(nodes, [prefix, text, ..] if prefix.is_word("N") && text.is_kind(Kind::Text))
}
