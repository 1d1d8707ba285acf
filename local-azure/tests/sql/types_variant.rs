//! sql_variant: a value with its own type, in columns, parameters and comparisons.

use local_azure::sql::types::{Length, SqlType, Value, Variant};

use crate::support::{NVARCHAR, error, execute, ok, session, text};

fn variant(base: &str, value: Value) -> Value {
    Value::Variant(Box::new(Variant { base: SqlType::parse(base).unwrap(), value }))
}

#[test]
fn a_column_keeps_each_value_with_its_type() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Facts (Id int PRIMARY KEY, Fact sql_variant NULL)");
    ok(
        &mut session,
        "INSERT INTO dbo.Facts VALUES (1, 5), (2, N'Ada'), (3, CAST(2.50 AS decimal(9,2))), (4, NULL), (5, CAST('2026-11-21' AS date)), (6, 0x0102)",
    );
    let replies = ok(&mut session, "SELECT Fact FROM dbo.Facts ORDER BY Id");
    assert_eq!(replies.columns[0].sql_type, SqlType::SqlVariant);
    assert_eq!(
        replies.rows.concat(),
        [
            variant("int", Value::Integer(5)),
            variant("nvarchar(3)", text("Ada")),
            variant("decimal(9,2)", Value::Decimal(250)),
            Value::Null,
            variant("date", Value::Date(739_940)),
            variant("varbinary(2)", Value::Binary(vec![1, 2])),
        ]
    );
}

#[test]
fn a_parameter_declared_sql_variant_takes_the_type_that_was_sent() {
    let mut session = session();
    let sent = [("@v", SqlType::BigInt, Value::Integer(7))];
    let replies = execute(&mut session, "SELECT @v, CAST(@v AS int) + 1", "@v sql_variant", &sent);
    assert_eq!(replies.rows, [[variant("bigint", Value::Integer(7)), Value::Integer(8)]]);
    let sent = [("@v", NVARCHAR, text("x"))];
    let replies = execute(&mut session, "SELECT @v", "@v sql_variant", &sent);
    assert_eq!(replies.rows, [[variant("nvarchar(4000)", text("x"))]]);
}

#[test]
fn long_types_and_documents_are_no_variants() {
    let mut session = session();
    for from in ["nvarchar(max)", "varbinary(max)", "xml", "rowversion", "hierarchyid"] {
        let number = error(&mut session, &format!("SELECT CAST(CAST(NULL AS {from}) AS sql_variant)")).number;
        assert_eq!(number, 529, "{from}");
    }
}

#[test]
fn a_variant_becomes_another_type_only_by_cast() {
    let mut session = session();
    let read = "DECLARE @v sql_variant = '12'; ";
    assert_eq!(
        ok(&mut session, &format!("{read} SELECT CAST(@v AS int), CAST(@v AS nvarchar(max))")).rows,
        [[Value::Integer(12), text("12")]]
    );
    assert_eq!(error(&mut session, &format!("{read} DECLARE @i int = @v")).number, 257);
    assert_eq!(error(&mut session, &format!("{read} SELECT LEN(@v)")).number, 8116);
    let read = "DECLARE @v sql_variant = CAST('2026-01-01' AS date); ";
    assert_eq!(error(&mut session, &format!("{read} SELECT CAST(@v AS int)")).number, 529);
}

#[test]
fn values_of_different_families_compare_as_their_families_do() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Facts (Fact sql_variant)");
    ok(
        &mut session,
        "INSERT INTO dbo.Facts VALUES (CAST('2026-11-21' AS date)), ('zzz'), (1), (CAST(-5 AS float)), (0xFF), (N'ABC')",
    );
    let replies =
        ok(&mut session, "SELECT SQL_VARIANT_PROPERTY(Fact, 'BaseType') FROM dbo.Facts ORDER BY Fact");
    let names: Vec<Value> =
        ["varbinary", "nvarchar", "varchar", "int", "float", "date"].iter().map(|name| text(name)).collect();
    let found: Vec<Value> = replies
        .rows
        .concat()
        .into_iter()
        .map(|value| match value {
            Value::Variant(held) => held.value,
            other => other,
        })
        .collect();
    assert_eq!(found, names);
    let count = |session: &mut _, condition: &str| {
        ok(session, &format!("SELECT COUNT(*) FROM dbo.Facts WHERE {condition}")).rows.concat()
    };
    assert_eq!(count(&mut session, "Fact = CAST(1.00 AS decimal(9,2))"), [Value::Integer(1)]);
    assert_eq!(count(&mut session, "Fact = 'abc'"), [Value::Integer(1)]);
    assert_eq!(count(&mut session, "Fact > 1"), [Value::Integer(2)]);
}

#[test]
fn groups_and_distinct_look_at_the_value_and_not_at_its_type() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Facts (Fact sql_variant)");
    ok(&mut session, "INSERT INTO dbo.Facts VALUES (1), (CAST(1 AS bigint)), ('a'), (N'A'), (NULL), (NULL)");
    assert_eq!(ok(&mut session, "SELECT DISTINCT Fact FROM dbo.Facts").rows.len(), 3);
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Facts GROUP BY Fact").rows.len(), 3);
}

#[test]
fn properties_describe_the_base_type() {
    let mut session = session();
    let properties = "SELECT SQL_VARIANT_PROPERTY(CAST(1.5 AS decimal(9,2)), 'Precision'), SQL_VARIANT_PROPERTY(N'abc', 'MaxLength'), SQL_VARIANT_PROPERTY(1, 'Nothing'), DATALENGTH(CAST(N'abc' AS sql_variant))";
    assert_eq!(
        ok(&mut session, properties).rows,
        [[
            variant("int", Value::Integer(9)),
            variant("int", Value::Integer(6)),
            Value::Null,
            Value::Integer(6)
        ]]
    );
    assert_eq!(SqlType::SqlVariant.length(), None::<Length>);
}

#[test]
fn texts_compare_under_their_own_collation_and_two_collations_apart() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE dbo.Facts (A varchar(5) COLLATE Latin1_General_100_CS_AS_SC, B varchar(5) COLLATE Latin1_General_100_BIN2, C varchar(5))",
    );
    ok(&mut session, "INSERT INTO dbo.Facts VALUES ('a', 'a', 'a'), ('A', 'A', 'A')");
    let kinds = |session: &mut _, column: &str| {
        ok(session, &format!("SELECT DISTINCT CAST({column} AS sql_variant) FROM dbo.Facts")).rows.len()
    };
    assert_eq!([kinds(&mut session, "A"), kinds(&mut session, "B"), kinds(&mut session, "C")], [2, 2, 1]);
    let same = "SELECT COUNT(*) FROM dbo.Facts WHERE CAST(A AS sql_variant) = CAST(C AS sql_variant)";
    assert_eq!(ok(&mut session, same).rows, [[Value::Integer(0)]]);
}
