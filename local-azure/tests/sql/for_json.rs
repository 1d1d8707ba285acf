//! FOR JSON: the text, how it is cut into rows, and where the clause may stand. Expected texts are those that SQL Server
//! 2025 was seen to give, where they aren't Microsoft's own examples.

use local_azure::sql::engine::Session;
use local_azure::sql::types::{Length, SqlType, Value};

use super::support::{Replies, error, ok, run, session, text, with_persons};

/// All rows of a reply put together, as a client does.
fn joined(replies: &Replies) -> Option<String> {
    let pieces: Vec<&str> = replies
        .rows
        .iter()
        .map(|row| match row.as_slice() {
            [Value::Text(piece)] => piece.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    (!pieces.is_empty()).then(|| pieces.concat())
}

fn json(session: &mut Session, query: &str) -> String {
    joined(&ok(session, query)).unwrap()
}

fn with_tables() -> Session {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE pp (id int, nm nvarchar(20));
         CREATE TABLE cc (id int, pid int, cnm nvarchar(20), amt decimal(9,2));
         CREATE TABLE gg (id int, pid int, gnm nvarchar(20));
         INSERT INTO pp VALUES (1,'alpha'),(2,'beta'),(3,'gamma'),(4,'alpha');
         INSERT INTO cc VALUES (10,1,'a1',1.5),(11,1,'a2',2.5),(12,2,'b1',NULL),(13,4,'d1',9.0);
         INSERT INTO gg VALUES (100,1,'g1'),(101,1,'g2');",
    );
    session
}

#[test]
fn a_row_is_an_object_and_dots_lead_into_objects() {
    let mut session = session();
    for (query, expected) in [
        ("SELECT 1 AS id, N'x' AS s FOR JSON PATH", r#"[{"id":1,"s":"x"}]"#),
        (
            "SELECT 1 AS [x.id], 2 AS [x.a], N'y' AS [y.z.s] FOR JSON PATH",
            r#"[{"x":{"id":1,"a":2},"y":{"z":{"s":"y"}}}]"#,
        ),
        ("SELECT 1 AS id, NULL AS x FOR JSON PATH", r#"[{"id":1}]"#),
        ("SELECT 1 AS id, NULL AS x FOR JSON PATH, INCLUDE_NULL_VALUES", r#"[{"id":1,"x":null}]"#),
        ("SELECT NULL AS a, NULL AS [b.c] FOR JSON PATH", "[{}]"),
        ("SELECT NULL AS [b.c] FOR JSON PATH, INCLUDE_NULL_VALUES", r#"[{"b":{"c":null}}]"#),
        ("SELECT 1 AS [b.c], NULL AS [b.d] FOR JSON PATH", r#"[{"b":{"c":1}}]"#),
        ("SELECT 1 AS id FOR JSON PATH, ROOT('data')", r#"{"data":[{"id":1}]}"#),
        ("SELECT 1 AS id FOR JSON PATH, ROOT(N'')", r#"{"":[{"id":1}]}"#),
        ("SELECT 1 AS id FOR JSON PATH, ROOT", r#"{"root":[{"id":1}]}"#),
        ("SELECT 1 AS id FOR JSON PATH, WITHOUT_ARRAY_WRAPPER", r#"{"id":1}"#),
        (
            "SELECT 1 AS id UNION ALL SELECT 2 ORDER BY id DESC FOR JSON PATH, WITHOUT_ARRAY_WRAPPER",
            r#"{"id":2},{"id":1}"#,
        ),
    ] {
        assert_eq!(json(&mut session, query), expected, "{query}");
    }
}

/// The example of Microsoft's page "How FOR JSON escapes special characters and control characters".
#[test]
fn names_and_values_are_escaped() {
    let query = "SELECT 'VALUE\\    /\r\n  \"' AS [KEY\\/\"], CHAR(0) AS '0', CHAR(1) AS '1', CHAR(31) AS '31' FOR JSON PATH";
    let expected = r#"[{"KEY\\\/\"":"VALUE\\    \/\r\n  \"","0":"\u0000","1":"\u0001","31":"\u001f"}]"#;
    assert_eq!(json(&mut session(), query), expected);
}

#[test]
fn each_type_has_its_form() {
    let query = "SELECT CAST(1.5 AS decimal(10,2)) AS dec, CAST(12.34 AS money) AS mn, CAST(1.5 AS float) AS f, CAST(1.5 AS real) AS r,
        CAST(1 AS bit) AS bt, CAST('2020-01-02' AS date) AS d, CAST('2020-01-02 03:04:05.1234567' AS datetime2) AS dt2,
        CAST('2020-01-02 03:04:05 +00:00' AS datetimeoffset) AS dto, CAST('2020-01-01' AS datetime) AS dt,
        CAST('12345678-1234-1234-1234-1234567890ab' AS uniqueidentifier) AS g, 0x0102FF AS b FOR JSON PATH";
    assert_eq!(
        json(&mut session(), query),
        r#"[{"dec":1.50,"mn":12.3400,"f":1.500000000000000e+000,"r":1.5000000e+000,"bt":true,"d":"2020-01-02","dt2":"2020-01-02T03:04:05.1234567","dto":"2020-01-02T03:04:05Z","dt":"2020-01-01T00:00:00","g":"12345678-1234-1234-1234-1234567890AB","b":"AQL\/"}]"#
            .replace("AQL\\/", "AQL/")
    );
}

#[test]
fn the_result_is_one_column_of_nvarchar_max_with_the_known_name() {
    let mut session = with_persons();
    let replies = ok(&mut session, "SELECT Id FROM dbo.Persons FOR JSON PATH");
    let [column] = replies.columns.as_slice() else { panic!("{:?}", replies.columns) };
    assert_eq!(column.name, "JSON_F52E2B61-18A1-11d1-B105-00805F49916B");
    assert_eq!(column.sql_type, SqlType::NVarChar(Length::Max));
    // The count is that of the rows that went in.
    assert_eq!(replies.counts, [Some(3)]);
    assert_eq!(
        ok(&mut session, "SELECT Id FROM dbo.Persons FOR JSON PATH; SELECT @@ROWCOUNT").rows.last().unwrap(),
        &[Value::Integer(3)]
    );
}

#[test]
fn without_rows_there_is_no_row() {
    let mut session = with_persons();
    let replies = ok(&mut session, "SELECT Id FROM dbo.Persons WHERE Id > 99 FOR JSON PATH");
    assert_eq!(replies.columns.len(), 1);
    assert!(replies.rows.is_empty());
    let replies = ok(&mut session, "SELECT (SELECT Id FROM dbo.Persons WHERE Id > 99 FOR JSON PATH) AS j");
    assert_eq!(replies.rows, [[Value::Null]]);
}

#[test]
fn a_long_text_comes_in_rows_of_2033_units() {
    let mut session = session();
    let replies = ok(&mut session, "SELECT REPLICATE(N'ä', 3000) AS a, N'😀' AS b FOR JSON PATH");
    let lengths: Vec<usize> = replies
        .rows
        .iter()
        .map(|row| match row.as_slice() {
            [Value::Text(piece)] => piece.encode_utf16().count(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [2033, 3000 + 19 - 2033]);
    let parsed: serde_json::Value = serde_json::from_str(&joined(&replies).unwrap()).unwrap();
    assert_eq!(parsed[0]["a"].as_str().unwrap().chars().count(), 3000);
}

#[test]
fn a_subquery_gives_one_value_which_an_outer_clause_takes_as_it_is() {
    let mut session = with_tables();
    ok(
        &mut session,
        "DECLARE @j nvarchar(max); SET @j = (SELECT id FROM pp ORDER BY id FOR JSON PATH); SELECT @j",
    );
    let replies = ok(
        &mut session,
        "DECLARE @j nvarchar(max) = (SELECT id, nm FROM pp WHERE id < 3 ORDER BY id DESC FOR JSON PATH); SELECT @j",
    );
    assert_eq!(replies.rows, [[text(r#"[{"id":2,"nm":"beta"},{"id":1,"nm":"alpha"}]"#)]]);
    let nested = "SELECT p.id, (SELECT c.cnm FROM cc c WHERE c.pid = p.id ORDER BY c.id FOR JSON PATH) AS kids FROM pp p WHERE p.id < 4 ORDER BY p.id FOR JSON PATH";
    assert_eq!(
        json(&mut session, nested),
        r#"[{"id":1,"kids":[{"cnm":"a1"},{"cnm":"a2"}]},{"id":2,"kids":[{"cnm":"b1"}]},{"id":3}]"#
    );
    // A text that is no array by the clause's own doing is a string.
    assert_eq!(
        json(&mut session, "SELECT (SELECT 1 AS a FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS o FOR JSON PATH"),
        r#"[{"o":"{\"a\":1}"}]"#
    );
    assert_eq!(
        json(
            &mut session,
            "SELECT JSON_QUERY((SELECT 1 AS a FOR JSON PATH, WITHOUT_ARRAY_WRAPPER)) AS o, JSON_QUERY('[1, 2]') AS q, N'[1]' AS s FOR JSON PATH"
        ),
        r#"[{"o":{"a":1},"q":[1, 2],"s":"[1]"}]"#
    );
    assert_eq!(
        json(&mut session, "SELECT t.j FROM (SELECT JSON_QUERY('[1]') AS j) AS t FOR JSON PATH"),
        r#"[{"j":[1]}]"#
    );
}

#[test]
fn auto_of_one_table_takes_names_as_they_are() {
    let mut session = with_tables();
    assert_eq!(
        json(&mut session, "SELECT id AS [x.y], nm FROM pp WHERE id = 1 FOR JSON AUTO"),
        r#"[{"x.y":1,"nm":"alpha"}]"#
    );
}

#[test]
fn auto_nests_the_tables_of_a_join() {
    let mut session = with_tables();
    for (query, expected) in [
        (
            "SELECT p.id, p.nm, c.id, c.cnm FROM pp p JOIN cc c ON c.pid = p.id ORDER BY p.id, c.id FOR JSON AUTO",
            r#"[{"id":1,"nm":"alpha","c":[{"id":10,"cnm":"a1"},{"id":11,"cnm":"a2"}]},{"id":2,"nm":"beta","c":[{"id":12,"cnm":"b1"}]},{"id":4,"nm":"alpha","c":[{"id":13,"cnm":"d1"}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm, p.nm FROM pp p JOIN cc c ON c.pid = p.id WHERE p.id = 1 ORDER BY c.id FOR JSON AUTO",
            r#"[{"id":1,"nm":"alpha","c":[{"cnm":"a1"},{"cnm":"a2"}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm, g.gnm FROM pp p JOIN cc c ON c.pid = p.id JOIN gg g ON g.pid = p.id ORDER BY p.id, c.id, g.id FOR JSON AUTO",
            r#"[{"id":1,"c":[{"cnm":"a1","g":[{"gnm":"g1"},{"gnm":"g2"}]},{"cnm":"a2","g":[{"gnm":"g1"},{"gnm":"g2"}]}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm FROM pp p LEFT JOIN cc c ON c.pid = p.id WHERE p.id > 2 ORDER BY p.id FOR JSON AUTO",
            r#"[{"id":3,"c":[{}]},{"id":4,"c":[{"cnm":"d1"}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm FROM pp p LEFT JOIN cc c ON c.pid = p.id WHERE p.id > 2 ORDER BY p.id FOR JSON AUTO, INCLUDE_NULL_VALUES",
            r#"[{"id":3,"c":[{"cnm":null}]},{"id":4,"c":[{"cnm":"d1"}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm, p.nm + 'X' AS calc FROM pp p JOIN cc c ON c.pid = p.id WHERE p.id = 2 FOR JSON AUTO",
            r#"[{"id":2,"c":[{"cnm":"b1","calc":"betaX"}]}]"#,
        ),
        (
            "SELECT c.cnm FROM pp p JOIN cc c ON c.pid = p.id ORDER BY c.id FOR JSON AUTO",
            r#"[{"cnm":"a1"},{"cnm":"a2"},{"cnm":"b1"},{"cnm":"d1"}]"#,
        ),
        (
            "SELECT p.id, c.cnm FROM pp p JOIN cc c ON c.pid = p.id JOIN gg g ON g.pid = 1 WHERE p.id = 1 ORDER BY c.id, g.id FOR JSON AUTO",
            r#"[{"id":1,"c":[{"cnm":"a1"},{"cnm":"a1"},{"cnm":"a2"},{"cnm":"a2"}]}]"#,
        ),
        (
            "SELECT p.id, c.cnm FROM pp p JOIN cc c ON c.pid = p.id WHERE p.id = 1 ORDER BY c.id FOR JSON AUTO, WITHOUT_ARRAY_WRAPPER",
            r#"{"id":1,"c":[{"cnm":"a1"},{"cnm":"a2"}]}"#,
        ),
        (
            "SELECT pp.id, dbo.cc.cnm FROM pp JOIN dbo.cc ON cc.pid = pp.id WHERE pp.id = 2 FOR JSON AUTO, ROOT('r')",
            r#"{"r":[{"id":2,"dbo.cc":[{"cnm":"b1"}]}]}"#,
        ),
    ] {
        assert_eq!(json(&mut session, query), expected, "{query}");
    }
}

#[test]
fn what_makes_no_text_is_refused_with_the_servers_number() {
    let mut session = with_persons();
    for (query, number) in [
        ("SELECT 1 AS a, 2 AS a FOR JSON PATH", 13601),
        ("SELECT 1 AS a, 2 AS [a.b] FOR JSON PATH", 13601),
        ("SELECT 1 AS [x.a], 2 AS [y.b], 3 AS [x.c] FOR JSON PATH", 13601),
        ("SELECT 1 AS [.a] FOR JSON PATH", 13603),
        ("SELECT 1 AS [a..b] FOR JSON PATH", 13603),
        ("SELECT Id + 1 FROM dbo.Persons FOR JSON PATH", 13605),
        ("SELECT 1 AS a FOR JSON AUTO", 13600),
        ("SELECT 1 AS a FOR JSON PATH, ROOT('r'), WITHOUT_ARRAY_WRAPPER", 13620),
        ("SELECT 1 AS a FOR JSON", 102),
        ("SELECT 1 AS a FOR JSON PATH,", 102),
        ("SELECT 1 AS a FOR JSON PATH, ROOT('a'), ROOT('b')", 102),
        ("SELECT 1 AS a FOR JSON PATH, SOMETHING", 102),
        ("SELECT Id FROM dbo.Persons FOR JSON AUTO, ROOT", 40517),
        ("SELECT 1 AS a FOR XML PATH", 40517),
        ("INSERT INTO dbo.Persons (Name) SELECT N'x' AS a FOR JSON PATH", 13602),
        ("DECLARE @a nvarchar(max); SELECT @a = Name FROM dbo.Persons FOR JSON PATH", 6819),
        ("SELECT j FROM (SELECT 1 AS a FOR JSON PATH) AS t", 8155),
    ] {
        assert_eq!(error(&mut session, query).number, number, "{query}");
    }
    assert!(run(&mut session, "SELECT t.j FROM (SELECT 1 AS a FOR JSON PATH) AS t(j)").errors.is_empty());
}

#[test]
fn json_that_is_one_of_several_choices_is_text() {
    let mut session = session();
    let of =
        |session: &mut Session, value: &str| json(session, &format!("SELECT {value} AS a FOR JSON PATH"));
    let query = "JSON_QUERY(N'[1]')";
    for choice in [
        format!("CASE WHEN 1 = 1 THEN {query} ELSE N'plain' END"),
        format!("COALESCE({query}, N'plain')"),
        format!("IIF(1 = 1, {query}, N'plain')"),
        format!("ISNULL({query}, N'plain')"),
    ] {
        assert_eq!(of(&mut session, &choice), r#"[{"a":"[1]"}]"#, "{choice}");
    }
    let other = "CASE WHEN 1 = 0 THEN JSON_QUERY(N'[1]') ELSE N'plain' END";
    assert_eq!(of(&mut session, other), r#"[{"a":"plain"}]"#);
    assert_eq!(of(&mut session, &format!("ISNULL({query}, JSON_QUERY(N'[2]'))")), r#"[{"a":[1]}]"#);
}
