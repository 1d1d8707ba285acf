//! xml: stored as the tree that it writes, refused when malformed, compared with nothing.

use local_azure::sql::types::{Length, SqlType, Value};

use crate::support::{NVARCHAR, error, execute, ok, session, text};

#[test]
fn a_document_is_stored_and_given_back_without_what_the_type_drops() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Doc xml NULL)");
    ok(
        &mut session,
        "INSERT INTO dbo.Docs VALUES (1, N'<?xml version=\"1.0\"?>\n<a b=''1''>\n <c></c></a>'), (2, NULL)",
    );
    let replies = ok(&mut session, "SELECT Doc FROM dbo.Docs ORDER BY Id");
    assert_eq!(replies.columns[0].sql_type, SqlType::Xml);
    assert_eq!(replies.rows, [[text("<a b=\"1\"><c/></a>")], [Value::Null]]);
}

#[test]
fn a_parameter_of_text_becomes_xml_where_xml_is_declared() {
    let mut session = session();
    let replies = execute(&mut session, "SELECT @d", "@d xml", &[("@d", NVARCHAR, text("<a>  <b/> </a>"))]);
    assert_eq!(replies.rows, [[text("<a><b/></a>")]]);
}

#[test]
fn a_malformed_document_is_refused_and_nothing_is_stored() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc xml)");
    let refused = error(&mut session, "INSERT INTO dbo.Docs VALUES ('<a><b></a>')");
    assert_eq!((refused.number, refused.class), (9436, 16));
    assert!(refused.message.starts_with("XML parsing: line 1, character "), "{}", refused.message);
    assert_eq!(error(&mut session, "SELECT CAST(N'<a' AS xml)").number, 9400);
    assert_eq!(
        error(&mut session, "SELECT CAST(N'<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>' AS xml)").number,
        9402
    );
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Docs").rows, [[Value::Integer(0)]]);
}

#[test]
fn xml_becomes_text_only_by_cast_and_only_where_it_fits() {
    let mut session = session();
    let read = "DECLARE @d xml = N'<a>é</a>'; ";
    let replies =
        ok(&mut session, &format!("{read} SELECT CAST(@d AS nvarchar(20)), CAST(@d AS varbinary(max))"));
    let utf16: Vec<u8> = "\u{FEFF}<a>é</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(replies.rows, [[text("<a>é</a>"), Value::Binary(utf16)]]);
    assert_eq!(error(&mut session, &format!("{read} SELECT CAST(@d AS nvarchar(5))")).number, 6354);
    assert_eq!(error(&mut session, &format!("{read} DECLARE @t nvarchar(99) = @d")).number, 257);
    assert_eq!(error(&mut session, &format!("{read} SELECT CAST(@d AS int)")).number, 529);
    assert_eq!(error(&mut session, &format!("{read} SELECT LEN(@d)")).number, 8116);
}

#[test]
fn xml_has_no_order_and_no_equality() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc xml)");
    for (query, number) in [
        ("SELECT 1 FROM dbo.Docs WHERE Doc = Doc", 402),
        ("SELECT 1 FROM dbo.Docs WHERE Doc IN (N'<a/>')", 402),
        ("SELECT Doc FROM dbo.Docs ORDER BY Doc", 305),
        ("SELECT COUNT(*) FROM dbo.Docs GROUP BY Doc", 305),
        ("SELECT DISTINCT Doc FROM dbo.Docs", 421),
        ("SELECT Doc FROM dbo.Docs UNION SELECT Doc FROM dbo.Docs", 5335),
        ("SELECT MAX(Doc) FROM dbo.Docs", 8117),
        ("CREATE UNIQUE INDEX IX ON dbo.Docs (Doc)", 1919),
    ] {
        assert_eq!(error(&mut session, query).number, number, "{query}");
    }
    ok(&mut session, "SELECT 1 FROM dbo.Docs WHERE Doc IS NULL");
    ok(&mut session, "SELECT Doc FROM dbo.Docs UNION ALL SELECT Doc FROM dbo.Docs");
}

#[test]
fn methods_are_refused_by_name() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Doc xml)");
    for (query, method) in [
        ("SELECT Doc.value('(/a)[1]', 'int') FROM dbo.Docs", "value"),
        ("SELECT d.Doc.query('/a') FROM dbo.Docs AS d", "query"),
        ("DECLARE @d xml = N'<a/>'; SELECT @d.exist('/a')", "exist"),
        ("SELECT CAST(N'<a/>' AS xml).value('/a', 'int')", "value"),
    ] {
        let refused = error(&mut session, query);
        assert_eq!(refused.number, 40517, "{query}: {}", refused.message);
        assert!(refused.message.contains(&format!("The xml method {method}()")), "{}", refused.message);
    }
}

#[test]
fn bytes_become_xml_in_the_encoding_that_they_announce() {
    let mut session = session();
    let bytes = Value::Binary("<ä/>".as_bytes().to_vec());
    let replies =
        execute(&mut session, "SELECT @d", "@d xml", &[("@d", SqlType::VarBinary(Length::Max), bytes)]);
    assert_eq!(replies.rows, [[text("<ä/>")]]);
}
