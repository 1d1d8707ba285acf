//! Types of the user's own where a command writes a type: EXECUTE on a table type is granted, of the others a note tells.

use super::names::Name;
use super::nodes::Node;
use super::{Reader, words};

impl Reader {
    /// The type of a variable; hands out how many nodes its name takes.
    pub(super) fn type_of_variable(&mut self, nodes: &[Node<'_>]) -> Option<usize> {
        let (name, taken) = Name::read(nodes)?;
        let after = nodes.get(taken).and_then(Node::group);
        if is_built_in(&name) {
            self.schema_collection(&name, after);
            if let Some(columns) = after.filter(|_| name.last().eq_ignore_ascii_case("table")) {
                self.types_of_columns(columns);
            }
        } else {
            self.need_type(&name);
        }
        Some(taken)
    }

    /// The types in a list of columns: of a table variable, of a #temp table, of OPENJSON's WITH.
    pub(super) fn types_of_columns(&mut self, nodes: &[Node<'_>]) {
        for column in nodes.split(|node| node.is_symbol(",")) {
            let [name, written @ ..] = column else { continue };
            // A constraint, or a computed column.
            let has_no_type = name.is_any_word(&words::CONSTRAINTS)
                || written.first().is_some_and(|first| first.is_word("AS"));
            if !has_no_type {
                self.written_type(written);
            }
        }
    }

    /// The type that a function of the server's is called with: `CAST(.. AS type)`, `CONVERT(type, ..)`.
    pub(super) fn type_of_call(&mut self, function: &str, arguments: &[Node<'_>]) {
        let is_any = |words: &[&str]| words.iter().any(|word| function.eq_ignore_ascii_case(word));
        if is_any(&["CONVERT", "TRY_CONVERT"]) {
            self.written_type(arguments);
        } else if is_any(&["CAST", "TRY_CAST", "PARSE", "TRY_PARSE"]) {
            let r#as = arguments.iter().position(|node| node.is_word("AS"));
            if let Some(written) = r#as.and_then(|at| arguments.get(at + 1..)) {
                self.written_type(written);
            }
        }
    }

    /// A type whose right isn't granted, since nothing tells whether it is EXECUTE or REFERENCES.
    pub(super) fn written_type(&mut self, nodes: &[Node<'_>]) {
        let Some((name, taken)) = Name::read(nodes) else { return };
        if is_built_in(&name) {
            self.schema_collection(&name, nodes.get(taken).and_then(Node::group));
        } else {
            self.needed.note(
                name.line,
                format!(
                    "`{name}` is a user's type: EXECUTE or REFERENCES on it may be needed and is not granted here; grant it \
                     by hand"
                ),
            );
        }
    }

    fn schema_collection(&mut self, name: &Name, after: Option<&[Node<'_>]>) {
        if name.last().eq_ignore_ascii_case("xml") && after.is_some() {
            self.needed.note(
                name.line,
                "EXECUTE on the XML schema collection is not granted here; grant it by hand",
            );
        }
    }
}

/// Whether the type is the server's own.
fn is_built_in(name: &Name) -> bool {
    match name.parts.as_slice() {
        [single] => {
            words::TYPES.iter().chain(&words::MORE_TYPES).any(|known| single.eq_ignore_ascii_case(known))
        }
        [schema, _] => schema.eq_ignore_ascii_case("sys"),
        _ => false,
    }
}
