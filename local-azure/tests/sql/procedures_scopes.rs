//! Procedures: what ends with one, how errors leave it, transactions, nesting.

use local_azure::sql::types::{SqlType, Value};

use super::procedures_support::*;
use super::support::*;

#[test]
fn settings_and_temp_tables_end_with_the_procedure() {
    let mut session = with_procedures(&[
        "CREATE PROC p AS SET NOCOUNT ON; SET LOCK_TIMEOUT 7; SET XACT_ABORT ON; CREATE TABLE #inner (a int); INSERT #inner VALUES (1); INSERT #outer SELECT a FROM #inner",
    ]);
    let replies = ok(
        &mut session,
        "CREATE TABLE #outer (a int); EXEC p; EXEC p; SELECT @@LOCK_TIMEOUT, COUNT(*) FROM #outer; UPDATE #outer SET a = 2",
    );
    assert_eq!(replies.rows, [[Value::Integer(-1), Value::Integer(2)]]);
    assert_eq!(replies.counts.last().unwrap(), &Some(2));
    assert_eq!(error(&mut session, "SELECT a FROM #inner").number, 208);
}

#[test]
fn a_temp_table_of_a_procedure_may_have_the_name_of_its_callers() {
    let mut session = with_procedures(&[
        "CREATE PROC p AS CREATE TABLE #t (b int); INSERT #t VALUES (7); SELECT b FROM #t",
    ]);
    let replies = ok(&mut session, "CREATE TABLE #t (a int); INSERT #t VALUES (1); EXEC p; SELECT a FROM #t");
    assert_eq!(replies.rows, [[Value::Integer(7)], [Value::Integer(1)]]);
}

#[test]
fn variables_and_scope_identity_are_each_texts_own() {
    let mut session = with_procedures(&[
        "CREATE PROC p AS SELECT SCOPE_IDENTITY(); INSERT dbo.Persons (Name) VALUES (N'y'); SELECT SCOPE_IDENTITY()",
    ]);
    let replies = ok(
        &mut session,
        "INSERT dbo.Persons (Name) VALUES (N'x'); EXEC p; SELECT SCOPE_IDENTITY(), @@IDENTITY",
    );
    assert_eq!(replies.rows[..2], [[Value::Null], [Value::Decimal(5)]]);
    assert_eq!(replies.rows[2], [Value::Decimal(4), Value::Decimal(5)]);
    assert_eq!(error(&mut session, "DECLARE @a int; EXEC('x')").number, 40517);
    ok(&mut session, "CREATE PROC q AS DECLARE @a int = 5; SELECT @a");
    assert_eq!(ok(&mut session, "DECLARE @a int = 1; EXEC q; SELECT @a").rows.len(), 2);
}

#[test]
fn an_error_says_in_which_procedure_and_on_which_line_of_its_text() {
    let mut session =
        with_procedures(&["-- first line\nCREATE PROC dbo.p\nAS\n  SELECT 1 / 0\n  SELECT nothing"]);
    let replies = run(&mut session, "PRINT 'x'\n\nEXEC dbo.p");
    let places: Vec<_> =
        replies.errors.iter().map(|error| (error.number, error.procedure.as_str(), error.line)).collect();
    assert_eq!(places, [(8134, "dbo.p", 4), (207, "dbo.p", 5)]);
    assert_eq!(call(&mut session, "p", &[]).errors[0].procedure, "p");
    assert_eq!(error(&mut session, "\nSELECT 1 / 0").procedure, "");
}

#[test]
fn the_callers_catch_gets_the_error_with_its_place() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.inside AS IF 1 = 1 BEGIN SELECT 1 / 0 END; PRINT 'not reached'",
        "CREATE PROC dbo.outside AS\nPRINT 'a'\nEXEC inside\nPRINT 'not reached'",
    ]);
    let replies = ok(
        &mut session,
        "BEGIN TRY\n\n\nEXEC dbo.outside END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_PROCEDURE(), ERROR_LINE() END CATCH",
    );
    assert_eq!(replies.rows, [[Value::Integer(8134), text("inside"), Value::Integer(1)]]);
    assert_eq!(replies.messages, ["a"]);
    let dynamic = "BEGIN TRY EXEC dbo.dynamic END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_PROCEDURE(), ERROR_LINE() END CATCH";
    ok(&mut session, "CREATE PROC dbo.dynamic AS\nEXEC sp_executesql N'SELECT 1 / 0'");
    assert_eq!(ok(&mut session, dynamic).rows, [[Value::Integer(8134), Value::Null, Value::Integer(1)]]);
    let none = "BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_PROCEDURE() END CATCH";
    assert_eq!(ok(&mut session, none).rows, [[Value::Null]]);
}

#[test]
fn an_error_of_the_call_is_caught_too() {
    let mut session = with_procedures(&["CREATE PROC dbo.p @a int AS SELECT @a"]);
    for (call, number, procedure) in
        [("dbo.p", 201, text("dbo.p")), ("p 'x'", 8114, text("p")), ("nobody", 2812, Value::Null)]
    {
        let replies = ok(
            &mut session,
            &format!(
                "BEGIN TRY EXEC {call} END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_PROCEDURE() END CATCH"
            ),
        );
        assert_eq!(replies.rows, [[Value::Integer(number), procedure]], "{call}");
    }
}

#[test]
fn a_procedure_that_throws_again_gives_the_error_as_it_was() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.p AS\nBEGIN TRY\nSELECT 1 / 0\nEND TRY BEGIN CATCH;\nTHROW END CATCH",
    ]);
    let replies = run(&mut session, "EXEC dbo.p; SELECT 'not reached'");
    let [error] = replies.errors.as_slice() else { panic!("{:?}", replies.errors) };
    assert_eq!((error.number, error.procedure.as_str(), error.line), (8134, "dbo.p", 3));
    assert_eq!(replies.rows.len(), 0);
}

#[test]
fn an_error_of_a_statement_goes_on_and_one_of_names_ends_the_procedure() {
    let mut session = with_procedures(&[
        "CREATE PROC statement AS SELECT 1 / 0; SELECT 1",
        "CREATE PROC names AS SELECT a FROM dbo.Nobody; SELECT 1",
        "CREATE PROC thrown AS THROW 50001, N'no', 1; SELECT 1",
    ]);
    let after = |session: &mut _, name: &str| run(session, &format!("EXEC {name}; SELECT 2")).rows.len();
    assert_eq!(after(&mut session, "statement"), 2);
    assert_eq!(after(&mut session, "names"), 1);
    assert_eq!(after(&mut session, "thrown"), 0);
    let replies = call(&mut session, "thrown", &[]);
    assert_eq!((replies.errors[0].number, replies.status), (50001, None));
}

#[test]
fn at_at_error_after_exec_is_that_of_the_last_statement_in_it() {
    let mut session = with_procedures(&[
        "CREATE PROC failed AS SELECT 1 / 0; RETURN",
        "CREATE PROC fine AS SELECT 1 / 0; SELECT 1",
    ]);
    for (name, number) in [("failed", 8134), ("fine", 0)] {
        let replies = run(&mut session, &format!("EXEC {name}; SELECT @@ERROR"));
        assert_eq!(replies.rows.last().unwrap(), &[Value::Integer(number)], "{name}");
    }
}

#[test]
fn another_number_of_open_transactions_is_266() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.opens @o int OUTPUT AS BEGIN TRAN; SET @o = 5",
        "CREATE PROC dbo.closes AS ROLLBACK",
        "CREATE PROC dbo.both AS BEGIN TRAN; COMMIT",
    ]);
    let replies = run(
        &mut session,
        "DECLARE @o int, @rc int; EXEC @rc = dbo.opens @o OUTPUT; SELECT @@TRANCOUNT, @o, @rc; ROLLBACK",
    );
    let [error] = replies.errors.as_slice() else { panic!("{:?}", replies.errors) };
    assert_eq!((error.number, error.state, error.procedure.as_str(), error.line), (266, 2, "dbo.opens", 0));
    assert_eq!(
        error.message,
        "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = 0, current count = 1."
    );
    assert_eq!(replies.rows, [[Value::Integer(1), Value::Integer(5), Value::Integer(0)]]);
    let caught = "BEGIN TRAN; BEGIN TRY EXEC dbo.closes END TRY BEGIN CATCH SELECT ERROR_NUMBER(), @@TRANCOUNT END CATCH";
    assert_eq!(ok(&mut session, caught).rows, [[Value::Integer(266), Value::Integer(0)]]);
    ok(&mut session, "SET XACT_ABORT ON; BEGIN TRAN; EXEC dbo.both; COMMIT");
    let replies = run(
        &mut session,
        "SET XACT_ABORT ON; DECLARE @o int; EXEC dbo.opens @o; SELECT @@TRANCOUNT; ROLLBACK",
    );
    assert_eq!((replies.errors[0].number, replies.rows), (266, vec![vec![Value::Integer(1)]]));
}

#[test]
fn a_call_by_name_that_leaves_a_transaction_open_is_266_and_has_its_values() {
    let mut session = with_procedures(&["CREATE PROC dbo.opens @o int OUTPUT AS BEGIN TRAN; SET @o = 5"]);
    let replies = call(&mut session, "dbo.opens", &[wanted("@o", SqlType::Int)]);
    assert_eq!(replies.errors[0].number, 266);
    assert_eq!((replies.outputs.len(), replies.status), (1, Some(0)));
    ok(&mut session, "ROLLBACK");
}

#[test]
fn xact_abort_rolls_back_what_a_procedure_began() {
    let mut session = with_procedures(&[
        "CREATE PROC p AS SET XACT_ABORT ON; BEGIN TRAN; DELETE FROM dbo.Persons; SELECT 1 / 0; COMMIT",
    ]);
    let replies = call(&mut session, "p", &[]);
    assert_eq!((replies.errors.len(), replies.errors[0].number, replies.status), (1, 8134, None));
    assert_eq!(
        ok(&mut session, "SELECT COUNT(*), @@TRANCOUNT FROM dbo.Persons").rows,
        [[Value::Integer(3), Value::Integer(0)]]
    );
}

#[test]
fn thirty_two_levels_are_allowed_and_no_more() {
    let mut session = with_procedures(&[
        "CREATE PROC down @n int AS IF @n > 1 BEGIN SET @n = @n - 1; EXEC down @n END ELSE SELECT @@NESTLEVEL",
        "CREATE PROC text AS EXEC sp_executesql N'SELECT @@NESTLEVEL'",
    ]);
    assert_eq!(ok(&mut session, "EXEC down 32").rows, [[Value::Integer(32)]]);
    assert_eq!(error(&mut session, "EXEC down 33").number, 217);
    assert_eq!(call(&mut session, "down", &[given("@n", SqlType::Int, Value::Integer(33))]).errors.len(), 1);
    assert_eq!(
        ok(&mut session, "EXEC text; SELECT @@NESTLEVEL").rows,
        [[Value::Integer(3)], [Value::Integer(0)]]
    );
    let blocks = format!("{}EXEC deep{}", "BEGIN ".repeat(30), " END".repeat(30));
    ok(&mut session, &format!("CREATE PROC deep AS {blocks}"));
    assert_eq!(error(&mut session, "EXEC deep").number, 217);
}

#[test]
fn a_procedure_knows_itself() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.p AS SELECT OBJECT_NAME(@@PROCID), OBJECT_SCHEMA_NAME(@@PROCID), @@NESTLEVEL",
    ]);
    assert_eq!(ok(&mut session, "EXEC p").rows, [[text("p"), text("dbo"), Value::Integer(1)]]);
    assert_eq!(ok(&mut session, "SELECT @@PROCID").rows, [[Value::Integer(0)]]);
    assert_eq!(
        ok(&mut session, "SELECT OBJECT_NAME(7), OBJECT_DEFINITION(NULL)").rows,
        [[Value::Null, Value::Null]]
    );
    assert_eq!(error(&mut session, "SELECT OBJECT_NAME(7, 5)").number, 40517);
}
