//! Where a statement ends: T-SQL needs no semicolon, so the next statement's first word tells.

use super::nodes::Node;
use super::words;

/// How many nodes belong to the statement that begins here: up to a semicolon, or to a word that begins the next.
pub(super) fn length(nodes: &[Node<'_>]) -> usize {
    let Some(verb) = nodes.first() else { return 0 };
    // These stand alone before another statement.
    if verb.is_word("ELSE") {
        return 1;
    }
    let mut cases = 0usize;
    let mut has_body = false;
    for (at, pair) in nodes.windows(2).enumerate() {
        let [before, node] = pair else { continue };
        let place = at + 1;
        if node.is_symbol(";") {
            return place;
        }
        if node.is_word("CASE") {
            cases += 1;
            continue;
        }
        if cases > 0 && node.is_word("END") {
            cases -= 1;
            continue;
        }
        if cases > 0 && node.is_word("ELSE") {
            continue;
        }
        has_body |= node.is_word("VALUES")
            || (node.is_word("DEFAULT") && nodes.get(place + 1).is_some_and(|next| next.is_word("VALUES")));
        if begins_named_queries(nodes.get(place..).unwrap_or_default()) {
            return place;
        }
        if !node.is_any_word(&words::STATEMENTS) {
            continue;
        }
        let is_own = if node.is_word("SELECT") && before.is_any_word(&["UNION", "ALL", "EXCEPT", "INTERSECT"])
        {
            true
        } else if node.is_any_word(&["SELECT", "EXEC", "EXECUTE"]) {
            let is_body = verb.is_word("INSERT") && !has_body;
            has_body |= is_body;
            is_body
        } else if node.is_word("SET") {
            let is_body = verb.is_word("UPDATE") && !has_body;
            has_body |= is_body;
            is_body || (verb.is_word("MERGE") && before.is_word("UPDATE"))
        } else if node.is_any_word(&["INSERT", "UPDATE", "DELETE"]) {
            (verb.is_word("MERGE") && before.is_word("THEN"))
                || (node.is_word("UPDATE") && before.is_word("FOR"))
        } else if node.is_word("MERGE") {
            before.is_any_word(&["INNER", "LEFT", "RIGHT", "FULL", "OUTER"])
        } else if node.is_word("FETCH") {
            before.is_any_word(&["ROW", "ROWS"])
        } else {
            // THROW and RECEIVE are no reserved words: in a statement they are names.
            node.is_any_word(&["THROW", "RECEIVE"])
        };
        if !is_own {
            return place;
        }
    }
    nodes.len()
}

/// `WITH name AS (` or `WITH name (columns) AS (`, as against hints and options.
fn begins_named_queries(nodes: &[Node<'_>]) -> bool {
    match nodes {
        [with, name, rest @ ..] if with.is_word("WITH") && name.is_name() => match rest {
            [r#as, Node::Group { .. }, ..] => r#as.is_word("AS"),
            [Node::Group { .. }, ..] if name.is_word("XMLNAMESPACES") => true,
            [Node::Group { .. }, r#as, Node::Group { .. }, ..] => r#as.is_word("AS"),
            _ => false,
        },
        _ => false,
    }
}
