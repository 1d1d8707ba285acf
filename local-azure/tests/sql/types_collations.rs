//! COLLATE: UTF-8 in varchar, case-sensitive and binary comparisons, and which collation counts where two meet.

use local_azure::sql::types::{SqlType, Value};

use crate::support::{error, ok, session, text};

const UTF8: &str = "Latin1_General_100_CI_AS_SC_UTF8";

#[test]
fn a_utf8_column_keeps_every_character_and_counts_bytes() {
    let mut session = session();
    ok(&mut session, &format!("CREATE TABLE dbo.Cities (Name varchar(6) COLLATE {UTF8} NOT NULL)"));
    ok(&mut session, "INSERT INTO dbo.Cities VALUES (N'東京'), (N'Łodz')");
    let replies = ok(
        &mut session,
        "SELECT Name, DATALENGTH(Name), LEN(Name), CAST(Name AS varbinary(9)) FROM dbo.Cities ORDER BY LEN(Name)",
    );
    let spelling = format!("varchar(6) COLLATE {UTF8}");
    assert_eq!(replies.columns[0].sql_type, SqlType::parse(&spelling).unwrap());
    assert_eq!(
        replies.rows,
        [
            [text("東京"), Value::Integer(6), Value::Integer(2), Value::Binary("東京".as_bytes().to_vec())],
            [text("Łodz"), Value::Integer(5), Value::Integer(4), Value::Binary("Łodz".as_bytes().to_vec())],
        ]
    );
    let refused = error(&mut session, "INSERT INTO dbo.Cities VALUES (N'東京都')");
    assert_eq!(refused.number, 2628);
    assert!(refused.message.ends_with("Truncated value: '東京'."), "{}", refused.message);
}

#[test]
fn a_literal_without_n_still_goes_through_the_databases_code_page() {
    let mut session = session();
    ok(&mut session, &format!("CREATE TABLE dbo.Cities (Name varchar(20) COLLATE {UTF8})"));
    ok(&mut session, "INSERT INTO dbo.Cities VALUES ('Łódź')");
    assert_eq!(ok(&mut session, "SELECT Name FROM dbo.Cities").rows, [[text("?ód?")]]);
}

#[test]
fn a_cast_of_utf8_text_keeps_its_collation_and_cuts_whole_characters() {
    let mut session = session();
    ok(
        &mut session,
        &format!(
            "CREATE TABLE dbo.Cities (Name varchar(20) COLLATE {UTF8}); INSERT INTO dbo.Cities VALUES (N'東京都')"
        ),
    );
    assert_eq!(
        ok(&mut session, "SELECT CAST(Name AS varchar(7)), LEFT(Name, 1) + '!' FROM dbo.Cities").rows,
        [[text("東京"), text("東!")]]
    );
    assert_eq!(ok(&mut session, "SELECT STRING_AGG(Name, ',') FROM dbo.Cities").rows, [[text("東京都")]]);
}

#[test]
fn case_counts_in_a_column_whose_collation_says_so() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE dbo.Keys (K nvarchar(20) COLLATE Latin1_General_100_CS_AS_SC PRIMARY KEY)",
    );
    ok(&mut session, "INSERT INTO dbo.Keys VALUES (N'abc'), (N'ABC'), (N'Abd')");
    assert_eq!(error(&mut session, "INSERT INTO dbo.Keys VALUES (N'abc ')").number, 2627);
    assert_eq!(ok(&mut session, "SELECT K FROM dbo.Keys WHERE K = N'ABC'").rows, [[text("ABC")]]);
    assert_eq!(ok(&mut session, "SELECT K FROM dbo.Keys WHERE K IN (N'aBc')").rows.len(), 0);
    assert_eq!(ok(&mut session, "SELECT DISTINCT K FROM dbo.Keys").rows.len(), 3);
    assert_eq!(
        ok(&mut session, "SELECT K FROM dbo.Keys ORDER BY K").rows.concat(),
        [text("abc"), text("ABC"), text("Abd")]
    );
    assert_eq!(
        ok(
            &mut session,
            "SELECT COUNT(*) FROM dbo.Keys WHERE K = N'abc' COLLATE SQL_Latin1_General_CP1_CI_AS"
        )
        .rows,
        [[Value::Integer(2)]]
    );
}

#[test]
fn collate_in_an_expression_makes_one_comparison_case_sensitive_or_binary() {
    let mut session = session();
    for (condition, holds) in [
        ("'a' = 'A'", true),
        ("'a' = 'A' COLLATE Latin1_General_CS_AS", false),
        ("'a' = 'A' COLLATE Latin1_General_BIN2", false),
        ("'a' COLLATE Latin1_General_BIN2 > 'B'", true),
        ("'a' COLLATE Latin1_General_CS_AS > 'B'", false),
        ("'a' = 'a  ' COLLATE Latin1_General_BIN2", true),
        ("N'é' = N'e' COLLATE Latin1_General_100_CI_AS_SC", false),
    ] {
        let rows = ok(&mut session, &format!("SELECT CASE WHEN {condition} THEN 1 ELSE 0 END")).rows;
        assert_eq!(rows, [[Value::Integer(i64::from(holds))]], "{condition}");
    }
}

#[test]
fn two_columns_of_different_collations_meet_only_where_collate_decides() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.T (A varchar(9), B varchar(9) COLLATE Latin1_General_BIN2)");
    ok(&mut session, "INSERT INTO dbo.T VALUES ('x', 'X')");
    for query in
        ["SELECT 1 FROM dbo.T WHERE A = B", "SELECT A + B FROM dbo.T", "SELECT COALESCE(A, B) FROM dbo.T"]
    {
        assert_eq!(error(&mut session, query).number, 468, "{query}");
    }
    assert_eq!(
        error(&mut session, "SELECT 1 FROM dbo.T WHERE A = B").message,
        "Cannot resolve the collation conflict between \"Latin1_General_BIN2\" and \"SQL_Latin1_General_CP1_CI_AS\" in the equal to operation."
    );
    assert_eq!(ok(&mut session, "SELECT 1 FROM dbo.T WHERE A = B COLLATE DATABASE_DEFAULT").rows.len(), 1);
    assert_eq!(ok(&mut session, "SELECT 1 FROM dbo.T WHERE A COLLATE Latin1_General_BIN2 = B").rows.len(), 0);
    assert_eq!(ok(&mut session, "SELECT 1 FROM dbo.T WHERE B = 'X' AND A = 'X'").rows.len(), 1);
}

#[test]
fn other_collations_and_searches_without_regard_to_case_are_refused_by_name() {
    let mut session = session();
    for (query, number, name) in [
        ("CREATE TABLE dbo.T (A varchar(9) COLLATE Japanese_CI_AS)", 40517, "Japanese_CI_AS"),
        ("SELECT 'a' COLLATE Latin1_General_CI_AI", 40517, "Latin1_General_CI_AI"),
        ("CREATE TABLE dbo.T (A int COLLATE Latin1_General_CI_AS)", 447, "int"),
        ("SELECT 1 WHERE 'a' COLLATE Latin1_General_CS_AS LIKE 'A'", 40517, "LIKE under the collation"),
        ("SELECT REPLACE('a' COLLATE Latin1_General_BIN2, 'A', 'b')", 40517, "REPLACE under the collation"),
    ] {
        let refused = error(&mut session, query);
        assert_eq!(refused.number, number, "{query}: {}", refused.message);
        assert!(refused.message.contains(name), "{}", refused.message);
    }
}

#[test]
fn a_variant_keeps_the_collation_of_its_text() {
    let mut session = session();
    ok(
        &mut session,
        &format!("CREATE TABLE dbo.T (A varchar(9) COLLATE {UTF8}); INSERT INTO dbo.T VALUES (N'東')"),
    );
    let replies = ok(
        &mut session,
        "SELECT CAST(CAST(A AS sql_variant) AS nvarchar(9)), CAST(SQL_VARIANT_PROPERTY(A, 'Collation') AS nvarchar(99)), CAST(SQL_VARIANT_PROPERTY(A, 'BaseType') AS nvarchar(99)) FROM dbo.T",
    );
    assert_eq!(replies.rows, [[text("東"), text(UTF8), text("varchar")]]);
}
