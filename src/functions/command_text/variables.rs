//! Which variables a command uses, and which of them it declares itself.

use std::collections::{BTreeMap, BTreeSet};

use super::scanner::{Kind, Token};

/// The words at which a DECLARE without a semicolon ends at the latest: all of them are reserved.
const STATEMENT_WORDS: [&str; 27] = [
    "SELECT",
    "SET",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "IF",
    "ELSE",
    "WHILE",
    "BEGIN",
    "END",
    "EXEC",
    "EXECUTE",
    "DECLARE",
    "WITH",
    "RETURN",
    "PRINT",
    "RAISERROR",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "OPEN",
    "FETCH",
    "COMMIT",
    "ROLLBACK",
    "WAITFOR",
];

/// The variables that must come from outside, lower-cased (the server's names have no case by default), each with
/// its spelling and the line of its first use.
pub(super) fn from_outside(tokens: &[Token<'_>]) -> BTreeMap<String, (String, usize)> {
    let declared = declared(tokens);
    let mut outside = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = token.text.to_lowercase();
        if token.kind == Kind::Variable && !declared.contains(&name) && !is_argument_name(tokens, at) {
            outside.entry(name).or_insert_with(|| (token.text.to_owned(), token.line));
        }
    }
    outside
}

/// `DECLARE @a int = 1, @b AS dbo.Name, @t TABLE (...)`: the first variable, and each after a comma at the same depth.
fn declared(tokens: &[Token<'_>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = tokens.iter();
    while rest.any(|token| token.is_word("DECLARE")) {
        let mut depth = 0usize;
        let mut name_comes = true;
        for token in rest.clone() {
            if token.is_symbol("(") {
                depth += 1;
            } else if token.is_symbol(")") {
                depth = depth.saturating_sub(1);
            }
            if depth > 0 {
                continue;
            }
            if token.is_symbol(";") || token.is_any_word(&STATEMENT_WORDS) {
                break;
            }
            if name_comes && token.kind == Kind::Variable {
                names.insert(token.text.to_lowercase());
            }
            name_comes = token.is_symbol(",");
        }
    }
    names
}

/// `EXEC dbo.work @id = @order`: `@id` is the procedure's name for it. `EXEC @status = dbo.work` is a variable.
fn is_argument_name(tokens: &[Token<'_>], at: usize) -> bool {
    if !tokens.get(at + 1).is_some_and(|next| next.is_symbol("=")) {
        return false;
    }
    let before = tokens.get(..at).unwrap_or_default();
    let statement = before
        .iter()
        .rposition(|token| token.is_symbol(";") || token.is_any_word(&STATEMENT_WORDS))
        .and_then(|start| before.get(start..));
    matches!(statement, Some([first, _, ..]) if first.is_any_word(&["EXEC", "EXECUTE"]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::scanner::scan;
    use super::*;

    fn outside(text: &str) -> Vec<String> {
        from_outside(&scan(text).unwrap()).into_keys().collect()
    }

    #[test]
    fn a_variable_that_the_command_declares_does_not_come_from_outside() {
        assert_eq!(outside("DECLARE @a int = @x, @B nvarchar(5) SELECT @a, @b, @c"), ["@c", "@x"]);
        assert_eq!(outside("DECLARE @t TABLE (Id int, At date); INSERT @t SELECT @id, @@SPID"), ["@id"]);
        assert_eq!(outside("SELECT '@no', [@no] -- @no\n, @Yes"), ["@yes"]);
    }

    #[test]
    fn the_name_of_a_procedures_argument_is_not_a_use() {
        assert_eq!(outside("EXEC dbo.work @id = @order, @all = 1"), ["@order"]);
        assert_eq!(outside("EXEC @status = dbo.work @order"), ["@order", "@status"]);
        assert_eq!(outside("SELECT @found = 1"), ["@found"]);
    }
}
