//! Cancelling what runs: within a bound, and the session can be used afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use local_azure::sql::engine::{Argument, Database, SentColumn, SentTable, Session, TableArgument};
use local_azure::sql::reply::TransactionChange;
use local_azure::sql::types::{Length, SqlType, Value};

use super::support::*;

/// A query of many minutes that gives its one row at the end.
const LONG_QUERY: &str = "SELECT COUNT(*) FROM dbo.Many a CROSS JOIN dbo.Many b CROSS JOIN dbo.Many c CROSS JOIN dbo.Many d CROSS JOIN dbo.Many e";

/// What a cancel may take; far below what any of the cancelled statements would.
const BOUND: Duration = Duration::from_secs(10);

fn with_many() -> Session {
    let mut session = session();
    let rows = vec!["(1)"; 300].join(", ");
    ok(&mut session, &format!("CREATE TABLE dbo.Many (a int); INSERT dbo.Many VALUES {rows}"));
    session
}

/// Runs a batch and cancels it.
fn cancelled(session: &mut Session, text: &str) -> Replies {
    cancelled_request(session, text, |session| run(session, text))
}

/// Makes a request and cancels it, as the connection does: again and again until it has ended.
fn cancelled_request(
    session: &mut Session,
    text: &str,
    request: impl FnOnce(&mut Session) -> Replies,
) -> Replies {
    let handle = session.cancel_handle();
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let replies = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
                handle.cancel();
            }
        });
        let replies = request(session);
        over.store(true, Ordering::SeqCst);
        replies
    });
    assert!(start.elapsed() < BOUND, "{text} went on for {:?}", start.elapsed());
    assert_eq!(replies.errors, [], "a cancelled batch sends no error");
    replies
}

#[test]
fn a_long_query_ends_and_its_transaction_stays_open() {
    let mut session = with_many();
    ok(&mut session, "BEGIN TRAN; INSERT dbo.Many VALUES (2)");
    let replies = cancelled(&mut session, LONG_QUERY);
    assert_eq!((replies.rows.len(), replies.changes.len()), (0, 0));
    let replies = ok(
        &mut session,
        "SELECT @@TRANCOUNT, XACT_STATE(); COMMIT; SELECT COUNT(*), 0 FROM dbo.Many WHERE a = 2",
    );
    assert_eq!(
        replies.rows,
        [[Value::Integer(1), Value::Integer(1)], [Value::Integer(1), Value::Integer(0)]]
    );
}

#[test]
fn waitfor_ends_at_once_and_nothing_after_it_runs() {
    let mut session = with_many();
    let replies = cancelled(&mut session, "WAITFOR DELAY '00:10:00'; SELECT 1");
    assert_eq!(replies.rows.len(), 0);
    assert_eq!(ok(&mut session, "SELECT 1").rows.len(), 1);
}

#[test]
fn an_endless_loop_ends() {
    let mut session = with_many();
    cancelled(&mut session, "DECLARE @i int = 0; WHILE 1 = 1 SET @i = 0");
    assert_eq!(ok(&mut session, "SELECT 1").rows.len(), 1);
}

#[test]
fn with_xact_abort_a_cancel_rolls_the_transaction_back() {
    let mut session = with_many();
    let replies = cancelled(
        &mut session,
        "SET XACT_ABORT ON; BEGIN TRAN; INSERT dbo.Many VALUES (2); WAITFOR DELAY '00:10:00'",
    );
    assert!(
        matches!(replies.changes.as_slice(), [TransactionChange::Began(a), TransactionChange::RolledBack(b)] if a == b)
    );
    let replies = ok(&mut session, "SELECT @@TRANCOUNT, COUNT(*) FROM dbo.Many WHERE a = 2");
    assert_eq!(replies.rows, [[Value::Integer(0), Value::Integer(0)]]);
}

#[test]
fn a_long_insert_leaves_no_rows() {
    let mut session = with_many();
    let insert = LONG_QUERY.replace("SELECT COUNT(*)", "INSERT dbo.Many SELECT a.a");
    cancelled(&mut session, &insert);
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Many").rows, [[Value::Integer(300)]]);
}

/// SQLite undoes the whole transaction of a write that is interrupted: it must not seem to be whole.
#[test]
fn a_long_insert_in_a_transaction_leaves_one_that_can_only_be_rolled_back() {
    let mut session = with_many();
    ok(&mut session, "BEGIN TRAN; INSERT dbo.Many VALUES (2)");
    let insert = LONG_QUERY.replace("SELECT COUNT(*)", "INSERT dbo.Many SELECT a.a");
    cancelled(&mut session, &insert);
    let replies = run(&mut session, "COMMIT");
    assert_eq!(replies.errors.iter().map(|error| error.number).collect::<Vec<_>>(), [3930, 3998]);
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Many").rows, [[Value::Integer(300)]]);
}

#[test]
fn a_writer_that_waits_for_another_ends_and_can_go_on_later() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.Many (a int); BEGIN TRAN; INSERT dbo.Many VALUES (1)");
    cancelled(&mut second, "INSERT dbo.Many VALUES (2)");
    ok(&mut first, "COMMIT");
    ok(&mut second, "INSERT dbo.Many VALUES (3)");
    assert_eq!(
        ok(&mut second, "SELECT a FROM dbo.Many ORDER BY a").rows,
        [[Value::Integer(1)], [Value::Integer(3)]]
    );
}

#[test]
fn a_cancel_without_a_request_does_nothing() {
    let mut session = with_many();
    session.cancel_handle().cancel();
    assert_eq!(ok(&mut session, "SELECT 1").rows.len(), 1);
}

/// Where the cancel falls into the writing of a row, SQLite undoes the whole transaction; between two rows it doesn't.
#[test]
fn a_cancel_while_the_rows_of_a_parameter_come_in_leaves_a_transaction_that_is_whole_or_can_only_be_rolled_back()
 {
    let mut session = with_many();
    ok(&mut session, "CREATE TYPE dbo.Documents AS TABLE (Document xml)");
    let long = Value::Text(format!("<a>{}</a>", "<b>text</b>".repeat(50_000)));
    let argument = Argument {
        name: "@rows".to_owned(),
        sql_type: SqlType::Int,
        untyped: false,
        value: Value::Null,
        output: false,
        table: Some(TableArgument::Sent(SentTable {
            schema: String::new(),
            type_name: String::new(),
            columns: vec![SentColumn { sql_type: SqlType::NVarChar(Length::Max), default: false }],
            rows: vec![vec![long]; 200],
        })),
    };
    for abort in ["OFF", "OFF", "ON"] {
        ok(&mut session, &format!("SET XACT_ABORT {abort}; BEGIN TRAN; INSERT dbo.Many VALUES (2)"));
        cancelled_request(&mut session, "a parameter of many rows", |session| {
            let mut replies = Replies::default();
            let declarations = "@rows dbo.Documents READONLY";
            session.execute_sql("SELECT 1", declarations, std::slice::from_ref(&argument), &mut replies);
            replies
        });
        let inside = "SELECT @@TRANCOUNT, XACT_STATE(), COUNT(*) FROM dbo.Many WHERE a = 2";
        let whole = [Value::Integer(1), Value::Integer(1), Value::Integer(1)];
        let doomed = [Value::Integer(1), Value::Integer(-1), Value::Integer(0)];
        let rows = ok(&mut session, inside).rows;
        if abort == "ON" {
            assert_eq!(rows, [[Value::Integer(0), Value::Integer(0), Value::Integer(0)]]);
            continue;
        }
        assert!(rows == [whole] || rows == [doomed], "{rows:?}");
        ok(&mut session, "ROLLBACK");
    }
}
