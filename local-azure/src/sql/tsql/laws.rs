//! Laws of the batch parser: any text gives statements or an error, soon, and on a small stack.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::batch::{parse, parse_declarations, parse_expression};

fn number_of(text: &str) -> Option<i32> {
    parse(text, []).err().map(|error| error.number)
}

/// Parses on a thread with the stack of a session's thread, and gives up after a minute.
fn parse_in_time(text: &str) -> Option<i32> {
    let text = text.to_owned();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(number_of(&text)));
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = (parse(&text, []), parse_declarations(&text), parse_expression(&text));
    }

    #[test]
    fn any_sequence_of_tokens_is_read_or_refused(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..40)) {
        let text = tokens.join(" ");
        let _ = (parse(&text, []), parse(&text, ["@a".to_owned()]), parse_declarations(&text), parse_expression(&text));
    }

    #[test]
    fn the_line_of_an_error_is_one_of_the_text(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 1..20)) {
        let text = tokens.join("\n");
        if let Err(error) = parse(&text, []) {
            prop_assert!((1..=tokens.len() as u64).contains(&u64::from(error.line)), "{}", error);
        }
    }
}

const TOKENS: &[&str] = &[
    "SELECT",
    "INSERT",
    "INTO",
    "UPDATE",
    "DELETE",
    "FROM",
    "WHERE",
    "SET",
    "VALUES",
    "DECLARE",
    "BEGIN",
    "END",
    "TRY",
    "CATCH",
    "IF",
    "ELSE",
    "WHILE",
    "BREAK",
    "RETURN",
    "EXEC",
    "sp_executesql",
    "CREATE",
    "ALTER",
    "DROP",
    "TABLE",
    "INDEX",
    "ADD",
    "CONSTRAINT",
    "PRIMARY",
    "KEY",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "FOR",
    "REFERENCES",
    "ON",
    "WITH",
    "AS",
    "TOP",
    "OUTPUT",
    "inserted",
    "OPTION",
    "RECOMPILE",
    "CASE",
    "WHEN",
    "THEN",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IN",
    "EXISTS",
    "BETWEEN",
    "LIKE",
    "UNION",
    "ALL",
    "ORDER",
    "BY",
    "OFFSET",
    "ROWS",
    "FETCH",
    "NEXT",
    "ONLY",
    "JOIN",
    "LEFT",
    "OVER",
    "PARTITION",
    "CAST",
    "THROW",
    "RAISERROR",
    "WAITFOR",
    "DELAY",
    "COMMIT",
    "ROLLBACK",
    "TRAN",
    "SAVE",
    "PRINT",
    "NOCOUNT",
    "OFF",
    "int",
    "varchar",
    "t",
    "[a b]",
    "@a",
    "@@rowcount",
    "1",
    "1.5",
    "'x'",
    "N'x'",
    "0x1F",
    "(",
    ")",
    ",",
    ";",
    ".",
    "=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    ">",
    "<>",
    "+=",
    "&",
    "|",
    "^",
    "~",
];

#[test]
fn a_text_of_a_megabyte_is_read_in_seconds() {
    let megabyte = 1 << 20;
    let assignments: Vec<String> = (0..60_000).map(|number| format!("@a={number}")).collect();
    let texts = [
        "SELECT 1;".repeat(megabyte / 9),
        format!("INSERT INTO t (a) VALUES (1){}", ",(1234567)".repeat(megabyte / 10)),
        format!("SELECT '{}'", "x".repeat(megabyte)),
        format!("DECLARE @a int; SELECT {}", assignments.join(",")),
        format!("UPDATE t SET a=1{}", ",b+=1".repeat(megabyte / 6)),
        format!("SELECT a FROM t WHERE a IN (1{})", ",1234567".repeat(megabyte / 8)),
        "-- a remark\n".repeat(megabyte / 12),
        "IF 1=1 ".repeat(megabyte / 7),
        "BEGIN ".repeat(megabyte / 6),
        "(".repeat(megabyte),
        "SELECT [".repeat(megabyte / 8),
    ];
    for text in texts {
        let shown: String = text.chars().take(40).collect();
        let start = Instant::now();
        parse_in_time(&text);
        // A build for debugging on a busy machine; a quadratic reader would take minutes.
        assert!(start.elapsed() < Duration::from_secs(30), "{shown}: {:?}", start.elapsed());
    }
}

#[test]
fn what_is_nested_too_deeply_is_refused_with_191() {
    let depth = 3000;
    let nested = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
    };
    for text in [
        nested("BEGIN ", "SELECT 1", " END"),
        nested("IF 1=1 ", "SELECT 1", ""),
        format!("SELECT {}", nested("(", "1", ")")),
        format!("SELECT {}", nested("CASE WHEN 1=1 THEN ", "1", " END")),
        format!("SELECT {}", nested("ABS(", "1", ")")),
        format!("SELECT {}", nested("CAST(", "1", " AS int)")),
        format!("SELECT {}1", "~ ".repeat(depth)),
        format!("SELECT 1 WHERE {} 1=1", "NOT ".repeat(depth)),
        format!("SELECT * FROM {}", nested("(SELECT * FROM ", "t", ") x")),
        format!("SELECT 1 WHERE 1 IN {}", nested("(SELECT 1 WHERE 1 IN ", "(1)", ")")),
        format!("SELECT 1{}", "+1".repeat(depth)),
        format!("SELECT 1 WHERE 1=1{}", " OR 1=1".repeat(depth)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(depth)),
        format!("SELECT * FROM t{}", " JOIN t ON 1=1".repeat(depth)),
    ] {
        let shown: String = text.chars().take(40).collect();
        assert_eq!(parse_in_time(&text), Some(191), "{shown}");
    }
}

#[test]
fn parentheses_round_a_table_are_read_or_refused_in_time() {
    for depth in [5, 20, 40, 60] {
        for inside in ["t", "SELECT 1", "t JOIN t u ON 1=1", "1"] {
            let text = format!("SELECT * FROM {}{inside}{} x", "(".repeat(depth), ")".repeat(depth));
            let start = Instant::now();
            parse_in_time(&text);
            assert!(start.elapsed() < Duration::from_secs(10), "{inside} {depth}");
        }
    }
}
