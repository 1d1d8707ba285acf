//! Procedures in the catalogue: CREATE, ALTER, DROP, the views, and a restart.

use local_azure::sql::engine::Database;
use local_azure::sql::types::{SqlType, Value};

use super::procedures_support::*;
use super::support::*;

#[test]
fn names_in_a_body_are_looked_up_when_it_runs() {
    let mut session = session();
    ok(&mut session, "CREATE PROC dbo.p AS SELECT a FROM dbo.Later");
    assert_eq!(error(&mut session, "EXEC dbo.p").number, 208);
    ok(&mut session, "CREATE TABLE dbo.Later (a int); INSERT dbo.Later VALUES (4)");
    assert_eq!(ok(&mut session, "EXEC dbo.p").rows, [[Value::Integer(4)]]);
}

#[test]
fn a_body_that_can_not_be_read_makes_no_procedure() {
    let mut session = session();
    assert_eq!(error(&mut session, "CREATE PROC p AS\nSELECT 1\nSELEC 2").line, 3);
    assert_eq!(error(&mut session, "CREATE PROC p AS SELECT @a").number, 137);
    assert_eq!(error(&mut session, "EXEC p").number, 2812);
}

#[test]
fn create_alter_and_drop_need_what_they_need() {
    let mut session = with_procedures(&["CREATE PROC dbo.p AS SELECT 1", "CREATE SCHEMA sales"]);
    for (text, number, state) in [
        ("CREATE PROC P AS SELECT 2", 2714, 3),
        ("CREATE PROC dbo.Persons AS SELECT 2", 2714, 3),
        ("CREATE OR ALTER PROC dbo.Persons AS SELECT 2", 2010, 1),
        ("ALTER PROC dbo.q AS SELECT 2", 208, 6),
        ("CREATE PROC nowhere.q AS SELECT 2", 2760, 1),
        ("DROP PROC dbo.q", 3701, 5),
        ("CREATE TABLE dbo.p (a int)", 2714, 6),
    ] {
        let error = error(&mut session, text);
        assert_eq!((error.number, error.state), (number, state), "{text}: {error}");
    }
    assert_eq!(error(&mut session, "CREATE PROC dbo.p AS SELECT 2").procedure, "p");
    ok(&mut session, "CREATE PROC sales.p AS SELECT 3");
    ok(&mut session, "ALTER PROCEDURE dbo.p @a int AS SELECT @a");
    ok(&mut session, "CREATE OR ALTER PROC dbo.q AS SELECT 5");
    ok(&mut session, "CREATE OR ALTER PROC dbo.q AS SELECT 6");
    let rows = ok(&mut session, "EXEC sales.p; EXEC dbo.p 4; EXEC q").rows;
    assert_eq!(rows, [[Value::Integer(3)], [Value::Integer(4)], [Value::Integer(6)]]);
    ok(&mut session, "DROP PROC dbo.p, q; DROP PROCEDURE IF EXISTS dbo.q");
    assert_eq!(error(&mut session, "EXEC dbo.p 4").number, 2812);
    assert_eq!(ok(&mut session, "EXEC sales.p").rows.len(), 1);
}

#[test]
fn a_definition_follows_its_transaction() {
    let mut session = session();
    let mut replies = Replies::default();
    session.batch("BEGIN TRAN", &mut replies);
    ok(&mut session, "CREATE PROC p AS SELECT 1");
    assert_eq!(ok(&mut session, "EXEC p").rows.len(), 1);
    ok(&mut session, "ROLLBACK");
    assert_eq!(error(&mut session, "EXEC p").number, 2812);
}

#[test]
fn procedures_survive_a_restart_with_their_ids() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shop.sqlite");
    let id = "SELECT OBJECT_ID(N'dbo.p')";
    let before = {
        let mut session = session_on(&Database::open(Some(&file)).unwrap());
        ok(&mut session, "CREATE PROC dbo.p @a int AS SELECT @a * 2");
        ok(&mut session, id).rows
    };
    let mut session = session_on(&Database::open(Some(&file)).unwrap());
    assert_eq!(ok(&mut session, id).rows, before);
    let doubled = call(&mut session, "dbo.p", &[given("@a", SqlType::Int, Value::Integer(21))]);
    assert_eq!(doubled.rows, [[Value::Integer(42)]]);
    ok(&mut session, "CREATE TABLE dbo.t (a int)");
    assert_ne!(ok(&mut session, "SELECT OBJECT_ID(N'dbo.t')").rows, before);
}

#[test]
fn the_catalogue_shows_procedures() {
    let mut session = with_procedures(&[ADD_PERSON]);
    let one = |session: &mut _, query: &str| ok(session, query).rows;
    assert_eq!(
        one(
            &mut session,
            "SELECT name, type, type_desc, schema_id FROM sys.procedures WHERE object_id = OBJECT_ID('dbo.AddPerson', 'P')"
        ),
        [[text("AddPerson"), text("P "), text("SQL_STORED_PROCEDURE"), Value::Integer(1)]]
    );
    assert_eq!(
        one(&mut session, "SELECT name, type FROM sys.objects ORDER BY name"),
        [[text("AddPerson"), text("P ")], [text("Persons"), text("U ")]]
    );
    assert_eq!(one(&mut session, "SELECT name FROM sys.tables"), [[text("Persons")]]);
    assert_eq!(
        one(&mut session, "SELECT name, is_output FROM sys.parameters ORDER BY parameter_id"),
        [
            [text("@Name"), Value::Bit(false)],
            [text("@City"), Value::Bit(false)],
            [text("@Id"), Value::Bit(true)],
            [text("@Total"), Value::Bit(true)]
        ]
    );
    assert_eq!(
        one(
            &mut session,
            "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE FROM INFORMATION_SCHEMA.ROUTINES"
        ),
        [[text("dbo"), text("AddPerson"), text("PROCEDURE")]]
    );
    for query in [
        "SELECT definition FROM sys.sql_modules WHERE object_id = OBJECT_ID('AddPerson')",
        "SELECT OBJECT_DEFINITION(OBJECT_ID(N'[dbo].[AddPerson]'))",
    ] {
        assert_eq!(one(&mut session, query), [[text(ADD_PERSON)]], "{query}");
    }
    for (query, found) in [
        ("OBJECT_ID('dbo.AddPerson', 'U')", false),
        ("OBJECT_ID('dbo.Persons', 'P')", false),
        ("OBJECT_ID('dbo.Persons', 'U')", true),
        ("OBJECT_ID('dbo.AddPerson')", true),
        ("OBJECT_ID(@name, 'P')", true),
        ("OBJECT_ID(@name, @kind)", true),
        ("OBJECT_ID('dbo.AddPerson', @kind)", true),
    ] {
        let query = format!(
            "DECLARE @name sysname = 'dbo.addperson', @kind char(2) = 'P'; SELECT IIF({query} IS NULL, 0, 1)"
        );
        assert_eq!(one(&mut session, &query), [[Value::Integer(i64::from(found))]], "{query}");
    }
}

#[test]
fn the_standard_view_says_the_types_of_parameters() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE PROC dbo.p @a nvarchar(50), @b decimal(9,2) OUTPUT, @c float, @d varbinary(max), @e datetime2(3), @f bit AS RETURN",
    );
    ok(&mut session, "CREATE TYPE dbo.Ids AS TABLE (Id int)");
    ok(&mut session, "CREATE PROC dbo.q @t dbo.Ids READONLY AS RETURN");
    let rows = ok(
        &mut session,
        "SELECT PARAMETER_NAME, PARAMETER_MODE, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION FROM INFORMATION_SCHEMA.PARAMETERS WHERE SPECIFIC_NAME IN (N'p', N'q') ORDER BY SPECIFIC_NAME, ORDINAL_POSITION",
    )
    .rows;
    let row = |name: &str, mode: &str, family: &str, digits: [Option<i64>; 4]| {
        let digits = digits.map(|digits| digits.map_or(Value::Null, Value::Integer));
        [text(name), text(mode), text(family)].into_iter().chain(digits).collect::<Vec<_>>()
    };
    assert_eq!(
        rows,
        [
            row("@a", "IN", "nvarchar", [Some(50), None, None, None]),
            row("@b", "INOUT", "decimal", [None, Some(9), Some(2), None]),
            row("@c", "IN", "float", [None, Some(53), None, None]),
            row("@d", "IN", "varbinary", [Some(-1), None, None, None]),
            row("@e", "IN", "datetime2", [None, None, None, Some(3)]),
            row("@f", "IN", "bit", [None, None, None, None]),
            row("@t", "IN", "table type", [None, None, None, None]),
        ]
    );
}
