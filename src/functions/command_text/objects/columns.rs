//! Whether an expression reads a column of the table that its statement changes.

use super::super::scanner::Kind;
use super::names::Name;
use super::nodes::Node;
use super::sources::alias_length;
use super::{begins_from, is_query, is_text_prefix, words};

/// What is read of the changed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reads {
    Nothing,
    /// A query inside names a column without its table: it may be one of the changed table.
    Perhaps,
    Column,
}

/// What a SET reads of the table that it changes.
pub(super) fn of_set(nodes: &[Node<'_>], known_as: &[String]) -> Reads {
    let assignments = nodes.split(|node| node.is_symbol(","));
    assignments.map(|assignment| of_assignment(assignment, known_as)).max().unwrap_or(Reads::Nothing)
}

fn of_assignment(nodes: &[Node<'_>], known_as: &[String]) -> Reads {
    let Some(equals) = nodes.iter().position(|node| node.is_symbol("=")) else {
        // `column.WRITE(@text, 0, 0)`
        let groups = nodes.iter().filter_map(Node::group);
        return groups.map(|inside| of_expression(inside, known_as)).max().unwrap_or(Reads::Nothing);
    };
    // `+=` and its like read what they change, unless that is a variable.
    let before = equals.checked_sub(1).and_then(|before| nodes.get(before));
    let is_compound = before.is_some_and(|before| before.is_kind(Kind::Symbol));
    let is_variable = nodes.first().is_some_and(|first| first.is_kind(Kind::Variable));
    if is_compound && !is_variable {
        return Reads::Column;
    }
    of_expression(nodes.get(equals + 1..).unwrap_or_default(), known_as)
}

/// A column in a query of its own counts if it is written with the table's name.
fn of_expression(nodes: &[Node<'_>], known_as: &[String]) -> Reads {
    let mut reads = Reads::Nothing;
    let mut rest = nodes;
    while !rest.is_empty() {
        let taken = match Piece::read(rest) {
            Piece::Column => return Reads::Column,
            Piece::Passed(taken) => taken,
            Piece::Inside(inside, taken) => {
                reads = reads.max(if is_query(inside) {
                    of_query(inside, known_as)
                } else {
                    of_expression(inside, known_as)
                });
                taken
            }
        };
        if reads == Reads::Column {
            return reads;
        }
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    reads
}

fn of_query(nodes: &[Node<'_>], known_as: &[String]) -> Reads {
    if names_table(nodes, known_as) {
        Reads::Column
    } else if has_bare_column(nodes, false) {
        Reads::Perhaps
    } else {
        Reads::Nothing
    }
}

/// One piece of an expression.
enum Piece<'n, 'a> {
    /// A column, with its table or without.
    Column,
    /// So many nodes that are none.
    Passed(usize),
    /// Parentheses or a function's arguments, to be looked into, and how many nodes they take.
    Inside(&'n [Node<'a>], usize),
}

impl<'n, 'a> Piece<'n, 'a> {
    fn read(nodes: &'n [Node<'a>]) -> Self {
        let next = nodes.get(1);
        let next_is = |word: &str| next.is_some_and(|next| next.is_word(word));
        match nodes.first() {
            None => Self::Passed(1),
            Some(Node::Group { nodes: inside, .. }) => Self::Inside(inside, 1),
            // `CAST(.. AS nvarchar(5))`, `PARSE(.. AS date USING ..)`
            Some(first) if first.is_word("AS") || (first.is_word("RETURNING") && next.is_some()) => {
                let using = nodes.iter().position(|node| node.is_word("USING"));
                Self::Passed(using.map_or(nodes.len(), |using| using + 1))
            }
            Some(first)
                if first.is_word("COLLATE")
                    || first.is_symbol(".")
                    || is_text_prefix(nodes)
                    || (first.is_word("ABSENT") && next_is("ON")) =>
            {
                Self::Passed(2)
            }
            Some(first) if first.is_word("NEXT") && next_is("VALUE") => Self::Passed(
                3 + Name::read(nodes.get(3..).unwrap_or_default()).map_or(0, |(_, length)| length),
            ),
            Some(first)
                if first.is_word("AT")
                    && next_is("TIME")
                    && nodes.get(2).is_some_and(|third| third.is_word("ZONE")) =>
            {
                Self::Passed(3)
            }
            Some(first) => match Name::read(nodes) {
                Some((name, length)) => Self::named(first, &name, length, nodes),
                None => Self::Passed(1),
            },
        }
    }

    fn named(first: &Node<'_>, name: &Name, length: usize, nodes: &'n [Node<'a>]) -> Self {
        let after = |at: usize| nodes.get(length + at);
        if let Some(arguments) = after(0).and_then(Node::group) {
            return Self::Inside(values_of_call(name, arguments), length + 1);
        }
        if after(0).is_some_and(|node| node.is_symbol(":"))
            && after(1).is_some_and(|node| node.is_symbol(":"))
        {
            // `geography::Point(..)`
            return Self::Passed(length + 2);
        }
        let is_reserved =
            |word: &str| words::NOT_COLUMNS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved));
        if first.is_kind(Kind::Word) && name.single().is_some_and(is_reserved) {
            Self::Passed(length)
        } else {
            Self::Column
        }
    }
}

/// The arguments of a call that are values: the first one of DATEADD and its kin is a part of a date, that of CONVERT is a
/// type, and TRIM's may begin with a word of its own.
fn values_of_call<'n, 'a>(name: &Name, arguments: &'n [Node<'a>]) -> &'n [Node<'a>] {
    let Some(name) = name.single().map(str::to_ascii_uppercase) else { return arguments };
    let first_is = |words: &[&str]| arguments.first().is_some_and(|first| first.is_any_word(words));
    let skipped = match name.as_str() {
        "TRIM" if first_is(&["BOTH", "LEADING", "TRAILING"]) => 1,
        "CONVERT" | "TRY_CONVERT" => {
            arguments.iter().position(|node| node.is_symbol(",")).unwrap_or(arguments.len())
        }
        name if name.starts_with("DATE") && !name.ends_with("FROMPARTS") && first_is(&words::DATE_PARTS) => 1,
        _ => 0,
    };
    arguments.get(skipped..).unwrap_or_default()
}

/// Whether a query names a column without its table. Its sources and their aliases are none; a word that is in doubt is one.
fn has_bare_column(nodes: &[Node<'_>], is_from: bool) -> bool {
    let mut in_from = is_from;
    let mut source_follows = is_from;
    let mut rest = nodes;
    let mut before: Option<&Node<'_>> = None;
    while let Some(first) = rest.first() {
        let taken = if source_follows {
            source_follows = false;
            match source(rest) {
                Some(taken) => taken,
                None => return true,
            }
        } else if begins_from(before, first) || first.is_any_word(&["JOIN", "APPLY"]) {
            in_from = true;
            source_follows = true;
            1
        } else if first.is_symbol(",") && in_from {
            source_follows = true;
            1
        } else if first.is_any_word(&words::AFTER_FROM) {
            in_from = false;
            1
        } else if first.is_word("WITH") {
            // Hints, or the columns that OPENJSON makes.
            1 + usize::from(rest.get(1).is_some_and(Node::is_group))
        } else if first.is_word("AS") {
            1 + Name::read(rest.get(1..).unwrap_or_default()).map_or(0, |(_, length)| length)
        } else if first.is_any_word(&words::IN_QUERIES) {
            1
        } else if first.is_name() && Name::read(rest).is_some_and(|(name, _)| name.single().is_none()) {
            // With its table, or a function with its schema.
            Name::read(rest).map_or(1, |(_, length)| length)
        } else {
            match Piece::read(rest) {
                Piece::Column => return true,
                Piece::Passed(taken) => taken,
                Piece::Inside(inside, taken) => {
                    if has_bare_column(inside, false) {
                        return true;
                    }
                    taken
                }
            }
        };
        before = taken.checked_sub(1).and_then(|last| rest.get(last));
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    false
}

/// How many nodes a source with its alias takes; None when it names a column without a table.
fn source(nodes: &[Node<'_>]) -> Option<usize> {
    let mut taken = match nodes.first() {
        Some(Node::Group { nodes: inside, .. }) => {
            let is_rows = is_query(inside) || inside.first().is_some_and(|first| first.is_word("VALUES"));
            if has_bare_column(inside, !is_rows) {
                return None;
            }
            1
        }
        _ => Name::read(nodes).map_or(1, |(_, length)| length),
    };
    // `@x.nodes(..)`
    while nodes.get(taken).is_some_and(|node| node.is_symbol(".")) {
        taken += 2;
    }
    if let Some(arguments) = nodes.get(taken).and_then(Node::group) {
        if has_bare_column(arguments, false) {
            return None;
        }
        taken += 1;
    }
    let alias = alias_length(nodes.get(taken..).unwrap_or_default());
    taken += alias;
    // The columns' names: `v (a, b)`.
    Some(taken + usize::from(alias > 0 && nodes.get(taken).is_some_and(Node::is_group)))
}

/// Whether `table.column` stands somewhere, under one of these names.
fn names_table(nodes: &[Node<'_>], known_as: &[String]) -> bool {
    nodes.iter().enumerate().any(|(at, node)| match node {
        Node::Group { nodes, .. } => names_table(nodes, known_as),
        Node::Token(_) => {
            nodes.get(at + 1).is_some_and(|next| next.is_symbol("."))
                && Name::read(nodes.get(at..at + 1).unwrap_or_default())
                    .is_some_and(|(name, _)| known_as.contains(&name.last().to_lowercase()))
        }
    })
}
