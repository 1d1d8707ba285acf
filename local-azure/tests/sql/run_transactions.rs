//! Transactions: doomed ones, two sessions, locks, savepoints, and what a statement leaves when it fails.

use std::time::{Duration, Instant};

use local_azure::sql::engine::{Database, Isolation};
use local_azure::sql::reply::TransactionChange;
use local_azure::sql::types::Value;

use super::support::*;

fn numbers(replies: &Replies) -> Vec<i32> {
    replies.errors.iter().map(|error| error.number).collect()
}

#[test]
fn a_doomed_transaction_refuses_writes_commit_and_savepoints() {
    for (statement, number) in [
        ("INSERT dbo.Persons (Name) VALUES (N'x')", 3930),
        ("COMMIT", 3930),
        ("SAVE TRAN b", 3930),
        ("ROLLBACK TRAN a", 3931),
        ("CREATE TABLE dbo.T (a int)", 3930),
    ] {
        let mut session = with_persons();
        let replies = run(
            &mut session,
            &format!(
                "BEGIN TRAN; SAVE TRAN a; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH; {statement}"
            ),
        );
        assert_eq!(replies.rows.first().unwrap(), &[Value::Integer(-1)], "{statement}");
        assert_eq!(numbers(&replies), [number, 3998], "{statement}");
        assert!(matches!(replies.changes.last(), Some(TransactionChange::RolledBack(_))));
    }
}

#[test]
fn a_doomed_transaction_is_rolled_back_at_the_end_of_the_batch_with_3998() {
    let mut session = with_persons();
    let replies = run(
        &mut session,
        "BEGIN TRAN; DELETE dbo.Persons; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH END CATCH",
    );
    assert_eq!(numbers(&replies), [3998]);
    assert_eq!(
        ok(&mut session, "SELECT @@TRANCOUNT, COUNT(*) FROM dbo.Persons").rows,
        [[Value::Integer(0), Value::Integer(3)]]
    );
}

#[test]
fn a_doomed_transaction_can_be_rolled_back_and_the_batch_goes_on() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "BEGIN TRAN; DELETE dbo.Persons; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH ROLLBACK END CATCH; INSERT dbo.Persons (Name) VALUES (N'x'); SELECT COUNT(*) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(4)]]);
}

#[test]
fn an_insert_of_several_rows_that_fails_leaves_none() {
    for inside in ["", "BEGIN TRAN; "] {
        let mut session = with_persons();
        let replies = run(
            &mut session,
            &format!(
                "{inside}INSERT dbo.Persons (Name) VALUES (N'a'), (N'b'), (NULL); SELECT COUNT(*) FROM dbo.Persons"
            ),
        );
        assert_eq!(numbers(&replies), [515]);
        assert_eq!(replies.rows, [[Value::Integer(3)]]);
    }
}

#[test]
fn an_update_that_fails_at_a_later_row_changes_none() {
    let mut session = with_persons();
    run(&mut session, "UPDATE dbo.Persons SET Balance = 1 / (3 - Id)");
    let replies = ok(&mut session, "SELECT COUNT(*) FROM dbo.Persons WHERE Balance IN (10.5, 20)");
    assert_eq!(replies.rows, [[Value::Integer(2)]]);
}

#[test]
fn a_second_writer_waits_for_the_first_and_goes_on() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.T (a int); BEGIN TRAN; INSERT dbo.T VALUES (1)");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ok(&mut second, "INSERT dbo.T VALUES (2); SELECT COUNT(*) FROM dbo.T"));
        ok(&mut first, "WAITFOR DELAY '00:00:00.200'; COMMIT");
        assert_eq!(waiting.join().unwrap().rows, [[Value::Integer(2)]]);
    });
}

#[test]
fn a_lock_timeout_is_1222_and_bounded() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.T (a int); BEGIN TRAN; INSERT dbo.T VALUES (1)");
    let start = Instant::now();
    let failed = error(&mut second, "SET LOCK_TIMEOUT 300; INSERT dbo.T VALUES (2)");
    assert_eq!((failed.number, failed.class), (1222, 16));
    assert!(start.elapsed() >= Duration::from_millis(300) && start.elapsed() < Duration::from_secs(10));
    // The transaction of the one that waited stays open, as on SQL Server.
    run(&mut second, "BEGIN TRAN; INSERT dbo.T VALUES (2)");
    assert_eq!(ok(&mut second, "SELECT @@TRANCOUNT").rows, [[Value::Integer(1)]]);
    ok(&mut first, "COMMIT");
    ok(&mut second, "INSERT dbo.T VALUES (3); COMMIT");
}

/// Two that read and then write: neither fails for it, as under READ COMMITTED; the second sees what the first wrote.
#[test]
fn reading_and_then_writing_in_two_transactions_is_no_error() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.T (a int); INSERT dbo.T VALUES (1)");
    ok(&mut first, "BEGIN TRAN; SELECT a FROM dbo.T");
    ok(&mut second, "BEGIN TRAN; SELECT a FROM dbo.T");
    ok(&mut first, "UPDATE dbo.T SET a += 1");
    assert_eq!(error(&mut second, "SET LOCK_TIMEOUT 0; UPDATE dbo.T SET a += 1").number, 1222);
    ok(&mut first, "COMMIT");
    ok(&mut second, "UPDATE dbo.T SET a += 1; COMMIT");
    assert_eq!(ok(&mut first, "SELECT a FROM dbo.T").rows, [[Value::Integer(3)]]);
}

#[test]
fn a_serializable_transaction_sees_one_state_from_its_first_moment() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.T (a int)");
    for begin in [
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN TRAN",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRAN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ] {
        ok(&mut first, begin);
        assert_eq!(error(&mut second, "SET LOCK_TIMEOUT 0; INSERT dbo.T VALUES (2)").number, 1222, "{begin}");
        ok(&mut first, "COMMIT");
    }
    let mut replies = Replies::default();
    first.begin(Isolation::Serializable, &mut replies);
    assert_eq!(error(&mut second, "INSERT dbo.T VALUES (2)").number, 1222);
    first.rollback(None, &mut replies);
    assert_eq!((replies.errors.len(), replies.changes.len()), (0, 2));
}

#[test]
fn changing_to_snapshot_inside_a_transaction_is_3951() {
    let mut session = with_persons();
    assert_eq!(error(&mut session, "BEGIN TRAN; SET TRANSACTION ISOLATION LEVEL SNAPSHOT").number, 3951);
}

#[test]
fn rollback_knows_the_name_of_the_transaction() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "BEGIN TRAN Work1; DELETE dbo.Persons; ROLLBACK TRAN WORK1; SELECT @@TRANCOUNT, COUNT(*) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(0), Value::Integer(3)]]);
    assert_eq!(error(&mut session, "BEGIN TRAN a; ROLLBACK TRAN b").number, 6401);
}

#[test]
fn a_savepoint_before_the_first_write_undoes_all_of_it() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "BEGIN TRAN; SAVE TRAN s; DELETE dbo.Persons; ROLLBACK TRAN s; INSERT dbo.Persons (Name) VALUES (N'x'); ROLLBACK TRAN s; COMMIT; SELECT COUNT(*) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(3)]]);
}

#[test]
fn reset_rolls_back_and_forgets_unless_the_transaction_is_kept() {
    let mut session = with_persons();
    let set = "SET XACT_ABORT ON; SET LOCK_TIMEOUT 5; CREATE TABLE #t (a int); EXEC sp_set_session_context N'k', 1; BEGIN TRAN; DELETE dbo.Persons";
    ok(&mut session, set);
    session.reset(false);
    let replies = ok(
        &mut session,
        "SELECT @@TRANCOUNT, @@LOCK_TIMEOUT, COUNT(*), SESSION_CONTEXT(N'k') FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(0), Value::Integer(-1), Value::Integer(3), Value::Null]]);
    assert_eq!(error(&mut session, "SELECT a FROM #t").number, 208);
    ok(&mut session, set);
    session.reset(true);
    let replies = ok(&mut session, "SELECT @@TRANCOUNT, COUNT(*) FROM dbo.Persons; ROLLBACK");
    assert_eq!(replies.rows, [[Value::Integer(1), Value::Integer(0)]]);
}
