//! What belongs to one text: OUTPUT parameters, settings, temp tables, identities, errors that reach the caller.

use local_azure::sql::engine::{Argument, Session};
use local_azure::sql::types::{SqlType, Value};

use super::support::*;

fn call(session: &mut Session, text: &str, declarations: &str, arguments: &[Argument]) -> Replies {
    let mut replies = Replies::default();
    session.execute_sql(text, declarations, arguments, &mut replies);
    replies
}

fn argument(name: &str, value: Value, output: bool) -> Argument {
    Argument { name: name.into(), sql_type: SqlType::Int, value, output, table: None }
}

#[test]
fn output_parameters_come_back_by_name_and_by_position() {
    for name in ["@b", ""] {
        let replies = call(
            &mut session(),
            "SET @b = @a * 2",
            "@a int, @b int OUTPUT",
            &[
                argument(if name.is_empty() { "" } else { "@a" }, Value::Integer(21), false),
                argument(name, Value::Null, true),
            ],
        );
        assert_eq!(replies.errors, []);
        assert_eq!(replies.outputs, [("@b".to_owned(), Value::Integer(42))]);
        assert_eq!(replies.status, Some(0));
    }
}

#[test]
fn an_output_argument_for_a_parameter_that_is_none_is_8162() {
    let replies = call(&mut session(), "SELECT @a", "@a int", &[argument("@a", Value::Integer(1), true)]);
    assert_eq!(replies.errors[0].number, 8162);
}

#[test]
fn a_nested_sp_executesql_gives_its_output_to_the_callers_variables() {
    let replies = ok(
        &mut session(),
        "DECLARE @n int = 1, @m bigint, @rc int; EXEC @rc = sp_executesql N'SET @y = @x + 1', N'@x int, @y int OUTPUT', 41, @m OUTPUT; EXEC sys.sp_executesql @stmt = N'SET @y = @x', @params = N'@x int, @y int OUTPUT', @x = 7, @y = @n OUTPUT; SELECT @m, @n, @rc",
    );
    assert_eq!(replies.rows, [[Value::Integer(42), Value::Integer(7), Value::Integer(0)]]);
}

#[test]
fn sp_executesql_takes_nothing_for_its_text_but_a_unicode_text() {
    for (text, number) in [
        ("EXEC sp_executesql 'SELECT 1'", 214),
        ("EXEC sp_executesql 1", 214),
        ("EXEC sp_executesql", 201),
        ("EXEC sp_executesql @params = N'@a int', @stmt = N'SELECT @a'", 40517),
        ("DECLARE @a int; EXEC sp_executesql N'SELECT 1', N'@a int OUTPUT', 1 OUTPUT", 179),
    ] {
        assert_eq!(error(&mut session(), text).number, number, "{text}");
    }
}

#[test]
fn variables_of_the_caller_are_not_seen_inside() {
    assert_eq!(error(&mut session(), "DECLARE @a int; EXEC sp_executesql N'SELECT @a'").number, 137);
}

#[test]
fn calling_itself_without_end_is_217() {
    let text = "DECLARE @s nvarchar(max) = N'EXEC sp_executesql @s, N''@s nvarchar(max)'', @s'; EXEC sp_executesql @s, N'@s nvarchar(max)', @s";
    assert_eq!(error(&mut session(), text).number, 217);
}

#[test]
fn what_fails_inside_exec_is_caught_by_the_try_round_it() {
    for inner in
        ["SELECT 1 / 0", "SELECT nothing", "SELEC", "THROW 50001, ''no'', 1", "RAISERROR(''no'', 16, 1)"]
    {
        let replies = ok(
            &mut session(),
            &format!(
                "BEGIN TRY EXEC sp_executesql N'{inner}'; SELECT 0 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"
            ),
        );
        assert_eq!(replies.rows.len(), 1, "{inner}");
        assert_ne!(replies.rows[0], [Value::Integer(0)], "{inner}");
    }
}

#[test]
fn an_error_of_names_ends_the_inner_text_and_one_of_values_the_whole_batch() {
    let replies = run(&mut session(), "EXEC sp_executesql N'SELECT a FROM dbo.Nobody; SELECT 1'; SELECT 2");
    assert_eq!((replies.errors[0].number, replies.rows), (208, vec![vec![Value::Integer(2)]]));
    let replies = run(&mut session(), "EXEC sp_executesql N'SELECT CAST(''x'' AS int)'; SELECT 2");
    assert_eq!((replies.errors[0].number, replies.rows.len()), (245, 0));
    let replies = run(&mut session(), "EXEC sp_executesql N'THROW 50001, N''no'', 1'; SELECT 2");
    assert_eq!((replies.errors[0].number, replies.rows.len()), (50001, 0));
}

#[test]
fn scope_identity_is_that_of_the_text_and_at_at_identity_that_of_the_session() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "INSERT dbo.Persons (Name) VALUES (N'x'); EXEC sp_executesql N'SELECT SCOPE_IDENTITY(); INSERT dbo.Persons (Name) VALUES (N''y''); SELECT SCOPE_IDENTITY()'; SELECT SCOPE_IDENTITY(); SELECT @@IDENTITY",
    );
    assert_eq!(replies.rows, [[Value::Null], [Value::Decimal(5)], [Value::Decimal(4)], [Value::Decimal(5)]]);
    let replies = call(&mut session, "SELECT SCOPE_IDENTITY()", "", &[]);
    assert_eq!(replies.rows, [[Value::Null]]);
}

#[test]
fn settings_revert_and_temp_tables_go_with_the_inner_text() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "CREATE TABLE #outer (a int); EXEC sp_executesql N'SET NOCOUNT ON; SET LOCK_TIMEOUT 7; CREATE TABLE #inner (a int); INSERT #outer VALUES (1); INSERT #inner VALUES (1)'; SELECT @@LOCK_TIMEOUT, a FROM #outer",
    );
    assert_eq!(replies.rows, [[Value::Integer(-1), Value::Integer(1)]]);
    assert_eq!(replies.counts.last().unwrap(), &Some(1));
    assert_eq!(error(&mut session, "SELECT a FROM #inner").number, 208);
}

#[test]
fn nocount_leaves_counts_out_and_rowcount_in() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "SET NOCOUNT ON; UPDATE dbo.Persons SET City = N'x'; SELECT @@ROWCOUNT; SET NOCOUNT OFF; SELECT 1",
    );
    assert_eq!(replies.rows, [[Value::Integer(3)], [Value::Integer(1)]]);
    assert_eq!(replies.counts, [None, None, None, None, Some(1)]);
}

#[test]
fn a_read_only_key_of_the_session_context_stays() {
    let mut session = session();
    ok(&mut session, "EXEC sp_set_session_context @key = N'k', @value = 1, @read_only = 1");
    assert_eq!(error(&mut session, "EXEC sp_set_session_context N'K', 2").number, 15664);
    assert_eq!(error(&mut session, "EXEC sp_set_session_context N'j', 2, @other = 1").number, 40517);
    assert_eq!(ok(&mut session, "SELECT SESSION_CONTEXT(N'k')").rows.len(), 1);
}

#[test]
fn words_out_of_their_place_are_refused_with_their_numbers() {
    for (text, number) in [
        ("BREAK", 135),
        ("CONTINUE", 136),
        ("RETURN 5", 178),
        ("RAISERROR('x', 19, 1)", 2754),
        ("RAISERROR('x', 16, 1) WITH LOG", 40517),
        ("RAISERROR('x', 5, 1) WITH SETERROR", 40517),
        ("THROW", 10704),
    ] {
        assert_eq!(error(&mut session(), text).number, number, "{text}");
    }
}
