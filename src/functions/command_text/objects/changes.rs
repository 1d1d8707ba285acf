//! INSERT, UPDATE, DELETE and MERGE: what they change, and what they read of it.

use super::super::rights::Right;
use super::super::scanner::Kind;
use super::columns::{self, Reads};
use super::names::Name;
use super::nodes::Node;
use super::sources::{Source, from_length};
use super::{Base, Reader, begins_from, is_query, words};

/// What stands where a statement names what it changes.
enum Target {
    Named(Name),
    /// A table variable.
    Variable,
}

impl Reader {
    pub(super) fn insert(&mut self, nodes: &[Node<'_>]) {
        let mut rest = after_top(nodes);
        rest = skip_word(rest, "INTO");
        let Some((target, after)) = self.target(rest) else { return };
        let base = self.resolve(&target, &[]);
        self.change(&base, Right::Insert, rest);
        rest = after;
        while let Some(node) = rest.first() {
            // The columns' names, and hints.
            let is_names = node.group().is_some_and(|inside| !is_query(inside));
            if !is_names && !node.is_word("WITH") {
                break;
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        let is_body = |node: &Node<'_>| {
            node.is_any_word(&["VALUES", "SELECT", "EXEC", "EXECUTE", "DEFAULT"])
                || node.group().is_some_and(is_query)
        };
        let body_at = rest.iter().position(is_body).unwrap_or(rest.len());
        let (outputs, body) = rest.split_at_checked(body_at).unwrap_or((rest, &[]));
        if self.outputs(outputs) {
            self.change(&base, Right::Select, nodes);
        }
        match body.first() {
            Some(first) if first.is_any_word(&["EXEC", "EXECUTE"]) => self.execute(body),
            Some(first) if first.is_any_word(&["VALUES", "DEFAULT"]) => self.expressions(body),
            Some(_) => {
                self.query(body);
            }
            None => self.needed.note(
                nodes.first().map_or(1, Node::line),
                "what this INSERT adds can't be told; grant what it reads by hand",
            ),
        }
    }

    pub(super) fn update(&mut self, nodes: &[Node<'_>]) {
        self.update_or_delete(after_top(nodes), Right::Update);
    }

    pub(super) fn delete(&mut self, nodes: &[Node<'_>]) {
        self.update_or_delete(skip_word(after_top(nodes), "FROM"), Right::Delete);
    }

    fn update_or_delete(&mut self, nodes: &[Node<'_>], right: Right) {
        let Some((target, rest)) = self.target(nodes) else { return };
        let line = nodes.first().map_or(1, Node::line);
        let mut clauses = Clauses::split(rest);
        let sources = clauses.from.map(|from| self.sources(from, line)).unwrap_or_default();
        let base = self.resolve(&target, &sources);
        self.change(&base, right, nodes);
        // A FROM with nothing but the target only names it; what it reads is told by the other clauses.
        let names_target_alone = matches!(sources.as_slice(), [only] if only.base == base);
        if !names_target_alone {
            for name in sources.iter().filter_map(|source| source.object.as_ref()) {
                self.need(name, Right::Select);
            }
        }
        let mut known_as: Vec<String> = sources
            .iter()
            .filter(|source| source.base == base)
            .filter_map(|source| source.alias.as_ref().map(|alias| alias.to_lowercase()))
            .collect();
        if let Target::Named(name) = &target {
            known_as.push(name.last().to_lowercase());
        }
        let output_reads = self.outputs(clauses.output.take().unwrap_or_default());
        let set = clauses.set.unwrap_or_default();
        let reads = columns::of_set(set, &known_as);
        if clauses.condition.is_some() || output_reads || reads == Reads::Column {
            self.change(&base, Right::Select, nodes);
        } else if let (Reads::Perhaps, Base::Object(name)) = (reads, &base) {
            self.needed.note(
                line,
                format!(
                    "a query in SET names a column without its table; if it is one of `{name}`, grant SELECT on `{name}` by \
                     hand, or write each column there with its table"
                ),
            );
        }
        for clause in [Some(set), clauses.condition, clauses.options].into_iter().flatten() {
            self.expressions(clause);
        }
    }

    pub(super) fn merge(&mut self, nodes: &[Node<'_>]) {
        let rest = skip_word(after_top(nodes), "INTO");
        let Some((target, after)) = self.target(rest) else { return };
        let base = self.resolve(&target, &[]);
        // Its ON compares the target's columns.
        self.change(&base, Right::Select, rest);
        let Some(using) = after.iter().position(|node| node.is_word("USING")) else {
            self.needed.note(nodes.first().map_or(1, Node::line), "this MERGE has no USING; mend it");
            return;
        };
        let body = after.get(using + 1..).unwrap_or_default();
        let (from, actions) = body.split_at_checked(from_length(body)).unwrap_or((body, &[]));
        for source in self.sources(from, after.get(using).map_or(1, Node::line)) {
            if let Some(name) = &source.object {
                self.need(name, Right::Select);
            }
        }
        for pair in actions.windows(2) {
            let [then, action] = pair else { continue };
            if !then.is_word("THEN") {
                continue;
            }
            for right in [Right::Insert, Right::Update, Right::Delete] {
                if action.is_word(right.name()) {
                    self.change(&base, right, rest);
                }
            }
        }
        let output = actions.iter().position(|node| node.is_word("OUTPUT")).unwrap_or(actions.len());
        let (actions, output) = actions.split_at_checked(output).unwrap_or((actions, &[]));
        self.expressions(actions);
        self.outputs(output);
    }

    /// What the statement changes, and what follows it: its hints are left out.
    fn target<'n, 'a>(&mut self, nodes: &'n [Node<'a>]) -> Option<(Target, &'n [Node<'a>])> {
        let first = nodes.first();
        if first.is_some_and(|node| node.is_kind(Kind::Variable)) {
            return Some((Target::Variable, nodes.get(1..).unwrap_or_default()));
        }
        let line = first.map_or(1, Node::line);
        let Some((name, taken)) = Name::read(nodes) else {
            self.needed
                .note(line, "what this statement changes can't be told; grant the right on it by hand");
            return None;
        };
        let is_opaque = name
            .single()
            .is_some_and(|name| words::OPAQUE_ROWSETS.iter().any(|word| name.eq_ignore_ascii_case(word)));
        if is_opaque {
            self.needed.note(line, format!("what `{name}` needs can't be told; grant it by hand"));
            return None;
        }
        Some((Target::Named(name), nodes.get(taken..).unwrap_or_default()))
    }

    /// What the target is: an alias of a source, a source itself, a name of the WITH, or an object.
    fn resolve(&self, target: &Target, sources: &[Source]) -> Base {
        let Target::Named(name) = target else { return Base::Nothing };
        let Some(single) = name.single() else { return Base::Object(name.clone()) };
        let is_meant = |other: &str| other.to_lowercase() == single.to_lowercase();
        let by_alias = sources.iter().find(|source| source.alias.as_deref().is_some_and(is_meant));
        let by_name = || {
            sources.iter().find(|source| {
                matches!(&source.base, Base::Object(name) if source.object.is_some() && is_meant(name.last()))
            })
        };
        match by_alias.or_else(by_name) {
            Some(source) => source.base.clone(),
            None => self.named_query(single).unwrap_or_else(|| Base::Object(name.clone())),
        }
    }

    fn change(&mut self, base: &Base, right: Right, at: &[Node<'_>]) {
        match base {
            Base::Nothing => {}
            Base::Object(name) => self.need(name, right),
            Base::Unknown => self.needed.note(
                at.first().map_or(1, Node::line),
                format!("which table of a join is changed can't be told; grant {right} on it by hand"),
            ),
        }
    }

    /// The OUTPUT clauses in front; tells whether they read the changed rows.
    fn outputs(&mut self, nodes: &[Node<'_>]) -> bool {
        let mut rest = nodes;
        while let Some(node) = rest.first() {
            let after = rest.get(1..).unwrap_or_default();
            let filled = Name::read(after).filter(|_| node.is_word("INTO"));
            let taken = match filled {
                Some((name, length)) => {
                    self.need(&name, Right::Insert);
                    1 + length
                }
                None => self.expression(rest).max(1),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        reads_changed_rows(nodes)
    }
}

/// The clauses after an UPDATE's or DELETE's target.
#[derive(Default)]
struct Clauses<'n, 'a> {
    set: Option<&'n [Node<'a>]>,
    output: Option<&'n [Node<'a>]>,
    from: Option<&'n [Node<'a>]>,
    condition: Option<&'n [Node<'a>]>,
    options: Option<&'n [Node<'a>]>,
}

impl<'n, 'a> Clauses<'n, 'a> {
    fn split(nodes: &'n [Node<'a>]) -> Self {
        let mut clauses = Self::default();
        let begins = |at: &usize| {
            nodes.get(*at).is_some_and(|node| {
                let before = at.checked_sub(1).and_then(|before| nodes.get(before));
                begins_from(before, node) || node.is_any_word(&["SET", "OUTPUT", "WHERE", "OPTION"])
            })
        };
        let starts: Vec<usize> = (0..nodes.len()).filter(begins).collect();
        for (order, start) in starts.iter().enumerate() {
            let end = starts.get(order + 1).copied().unwrap_or(nodes.len());
            let Some(first) = nodes.get(*start) else { continue };
            let body = nodes.get(start + 1..end);
            if first.is_word("SET") {
                clauses.set = body;
            } else if first.is_word("FROM") {
                clauses.from = body;
            } else if first.is_word("WHERE") {
                clauses.condition = body;
            } else if first.is_word("OPTION") {
                clauses.options = body;
            } else if clauses.output.is_none() {
                clauses.output = body;
            } else {
                // A second OUTPUT, which returns rows beside the first one's INTO: they are read as one.
                let first_output =
                    starts.iter().find(|at| nodes.get(**at).is_some_and(|node| node.is_word("OUTPUT")));
                clauses.output = first_output.and_then(|at| nodes.get(*at..end));
            }
        }
        clauses
    }
}

/// `TOP (5) PERCENT` after the statement's first word is skipped.
fn after_top<'n, 'a>(nodes: &'n [Node<'a>]) -> &'n [Node<'a>] {
    let rest = nodes.get(1..).unwrap_or_default();
    match rest {
        [top, _, percent, rest @ ..] if top.is_word("TOP") && percent.is_word("PERCENT") => rest,
        [top, _, rest @ ..] if top.is_word("TOP") => rest,
        _ => rest,
    }
}

fn skip_word<'n, 'a>(nodes: &'n [Node<'a>], word: &str) -> &'n [Node<'a>] {
    match nodes {
        [first, rest @ ..] if first.is_word(word) => rest,
        _ => nodes,
    }
}

/// Whether `inserted.x` or `deleted.x` stands somewhere.
fn reads_changed_rows(nodes: &[Node<'_>]) -> bool {
    nodes.iter().enumerate().any(|(at, node)| match node {
        Node::Group { nodes, .. } => reads_changed_rows(nodes),
        Node::Token(_) => {
            let name = Name::read(nodes.get(at..at + 1).unwrap_or_default());
            let is_rows = name.is_some_and(|(name, _)| {
                ["inserted", "deleted"].iter().any(|rows| name.last().eq_ignore_ascii_case(rows))
            });
            is_rows && nodes.get(at + 1).is_some_and(|next| next.is_symbol("."))
        }
    })
}
