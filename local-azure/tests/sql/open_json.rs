//! OPENJSON, JSON_VALUE and its kin, GENERATE_SERIES.

use local_azure::sql::engine::Session;
use local_azure::sql::types::{Length, SqlType, Value};
use proptest::prelude::*;

use super::support::{error, execute, ok, session, text};

fn value(session: &mut Session, expression: &str) -> Value {
    ok(session, &format!("SELECT {expression} AS v")).rows.remove(0).remove(0)
}

#[test]
fn without_with_it_gives_key_value_and_type() {
    let mut session = session();
    let replies = ok(&mut session, r#"SELECT * FROM OPENJSON(N'{"a":1,"b":"x","c":null,"d":[1, 2]}')"#);
    let columns: Vec<_> = replies
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.sql_type, column.nullable))
        .collect();
    assert_eq!(
        columns,
        [
            ("key", SqlType::NVarChar(Length::Limit(4000)), false),
            ("value", SqlType::NVarChar(Length::Max), true),
            ("type", SqlType::TinyInt, false)
        ]
    );
    let row = |key: &str, value: Value, kind: i64| vec![text(key), value, Value::Integer(kind)];
    assert_eq!(
        replies.rows,
        [
            row("a", text("1"), 2),
            row("b", text("x"), 1),
            row("c", Value::Null, 0),
            row("d", text("[1, 2]"), 4)
        ]
    );
}

#[test]
fn with_gives_typed_columns() {
    let mut session = session();
    let replies = ok(
        &mut session,
        r#"DECLARE @json nvarchar(max) = N'{"orders":[{"id":1,"when":"2024-01-31T07:08:09","price":12.50,"tags":["x"],"bytes":"AQL/","City":"Köln"},{"id":2}]}', @path nvarchar(20) = N'$.orders';
        SELECT o.* FROM OPENJSON(@json, @path) WITH (id int N'$.id', moment datetime2(0) '$.when', price decimal(9,2), tags nvarchar(max) '$.tags' AS JSON, bytes varbinary(3), City nvarchar(2)) AS o"#,
    );
    let types: Vec<String> = replies.columns.iter().map(|column| column.sql_type.to_string()).collect();
    assert_eq!(
        types,
        ["int", "datetime2(0)", "decimal(9,2)", "nvarchar(max)", "varbinary(3)", "nvarchar(2)"]
    );
    let [first, second] = replies.rows.as_slice() else { panic!("{:?}", replies.rows) };
    assert_eq!(first[0], Value::Integer(1));
    assert_eq!(first[2], Value::Decimal(1250));
    assert_eq!(first[3], text("[\"x\"]"));
    assert_eq!(first[4], Value::Binary(vec![1, 2, 255]));
    assert_eq!(first[5], text("Kö"));
    assert_eq!(second[1..], [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]);
}

#[test]
fn it_may_be_joined_applied_and_inserted_from() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE t (id int, tags nvarchar(max)); INSERT INTO t VALUES (1, '[\"a\",\"b\"]'), (2, '[]'), (3, NULL)",
    );
    let rows = ok(
        &mut session,
        "SELECT t.id, x.value FROM t CROSS APPLY OPENJSON(t.tags) AS x ORDER BY t.id, x.[key]",
    )
    .rows;
    assert_eq!(rows, [[Value::Integer(1), text("a")], [Value::Integer(1), text("b")]]);
    let rows = ok(
        &mut session,
        "SELECT t.id, v FROM t OUTER APPLY OPENJSON(t.tags) WITH (v nvarchar(5) '$') AS x WHERE v IS NULL ORDER BY t.id",
    )
    .rows;
    assert_eq!(rows, [[Value::Integer(2), Value::Null], [Value::Integer(3), Value::Null]]);
    let rows = ok(
        &mut session,
        "SELECT id FROM t WHERE N'b' IN (SELECT v FROM OPENJSON(t.tags) WITH (v nvarchar(max) '$')) OR (SELECT COUNT(*) FROM OPENJSON(t.tags)) = 0 ORDER BY id",
    )
    .rows;
    assert_eq!(rows.len(), 3);
    let replies = execute(
        &mut session,
        "INSERT INTO t (id) SELECT id FROM OPENJSON(@ids) WITH (id int '$'); SELECT COUNT(*) FROM t",
        "@ids nvarchar(max)",
        &[("@ids", SqlType::NVarChar(Length::Max), text("[7,8,9]"))],
    );
    assert_eq!(replies.rows, [[Value::Integer(6)]]);
    // Only APPLY lets it see its neighbours.
    assert_eq!(error(&mut session, "SELECT 1 AS a FROM t, OPENJSON(t.tags)").number, 4104);
}

#[test]
fn null_opens_nothing_and_what_is_no_json_is_13609() {
    let mut session = session();
    assert!(ok(&mut session, "SELECT * FROM OPENJSON(NULL)").rows.is_empty());
    let failure = error(&mut session, "SELECT * FROM OPENJSON('not json')");
    assert_eq!((failure.number, failure.state), (13609, 4));
    assert_eq!(
        failure.message,
        "JSON text is not properly formatted. Unexpected character 'n' is found at position 0."
    );
    for (query, number) in [
        ("SELECT * FROM OPENJSON('{}', 'strict $.a')", 13608),
        ("SELECT * FROM OPENJSON('{\"a\":1}', 'strict $.a')", 13611),
        ("SELECT * FROM OPENJSON('{}', '$.')", 13607),
        ("SELECT * FROM OPENJSON('{}') WITH (a int 'strict $.a')", 13608),
        ("SELECT * FROM OPENJSON('{}') WITH (a int '$.a' AS JSON)", 13618),
        ("SELECT * FROM OPENJSON('{}') WITH (a int 'a')", 13607),
        ("SELECT * FROM OPENJSON('{\"a\":\"x\"}') WITH (a int)", 245),
        ("DECLARE @p nvarchar(9); SELECT * FROM OPENJSON('{}', @p)", 8116),
        ("SELECT 1 AS a FROM (SELECT 1 AS b) AS x CROSS APPLY (SELECT 1 AS c) AS y", 40517),
    ] {
        assert_eq!(error(&mut session, query).number, number, "{query}");
    }
}

#[test]
fn scalar_functions_read_and_change_documents() {
    let mut session = session();
    for (expression, expected) in [
        ("JSON_VALUE('{\"a\":{\"b\":[1,\"x\"]}}', '$.a.b[1]')", text("x")),
        ("JSON_VALUE('{\"a\":1}', '$.b')", Value::Null),
        ("JSON_QUERY('{\"a\":[1, 2]}', '$.a')", text("[1, 2]")),
        ("JSON_QUERY('  [1]  ')", text("[1]")),
        ("ISJSON('{}')", Value::Integer(1)),
        ("ISJSON('x')", Value::Integer(0)),
        ("ISJSON('1', SCALAR)", Value::Integer(1)),
        ("ISJSON(NULL)", Value::Null),
        ("JSON_PATH_EXISTS('{\"a\":null}', '$.a')", Value::Integer(1)),
        ("JSON_PATH_EXISTS('no', '$.a')", Value::Integer(0)),
        ("JSON_MODIFY('{\"a\":1}', '$.a', N'x/y')", text("{\"a\":\"x\\/y\"}")),
        ("JSON_MODIFY('{\"a\":1}', '$.a', JSON_QUERY('[1]'))", text("{\"a\":[1]}")),
        ("JSON_MODIFY('{\"a\":1}', '$.b', 1.50)", text("{\"a\":1,\"b\":1.50}")),
        ("JSON_MODIFY('{\"a\":1}', '$.a', NULL)", text("{}")),
        ("JSON_MODIFY('{\"a\":[1]}', 'append $.a', 2)", text("{\"a\":[1,2]}")),
        ("JSON_ARRAY(1, 'x', NULL, CAST(1 AS bit))", text("[1,\"x\",true]")),
        ("JSON_ARRAY(1, NULL NULL ON NULL)", text("[1,null]")),
        ("JSON_ARRAY()", text("[]")),
        ("JSON_OBJECT('a': 1, 'b': NULL, 'c': JSON_ARRAY(1))", text("{\"a\":1,\"b\":null,\"c\":[1]}")),
        ("JSON_OBJECT('a': NULL ABSENT ON NULL)", text("{}")),
    ] {
        assert_eq!(value(&mut session, expression), expected, "{expression}");
    }
    for (expression, number) in [
        ("JSON_VALUE('{}', 'strict $.a')", 13608),
        ("JSON_VALUE('{\"a\":[]}', 'strict $.a')", 13623),
        ("JSON_QUERY('{\"a\":1}', 'strict $.a')", 13624),
        ("JSON_VALUE('x', '$.a')", 13609),
        ("JSON_VALUE('{}', 'a')", 13607),
        ("JSON_VALUE('{}', NULL)", 8116),
        ("JSON_VALUE(1, '$')", 8116),
        ("JSON_VALUE('{}')", 174),
        ("JSON_MODIFY('{}', '$', 1)", 13619),
        ("JSON_MODIFY('{}', '$.a', GETDATE())", 8116),
    ] {
        assert_eq!(error(&mut session, &format!("SELECT {expression} AS v")).number, number, "{expression}");
    }
}

#[test]
fn a_series_has_the_type_of_its_bounds() {
    let mut session = session();
    let numbers = |session: &mut Session, call: &str| -> Vec<i64> {
        let replies = ok(session, &format!("SELECT value FROM {call} ORDER BY value"));
        let number = |row: Vec<Value>| match row.as_slice() {
            [Value::Integer(number)] => *number,
            other => panic!("{other:?}"),
        };
        replies.rows.into_iter().map(number).collect()
    };
    assert_eq!(numbers(&mut session, "GENERATE_SERIES(1, 5)"), [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&mut session, "GENERATE_SERIES(5, 1, -2)"), [1, 3, 5]);
    assert_eq!(numbers(&mut session, "GENERATE_SERIES(2, 1)"), [1, 2]);
    assert_eq!(numbers(&mut session, "GENERATE_SERIES(1, 2, -1)"), Vec::<i64>::new());
    assert_eq!(
        numbers(&mut session, "GENERATE_SERIES(2147483646, 2147483647)"),
        [2_147_483_646, 2_147_483_647]
    );
    let replies =
        ok(&mut session, "SELECT s.value AS n, s.value * 2 AS twice FROM GENERATE_SERIES(1, 2) AS s");
    assert_eq!(replies.columns[0].sql_type, SqlType::Int);
    assert_eq!(
        replies.rows,
        [[Value::Integer(1), Value::Integer(2)], [Value::Integer(2), Value::Integer(4)]]
    );
    assert_eq!(error(&mut session, "SELECT value FROM GENERATE_SERIES(1, 5, 0)").number, 4199);
    assert_eq!(error(&mut session, "SELECT value FROM GENERATE_SERIES(1, CAST(5 AS bigint))").number, 5373);
    assert_eq!(error(&mut session, "SELECT value FROM GENERATE_SERIES(1.5, 2.5)").number, 40517);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn openjson_of_for_json_gives_the_rows_back(
        rows in prop::collection::vec((any::<i32>(), prop::option::of("[^\0]{0,12}"), any::<Option<bool>>()), 1..5),
        nulls in any::<bool>(),
    ) {
        let mut session = session();
        ok(&mut session, "CREATE TABLE t (place int, [a/b] int, s nvarchar(50), flag bit)");
        for (place, (number, string, flag)) in rows.iter().enumerate() {
            let place = i64::try_from(place).unwrap();
            let replies = execute(
                &mut session,
                "INSERT INTO t VALUES (@p, @n, @s, @f)",
                "@p int, @n int, @s nvarchar(50), @f bit",
                &[
                    ("@p", SqlType::Int, Value::Integer(place)),
                    ("@n", SqlType::Int, Value::Integer(i64::from(*number))),
                    ("@s", SqlType::NVarChar(Length::Limit(50)), string.clone().map_or(Value::Null, Value::Text)),
                    ("@f", SqlType::Bit, flag.map_or(Value::Null, Value::Bit)),
                ],
            );
            prop_assert!(replies.errors.is_empty(), "{:?}", replies.errors);
        }
        let before = ok(&mut session, "SELECT [a/b], s, flag FROM t ORDER BY place").rows;
        let option = if nulls { ", INCLUDE_NULL_VALUES" } else { "" };
        let again = format!(
            "DECLARE @j nvarchar(max) = (SELECT [a/b] AS [n.a/b], s, flag FROM t ORDER BY place FOR JSON PATH{option}); SELECT [a/b], s, flag FROM OPENJSON(@j) WITH ([a/b] int '$.n.\"a/b\"', s nvarchar(50), flag bit)"
        );
        prop_assert_eq!(ok(&mut session, &again).rows, before);
    }
}
