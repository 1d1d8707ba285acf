//! What stands in a FROM: tables, views, functions, variables, queries, and the names given to them.

use super::super::rights::Right;
use super::super::scanner::Kind;
use super::names::Name;
use super::nodes::Node;
use super::{Base, Reader, is_query, words};

const UNREADABLE: &str = "what is read after FROM or JOIN can't be told; grant SELECT on it by hand";

/// One source of rows.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its alias; without one, it is known by the last part of its name.
    pub(super) alias: Option<String>,
    /// What it reads itself; None where its own query was read already, or there is nothing to grant.
    pub(super) object: Option<Name>,
    pub(super) base: Base,
}

/// How many nodes after a FROM belong to it.
pub(super) fn from_length(nodes: &[Node<'_>]) -> usize {
    let ends = |at: usize, node: &Node<'_>| {
        node.is_any_word(&words::AFTER_FROM)
            // FOR JSON and FOR XML end it, FOR SYSTEM_TIME doesn't.
            || (node.is_word("FOR") && !nodes.get(at + 1).is_some_and(|next| next.is_word("SYSTEM_TIME")))
    };
    let mut cases = 0usize;
    for (at, node) in nodes.iter().enumerate() {
        if node.is_word("CASE") {
            cases += 1;
        } else if node.is_word("END") {
            cases = cases.saturating_sub(1);
        } else if cases == 0 && ends(at, node) {
            return at;
        }
    }
    nodes.len()
}

impl Reader {
    /// What stands between the FROM in this line and the next clause. SELECT on it is for the caller to ask for.
    pub(super) fn sources(&mut self, nodes: &[Node<'_>], line: usize) -> Vec<Source> {
        let mut found = Vec::new();
        let mut is_expected = true;
        let mut rest = nodes;
        let mut before: Option<&Node<'_>> = None;
        while let Some(node) = rest.first() {
            let applies =
                node.is_word("APPLY") && before.is_some_and(|before| before.is_any_word(&["CROSS", "OUTER"]));
            let taken = if is_expected {
                is_expected = false;
                self.source(rest, &mut found)
            } else if node.is_symbol(",") || node.is_word("JOIN") || applies {
                is_expected = true;
                1
            } else if node.is_word("FOR") && rest.get(1).is_some_and(|next| next.is_word("SYSTEM_TIME")) {
                // "Temporal table security", Microsoft Learn.
                self.needed.note(
                    node.line(),
                    "FOR SYSTEM_TIME reads the history table too; grant SELECT on it by hand",
                );
                2
            } else if let [with, Node::Group { nodes: columns, .. }, ..] = rest
                && with.is_word("WITH")
                && before.is_some_and(Node::is_group)
            {
                // Of OPENJSON; hints stand after a name.
                self.types_of_columns(columns);
                2
            } else {
                self.expression(rest)
            };
            before = taken.checked_sub(1).and_then(|last| rest.get(last));
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
        if is_expected {
            self.needed.note(before.map_or(line, Node::line), UNREADABLE);
        }
        found
    }

    /// One source with its alias; hands out the nodes it takes.
    fn source(&mut self, nodes: &[Node<'_>], found: &mut Vec<Source>) -> usize {
        let (source, taken) = match nodes {
            [Node::Group { nodes: inside, .. }, ..] => (self.source_in_parentheses(inside, found), 1),
            [variable, ..] if variable.is_kind(Kind::Variable) => {
                // `@x.nodes('/a')`
                let method = match nodes {
                    [_, point, _, Node::Group { nodes: arguments, .. }, ..] if point.is_symbol(".") => {
                        self.expressions(arguments);
                        3
                    }
                    _ => 0,
                };
                (Some((None, Base::Nothing)), 1 + method)
            }
            _ => match Name::read(nodes) {
                Some((name, taken)) => match nodes.get(taken).and_then(Node::group) {
                    Some(arguments) => (Some(self.rowset_function(name, arguments)), taken + 1),
                    None => (Some(self.table(name)), taken),
                },
                None => {
                    let line = nodes.first().map_or(1, Node::line);
                    self.needed.note(line, UNREADABLE);
                    (None, 1)
                }
            },
        };
        let (alias, alias_length) = alias(nodes.get(taken..).unwrap_or_default());
        if let Some((object, base)) = source {
            found.push(Source { alias, object, base });
        }
        taken + alias_length
    }

    fn source_in_parentheses(
        &mut self,
        inside: &[Node<'_>],
        found: &mut Vec<Source>,
    ) -> Option<(Option<Name>, Base)> {
        let first = inside.first()?;
        if is_query(inside) {
            return Some((None, self.query(inside)));
        }
        if first.is_word("VALUES") {
            self.expressions(inside);
            return Some((None, Base::Nothing));
        }
        if first.is_any_word(&["INSERT", "UPDATE", "DELETE", "MERGE"]) {
            self.batch(inside);
            return Some((None, Base::Nothing));
        }
        let joined = self.sources(inside, first.line());
        found.extend(joined);
        None
    }

    fn table(&mut self, name: Name) -> (Option<Name>, Base) {
        if let Some(single) = name.single() {
            if let Some(base) = self.named_query(single) {
                return (None, base);
            }
            // A trigger's tables; a command of ours can't have tables of these names without brackets.
            if ["inserted", "deleted"].iter().any(|own| single.eq_ignore_ascii_case(own)) {
                return (None, Base::Nothing);
            }
        }
        (Some(name.clone()), Base::Object(name))
    }

    /// What a name of the WITH before this statement stands for.
    pub(super) fn named_query(&self, name: &str) -> Option<Base> {
        let lower = name.to_lowercase();
        self.named_queries.iter().rev().find(|(known, _)| *known == lower).map(|(_, base)| base.clone())
    }

    /// A function that returns rows, or a table with hints as they were written before WITH.
    fn rowset_function(&mut self, name: Name, arguments: &[Node<'_>]) -> (Option<Name>, Base) {
        if let Some(single) = name.single() {
            let is_any = |words: &[&str]| words.iter().any(|word| single.eq_ignore_ascii_case(word));
            if is_any(&words::OPAQUE_ROWSETS) {
                self.needed.note(name.line, format!("what `{single}` needs can't be told; grant it by hand"));
                self.expressions(arguments);
                return (None, Base::Nothing);
            }
            if is_any(&words::TEXT_SEARCH_ROWSETS) {
                if let Some((table, _)) = Name::read(arguments) {
                    self.need(&table, Right::Select);
                }
                return (None, Base::Nothing);
            }
            if is_any(&words::ROWSET_FUNCTIONS) {
                self.expressions(arguments);
                return (None, Base::Nothing);
            }
        }
        self.expressions(arguments);
        let schema = name.parts.first().map_or("", String::as_str);
        if name.last() == "nodes" && name.single().is_none() && !schema.eq_ignore_ascii_case("dbo") {
            // The method `nodes` of an xml column, which APPLY calls.
            return (None, Base::Nothing);
        }
        self.table(name)
    }
}

/// How many nodes the alias after a source takes.
pub(super) fn alias_length(nodes: &[Node<'_>]) -> usize {
    alias(nodes).1
}

/// `AS p`, `p`, or nothing; and how many nodes it takes.
fn alias(nodes: &[Node<'_>]) -> (Option<String>, usize) {
    let skipped = usize::from(nodes.first().is_some_and(|node| node.is_word("AS")));
    match nodes.get(skipped) {
        Some(node) if node.is_name() && !node.is_any_word(&words::AFTER_SOURCE) => {
            let name = Name::read(nodes.get(skipped..skipped + 1).unwrap_or_default());
            (name.map(|(name, _)| name.last().to_owned()), skipped + 1)
        }
        _ => (None, skipped),
    }
}
