use local_azure::sql::types::Value;

use super::support::*;

#[test]
fn subqueries_see_the_queries_around_them() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "SELECT p.Id, (SELECT COUNT(*) FROM dbo.Persons q WHERE q.Id <= p.Id AND EXISTS (SELECT 1 FROM dbo.Persons r WHERE r.Id = q.Id AND r.Id < p.Id)) FROM dbo.Persons p ORDER BY p.Id",
    );
    let counts: Vec<_> = replies.rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(counts, [Value::Integer(0), Value::Integer(1), Value::Integer(2)]);
    assert_eq!(error(&mut session, "SELECT (SELECT Id FROM dbo.Persons)").number, 512);
    assert_eq!(error(&mut session, "SELECT (SELECT Id, Name FROM dbo.Persons)").number, 116);
    assert_eq!(ok(&mut session, "SELECT (SELECT Id FROM dbo.Persons WHERE Id = 9)").rows, [[Value::Null]]);
}

#[test]
fn window_functions_number_rank_and_count() {
    let replies = ok(
        &mut session(),
        "SELECT n, ROW_NUMBER() OVER (ORDER BY n), RANK() OVER (ORDER BY n), DENSE_RANK() OVER (ORDER BY n), COUNT(*) OVER (PARTITION BY n), MAX(n) OVER (PARTITION BY 1 + 0) FROM (SELECT 1 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) t ORDER BY 2",
    );
    let expected: Vec<Vec<Value>> = [[1, 1, 1, 1, 2, 2], [1, 2, 1, 1, 2, 2], [2, 3, 3, 2, 1, 2]]
        .map(|row| row.map(Value::Integer).to_vec())
        .to_vec();
    assert_eq!(replies.rows, expected);
}

#[test]
fn a_comma_binds_less_than_a_right_join() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "SELECT c.Id FROM (SELECT Id FROM dbo.Persons WHERE 1 = 0) a, dbo.Persons b RIGHT JOIN dbo.Persons c ON b.Id = c.Id",
    );
    assert_eq!(replies.rows.len(), 0);
}

#[test]
fn an_output_clause_gives_what_it_names_or_is_refused() {
    let mut session = with_persons();
    for (query, named) in [
        ("UPDATE dbo.Persons SET City = N'x' OUTPUT deleted.City WHERE Id = 1", "deleted"),
        ("UPDATE dbo.Persons SET City = N'x' OUTPUT deleted.* WHERE Id = 1", "deleted"),
        ("UPDATE dbo.Persons SET City = N'x' OUTPUT COALESCE(deleted.City, N'') WHERE Id = 1", "deleted"),
        (
            "UPDATE p SET City = N'x' OUTPUT q.City FROM dbo.Persons p JOIN dbo.Persons q ON q.Id = p.Id",
            "other tables",
        ),
        ("DELETE dbo.Persons OUTPUT (SELECT 1)", "OUTPUT"),
        ("DELETE dbo.Persons OUTPUT Id", "Id"),
        ("UPDATE dbo.Persons WITH (INDEX(1)) SET City = N'x'", "INDEX"),
    ] {
        let error = error(&mut session, query);
        assert!(error.message.contains(named), "{query}: {error}");
    }
    let replies = ok(&mut session, "DELETE dbo.Persons OUTPUT deleted.* WHERE Id = 3");
    assert_eq!(replies.rows[0][..2], [Value::Integer(3), text("Edsger")]);
    let cities = ok(&mut session, "SELECT COUNT(*) FROM dbo.Persons WHERE City = N'x'");
    assert_eq!(cities.rows, [[Value::Integer(0)]]);
}

#[test]
fn what_a_query_cannot_have_is_refused() {
    let mut session = with_persons();
    for (query, number) in [
        ("SELECT COUNT(*) FROM dbo.Persons GROUP BY 1", 164),
        ("SELECT SUM((SELECT 1)) FROM dbo.Persons", 130),
        ("SELECT SUM(COUNT(*)) FROM dbo.Persons", 130),
        ("SELECT (SELECT MAX(p.Id) FROM dbo.Persons) FROM dbo.Persons p", 40517),
        ("SELECT Id FROM dbo.Persons WHERE COUNT(*) > 1", 147),
        ("SELECT Id FROM dbo.Persons WHERE ROW_NUMBER() OVER (ORDER BY Id) = 1", 4108),
        ("SELECT City FROM dbo.Persons GROUP BY City HAVING ROW_NUMBER() OVER (ORDER BY City) = 1", 4108),
        ("SELECT City FROM dbo.Persons GROUP BY ROLLUP(City)", 40517),
        ("SELECT LEN(DISTINCT City) FROM dbo.Persons", 102),
        ("SELECT ROW_NUMBER() OVER (ORDER BY 1) FROM dbo.Persons", 5308),
        ("SELECT * FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) t", 156),
        ("SELECT 1 COLLATE SQL_Latin1_General_CP1_CI_AS", 447),
        ("SELECT COALESCE(NULL, NULL)", 4127),
        ("SELECT 1 WHERE CAST(1 AS decimal(38,0)) = 0.5", 40517),
    ] {
        assert_eq!(error(&mut session, query).number, number, "{query}");
    }
}

#[test]
fn numbers_and_dates_convert_where_they_meet() {
    let mut session = session();
    for (condition, rows) in [
        ("CAST('2024-01-01' AS date) = '2024-01-01'", 1),
        ("CAST('2024-01-01' AS date) = CAST('2024-01-01T00:00:00' AS datetime2)", 1),
        ("CAST('2024-01-01T10:00:00' AS datetime2) = CAST('2024-01-01T12:00:00+02:00' AS datetimeoffset)", 1),
        ("1.50 = 1.5", 1),
        ("CAST(1 AS bit) = 1", 1),
        ("CAST(1.5 AS money) = 1.5", 1),
        ("CAST(0.5 AS float) = 0.5", 1),
        ("0x41 = 'A'", 1),
        (
            "CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier) = '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
            1,
        ),
    ] {
        let query = format!("SELECT 1 WHERE {condition}");
        assert_eq!(ok(&mut session, &query).rows.len(), rows, "{query}");
    }
}

#[test]
fn a_distinct_aggregate_counts_each_value_once() {
    let mut session = with_persons();
    ok(&mut session, "INSERT dbo.Persons (Name, City) VALUES (N'Tim', N'LONDON')");
    let replies = ok(
        &mut session,
        "SELECT COUNT(DISTINCT City), COUNT(City), MIN(City), STRING_AGG(Name, ',') WITHIN GROUP (ORDER BY Name DESC) FROM dbo.Persons",
    );
    assert_eq!(replies.rows[0][..2], [Value::Integer(2), Value::Integer(3)]);
    assert_eq!(replies.rows[0][3], text("Tim,Grace,Edsger,Ada"));
    let stdev =
        "SELECT STDEVP(DISTINCT x), AVG(x) FROM (SELECT 2 AS x UNION ALL SELECT 2 UNION ALL SELECT 4) t";
    assert_eq!(ok(&mut session, stdev).rows, [[Value::Float(1.0), Value::Integer(2)]]);
    assert_eq!(error(&mut session, "SELECT SUM(DISTINCT Id) FROM dbo.Persons").number, 40517);
}

#[test]
fn order_by_an_alias_is_not_taken_for_a_column_of_the_stored_table() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.O (c0 int, c1 varchar(5))");
    ok(&mut session, "INSERT dbo.O VALUES (1, 'b'), (2, 'a')");
    let replies = ok(&mut session, "SELECT c1 AS x FROM dbo.O ORDER BY x");
    assert_eq!(replies.rows, [[text("a")], [text("b")]]);
    let replies = ok(&mut session, "SELECT -c0 AS x FROM dbo.O ORDER BY x");
    assert_eq!(replies.rows, [[Value::Integer(-2)], [Value::Integer(-1)]]);
}
