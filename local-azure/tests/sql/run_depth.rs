//! What is just not nested too deeply for the parser runs on the stack of a session's thread, or is refused with 191.

use super::support::*;

#[test]
fn what_the_parser_takes_the_engine_runs_or_refuses() {
    let mut session = with_persons();
    let nested = |depth: usize, open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
    };
    for depth in [10, 20, 30, 40, 44, 48] {
        for text in [
            format!("SELECT {}", nested(depth, "(", "1", ")")),
            format!("SELECT {}", nested(depth, "CASE WHEN 1=1 THEN ", "1", " END")),
            format!("SELECT {}", nested(depth, "ABS(", "1", ")")),
            format!("SELECT {}", nested(depth, "CAST(", "1", " AS int)")),
            format!("SELECT {}", nested(depth, "(SELECT ", "1", ")")),
            format!("SELECT * FROM {}", nested(depth, "(SELECT * FROM ", "dbo.Persons", ") x")),
            format!("SELECT 1 WHERE 1 IN {}", nested(depth, "(SELECT 1 WHERE 1 IN ", "(1)", ")")),
            format!("SELECT 1 WHERE {} 1=1", "NOT ".repeat(depth)),
            format!("SELECT 1 WHERE {}", nested(depth, "NOT (", "1=1", ")")),
            format!("SELECT 1{}", "+1".repeat(depth * 9)),
            format!("SELECT 1 WHERE 1=1{}", " OR 1=1".repeat(depth * 9)),
            format!("SELECT 1 WHERE 1=1{}", " AND 1=1".repeat(depth * 9)),
            format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(depth * 9)),
            format!("SELECT 'a'{}", "+'a'".repeat(depth * 9)),
            nested(depth, "BEGIN ", "SELECT 1", " END"),
            nested(depth, "IF 1=1 ", "SELECT 1", ""),
            nested(depth, "BEGIN TRY ", "SELECT 1", " END TRY BEGIN CATCH SELECT 2 END CATCH"),
        ] {
            let shown: String = text.chars().take(50).collect();
            let replies = run(&mut session, &text);
            match replies.errors.as_slice() {
                [] => assert!(!replies.columns.is_empty(), "{shown}"),
                [error] => assert_eq!(error.number, 191, "{shown} {depth}: {error}"),
                errors => panic!("{shown}: {errors:?}"),
            }
        }
    }
    assert_eq!(ok(&mut session, "SELECT 1").rows.len(), 1);
}
