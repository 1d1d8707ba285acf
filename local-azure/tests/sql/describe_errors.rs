//! What can't be described, and with which errors.

use local_azure::sql::types::{SqlType, Value};

use super::describe_support::*;
use super::support::*;

#[test]
fn a_wrong_batch_has_its_own_error_and_11501_behind_it() {
    let session = &mut with_persons();
    for (text, number, status) in [
        ("SELECT Nope FROM dbo.Persons", 207, 1),
        ("SELECT 1 AS a; SELECT Nope FROM dbo.Persons", 207, 1),
        ("IF Nope = 1 SELECT 1 AS a", 207, 1),
        ("DECLARE @a int = (SELECT Nope FROM dbo.Persons); SELECT 1 AS a", 207, 1),
        ("UPDATE dbo.Persons SET Nope = 1; SELECT 1 AS a", 207, 1),
        ("SELECT p.Nope FROM dbo.Persons AS q", 4104, 1),
        ("SELECT FROM", 156, 2),
        ("SELEC 1", 102, 2),
        ("SELECT 'a", 105, 2),
        ("SELECT City, COUNT(*) FROM dbo.Persons", 8120, 1),
        ("DECLARE @a int; DECLARE @a int", 134, 1),
        ("MERGE dbo.Persons", 40517, 1),
    ] {
        assert_eq!(refused(session, text), (vec![number, 11501], Some(status)), "{text}");
    }
}

#[test]
fn a_name_that_is_not_there_is_208_and_11529_if_no_way_leads_past_it() {
    let session = &mut with_persons();
    let replies = describe_call(session, "SELECT 1\n\n  FROM dbo.Nope", "");
    let seen: Vec<_> = replies.errors.iter().map(|error| (error.number, error.procedure.as_str())).collect();
    assert_eq!(seen, [(208, "sp_describe_first_result_set"), (11529, "sp_describe_first_result_set")]);
    assert_eq!(refused(session, "EXEC dbo.Nope"), (vec![2812, 11529], Some(1)));
    assert_eq!(
        refused(session, "CREATE TABLE dbo.New (a int); SELECT a FROM dbo.New"),
        (vec![208, 11529], Some(1))
    );
}

#[test]
fn a_parameter_declared_twice_or_badly_is_an_error() {
    let session = &mut with_persons();
    for (text, declarations, number) in [
        ("SELECT 1", "@a int, @a int", 134),
        ("SELECT 1", "@a decimal(39,0)", 2750),
        ("DECLARE @a int; SELECT 1", "@a int", 134),
    ] {
        let replies = describe_call(session, text, declarations);
        assert_eq!(replies.errors[0].number, number, "{declarations}");
        assert_eq!(replies.errors[1].number, 11501, "{declarations}");
    }
}

#[test]
fn wrong_arguments_have_the_servers_numbers() {
    let session = &mut with_persons();
    let call = |session: &mut local_azure::sql::engine::Session,
                arguments: &[local_azure::sql::engine::Argument]| {
        let mut replies = Replies::default();
        session.call("sp_describe_first_result_set", arguments, &mut replies);
        (replies.errors[0].number, replies.errors[0].state)
    };
    let narrow = local_azure::sql::engine::Argument {
        sql_type: SqlType::VarChar(local_azure::sql::types::Length::Limit(20)),
        ..argument("", "SELECT 1")
    };
    let null = local_azure::sql::engine::Argument { value: Value::Null, ..argument("@tsql", "") };
    let number = |value: i64| local_azure::sql::engine::Argument {
        name: "@browse_information_mode".to_owned(),
        sql_type: SqlType::TinyInt,
        untyped: false,
        value: Value::Integer(value),
        output: false,
        table: None,
    };
    assert_eq!(call(session, &[]), (201, 20));
    assert_eq!(call(session, &[narrow]).0, 214);
    assert_eq!(call(session, &[null]).0, 214);
    assert_eq!(call(session, &[argument("@nope", "SELECT 1")]).0, 8145);
    assert_eq!(call(session, &[argument("@tsql", "SELECT 1"), number(3)]).0, 11552);
    assert_eq!(call(session, &[argument("@tsql", "SELECT 1"), number(1)]).0, 40517);
    assert_eq!(call(session, &[argument("", "SELECT 1"), argument("@TSQL", "SELECT 1")]).0, 8143);
    let four = [argument("", "SELECT 1"), argument("", ""), number(0), argument("", "")];
    assert_eq!(call(session, &four).0, 8144);
}

#[test]
fn exec_sends_both_errors_and_a_try_sees_the_second() {
    let session = &mut with_persons();
    let describe = "EXEC sp_describe_first_result_set N'SELECT Nope FROM dbo.Persons'";
    let replies = run(session, &format!("DECLARE @rc int = 7; {describe}; SELECT 1 AS goes_on"));
    let numbers: Vec<i32> = replies.errors.iter().map(|error| error.number).collect();
    assert_eq!(numbers, [207, 11501]);
    assert_eq!(replies.rows, [[Value::Integer(1)]]);
    let caught =
        ok(session, &format!("BEGIN TRY {describe} END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"));
    assert_eq!(caught.rows, [[Value::Integer(11501)]]);
}

#[test]
fn the_table_function_gives_the_description_or_its_error_as_a_row() {
    let session = &mut with_persons();
    let replies = ok(
        session,
        "SELECT name, system_type_name, error_number FROM sys.dm_exec_describe_first_result_set(N'SELECT Id, City FROM dbo.Persons WHERE Id = @i', N'@i int', 0) AS d ORDER BY column_ordinal DESC",
    );
    assert_eq!(
        replies.rows,
        [[text("City"), text("nvarchar(50)"), Value::Null], [text("Id"), text("int"), Value::Null]]
    );
    let replies = ok(
        session,
        "DECLARE @t nvarchar(100) = N'SELECT Nope FROM dbo.Persons'; SELECT name, error_number, error_type_desc FROM sys.dm_exec_describe_first_result_set(@t, NULL, 0)",
    );
    assert_eq!(replies.rows, [[Value::Null, Value::Integer(207), text("MISC")]]);
    assert!(
        ok(session, "SELECT * FROM sys.dm_exec_describe_first_result_set(N'PRINT 1', NULL, 0)")
            .rows
            .is_empty()
    );
    for (text, number) in [
        ("SELECT * FROM sys.dm_exec_describe_first_result_set(N'SELECT 1', NULL, 1)", 40517),
        ("SELECT * FROM sys.dm_exec_describe_first_result_set(N'SELECT 1')", 313),
        ("SELECT * FROM sys.other_function(N'SELECT 1')", 40517),
    ] {
        assert_eq!(error(session, text).number, number, "{text}");
    }
}
