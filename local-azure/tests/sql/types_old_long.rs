//! text, ntext and image: the older long types, with what T-SQL doesn't let them do.

use local_azure::sql::types::{SqlType, Value};

use crate::support::{NVARCHAR, error, execute, ok, session, text};

fn table() -> local_azure::sql::engine::Session {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Old (Id int PRIMARY KEY, T text NULL, N ntext NULL, I image NULL)");
    ok(&mut session, "INSERT INTO dbo.Old VALUES (1, 'Zürich', N'東京', 0x0102), (2, NULL, NULL, NULL)");
    session
}

#[test]
fn values_are_stored_and_given_back() {
    let mut session = table();
    let replies = ok(&mut session, "SELECT T, N, I FROM dbo.Old ORDER BY Id");
    let types: Vec<SqlType> = replies.columns.iter().map(|column| column.sql_type).collect();
    assert_eq!(types, [SqlType::Text, SqlType::NText, SqlType::Image]);
    assert_eq!(
        replies.rows,
        [[text("Zürich"), text("東京"), Value::Binary(vec![1, 2])], [Value::Null, Value::Null, Value::Null]]
    );
}

#[test]
fn text_loses_what_its_code_page_lacks_and_ntext_nothing() {
    let mut session = session();
    let sent = [("@v", NVARCHAR, text("Łódź"))];
    let replies =
        execute(&mut session, "SELECT CAST(@v AS text), CAST(@v AS ntext)", "@v nvarchar(9)", &sent);
    assert_eq!(replies.rows, [[text("?ód?"), text("Łódź")]]);
}

#[test]
fn they_have_no_order_and_no_equality() {
    let mut session = table();
    for (query, number) in [
        ("SELECT 1 FROM dbo.Old WHERE T = 'a'", 402),
        ("SELECT 1 FROM dbo.Old WHERE N <> N'a'", 402),
        ("SELECT 1 FROM dbo.Old WHERE I = 0x01", 402),
        ("SELECT T FROM dbo.Old ORDER BY T", 306),
        ("SELECT T FROM dbo.Old ORDER BY 1", 306),
        ("SELECT COUNT(*) FROM dbo.Old GROUP BY N", 306),
        ("SELECT DISTINCT I FROM dbo.Old", 421),
        ("SELECT T FROM dbo.Old EXCEPT SELECT T FROM dbo.Old", 5335),
        ("SELECT MIN(T) FROM dbo.Old", 8117),
        ("SELECT COUNT(T) FROM dbo.Old", 8117),
        ("CREATE INDEX IX ON dbo.Old (T)", 1919),
        ("SELECT LEN(T) FROM dbo.Old", 8116),
        ("SELECT UPPER(N) FROM dbo.Old", 8116),
        ("DECLARE @t text", 2739),
    ] {
        let refused = error(&mut session, query);
        assert_eq!(refused.number, number, "{query}: {}", refused.message);
    }
    assert_eq!(
        error(&mut session, "SELECT 1 FROM dbo.Old WHERE T = 'a'").message,
        "The data types text and varchar are incompatible in the equal to operator."
    );
}

#[test]
fn like_is_null_and_the_functions_that_take_them_work() {
    let mut session = table();
    let query = "SELECT DATALENGTH(T), DATALENGTH(N), DATALENGTH(I), SUBSTRING(T, 1, 2), SUBSTRING(I, 2, 1), PATINDEX('%r%', T) FROM dbo.Old WHERE T LIKE 'z%' AND I IS NOT NULL";
    let rows = ok(&mut session, query).rows;
    assert_eq!(
        rows,
        [[
            Value::Integer(6),
            Value::Integer(4),
            Value::Integer(2),
            text("Zü"),
            Value::Binary(vec![2]),
            Value::Integer(3)
        ]]
    );
}

#[test]
fn between_wide_and_narrow_only_cast_converts() {
    let mut session = table();
    assert_eq!(
        ok(&mut session, "SELECT CAST(T AS nvarchar(max)), CAST(N AS varchar(10)), CAST(I AS varbinary(1)) FROM dbo.Old WHERE Id = 1")
            .rows,
        [[text("Zürich"), text("??"), Value::Binary(vec![1])]]
    );
    assert_eq!(error(&mut session, "SELECT COALESCE(N, CAST('a' AS int)) FROM dbo.Old").number, 206);
    assert_eq!(error(&mut session, "SELECT CAST(T AS varbinary(9)) FROM dbo.Old").number, 529);
    assert_eq!(error(&mut session, "SELECT CAST(I AS varchar(9)) FROM dbo.Old").number, 529);
    ok(&mut session, "CREATE TABLE dbo.New (V varchar(10))");
    assert_eq!(error(&mut session, "INSERT INTO dbo.New SELECT N FROM dbo.Old").number, 257);
    ok(&mut session, "INSERT INTO dbo.New SELECT T FROM dbo.Old");
}
