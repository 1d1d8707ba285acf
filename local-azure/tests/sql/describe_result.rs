//! sp_describe_first_result_set: columns, types, what may be NULL.

use local_azure::sql::types::Value;

use super::describe_support::*;
use super::support::*;

#[test]
fn the_columns_of_a_table_are_described_as_they_were_declared() {
    assert_eq!(
        columns(&mut with_persons(), "SELECT * FROM dbo.Persons"),
        [
            "Id int NOT NULL",
            "Name nvarchar(100) NOT NULL",
            "City nvarchar(50) NULL",
            "Balance decimal(18,4) NULL",
            "Created datetime2(3) NOT NULL",
        ]
    );
}

#[test]
fn a_description_has_the_columns_that_microsoft_documents_in_their_order() {
    let replies = described(&mut with_persons(), "SELECT City FROM dbo.Persons", "");
    let names: Vec<&str> = replies.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "is_hidden",
            "column_ordinal",
            "name",
            "is_nullable",
            "system_type_id",
            "system_type_name",
            "max_length",
            "precision",
            "scale",
            "collation_name",
            "user_type_id",
            "user_type_database",
            "user_type_schema",
            "user_type_name",
            "assembly_qualified_type_name",
            "xml_collection_id",
            "xml_collection_database",
            "xml_collection_schema",
            "xml_collection_name",
            "is_xml_document",
            "is_case_sensitive",
            "is_fixed_length_clr_type",
            "source_server",
            "source_database",
            "source_schema",
            "source_table",
            "source_column",
            "is_identity_column",
            "is_part_of_unique_key",
            "is_updateable",
            "is_computed_column",
            "is_sparse_column_set",
            "ordinal_in_order_by_list",
            "order_by_is_descending",
            "order_by_list_length",
            "tds_type_id",
            "tds_length",
            "tds_collation_id",
            "tds_collation_sort_id",
        ]
    );
    let expected = [
        ("is_hidden", Value::Bit(false)),
        ("column_ordinal", Value::Integer(1)),
        ("system_type_id", Value::Integer(231)),
        ("max_length", Value::Integer(100)),
        ("precision", Value::Integer(0)),
        ("collation_name", text("SQL_Latin1_General_CP1_CI_AS")),
        ("user_type_id", Value::Null),
        ("source_table", Value::Null),
        ("is_part_of_unique_key", Value::Null),
        ("is_updateable", Value::Bit(true)),
        ("is_computed_column", Value::Bit(false)),
        ("ordinal_in_order_by_list", Value::Null),
        ("order_by_list_length", Value::Null),
        ("tds_type_id", Value::Integer(231)),
        ("tds_length", Value::Integer(100)),
        ("tds_collation_id", Value::Integer(13_632_521)),
        ("tds_collation_sort_id", Value::Integer(52)),
    ];
    for (column, value) in expected {
        assert_eq!(cell(&replies, 0, column), value, "{column}");
    }
}

#[test]
fn the_outer_side_of_a_join_may_be_null() {
    let query = |join: &str| {
        format!("SELECT a.Id, b.Name FROM dbo.Persons a {join} JOIN dbo.Persons b ON a.Id = b.Id")
    };
    let session = &mut with_persons();
    assert_eq!(columns(session, &query("")), ["Id int NOT NULL", "Name nvarchar(100) NOT NULL"]);
    assert_eq!(columns(session, &query("LEFT")), ["Id int NOT NULL", "Name nvarchar(100) NULL"]);
    assert_eq!(columns(session, &query("RIGHT")), ["Id int NULL", "Name nvarchar(100) NOT NULL"]);
    assert_eq!(columns(session, &query("FULL")), ["Id int NULL", "Name nvarchar(100) NULL"]);
}

/// Microsoft's pages: "Computed columns" (most expressions), ISNULL, COALESCE, COUNT (int NULL in metadata).
#[test]
fn an_expression_may_be_null_but_for_the_documented_exceptions() {
    let session = &mut with_persons();
    for (item, expected) in [
        ("1", "- int NOT NULL"),
        ("N'abc'", "- nvarchar(3) NOT NULL"),
        ("NULL", "- int NULL"),
        ("@@ROWCOUNT", "- int NOT NULL"),
        ("GETDATE()", "- datetime NOT NULL"),
        ("ISNULL(City, N'-')", "- nvarchar(50) NOT NULL"),
        ("ISNULL(City, Name)", "- nvarchar(50) NOT NULL"),
        ("ISNULL(City, City)", "- nvarchar(50) NULL"),
        ("COALESCE(City, N'-')", "- nvarchar(50) NULL"),
        ("Id + 1", "- int NULL"),
        ("-Id", "- int NULL"),
        ("Name + N'!'", "- nvarchar(101) NULL"),
        ("CAST(Id AS bigint)", "- bigint NULL"),
        ("LEN(Name)", "- int NULL"),
        ("CASE WHEN Id = 1 THEN 1 ELSE 2 END", "- int NOT NULL"),
        ("CASE WHEN Id = 1 THEN 1 END", "- int NULL"),
        ("(SELECT MAX(Id) FROM dbo.Persons)", "- int NULL"),
    ] {
        assert_eq!(columns(session, &format!("SELECT {item} FROM dbo.Persons")), [expected], "{item}");
    }
    assert_eq!(columns(session, "SELECT COUNT(*) AS n FROM dbo.Persons"), ["n int NULL"]);
    assert_eq!(columns(session, "SELECT ISNULL(COUNT(*), 0) AS n FROM dbo.Persons"), ["n int NOT NULL"]);
}

#[test]
fn output_clauses_are_described_and_other_modifications_give_nothing() {
    let session = &mut with_persons();
    assert_eq!(
        columns(session, "INSERT INTO dbo.Persons (Name) OUTPUT inserted.Id, inserted.City VALUES (@n)"),
        ["Id int NOT NULL", "City nvarchar(50) NULL"]
    );
    assert_eq!(
        columns(session, "UPDATE dbo.Persons SET City = N'x' OUTPUT inserted.Name WHERE Id = @id"),
        ["Name nvarchar(100) NOT NULL"]
    );
    assert_eq!(columns(session, "DELETE dbo.Persons OUTPUT deleted.Id"), ["Id int NOT NULL"]);
    assert!(columns(session, "INSERT INTO dbo.Persons (Name) VALUES (N'x')").is_empty());
    assert!(columns(session, "DELETE dbo.Persons").is_empty());
}

#[test]
fn describing_leaves_no_effect() {
    let session = &mut with_persons();
    let before = ok(session, "SELECT * FROM dbo.Persons; ").rows;
    for text in [
        "DELETE dbo.Persons OUTPUT deleted.Id",
        "DECLARE @n int = 1; UPDATE dbo.Persons SET City = NULL; DROP TABLE dbo.Persons; SELECT @n AS n",
        "BEGIN TRAN; INSERT dbo.Persons (Name) VALUES (N'x'); SET XACT_ABORT ON; SET NOCOUNT ON; SELECT 1 AS one",
        "EXEC sp_set_session_context N'key', 1; CREATE TABLE dbo.Made (a int); SELECT 1 AS one",
    ] {
        described(session, text, "");
        assert_eq!(ok(session, "SELECT @@TRANCOUNT").rows, [[Value::Integer(0)]], "{text}");
    }
    assert_eq!(ok(session, "SELECT * FROM dbo.Persons").rows, before);
    assert_eq!(
        ok(session, "SELECT OBJECT_ID('dbo.Made'), SESSION_CONTEXT(N'key')").rows,
        [[Value::Null, Value::Null]]
    );
    ok(session, "INSERT dbo.Persons (Name) VALUES (N'y')");
    assert_eq!(ok(session, "SELECT MAX(Id) FROM dbo.Persons").rows, [[Value::Integer(4)]]);
}

#[test]
fn variables_and_parameters_have_their_types() {
    let session = &mut with_persons();
    assert_eq!(
        columns(session, "DECLARE @d decimal(9,2) = 1; SET @d += 1; SELECT @d AS d"),
        ["d decimal(9,2) NULL"]
    );
    let replies =
        described(session, "SELECT @p AS p, Id FROM dbo.Persons WHERE Id = @q", "@p time(3), @q int");
    assert_eq!(cell(&replies, 0, "system_type_name"), text("time(3)"));
}

#[test]
fn an_undeclared_parameter_may_stand_where_no_type_depends_on_it() {
    let session = &mut with_persons();
    assert_eq!(
        columns(session, "SELECT Id FROM dbo.Persons WHERE Name = @a OR City = @a"),
        ["Id int NOT NULL"]
    );
    assert_eq!(columns(session, "SELECT CAST(@a AS bigint) AS a"), ["a bigint NULL"]);
    for text in ["SELECT @a AS a", "SELECT Id + @a AS a FROM dbo.Persons", "SELECT UPPER(@a) AS a"] {
        assert_eq!(refused(session, text), (vec![11521], Some(8)), "{text}");
    }
}

#[test]
fn identity_and_order_are_told() {
    let replies = described(
        &mut with_persons(),
        "SELECT Name, Id, Id + 1 AS next FROM (SELECT Id, Name, City FROM dbo.Persons) AS p ORDER BY City, Id DESC",
        "",
    );
    let told = |column: &str| (0..3).map(|row| cell(&replies, row, column)).collect::<Vec<_>>();
    let (no, yes) = (Value::Bit(false), Value::Bit(true));
    assert_eq!(told("is_identity_column"), [no.clone(), yes.clone(), no.clone()]);
    assert_eq!(told("is_updateable"), [yes, no.clone(), no]);
    assert_eq!(told("ordinal_in_order_by_list"), [Value::Null, Value::Integer(2), Value::Null]);
    assert_eq!(told("order_by_is_descending"), [Value::Null, Value::Integer(1), Value::Null]);
    assert_eq!(told("order_by_list_length"), [Value::Integer(2), Value::Integer(2), Value::Integer(2)]);
}

#[test]
fn the_procedure_is_called_by_exec_and_by_name_in_any_spelling() {
    let session = &mut with_persons();
    for text in [
        "EXEC sp_describe_first_result_set N'SELECT Id FROM dbo.Persons'",
        "EXEC sys.sp_describe_first_result_set @tsql = N'SELECT Id FROM dbo.Persons WHERE Id = @i', @params = N'@i int', @browse_information_mode = 0",
        "EXEC sp_executesql N'EXEC sp_describe_first_result_set N''SELECT Id FROM dbo.Persons'', NULL, 0'",
    ] {
        let replies = ok(session, text);
        assert_eq!(cell(&replies, 0, "name"), super::support::text("Id"), "{text}");
    }
    for name in [
        "sp_describe_first_result_set",
        "sys.sp_describe_first_result_set",
        "[SYS].[SP_DESCRIBE_first_result_set]",
    ] {
        let mut replies = Replies::default();
        session.call(name, &[argument("", "SELECT Id FROM dbo.Persons")], &mut replies);
        assert_eq!((replies.rows.len(), replies.status), (1, Some(0)), "{name}");
    }
}

#[test]
fn the_procedure_itself_can_be_described() {
    let session = &mut with_persons();
    let described = columns(session, "EXEC sp_describe_first_result_set N'SELECT 1'");
    assert_eq!(described.len(), 39);
    assert_eq!(described[5], "system_type_name nvarchar(256) NULL");
}

#[test]
fn types_that_are_not_plain_are_told_by_their_names() {
    let session = &mut session();
    ok(
        session,
        "CREATE TABLE dbo.Special (x xml, j json, v sql_variant, r rowversion, h hierarchyid NOT NULL, t text, u varchar(9) COLLATE Latin1_General_100_CS_AS_SC_UTF8)",
    );
    let replies = described(session, "SELECT * FROM dbo.Special", "");
    let told = |column: &str| (0..7).map(|row| cell(&replies, row, column)).collect::<Vec<_>>();
    assert_eq!(
        told("system_type_name"),
        [
            text("xml"),
            text("json"),
            text("sql_variant"),
            text("timestamp"),
            Value::Null,
            text("text"),
            text("varchar(9)")
        ]
    );
    assert_eq!(told("system_type_id"), [241, 244, 98, 189, 240, 35, 167].map(Value::Integer));
    assert_eq!(cell(&replies, 4, "user_type_name"), text("hierarchyid"));
    assert_eq!(cell(&replies, 6, "collation_name"), text("Latin1_General_100_CS_AS_SC_UTF8"));
    assert_eq!(cell(&replies, 6, "is_case_sensitive"), Value::Bit(true));
    assert_eq!(cell(&replies, 3, "is_updateable"), Value::Bit(false));
    assert_eq!(
        refused(session, "IF 1 = @x SELECT u FROM dbo.Special ELSE SELECT 'text' AS u"),
        (vec![11509], Some(3))
    );
}
