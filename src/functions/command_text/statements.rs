//! What a command's words say of its effects: whether it writes, is one plain statement, may leave a transaction open.
//!
//! None of this parses T-SQL. Each answer errs on the side that costs a retry and never a wrong result.

use super::scanner::{Kind, Token};

/// Reserved words that write, change the database or the server, or run code that might.
const EFFECTS: [&str; 26] = [
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "EXEC",
    "EXECUTE",
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "REVOKE",
    "DENY",
    "BACKUP",
    "RESTORE",
    "DBCC",
    "BULK",
    "KILL",
    "SHUTDOWN",
    "RECONFIGURE",
    "WRITETEXT",
    "UPDATETEXT",
    "OPENQUERY",
    "OPENROWSET",
    "OPENDATASOURCE",
    "RECEIVE",
    "CHECKPOINT",
];

/// The words that begin a statement other than a SELECT, INSERT, UPDATE, DELETE, MERGE or SET.
const OTHER_STATEMENTS: [&str; 39] = [
    "DECLARE",
    "IF",
    "WHILE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "EXEC",
    "EXECUTE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "GRANT",
    "REVOKE",
    "DENY",
    "PRINT",
    "RAISERROR",
    "THROW",
    "RETURN",
    "WAITFOR",
    "GOTO",
    "USE",
    "OPEN",
    "CLOSE",
    "DEALLOCATE",
    "BACKUP",
    "RESTORE",
    "DBCC",
    "KILL",
    "SHUTDOWN",
    "RECONFIGURE",
    "REVERT",
    "CHECKPOINT",
    "ENABLE",
    "DISABLE",
    "BULK",
    "WRITETEXT",
    "UPDATETEXT",
];

/// The words with which a batch can begin besides [`OTHER_STATEMENTS`], when it does not begin with a procedure's name.
const FIRST_WORDS: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "SET", "FETCH"];

/// Words besides [`OTHER_STATEMENTS`] that don't occur in a single SELECT, INSERT, UPDATE, DELETE or MERGE, or make it
/// more than plain.
const NOT_PLAIN: [&str; 21] = [
    "ELSE",
    "READTEXT",
    "OPENQUERY",
    "OPENROWSET",
    "OPENDATASOURCE",
    "RECEIVE",
    "SEND",
    "BREAK",
    "CONTINUE",
    "SETUSER",
    "LINENO",
    "CURSOR",
    "LOAD",
    "DUMP",
    "TRAN",
    "TRANSACTION",
    "GET",
    "MOVE",
    "ADD",
    "COMPUTE",
    "TSEQUAL",
];

const MAIN_WORDS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"];

/// The first word that may change something, as written; None when the command only reads.
pub(super) fn effect<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    if let Some(name) = implicit_call(tokens) {
        return Some(name);
    }
    tokens.iter().enumerate().find_map(|(at, token)| {
        let next = tokens.get(at + 1);
        let next_is = |words: &[&str]| next.is_some_and(|next| next.is_any_word(words));
        let writes = token.is_any_word(&EFFECTS)
            // MERGE JOIN and MERGE UNION are hints to a SELECT.
            || (token.is_word("MERGE") && !next_is(&["JOIN", "UNION"]))
            // FETCH ... INTO @variable stays with the command; INTO a table does not.
            || (token.is_word("INTO") && next.is_some_and(|next| next.kind != Kind::Variable))
            || (token.is_word("NEXT") && next_is(&["VALUE"]))
            || (token.is_word("SEND") && next_is(&["ON"]))
            || (token.is_any_word(&["ENABLE", "DISABLE"]) && next_is(&["TRIGGER"]));
        writes.then_some(token.text)
    })
}

/// A batch that begins with a procedure's name calls it, without EXEC.
fn implicit_call<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let first = tokens.iter().find(|token| !token.is_symbol(";") && !token.is_symbol("("))?;
    let is_label = tokens.get(1).is_some_and(|next| next.is_symbol(":"));
    let is_call = match first.kind {
        Kind::Word => !first.is_any_word(&FIRST_WORDS) && !first.is_any_word(&OTHER_STATEMENTS) && !is_label,
        Kind::QuotedName => true,
        _ => false,
    };
    is_call.then_some(first.text)
}

/// Whether a transaction may be open, or one from outside ended, when the command is through.
pub(super) fn may_leave_transaction(tokens: &[Token<'_>]) -> bool {
    implicit_call(tokens).is_some()
        || tokens.iter().any(|token| {
            token.is_any_word(&[
                "TRAN",
                "TRANSACTION",
                "SAVE",
                "COMMIT",
                "ROLLBACK",
                "EXEC",
                "EXECUTE",
                "IMPLICIT_TRANSACTIONS",
                // Switches IMPLICIT_TRANSACTIONS on among others (T-SQL reference, "SET ANSI_DEFAULTS").
                "ANSI_DEFAULTS",
            ])
        })
}

/// A statement that has no place in a transaction of the worker's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) enum OutsideOfTransactions {
    /// It begins, saves or ends a transaction.
    ManagesTransactions,
    /// The server refuses it in a transaction, or acts beyond the transaction.
    Refused,
}

/// The first statement that has no place in a transaction of the worker's: its words, its line and why.
///
/// What the server refuses: SQL Server documentation, "Transact-SQL Statements Allowed in Transactions", and error 6115 for KILL.
pub(super) fn outside_of_transactions<'a>(
    tokens: &[Token<'a>],
) -> Option<(Vec<&'a str>, usize, OutsideOfTransactions)> {
    use OutsideOfTransactions::{ManagesTransactions, Refused};
    tokens.iter().enumerate().find_map(|(at, token)| {
        let next = tokens.get(at + 1);
        let second = tokens.get(at + 2);
        let is =
            |token: Option<&Token<'_>>, words: &[&str]| token.is_some_and(|token| token.is_any_word(words));
        // Credentials, keys and audits of a database are objects in it.
        let is_database = is(next, &["DATABASE"]) && !is(second, &["SCOPED", "ENCRYPTION", "AUDIT"]);
        let defines = token.is_any_word(&["CREATE", "ALTER", "DROP"]);
        let (words, why) = if token.is_any_word(&["COMMIT", "ROLLBACK", "SAVE"]) {
            (1, ManagesTransactions)
        } else if token.is_word("BEGIN") && is(next, &["TRAN", "TRANSACTION", "DISTRIBUTED"]) {
            (2, ManagesTransactions)
        } else if token.is_any_word(&["BACKUP", "RESTORE", "RECONFIGURE", "KILL", "SHUTDOWN"]) {
            (1, Refused)
        } else if defines && (is(next, &["FULLTEXT"]) || is_database) {
            (2, Refused)
        } else {
            return None;
        };
        let words = tokens.iter().skip(at).take(words).map(|token| token.text).collect();
        Some((words, token.line, why))
    })
}

/// Whether a word names something that outlives the call in its session.
pub(super) fn leaves_session_state(tokens: &[Token<'_>]) -> bool {
    // A symmetric key stays open until the session ends: the next caller could decrypt with it.
    const WORDS: [&str; 7] = [
        "SP_SET_SESSION_CONTEXT",
        "SP_GETAPPLOCK",
        "CONTEXT_INFO",
        "CURSOR",
        "SP_SETAPPROLE",
        "SP_XML_PREPAREDOCUMENT",
        "SYMMETRIC",
    ];
    tokens.iter().any(|token| {
        let name = token.text.trim_matches(['[', ']', '"']);
        match token.kind {
            Kind::Word | Kind::QuotedName => {
                name.starts_with("##") || WORDS.iter().any(|word| name.eq_ignore_ascii_case(word))
            }
            _ => false,
        }
    })
}

/// Whether the command is exactly one SELECT, INSERT, UPDATE, DELETE or MERGE.
pub(super) fn is_single_plain_statement(tokens: &[Token<'_>]) -> bool {
    let end = tokens.iter().rposition(|token| !token.is_symbol(";")).map_or(0, |last| last + 1);
    let tokens = tokens.get(..end).unwrap_or_default();
    let unsure = tokens.iter().any(|token| {
        token.is_any_word(&OTHER_STATEMENTS)
            || token.is_any_word(&NOT_PLAIN)
            || token.is_symbol(";")
            || token.is_symbol(":")
    });
    let count = |word| tokens.iter().filter(|token| token.is_word(word)).count();
    if unsure || count("CASE") != count("END") {
        return false;
    }
    let Some(outer) = outside_of_parentheses(tokens) else { return false };
    let Some(start) = outer.iter().position(|token| token.is_any_word(&MAIN_WORDS)) else { return false };
    // Before the main word stand a WITH and its names; their queries are in parentheses.
    if start > 0 && !outer.first().is_some_and(|token| token.is_word("WITH")) {
        return false;
    }
    let Some((main, rest)) = outer.get(start..).and_then(<[_]>::split_first) else { return false };
    let mut clauses = Clauses::default();
    for pair in std::iter::once(main).chain(rest).collect::<Vec<_>>().windows(2) {
        if let [before, word] = pair {
            clauses.see(before, word);
        }
    }
    let writes = clauses.writes;
    match main.text.to_ascii_uppercase().as_str() {
        "SELECT" => clauses.selects == 0 && clauses.sets == 0 && writes == 0 && !clauses.into,
        "INSERT" => {
            let own_selects = usize::from(!clauses.values);
            clauses.selects <= own_selects && clauses.sets == 0 && writes == 0
        }
        "UPDATE" => clauses.selects == 0 && clauses.sets == 1 && writes == 0,
        "DELETE" => clauses.selects == 0 && clauses.sets == 0 && writes == 0,
        "MERGE" => {
            clauses.selects == 0 && clauses.sets == clauses.merge_updates && writes == clauses.merge_writes
        }
        _ => false,
    }
}

/// What follows a statement's first word, outside of parentheses.
#[derive(Default)]
struct Clauses {
    /// SELECTs that no UNION, EXCEPT or INTERSECT joins to the one before.
    selects: usize,
    sets: usize,
    /// INSERT, UPDATE, DELETE and MERGE, without the join hints.
    writes: usize,
    /// Those of them that stand in a MERGE's `THEN`.
    merge_writes: usize,
    merge_updates: usize,
    values: bool,
    into: bool,
}

impl Clauses {
    fn see(&mut self, before: &Token<'_>, word: &Token<'_>) {
        let joined = before.is_any_word(&["UNION", "ALL", "EXCEPT", "INTERSECT"]);
        if word.is_word("SELECT") && !joined {
            self.selects += 1;
        }
        if word.is_word("SET") {
            self.sets += 1;
        }
        if word.is_any_word(&["INSERT", "UPDATE", "DELETE", "MERGE"]) && !is_join_hint(before, word) {
            self.writes += 1;
            if before.is_word("THEN") && !word.is_word("MERGE") {
                self.merge_writes += 1;
                self.merge_updates += usize::from(word.is_word("UPDATE"));
            }
        }
        self.values |= word.is_word("VALUES");
        self.into |= word.is_word("INTO");
        // OFFSET ... ROWS FETCH belongs to a query; any other FETCH reads a cursor.
        if word.is_word("FETCH") && !before.is_any_word(&["ROW", "ROWS"]) {
            self.writes = usize::MAX;
        }
    }
}

/// `INNER MERGE JOIN`, `LEFT MERGE JOIN`, `LEFT OUTER MERGE JOIN`, `FULL MERGE JOIN`.
fn is_join_hint(before: &Token<'_>, word: &Token<'_>) -> bool {
    word.is_word("MERGE") && before.is_any_word(&["INNER", "LEFT", "RIGHT", "FULL", "OUTER"])
}

/// The tokens at depth 0, each pair of parentheses as its closing one; None when the parentheses don't match.
fn outside_of_parentheses<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<Vec<&'t Token<'a>>> {
    let mut depth = 0usize;
    let mut outer = Vec::new();
    for token in tokens {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            outer.push(token);
        }
    }
    (depth == 0).then_some(outer)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::scanner::scan;
    use super::*;

    #[test]
    fn a_command_that_only_reads_has_no_effect() {
        for text in [
            "SELECT 'INSERT' AS [DELETE] FROM dbo.Inserted -- DROP",
            "WITH a AS (SELECT 1 AS x) SELECT * FROM a INNER MERGE JOIN b ON a.x = b.x OPTION (MERGE JOIN)",
            "DECLARE @n int; SET @n = 1; IF @n = 1 SELECT @n",
            "SELECT UpdatedAt, CreateDate, t.[into] FROM t ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY",
        ] {
            assert_eq!(effect(&scan(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_command_that_may_change_something_is_found_out() {
        for (text, word) in [
            ("insert t values (1)", "insert"),
            ("SELECT * INTO #copy FROM t", "INTO"),
            ("MERGE t USING s ON 1 = 1 WHEN MATCHED THEN DELETE;", "MERGE"),
            ("SELECT 1; EXEC dbo.work", "EXEC"),
            ("dbo.work @id", "dbo"),
            ("[dbo].[work]", "[dbo]"),
            ("SELECT NEXT VALUE FOR dbo.Numbers", "NEXT"),
            ("TRUNCATE TABLE t", "TRUNCATE"),
            ("SELECT * FROM OPENQUERY(other, 'DELETE t')", "OPENQUERY"),
            ("DISABLE TRIGGER a ON t", "DISABLE"),
        ] {
            assert_eq!(effect(&scan(text).unwrap()), Some(word), "{text}");
        }
    }

    #[test]
    fn one_statement_is_known_as_one() {
        for text in [
            "SELECT TOP (1) a FROM t WHERE b = @b;",
            "SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY a OFFSET @o ROWS FETCH NEXT @n ROWS ONLY",
            "SELECT CASE WHEN a = 1 THEN 2 END FROM t WHERE EXISTS (SELECT 1 FROM u)",
            "WITH x AS (SELECT a FROM t) DELETE FROM x",
            "INSERT INTO t (a) OUTPUT INSERTED.a VALUES (@a)",
            "INSERT INTO t (a) SELECT a FROM u UNION SELECT a FROM v",
            "UPDATE t SET a = @a, b = (SELECT MAX(b) FROM u) OUTPUT INSERTED.a WHERE id = @id",
            "DELETE FROM t WHERE id = @id",
            "MERGE t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 1 \
             WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a);",
        ] {
            assert!(is_single_plain_statement(&scan(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_known_as_one() {
        for text in [
            "",
            ";",
            "SELECT 1; SELECT 2",
            "SELECT a FROM t SELECT 2",
            "SELECT 1 UNION ALL (SELECT 2) SELECT 3",
            "SELECT a FROM t UPDATE t SET a = 1",
            "SELECT * INTO u FROM t",
            "INSERT INTO t VALUES (1) SELECT 2",
            "INSERT INTO t DEFAULT VALUES SELECT 2",
            "INSERT INTO t SELECT 1 SELECT 2",
            "INSERT INTO t EXEC dbo.work",
            "UPDATE t SET a = 1 SET NOCOUNT ON",
            "UPDATE t SET a = 1 DELETE FROM t",
            "DELETE FROM t COMMIT",
            "DELETE FROM t FETCH NEXT FROM c",
            "IF @a = 1 DELETE FROM t",
            "BEGIN DELETE FROM t END",
            "DECLARE @a int = 1 SELECT @a",
            "MERGE t USING s ON t.a = s.a WHEN MATCHED THEN DELETE; SELECT 1",
            "MERGE t USING s ON t.a = s.a WHEN MATCHED THEN DELETE DELETE FROM t",
            "dbo.work",
            "SELECT (1",
        ] {
            assert!(!is_single_plain_statement(&scan(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn a_command_that_may_leave_a_transaction_is_found_out() {
        for text in [
            "BEGIN TRAN INSERT t VALUES (1)",
            "begin transaction",
            "COMMIT",
            "ROLLBACK",
            "SAVE TRAN a",
            "EXEC dbo.work",
            "dbo.work",
            "SET IMPLICIT_TRANSACTIONS ON",
            "SET ANSI_DEFAULTS ON",
        ] {
            assert!(may_leave_transaction(&scan(text).unwrap()), "{text}");
        }
        for text in ["BEGIN SELECT 1 END", "INSERT t VALUES ('COMMIT')", "UPDATE t SET [tran] = 1"] {
            assert!(!may_leave_transaction(&scan(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_has_no_place_in_a_transaction_is_found_with_its_line() {
        use OutsideOfTransactions::{ManagesTransactions, Refused};
        for (text, words, line, why) in [
            ("SELECT 1\nCOMMIT", "COMMIT", 2, ManagesTransactions),
            ("begin tran", "begin tran", 1, ManagesTransactions),
            ("BEGIN DISTRIBUTED TRANSACTION", "BEGIN DISTRIBUTED", 1, ManagesTransactions),
            ("IF 1 = 1 ROLLBACK WORK", "ROLLBACK", 1, ManagesTransactions),
            ("SAVE TRAN a", "SAVE", 1, ManagesTransactions),
            ("ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = 150", "ALTER DATABASE", 1, Refused),
            ("CREATE FULLTEXT CATALOG c", "CREATE FULLTEXT", 1, Refused),
            ("RECONFIGURE", "RECONFIGURE", 1, Refused),
            ("KILL 51", "KILL", 1, Refused),
        ] {
            let found = outside_of_transactions(&scan(text).unwrap());
            assert_eq!(found, Some((words.split(' ').collect(), line, why)), "{text}");
        }
        for text in [
            "BEGIN UPDATE t SET a = 1 END",
            "BEGIN TRY INSERT t VALUES ('COMMIT') END TRY BEGIN CATCH THROW END CATCH",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE SELECT 1",
            "ALTER DATABASE SCOPED CONFIGURATION SET MAXDOP = 1",
            "EXEC dbo.work -- COMMIT",
            "SELECT [rollback] FROM t",
        ] {
            assert_eq!(outside_of_transactions(&scan(text).unwrap()), None, "{text}");
        }
    }
}
