//! The columns of the result sets that a command's text shows: which of them have no name, and which share one.
//!
//! This reads the SELECT lists and OUTPUT clauses of statements whose beginning is beyond doubt: at the start of the
//! command or after a semicolon. It says something only where it is sure; the rest is seen when the command runs.

use super::CommandMistake;
use super::procedure_name::unquoted;
use super::scanner::{Kind, Token};

/// Words that end a SELECT list or an OUTPUT clause. All are reserved, so none is a column's name.
const ENDS: [&str; 44] = [
    "FROM",
    "INTO",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "FOR",
    "OPTION",
    "VALUES",
    "DEFAULT",
    "WITH",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "SET",
    "DECLARE",
    "EXEC",
    "EXECUTE",
    "IF",
    "WHILE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "RETURN",
    "PRINT",
    "RAISERROR",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "OPEN",
    "FETCH",
    "CLOSE",
    "DEALLOCATE",
    "WAITFOR",
    "USE",
    "ELSE",
    "END",
    "WHEN",
];

/// Functions that are called without parentheses; NULL gives no name either.
const WITHOUT_PARENTHESES: [&str; 7] =
    ["NULL", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURRENT_DATE", "SESSION_USER", "SYSTEM_USER", "USER"];

/// The columns that have no name and those that share one, where the text shows it.
pub(super) fn mistakes(tokens: &[Token<'_>]) -> Vec<CommandMistake> {
    let mut found = Vec::new();
    for statement in statements(tokens) {
        if let Some((verb, list)) = list_of(statement) {
            check(verb, list, &mut found);
        }
    }
    found
}

/// The statements that begin at the start or after a semicolon; each goes on to the next semicolon.
fn statements<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    tokens.split(|token| token.is_symbol(";")).filter(|statement| !statement.is_empty())
}

/// The SELECT list or OUTPUT clause of a statement that gives rows, and its verb. None when it gives none, or when unsure.
fn list_of<'t, 'a>(statement: &'t [Token<'a>]) -> Option<(&'t Token<'a>, &'t [Token<'a>])> {
    let first = statement.first()?;
    let start = if first.is_word("WITH") {
        outer(statement).find(|(_, token)| {
            token.is_any_word(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "XMLNAMESPACES"])
        })?
    } else {
        (0, first)
    };
    let (at, verb) = start;
    let rest = statement.get(at + 1..)?;
    let list = if verb.is_word("SELECT") {
        rest.get(before_select_list(rest)?..)?
    } else if verb.is_any_word(&["INSERT", "UPDATE", "DELETE", "MERGE"]) {
        let is_either = |token: &Token<'_>| token.is_any_word(&["OUTPUT", "EXEC", "EXECUTE", "SELECT"]);
        let (output, word) = outer(rest).find(|(_, token)| is_either(token))?;
        if !word.is_word("OUTPUT") {
            return None;
        }
        rest.get(output + 1..)?
    } else {
        return None;
    };
    let length = list_length(list)?;
    let (list, after) = list.split_at_checked(length)?;
    // Into a table: no rows come back. FOR JSON and FOR XML make one column of their own.
    let is_into = after.first().is_some_and(|token| token.is_word("INTO"));
    let is_made = after
        .windows(2)
        .any(|pair| matches!(pair, [r#for, what] if r#for.is_word("FOR") && what.is_any_word(&["JSON", "XML", "BROWSE"])));
    (!is_into && !is_made).then_some((verb, list))
}

/// How many tokens stand between SELECT and its list: `DISTINCT`, `TOP (5) PERCENT WITH TIES`. None when unsure.
fn before_select_list(rest: &[Token<'_>]) -> Option<usize> {
    let is = |at: usize, word: &str| rest.get(at).is_some_and(|token| token.is_word(word));
    let mut at = usize::from(is(0, "DISTINCT") || is(0, "ALL"));
    if is(at, "TOP") {
        at += 1;
        match rest.get(at)? {
            token if token.is_symbol("(") => at += group_length(rest.get(at..)?)?,
            token if matches!(token.kind, Kind::Number | Kind::Variable) => at += 1,
            _ => return None,
        }
        at += usize::from(is(at, "PERCENT"));
        if is(at, "WITH") {
            if !is(at + 1, "TIES") {
                return None;
            }
            at += 2;
        }
    }
    Some(at)
}

/// How many tokens the list takes. None when parentheses or CASE don't match.
fn list_length(tokens: &[Token<'_>]) -> Option<usize> {
    let mut cases = 0_usize;
    let mut length = tokens.len();
    for (at, token) in outer(tokens) {
        if token.is_word("CASE") {
            cases += 1;
        } else if cases > 0 {
            cases -= usize::from(token.is_word("END"));
        } else if token.is_any_word(&ENDS) {
            let is_sequence = at.checked_sub(1).and_then(|before| tokens.get(before));
            if !(token.is_word("FOR") && is_sequence.is_some_and(|before| before.is_word("VALUE"))) {
                length = at;
                break;
            }
        }
    }
    let depth = tokens.get(..length)?.iter().try_fold(0_usize, |depth, token| match token.text {
        "(" if token.kind == Kind::Symbol => Some(depth + 1),
        ")" if token.kind == Kind::Symbol => depth.checked_sub(1),
        _ => Some(depth),
    });
    (cases == 0 && depth == Some(0)).then_some(length)
}

/// The tokens outside of parentheses, with their places.
fn outer<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = (usize, &'t Token<'a>)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        if token.is_symbol("(") {
            depth += 1;
            false
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            false
        } else {
            depth == 0
        }
    })
}

/// How many tokens a pair of parentheses takes that opens here.
fn group_length(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// What a list's entry is called.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Called {
    Name(String),
    Nothing,
    /// `@x = ...`: the whole SELECT gives no rows.
    Variable,
    /// It can't be told, or it is `*`.
    Unknown,
}

fn check(verb: &Token<'_>, list: &[Token<'_>], found: &mut Vec<CommandMistake>) {
    let entries: Vec<&[Token<'_>]> = entries(list);
    let called: Vec<Called> = entries.iter().map(|entry| called(entry)).collect();
    if called.contains(&Called::Variable) {
        return;
    }
    let what = if verb.is_word("SELECT") { "SELECT" } else { "OUTPUT" };
    let mut names: Vec<&str> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    // Behind a `*` nobody knows how many columns stand before.
    let mut is_counted = true;
    for (index, (entry, called)) in entries.iter().zip(&called).enumerate() {
        let line = entry.first().map_or(verb.line, |first| first.line);
        match called {
            Called::Nothing => {
                let place =
                    if is_counted { format!("column {} of", index + 1) } else { "a column of".to_owned() };
                let message = format!(
                    "{place} the {what} in line {line} has no name; write `AS {}` after it",
                    proposed_name(entry)
                );
                found.push(CommandMistake { line, message });
            }
            Called::Name(name) if names.contains(&name.as_str()) => {
                if !told.contains(&name.as_str()) {
                    told.push(name);
                    let message = format!(
                        "the {what} in line {} has two columns called `{name}`; name one of them otherwise, with `AS` \
                         after it",
                        verb.line
                    );
                    found.push(CommandMistake { line, message });
                }
            }
            Called::Name(name) => names.push(name),
            Called::Unknown | Called::Variable => {
                is_counted &= !entry.last().is_some_and(|last| last.is_symbol("*"));
            }
        }
    }
}

/// The list at its commas outside of parentheses.
fn entries<'t, 'a>(list: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut entries = Vec::new();
    let mut start = 0;
    for (at, token) in outer(list) {
        if token.is_symbol(",") {
            entries.extend(list.get(start..at));
            start = at + 1;
        }
    }
    entries.extend(list.get(start..));
    entries
}

fn called(entry: &[Token<'_>]) -> Called {
    let Some((last, before)) = entry.split_last() else { return Called::Unknown };
    match entry {
        [variable, ..] if variable.kind == Kind::Variable && assigns(entry) => return Called::Variable,
        // `name = expression`, and the older form with the name as text.
        [name, equals, _, ..] if equals.is_symbol("=") && is_name_or_text(name) => {
            return Called::Name(unquoted(name));
        }
        _ => {}
    }
    if is_name_or_text(last) && before.last().is_some_and(|before| before.is_word("AS")) && before.len() > 1 {
        return Called::Name(unquoted(last));
    }
    let is_sequence = entry
        .windows(2)
        .any(|pair| matches!(pair, [next, value] if next.is_word("NEXT") && value.is_word("VALUE")));
    if is_sequence || outer(entry).any(|(_, token)| token.is_any_word(&["COLLATE", "ZONE"])) {
        return Called::Unknown;
    }
    if let Some(name) = column_name(entry) {
        return name;
    }
    if gives_no_name(entry) { Called::Nothing } else { alias(last, before) }
}

/// `@x = 1`, `@x += 1`
fn assigns(entry: &[Token<'_>]) -> bool {
    match entry {
        [_, equals, ..] if equals.is_symbol("=") => true,
        [_, operator, equals, ..] => operator.kind == Kind::Symbol && equals.is_symbol("="),
        _ => false,
    }
}

/// `a`, `t.a`, `dbo.t.[a]`: the last part. None when the entry is something else.
fn column_name(entry: &[Token<'_>]) -> Option<Called> {
    let is_path = entry.len() % 2 == 1
        && entry.iter().enumerate().all(|(at, token)| match at % 2 {
            0 => matches!(token.kind, Kind::Word | Kind::QuotedName),
            _ => token.is_symbol("."),
        });
    let last = entry.last().filter(|_| is_path)?;
    Some(match entry {
        [word] if word.is_any_word(&WITHOUT_PARENTHESES) => Called::Nothing,
        // `$identity` and `$rowguid` stand for a column of another name.
        _ if last.text.starts_with('$') && !last.is_word("$action") => Called::Unknown,
        _ => Called::Name(unquoted(last)),
    })
}

/// A literal, a variable, a function's call, a query in parentheses, a CASE, or two things with an operator between.
fn gives_no_name(entry: &[Token<'_>]) -> bool {
    match entry {
        [single] => matches!(single.kind, Kind::Number | Kind::Text | Kind::Variable | Kind::GlobalVariable),
        [prefix, text] if prefix.is_word("N") && text.kind == Kind::Text => true,
        [open, select, .., close]
            if open.is_symbol("(") && select.is_word("SELECT") && close.is_symbol(")") =>
        {
            group_length(entry) == Some(entry.len())
        }
        [case, .., end] if case.is_word("CASE") && end.is_word("END") => {
            // `CASE ... END + CASE ... END` has no name either.
            true
        }
        _ => is_call(entry) || is_operation(entry),
    }
}

/// `COUNT(*)`, `dbo.f(1)`, `SUM(a) OVER (...)`
fn is_call(entry: &[Token<'_>]) -> bool {
    let Some(open) = entry.iter().position(|token| token.is_symbol("(")) else { return false };
    let (name, rest) = entry.split_at_checked(open).unwrap_or_default();
    let is_name = !name.is_empty()
        && name.len() % 2 == 1
        && name.iter().enumerate().all(|(at, token)| match at % 2 {
            0 => matches!(token.kind, Kind::Word | Kind::QuotedName),
            _ => token.is_symbol("."),
        });
    let Some(length) = group_length(rest).filter(|_| is_name) else { return false };
    match rest.get(length..).unwrap_or_default() {
        [] => true,
        [over, window @ ..] if over.is_word("OVER") => group_length(window) == Some(window.len()),
        _ => false,
    }
}

/// Something, an operator, and one thing without an alias: `a + b`, `2 * t.Price`.
fn is_operation(entry: &[Token<'_>]) -> bool {
    let is_operator = |token: &Token<'_>| {
        ["+", "-", "*", "/", "%", "&", "|", "^"].iter().any(|operator| token.is_symbol(operator))
    };
    let Some((at, _)) = outer(entry).filter(|(_, token)| is_operator(token)).last() else { return false };
    let (left, right) = entry.split_at_checked(at).unwrap_or_default();
    let right = right.get(1..).unwrap_or_default();
    !left.is_empty()
        && (gives_no_name(right) || matches!(column_name(right), Some(Called::Name(_) | Called::Nothing)))
}

/// `Price p`, `COUNT(*) n`: a name after something that is whole without it.
fn alias(last: &Token<'_>, before: &[Token<'_>]) -> Called {
    let is_whole = before.last().is_some_and(|token| match token.kind {
        Kind::Word => !token.is_any_word(&["N", "AS", "OVER", "AND", "OR", "NOT", "LIKE", "BETWEEN", "IN"]),
        Kind::QuotedName | Kind::Number | Kind::Variable | Kind::GlobalVariable | Kind::Text => true,
        Kind::Symbol => token.is_symbol(")"),
    });
    let is_name = match last.kind {
        Kind::Word => !last.is_any_word(&["END", "NULL"]),
        Kind::QuotedName => true,
        _ => false,
    };
    if is_whole && is_name { Called::Name(unquoted(last)) } else { Called::Unknown }
}

fn is_name_or_text(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedName | Kind::Text)
}

/// A name for what an entry gives, as somebody might call it.
fn proposed_name(entry: &[Token<'_>]) -> &'static str {
    let is_call =
        |function: &str| matches!(entry, [name, open, ..] if name.is_word(function) && open.is_symbol("("));
    if is_call("COUNT") || is_call("COUNT_BIG") {
        "count"
    } else if is_call("SUM") {
        "total"
    } else if is_call("AVG") {
        "average"
    } else {
        "name"
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::super::scanner::scan;
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        mistakes(&scan(text).unwrap()).into_iter().map(|mistake| mistake.message).collect()
    }

    #[test]
    fn a_column_without_a_name_is_found_with_its_place_and_the_cure() {
        for (text, message) in [
            (
                "SELECT COUNT(*) FROM t",
                "column 1 of the SELECT in line 1 has no name; write `AS count` after it",
            ),
            (
                "SELECT a,\n SUM(b) FROM t GROUP BY a",
                "column 2 of the SELECT in line 2 has no name; write `AS total`",
            ),
            ("SELECT a, b * 2 FROM t", "column 2"),
            ("SELECT a, 2 * t.b FROM t", "column 2"),
            ("SELECT DISTINCT TOP (5) WITH TIES @id", "column 1"),
            ("SELECT N'x'", "column 1"),
            ("SELECT CASE WHEN a = 1 THEN 2 ELSE 3 END FROM t", "column 1"),
            ("SELECT (SELECT MAX(a) FROM t)", "column 1"),
            ("SELECT ROW_NUMBER() OVER (ORDER BY a), a FROM t", "column 1"),
            ("SELECT a + CAST(b AS int) FROM t", "column 1"),
            ("SELECT t.*, GETDATE() FROM t", "a column of the SELECT"),
            ("WITH x (a) AS (SELECT 1) SELECT MAX(a) FROM x", "column 1"),
            ("DECLARE @a int; SET @a = 1; SELECT @a", "column 1"),
            ("INSERT INTO t (a) OUTPUT INSERTED.a + 1 VALUES (1)", "column 1 of the OUTPUT in line 1"),
            ("DELETE FROM t OUTPUT DELETED.a, 1 WHERE a = @a", "column 2 of the OUTPUT"),
            ("SELECT CURRENT_TIMESTAMP", "column 1"),
            ("SELECT COUNT(*) UNION ALL SELECT 2", "column 1"),
        ] {
            let found = messages(text);
            assert!(matches!(found.as_slice(), [one] if one.contains(message)), "{text}: {found:?}");
        }
    }

    #[test]
    fn two_columns_of_one_name_are_found_once() {
        for text in [
            "SELECT p.Id, c.Id FROM p JOIN c ON p.Id = c.Id",
            "SELECT Id, Id, Id FROM t",
            "SELECT Id, [Id] FROM t",
            "SELECT a AS Id, Id = b FROM t",
            "SELECT a AS 'Id', COUNT(*) Id FROM t",
            "UPDATE t SET a = @a OUTPUT DELETED.Id, INSERTED.Id WHERE Id = @id",
            "SELECT t.*, a AS Id, b AS Id FROM t",
            "SELECT 1 AS Id, 2 AS Id; SELECT 1 AS Id",
        ] {
            let found = messages(text);
            let is_told = |message: &String| message.contains("has two columns called `Id`");
            assert!(matches!(found.as_slice(), [one] if is_told(one)), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_right_or_in_doubt_is_let_be() {
        for text in [
            "SELECT Id, Name n, COUNT(*) AS c, total = SUM(a), (SELECT 1) AS [one], 'x' AS \"y\" FROM t",
            "SELECT * FROM t",
            "SELECT a.*, b.* FROM a, b",
            "SELECT id, Id, ID FROM t",
            "SELECT @a = 1, @b += 2",
            "SELECT COUNT(*) INTO #t FROM t",
            "SELECT COUNT(*) FROM t FOR XML PATH",
            "SELECT a, COUNT(*) FROM t GROUP BY a FOR JSON PATH",
            "INSERT INTO t SELECT COUNT(*), 1 FROM u",
            "INSERT INTO t OUTPUT INSERTED.a + 1 INTO @t VALUES (1)",
            "INSERT INTO t EXEC dbo.work @a OUTPUT, 1",
            "IF EXISTS (SELECT 1) SELECT COUNT(*) AS n FROM t",
            "SELECT a COLLATE Latin1_General_BIN2 FROM t",
            "SELECT a AT TIME ZONE 'UTC' FROM t",
            "SELECT NEXT VALUE FOR dbo.Numbers",
            "SELECT (a), -b, +c FROM t",
            "SELECT $IDENTITY, $ROWGUID FROM t",
            "MERGE t USING s ON 1 = 1 WHEN MATCHED THEN DELETE OUTPUT $action, DELETED.Id;",
            "SELECT CASE WHEN a = 1 THEN 2 END total, a * b sum FROM t",
            "SELECT a.b.value('(/x)[1]', 'int') AS v FROM t",
            "SELECT 1 AS a UNION SELECT COUNT(*) FROM t",
            "EXEC dbo.work 1, 1",
            "SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) AS l FROM t",
            "SELECT",
            "SELECT , FROM",
            "SELECT (",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_list_of_aliases_is_never_refused(count in 1_usize..6, expression in "(a|b\\.c|COUNT\\(\\*\\)|1|@x|a \\+ 1|CASE WHEN 1 = 1 THEN 2 END)") {
            let list: Vec<String> = (0..count).map(|index| format!("{expression} AS c{index}")).collect();
            prop_assert_eq!(messages(&format!("SELECT {} FROM t", list.join(", "))), [""; 0]);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(SELECT|FROM|CASE|END|WITH|OUTPUT|INSERT|[ ,.;()=+*@a'1]){0,20}") {
            if let Ok(tokens) = scan(&text) {
                let _ = mistakes(&tokens);
            }
        }
    }
}
