//! sp_describe_undeclared_parameters: the types that parameters should have; the rules are those of Microsoft's page.

use local_azure::sql::engine::Session;
use local_azure::sql::types::Value;

use super::describe_support::*;
use super::support::*;

const TABLES: &str = "CREATE TABLE dbo.t (c1 int, c2 smallint, c3 char(30), v varchar(30), n nvarchar(50) NOT NULL, d decimal(18,4), w datetime2(3), b varbinary(10), g uniqueidentifier)";

fn call(session: &mut Session, text: &str, declarations: &str) -> Replies {
    let mut replies = Replies::default();
    let arguments = [argument("", text), argument("@params", declarations)];
    session.call("sp_describe_undeclared_parameters", &arguments, &mut replies);
    replies
}

/// Each parameter as `@name type`.
fn parameters(session: &mut Session, text: &str, declarations: &str) -> Vec<String> {
    let replies = call(session, text, declarations);
    assert_eq!(replies.errors, [], "{text}");
    (0..replies.rows.len())
        .map(|row| {
            let (Value::Text(name), Value::Text(sql_type)) =
                (cell(&replies, row, "name"), cell(&replies, row, "suggested_system_type_name"))
            else {
                panic!("no name or type")
            };
            format!("{name} {sql_type}")
        })
        .collect()
}

fn with_table() -> Session {
    let mut session = session();
    ok(&mut session, TABLES);
    session
}

#[test]
fn a_parameter_beside_a_column_or_on_its_way_into_one_has_its_type() {
    let session = &mut with_table();
    for (text, expected) in [
        ("SELECT * FROM dbo.t WHERE c3 = @p", "@p char(30)"),
        ("SELECT * FROM dbo.t WHERE @P <> n", "@P nvarchar(50)"),
        ("SELECT * FROM dbo.t WHERE (@p) = d", "@p decimal(18,4)"),
        ("SELECT * FROM dbo.t WHERE g IN (@p)", "@p uniqueidentifier"),
        ("SELECT * FROM dbo.t WHERE @p IN (SELECT w FROM dbo.t)", "@p datetime2(3)"),
        ("INSERT dbo.t (n) VALUES (@p)", "@p nvarchar(50)"),
        ("INSERT dbo.t (n) SELECT @p", "@p nvarchar(50)"),
        ("UPDATE dbo.t SET d = @p", "@p decimal(18,4)"),
        ("DELETE dbo.t WHERE b = @p", "@p varbinary(10)"),
        ("SELECT CAST(@p AS time(2))", "@p time(2)"),
        ("DECLARE @v smallint = @p", "@p smallint"),
        ("DECLARE @v smallint; SET @v = @p", "@p smallint"),
        ("DECLARE @v smallint; SELECT @v = @p", "@p smallint"),
        ("SELECT TOP (@p) c1 FROM dbo.t", "@p bigint"),
        ("SELECT LEFT(n, @p) FROM dbo.t", "@p int"),
        ("IF @p = (SELECT MAX(c2) FROM dbo.t) PRINT 'x'", "@p smallint"),
        ("EXEC sp_executesql N'SELECT @x', N'@x numeric(9,3)', @x = @p", "@p decimal(9,3)"),
    ] {
        assert_eq!(parameters(session, text, ""), [expected], "{text}");
    }
}

#[test]
fn beside_an_order_or_in_an_expression_only_the_widest_types_come_into_question() {
    let session = &mut with_table();
    for (text, expected) in [
        ("SELECT * FROM dbo.t WHERE c3 > @p", "@p varchar(8000)"),
        ("SELECT * FROM dbo.t WHERE v >= @p", "@p varchar(8000)"),
        ("SELECT * FROM dbo.t WHERE n LIKE @p", "@p nvarchar(4000)"),
        ("SELECT * FROM dbo.t WHERE d < @p", "@p decimal(38,19)"),
        ("SELECT * FROM dbo.t WHERE w <= @p", "@p datetime2(7)"),
        ("SELECT * FROM dbo.t WHERE c1 = c1 + @p", "@p int"),
        ("SELECT NULL + @p", "@p int"),
        ("SELECT n + @p FROM dbo.t", "@p nvarchar(4000)"),
        ("SELECT ISNULL(w, @p) FROM dbo.t", "@p datetime2(7)"),
    ] {
        assert_eq!(parameters(session, text, ""), [expected], "{text}");
    }
}

#[test]
fn parameters_come_in_the_order_of_the_text_without_the_declared_ones() {
    let session = &mut with_table();
    let text =
        "SELECT c1 FROM dbo.t WHERE c1 = @id OR n = @name; UPDATE dbo.t SET d = @amount WHERE c1 = @id2";
    assert_eq!(
        parameters(session, text, ""),
        ["@id int", "@name nvarchar(50)", "@amount decimal(18,4)", "@id2 int"]
    );
    assert_eq!(parameters(session, text, "@id int, @amount money, @id2 int"), ["@name nvarchar(50)"]);
    assert!(parameters(session, "SELECT 1", "").is_empty());
    let replies = call(session, text, "");
    let ordinals: Vec<Value> = (0..4).map(|row| cell(&replies, row, "parameter_ordinal")).collect();
    assert_eq!(ordinals, [1, 2, 3, 4].map(Value::Integer));
    assert_eq!(cell(&replies, 0, "suggested_is_input"), Value::Bit(true));
    assert_eq!(cell(&replies, 0, "suggested_is_output"), Value::Bit(false));
    assert_eq!(cell(&replies, 1, "suggested_tds_type_id"), Value::Integer(231));
    assert_eq!(cell(&replies, 1, "suggested_max_length"), Value::Integer(100));
}

#[test]
fn a_parameter_that_gets_a_value_is_an_output() {
    let replies = call(&mut with_table(), "SET @p = (SELECT MAX(d) FROM dbo.t)", "");
    assert_eq!(replies.errors, []);
    assert_eq!(cell(&replies, 0, "suggested_system_type_name"), text("decimal(18,4)"));
    assert_eq!(cell(&replies, 0, "suggested_is_input"), Value::Bit(false));
    assert_eq!(cell(&replies, 0, "suggested_is_output"), Value::Bit(true));
}

#[test]
fn what_cannot_be_deduced_is_refused_with_the_servers_numbers() {
    let session = &mut with_table();
    for (text, numbers) in [
        ("SELECT * FROM dbo.t WHERE @p1 = @p2", vec![11503]),
        ("SELECT * FROM dbo.t WHERE c1 = @p1 + @p2", vec![11503]),
        ("SELECT @p", vec![11506]),
        ("SELECT c1 FROM dbo.t WHERE @p IS NULL", vec![11506]),
        ("SELECT c1 FROM dbo.t WHERE c1 = @p OR c2 = @P", vec![11508]),
        ("SELECT Nope FROM dbo.t WHERE c1 = @p", vec![207, 11501]),
        ("SELECT c1 FROM dbo.Nope WHERE c1 = @p", vec![208, 11501]),
        ("SELEC @p", vec![102, 11501]),
        ("CREATE TABLE #x (a int); SELECT a FROM #x WHERE a = @p", vec![11525]),
    ] {
        let replies = call(session, text, "");
        let seen: Vec<i32> = replies.errors.iter().map(|error| error.number).collect();
        assert_eq!(seen, numbers, "{text}");
    }
}
