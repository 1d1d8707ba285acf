//! json: any JSON document, refused when it is none, compared with nothing.

use local_azure::sql::types::{SqlType, Value};

use crate::support::{NVARCHAR, error, execute, ok, session, text};

#[test]
fn a_document_is_stored_and_given_back() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Doc json NOT NULL DEFAULT N'{}')");
    ok(&mut session, "INSERT INTO dbo.Docs (Id) VALUES (1)");
    let document = "{\"city\":\"Zürich\",\"n\":12345678901234567890.10}";
    let replies = execute(
        &mut session,
        "INSERT INTO dbo.Docs VALUES (2, @d); SELECT Doc FROM dbo.Docs ORDER BY Id",
        "@d json",
        &[("@d", NVARCHAR, text(document))],
    );
    assert!(replies.errors.is_empty(), "{:?}", replies.errors);
    assert_eq!(replies.columns[0].sql_type, SqlType::Json);
    assert_eq!(replies.rows, [[text("{}")], [text(document)]]);
}

#[test]
fn text_that_is_no_json_is_refused_with_its_place() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc json)");
    let refused = error(&mut session, "INSERT INTO dbo.Docs VALUES (N'{\"a\": x}')");
    assert_eq!(refused.number, 13609);
    assert_eq!(
        refused.message,
        "JSON text is not properly formatted. Unexpected character 'x' is found at position 6."
    );
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Docs").rows, [[Value::Integer(0)]]);
}

#[test]
fn json_becomes_text_only_by_cast_and_never_half() {
    let mut session = session();
    let read = "DECLARE @d json = N'[1,2,3]'; ";
    assert_eq!(
        ok(&mut session, &format!("{read} SELECT CAST(@d AS nvarchar(max))")).rows,
        [[text("[1,2,3]")]]
    );
    assert_eq!(error(&mut session, &format!("{read} SELECT CAST(@d AS varchar(3))")).number, 8152);
    assert_eq!(error(&mut session, &format!("{read} DECLARE @t nvarchar(max) = @d")).number, 257);
    assert_eq!(error(&mut session, &format!("{read} SELECT CAST(@d AS int)")).number, 529);
    assert_eq!(error(&mut session, "SELECT CAST(CAST(1 AS int) AS json)").number, 529);
}

#[test]
fn json_has_no_order_and_no_equality() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc json)");
    for query in [
        "SELECT 1 FROM dbo.Docs WHERE Doc = N'{}'",
        "SELECT Doc FROM dbo.Docs ORDER BY Doc",
        "SELECT DISTINCT Doc FROM dbo.Docs",
        "SELECT CAST(Doc AS sql_variant) FROM dbo.Docs",
    ] {
        let number = error(&mut session, query).number;
        assert!([402, 305, 421, 529].contains(&number), "{query}: {number}");
    }
}

#[test]
fn a_json_goes_into_the_functions_of_json() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc json)");
    ok(&mut session, "INSERT INTO dbo.Docs VALUES (N'{\"a\":\"x\",\"b\":[1,2]}')");
    let one = |session: &mut _, value: &str| {
        ok(session, &format!("SELECT {value} FROM dbo.Docs")).rows.concat().remove(0)
    };
    assert_eq!(one(&mut session, "JSON_VALUE(Doc, '$.a')"), text("x"));
    assert_eq!(one(&mut session, "JSON_QUERY(Doc, '$.b')"), text("[1,2]"));
    assert_eq!(one(&mut session, "ISJSON(Doc)"), Value::Integer(1));
    assert_eq!(one(&mut session, "JSON_PATH_EXISTS(Doc, '$.c')"), Value::Integer(0));
    assert_eq!(one(&mut session, "JSON_MODIFY(N'{}', '$.d', Doc)"), text(r#"{"d":{"a":"x","b":[1,2]}}"#));
    ok(&mut session, "UPDATE dbo.Docs SET Doc = JSON_MODIFY(Doc, '$.a', N'y')");
    assert_eq!(one(&mut session, "Doc"), text(r#"{"a":"y","b":[1,2]}"#));
    let opened = "SELECT o.value FROM dbo.Docs CROSS APPLY OPENJSON(Doc, '$.b') AS o";
    assert_eq!(ok(&mut session, opened).rows, [[text("1")], [text("2")]]);
}
