//! Procedures that a batch calls are described by their bodies.

use local_azure::sql::engine::Session;
use local_azure::sql::types::Value;

use super::describe_support::*;
use super::support::*;

fn with_procedures(definitions: &[&str]) -> Session {
    let mut session = with_persons();
    for definition in definitions {
        ok(&mut session, definition);
    }
    session
}

#[test]
fn a_procedure_gives_what_its_body_gives() {
    let session = &mut with_procedures(&[
        "CREATE PROC dbo.Read1 @id int AS SET NOCOUNT ON; IF @id = 0 RETURN 1; SELECT Id, City FROM dbo.Persons WHERE Id = @id; SELECT 1 AS ignored",
        "CREATE PROC dbo.Write1 @name nvarchar(100), @id int OUTPUT AS INSERT dbo.Persons (Name) VALUES (@name); SET @id = SCOPE_IDENTITY()",
        "CREATE PROC Outer1 AS EXEC dbo.Write1 N'x', NULL; EXEC dbo.Read1 1",
    ]);
    let expected = ["Id int NOT NULL", "City nvarchar(50) NULL"];
    for text in [
        "EXEC dbo.Read1 1",
        "EXEC Read1 @id = @some",
        "DECLARE @n int; EXEC @n = Outer1",
        "EXEC sp_executesql N'EXEC Outer1'",
    ] {
        assert_eq!(columns(session, text), expected, "{text}");
    }
    assert!(columns(session, "DECLARE @id int; EXEC dbo.Write1 N'x', @id OUTPUT").is_empty());
    // The first may return before it selects.
    assert_eq!(refused(session, "EXEC dbo.Read1 1; SELECT 1 AS a"), (vec![11511], Some(3)));
    assert_eq!(columns(session, "EXEC dbo.Write1 N'x', NULL; SELECT 1 AS a"), ["a int NOT NULL"]);
    assert_eq!(ok(session, "SELECT COUNT(*) FROM dbo.Persons").rows, [[Value::Integer(3)]]);
}

#[test]
fn what_stands_in_a_procedure_is_named_with_it() {
    let session = &mut with_procedures(&[
        "CREATE PROC dbo.Temporary AS CREATE TABLE #t (a int); SELECT a FROM #t",
        "CREATE PROC dbo.Dynamic @s nvarchar(99) AS EXEC sp_executesql @s",
        "CREATE PROC dbo.Ping AS EXEC dbo.Pong",
        "CREATE PROC dbo.Pong AS EXEC dbo.Ping",
        "CREATE PROC dbo.Itself @n int AS IF @n > 0 EXEC dbo.Itself 0; SELECT @n AS n",
        "CREATE PROC dbo.Other AS SELECT 'a' AS a",
    ]);
    for (text, number, status) in [
        ("EXEC dbo.Temporary", 11526, 10),
        ("EXEC dbo.Dynamic N'SELECT 1'", 11514, 4),
        ("EXEC dbo.Ping", 11524, 9),
        ("IF @x = 1 EXEC dbo.Other; ELSE SELECT 1 AS a", 11511, 3),
        ("IF @x = 1 SELECT 1 AS a; ELSE EXEC dbo.Other", 11510, 3),
        ("IF @x = 1 EXEC dbo.Itself 1; ELSE EXEC dbo.Other", 11512, 3),
    ] {
        assert_eq!(refused(session, text), (vec![number], Some(status)), "{text}");
    }
    assert_eq!(columns(session, "EXEC dbo.Itself 3"), ["n int NULL"]);
    let error = &describe_call(session, "EXEC dbo.Temporary", "").errors[0];
    assert_eq!(
        error.message,
        "The metadata could not be determined because statement 'SELECT a FROM #t' in procedure 'Temporary' uses a temp table."
    );
}

#[test]
fn an_error_in_a_body_carries_the_procedure_and_its_line() {
    let session = &mut with_procedures(&["CREATE PROC dbo.Wrong AS\n\nSELECT Nope FROM dbo.Persons"]);
    let replies = describe_call(session, "EXEC dbo.Wrong", "");
    let error = &replies.errors[0];
    assert_eq!((error.number, error.procedure.as_str(), error.line), (207, "Wrong", 3));
    assert_eq!(replies.errors[1].number, 11501);
}

#[test]
fn an_argument_gets_the_type_of_the_procedures_parameter() {
    let session = &mut with_procedures(&[
        "CREATE PROC dbo.P @name nvarchar(100), @total decimal(9,2) OUTPUT AS SET @total = LEN(@name)",
    ]);
    let mut replies = Replies::default();
    let arguments = [argument("@tsql", "EXEC dbo.P @total = @t OUTPUT, @name = @n")];
    session.call("sp_describe_undeclared_parameters", &arguments, &mut replies);
    assert_eq!(replies.errors, []);
    for (row, name, sql_type, formal, output) in
        [(0, "@t", "decimal(9,2)", "@total", true), (1, "@n", "nvarchar(100)", "@name", false)]
    {
        assert_eq!(cell(&replies, row, "name"), text(name));
        assert_eq!(cell(&replies, row, "suggested_system_type_name"), text(sql_type));
        assert_eq!(cell(&replies, row, "formal_parameter_name"), text(formal));
        assert_eq!(cell(&replies, row, "suggested_is_output"), Value::Bit(output));
    }
}
