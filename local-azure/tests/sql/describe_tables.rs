//! Table variables, table-valued parameters and FOR JSON in a batch that is described.

use local_azure::sql::types::Value;

use super::describe_support::*;
use super::support::*;

fn with_type() -> local_azure::sql::engine::Session {
    let mut session = with_persons();
    ok(&mut session, "CREATE TYPE dbo.IdList AS TABLE (Id int PRIMARY KEY, Note nvarchar(50))");
    session
}

#[test]
fn a_table_variable_has_the_columns_of_its_declaration() {
    let session = &mut with_type();
    for text in [
        "DECLARE @t TABLE (Id int PRIMARY KEY, Note nvarchar(50)); INSERT @t VALUES (1, N'x'); SELECT * FROM @t",
        "DECLARE @t dbo.IdList; SELECT Id, t.Note FROM @t AS t",
        "DECLARE @n int = 1, @t dbo.IdList; DELETE @t OUTPUT deleted.* WHERE Id = @n",
    ] {
        assert_eq!(columns(session, text), ["Id int NOT NULL", "Note nvarchar(50) NULL"], "{text}");
    }
    assert_eq!(refused(session, "DECLARE @t dbo.IdList; SELECT Nope FROM @t").0, [207, 11501]);
    assert_eq!(refused(session, "DECLARE @t dbo.NoSuchType; SELECT 1 AS a").0, [2715, 11501]);
    assert_eq!(ok(session, "SELECT COUNT(*) FROM sys.tables").rows, [[Value::Integer(1)]]);
}

#[test]
fn a_table_valued_parameter_is_declared_by_its_type() {
    let session = &mut with_type();
    let text = "SELECT p.Name, i.Note FROM dbo.Persons p JOIN @ids i ON i.Id = p.Id";
    let replies = described(session, text, "@ids dbo.IdList READONLY, @n int");
    assert_eq!(cell(&replies, 0, "system_type_name"), super::support::text("nvarchar(100)"));
    assert_eq!(cell(&replies, 1, "system_type_name"), super::support::text("nvarchar(50)"));
    ok(
        session,
        "CREATE PROC dbo.ByIds @ids dbo.IdList READONLY, @n int AS SELECT Id FROM @ids WHERE Id > @n",
    );
    for text in [
        "DECLARE @ids dbo.IdList; EXEC dbo.ByIds @ids, 1",
        "EXEC sp_executesql N'SELECT Id FROM @i', N'@i dbo.IdList READONLY', @i = @ids",
    ] {
        let replies =
            described(session, text, if text.starts_with("EXEC") { "@ids dbo.IdList READONLY" } else { "" });
        assert_eq!(cell(&replies, 0, "is_nullable"), Value::Bit(false), "{text}");
    }
    let replies = describe_call(session, "SELECT 1 AS a", "@ids dbo.NoSuchType READONLY");
    assert_eq!(replies.errors[0].number, 2715);
}

#[test]
fn for_json_gives_one_column_of_text() {
    assert_eq!(
        columns(&mut with_persons(), "SELECT Id, Name FROM dbo.Persons FOR JSON PATH"),
        ["JSON_F52E2B61-18A1-11d1-B105-00805F49916B nvarchar(max) NULL"]
    );
}
