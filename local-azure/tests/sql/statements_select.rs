use local_azure::sql::types::{Length, SqlType, Value};

use super::support::*;

#[test]
fn paging_with_parameters_gives_the_page() {
    let mut session = with_persons();
    let replies = execute(
        &mut session,
        "SELECT Id, Name FROM dbo.Persons WHERE (@city IS NULL OR City = @city) ORDER BY Id OFFSET @skip ROWS FETCH NEXT @take ROWS ONLY",
        "@city nvarchar(50), @skip int, @take int",
        &[
            ("@city", NVARCHAR, Value::Null),
            ("@skip", SqlType::Int, Value::Integer(1)),
            ("@take", SqlType::Int, Value::Integer(1)),
        ],
    );
    assert_eq!(replies.errors, []);
    assert_eq!(replies.rows, [[Value::Integer(2), text("Grace")]]);
    assert_eq!(replies.columns[0].name, "Id");
}

#[test]
fn literals_have_sql_servers_types() {
    let replies = ok(&mut session(), "SELECT 1, 1.5, 1e0, 'abc', N'abc', 0x0102, NULL");
    let types: Vec<String> = replies.columns.iter().map(|column| column.sql_type.to_string()).collect();
    assert_eq!(types, ["int", "decimal(2,1)", "float", "varchar(3)", "nvarchar(3)", "varbinary(2)", "int"]);
}

#[test]
fn an_argument_longer_than_the_declared_type_is_cut_silently() {
    let replies = execute(&mut session(), "SELECT @a", "@a varchar(2)", &[("@a", NVARCHAR, text("abc"))]);
    assert_eq!(replies.rows, [[text("ab")]]);
    assert_eq!(replies.columns[0].sql_type, SqlType::VarChar(Length::Limit(2)));
}

#[test]
fn a_select_that_assigns_sets_the_variable_and_gives_no_rows() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "DECLARE @n nvarchar(100); SELECT @n = Name FROM dbo.Persons WHERE Id = 2; SELECT @n AS Name",
    );
    assert_eq!(replies.rows, [[text("Grace")]]);
}

#[test]
fn commit_after_a_select_is_a_statement_and_no_alias() {
    let mut session = with_persons();
    let replies = ok(&mut session, "BEGIN TRAN SELECT * FROM dbo.Persons COMMIT SELECT @@TRANCOUNT");
    assert_eq!(replies.rows.last().unwrap(), &[Value::Integer(0)]);
}

#[test]
fn joins_groups_unions_and_common_table_expressions_work() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "WITH c AS (SELECT City, COUNT(*) AS n FROM dbo.Persons GROUP BY City HAVING COUNT(*) > 0) SELECT p.Name, c.n FROM dbo.Persons p LEFT JOIN c ON c.City = p.City ORDER BY p.Name DESC",
    );
    assert_eq!(
        replies.rows,
        [[text("Grace"), Value::Integer(1)], [text("Edsger"), Value::Null], [text("Ada"), Value::Integer(1)]]
    );
    let replies = ok(&mut session, "SELECT 'a' AS x UNION SELECT 'A' UNION ALL SELECT 'b' ORDER BY x");
    assert_eq!(replies.rows.len(), 2);
    let replies = ok(
        &mut session,
        "SELECT TOP (1) Name FROM dbo.Persons WHERE City LIKE N'new%' AND Id IN (SELECT Id FROM dbo.Persons) AND EXISTS (SELECT 1) ORDER BY Id",
    );
    assert_eq!(replies.rows, [[text("Grace")]]);
}

#[test]
fn a_column_outside_the_group_is_refused() {
    assert_eq!(
        error(&mut with_persons(), "SELECT Name, COUNT(*) FROM dbo.Persons GROUP BY City").number,
        8120
    );
}

#[test]
fn control_of_flow_runs() {
    let replies = ok(
        &mut session(),
        "DECLARE @i int = 0, @s int = 0 WHILE 1 = 1 BEGIN SET @i += 1 IF @i > 5 BREAK IF @i = 2 CONTINUE SET @s = @s + @i END SELECT @s",
    );
    assert_eq!(replies.rows, [[Value::Integer(13)]]);
}

#[test]
fn sys_tables_lists_the_tables() {
    let mut session = with_persons();
    let replies =
        ok(&mut session, "SELECT name FROM sys.tables WHERE object_id = OBJECT_ID('dbo.Persons', 'U')");
    assert_eq!(replies.rows, [[text("Persons")]]);
}
