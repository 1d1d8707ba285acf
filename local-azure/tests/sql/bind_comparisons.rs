use local_azure::sql::types::{SqlType, Value};

use super::support::*;

/// The number of rows of each query.
fn counts(session: &mut local_azure::sql::engine::Session, cases: &[(&str, usize)]) {
    for (query, expected) in cases {
        assert_eq!(ok(session, query).rows.len(), *expected, "{query}");
    }
}

/// Two instants written with three offsets, two byte strings written with and without zeros at the end.
fn with_instants() -> local_azure::sql::engine::Session {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.T (Id int PRIMARY KEY, At datetimeoffset(0), Bytes varbinary(8))");
    ok(
        &mut session,
        "INSERT dbo.T VALUES (1, '2024-01-01 10:00:00 +00:00', 0x01), (2, '2024-01-01 12:00:00 +02:00', 0x0100), (3, '2024-01-01 10:00:00 +01:00', 0x02), (4, NULL, NULL)",
    );
    session
}

#[test]
fn equal_instants_and_bytes_are_equal_everywhere() {
    let mut session = with_instants();
    for column in ["At", "Bytes"] {
        let queries = [
            (format!("SELECT {column} FROM dbo.T GROUP BY {column}"), 3),
            (format!("SELECT DISTINCT {column} FROM dbo.T ORDER BY {column} DESC"), 3),
            (format!("SELECT {column} FROM dbo.T UNION SELECT {column} FROM dbo.T"), 3),
            (
                format!(
                    "SELECT {column} FROM dbo.T WHERE Id = 1 INTERSECT SELECT {column} FROM dbo.T WHERE Id = 2"
                ),
                1,
            ),
            (format!("SELECT {column} FROM dbo.T EXCEPT SELECT {column} FROM dbo.T WHERE Id = 2"), 2),
            (format!("SELECT {column} FROM dbo.T EXCEPT SELECT {column} FROM dbo.T WHERE Id = 4"), 2),
            (format!("SELECT a.Id FROM dbo.T a JOIN dbo.T b ON a.{column} = b.{column}"), 5),
            (format!("SELECT Id FROM dbo.T WHERE {column} IN (SELECT {column} FROM dbo.T WHERE Id = 2)"), 2),
            (
                format!(
                    "SELECT Id FROM dbo.T WHERE {column} = (SELECT MIN({column}) FROM dbo.T WHERE Id < 3)"
                ),
                2,
            ),
            (format!("SELECT DISTINCT TOP (1) {column} FROM dbo.T ORDER BY {column}"), 1),
        ];
        for (query, expected) in queries {
            assert_eq!(ok(&mut session, &query).rows.len(), expected, "{query}");
        }
        let replies = ok(&mut session, &format!("SELECT COUNT(DISTINCT {column}) FROM dbo.T"));
        assert_eq!(replies.rows, [[Value::Integer(2)]]);
        let replies = ok(
            &mut session,
            &format!(
                "SELECT Id, COUNT(*) OVER (PARTITION BY {column}) FROM dbo.T WHERE Id < 4 ORDER BY {column} DESC, Id"
            ),
        );
        let partitions: Vec<_> = replies.rows.iter().map(|row| row[1].clone()).collect();
        assert_eq!(partitions.iter().filter(|count| **count == Value::Integer(2)).count(), 2);
    }
}

#[test]
fn text_compares_without_case_and_trailing_blanks() {
    let mut session = with_persons();
    counts(
        &mut session,
        &[
            ("SELECT 1 WHERE 'abc' = 'ABC  '", 1),
            ("SELECT 1 WHERE 'e' = N'é'", 0),
            ("SELECT Id FROM dbo.Persons WHERE UPPER(Name) = N'ada'", 1),
            ("SELECT Id FROM dbo.Persons WHERE Name + N'' IN (N'ADA', N'GRACE')", 2),
            (
                "SELECT City FROM (SELECT LOWER(City) AS City FROM dbo.Persons UNION SELECT City FROM dbo.Persons) t",
                3,
            ),
            ("SELECT 1 WHERE CASE 'A' WHEN 'a' THEN 1 ELSE 0 END = 1", 1),
            ("SELECT 1 WHERE 'abc ' LIKE 'abc'", 1),
            ("SELECT 1 WHERE N'abc ' LIKE N'abc'", 0),
            ("SELECT 1 WHERE 'abc' LIKE 'abc '", 0),
        ],
    );
}

#[test]
fn a_varchar_beside_an_int_becomes_an_int() {
    let mut session = session();
    counts(&mut session, &[("SELECT 1 WHERE '007' = 7", 1), ("SELECT 1 WHERE '10' > 9", 1)]);
    assert_eq!(error(&mut session, "SELECT 1 WHERE 'x' = 7").number, 245);
    assert_eq!(ok(&mut session, "SELECT '1' + 2").rows, [[Value::Integer(3)]]);
}

#[test]
fn null_is_neither_true_nor_false() {
    let mut session = with_persons();
    counts(
        &mut session,
        &[
            ("SELECT 1 WHERE NULL = NULL", 0),
            ("SELECT 1 WHERE NOT (NULL = 1)", 0),
            ("SELECT 1 WHERE NULL = 1 OR 1 = 1", 1),
            ("SELECT 1 WHERE NULL = 1 AND 1 = 1", 0),
            ("SELECT 1 WHERE 1 NOT IN (2, NULL)", 0),
            ("SELECT 1 WHERE 1 IN (1, NULL)", 1),
            ("SELECT 1 WHERE 2 NOT BETWEEN 3 AND NULL", 1),
            ("SELECT Id FROM dbo.Persons WHERE City <> N'London'", 1),
            ("SELECT Id FROM dbo.Persons WHERE NOT City LIKE N'L%'", 1),
            ("SELECT Id FROM dbo.Persons WHERE Id NOT IN (SELECT Balance FROM dbo.Persons)", 0),
            ("SELECT 1 WHERE EXISTS (SELECT NULL)", 1),
            ("SELECT City FROM dbo.Persons UNION SELECT NULL", 3),
        ],
    );
}

#[test]
fn nulls_come_first_and_last_when_descending() {
    let mut session = with_persons();
    let replies = ok(&mut session, "SELECT Id FROM dbo.Persons ORDER BY City");
    assert_eq!(replies.rows, [[Value::Integer(3)], [Value::Integer(1)], [Value::Integer(2)]]);
    let replies = ok(&mut session, "SELECT Id FROM dbo.Persons ORDER BY City DESC");
    assert_eq!(replies.rows, [[Value::Integer(2)], [Value::Integer(1)], [Value::Integer(3)]]);
}

#[test]
fn decimals_of_38_digits_stay_exact() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.D (N decimal(38,10))");
    ok(
        &mut session,
        "INSERT dbo.D VALUES (1234567890123456789012345678.0123456789), (0.0000000001), (-1234567890123456789012345678)",
    );
    let replies = ok(&mut session, "SELECT MAX(N), SUM(N) FROM dbo.D");
    assert_eq!(
        replies.rows,
        [[Value::Decimal(12_345_678_901_234_567_890_123_456_780_123_456_789), Value::Decimal(123_456_790)]]
    );
    assert_eq!(replies.columns[1].sql_type, SqlType::Decimal { precision: 38, scale: 10 });
}

#[test]
fn conversions_that_do_not_exist_are_refused_even_without_rows() {
    let mut session = with_persons();
    ok(&mut session, "CREATE TABLE dbo.C (D date, G uniqueidentifier, B varbinary(9), T time)");
    for (query, number) in [
        ("SELECT 1 FROM dbo.C WHERE D = 1", 206),
        ("SELECT CAST(G AS int) FROM dbo.C", 529),
        ("SELECT CAST(D AS time) FROM dbo.C", 529),
        ("SELECT COALESCE(D, T) FROM dbo.C", 206),
        ("INSERT dbo.C (B) VALUES ('a')", 257),
        ("UPDATE dbo.C SET D = 1", 206),
        ("SELECT D + 1 FROM dbo.C", 206),
        ("SELECT -'a'", 8117),
        ("SELECT SUM(D) FROM dbo.C", 8117),
    ] {
        assert_eq!(error(&mut session, query).number, number, "{query}");
    }
}
