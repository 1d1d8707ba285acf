//! Table types, table variables and table-valued parameters.

use local_azure::sql::engine::{Argument, SentColumn, SentTable, Session, TableArgument};
use local_azure::sql::types::{Length, SqlType, Value};
use proptest::prelude::*;

use super::rights_support::{admin, worker_after};
use super::support::{NVARCHAR, Replies, error, ok, run, session, text};

const ID_LIST: &str = "CREATE TYPE dbo.IdList AS TABLE (Id int NOT NULL PRIMARY KEY, Name nvarchar(10) NULL DEFAULT N'none' CHECK (Name <> N'bad'))";

fn with_type() -> Session {
    let mut session = session();
    ok(&mut session, ID_LIST);
    session
}

fn int(number: i64) -> Value {
    Value::Integer(number)
}

fn table(name: &str, sent: SentTable) -> Argument {
    Argument {
        name: name.to_owned(),
        sql_type: SqlType::Int,
        untyped: false,
        value: Value::Null,
        output: false,
        table: Some(TableArgument::Sent(sent)),
    }
}

/// Rows of an id and a name, as a client sends them.
fn sent(rows: &[(i64, Option<&str>)]) -> SentTable {
    SentTable {
        schema: "dbo".to_owned(),
        type_name: "IdList".to_owned(),
        columns: [SqlType::BigInt, SqlType::NVarChar(Length::Limit(4000))]
            .map(|sql_type| SentColumn { sql_type, default: false })
            .to_vec(),
        rows: rows.iter().map(|(id, name)| vec![int(*id), name.map_or(Value::Null, text)]).collect(),
    }
}

fn execute(session: &mut Session, statement: &str, declarations: &str, arguments: &[Argument]) -> Replies {
    let mut replies = Replies::default();
    session.execute_sql(statement, declarations, arguments, &mut replies);
    replies
}

#[test]
fn a_table_variable_is_a_table_of_its_text() {
    let mut session = session();
    let replies = ok(
        &mut session,
        "DECLARE @t TABLE (Id int IDENTITY(10, 5) PRIMARY KEY, Name nvarchar(20) NOT NULL UNIQUE, At date DEFAULT '2020-01-01');
         INSERT INTO @t (Name) VALUES (N'a'), (N'b'), (N'c');
         UPDATE @t SET Name = Name + N'!' WHERE Id > 10;
         UPDATE x SET Name = N'z' FROM @t AS x WHERE x.Id = 20;
         DELETE FROM @t WHERE Id = 10;
         DELETE x FROM @t x WHERE x.Name = N'nobody';
         INSERT @t (Name) OUTPUT inserted.Id VALUES (N'd');
         SELECT t.Id, Name, At FROM @t AS t ORDER BY Id; SELECT SCOPE_IDENTITY();",
    );
    assert_eq!(replies.rows[0], [int(25)]);
    assert_eq!(replies.rows[1][..2], [int(15), text("b!")]);
    assert_eq!(replies.rows[2][..2], [int(20), text("z")]);
    assert_eq!(replies.rows[3][..2], [int(25), text("d")]);
    assert_eq!(replies.rows[4], [Value::Decimal(25)]);
    // The next batch doesn't know it.
    let failure = error(&mut session, "SELECT * FROM @t");
    assert_eq!((failure.number, failure.class), (1087, 15));
    assert_eq!(failure.message, "Must declare the table variable \"@t\".");
}

#[test]
fn its_constraints_hold() {
    let mut session = session();
    for (statement, number) in [
        ("INSERT INTO @t VALUES (1, 1), (1, 2)", 2627),
        ("INSERT INTO @t VALUES (1, 1), (2, 1)", 2627),
        ("INSERT INTO @t VALUES (1, 100)", 547),
        ("INSERT INTO @t VALUES (NULL, 1)", 515),
        ("INSERT INTO @t (b) VALUES ('x')", 245),
    ] {
        let batch =
            format!("DECLARE @t TABLE (a int PRIMARY KEY, b int UNIQUE CHECK (b < 100)); {statement}");
        let replies = run(&mut session, &batch);
        assert_eq!(replies.errors[0].number, number, "{statement}: {:?}", replies.errors);
    }
    for (batch, number) in [
        ("DECLARE @t TABLE (a int, CONSTRAINT pk PRIMARY KEY (a))", 156),
        ("DECLARE @t TABLE (a int CONSTRAINT df DEFAULT 1)", 156),
        ("DECLARE @t TABLE (a int REFERENCES dbo.x (a))", 156),
        ("DECLARE @t TABLE (a int, a int)", 2705),
        ("DECLARE @t TABLE (a int); DECLARE @t int", 134),
        ("DECLARE @t TABLE (a int); SELECT @t", 137),
        ("DECLARE @t TABLE (a int); SET @t = 1", 137),
        ("DECLARE @t int; SELECT * FROM @t", 1087),
        ("DECLARE @t dbo.Nothing", 2715),
    ] {
        assert_eq!(error(&mut session, batch).number, number, "{batch}");
    }
}

#[test]
fn a_loop_does_not_declare_it_anew() {
    let replies = ok(
        &mut session(),
        "DECLARE @i int = 0; WHILE @i < 3 BEGIN DECLARE @t TABLE (a int); INSERT INTO @t VALUES (@i); SET @i += 1 END; SELECT COUNT(*) FROM @t",
    );
    assert_eq!(replies.rows, [[int(3)]]);
}

#[test]
fn a_rollback_leaves_its_rows_alone() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.x (a int)");
    let rows = |session: &mut Session, batch: &str| ok(session, batch).rows;
    assert_eq!(
        rows(
            &mut session,
            "DECLARE @t TABLE (a int UNIQUE); INSERT INTO @t VALUES (1); BEGIN TRAN; INSERT INTO dbo.x VALUES (1); INSERT INTO @t VALUES (2); DELETE FROM @t WHERE a = 1; ROLLBACK; SELECT a FROM @t; SELECT COUNT(*) FROM dbo.x",
        ),
        [[int(2)], [int(0)]]
    );
    // Declared inside the transaction, and rolled back to a savepoint.
    assert_eq!(
        rows(
            &mut session,
            "BEGIN TRAN; INSERT INTO dbo.x VALUES (1); DECLARE @t TABLE (a int); SAVE TRAN s; INSERT INTO @t VALUES (7); INSERT INTO dbo.x VALUES (2); ROLLBACK TRAN s; SELECT a FROM @t; ROLLBACK; INSERT INTO @t VALUES (8); SELECT a FROM @t ORDER BY a",
        ),
        [[int(7)], [int(7)], [int(8)]]
    );
    // The statement that fails is undone in it as in any table.
    let replies = run(
        &mut session,
        "DECLARE @t TABLE (a int UNIQUE); INSERT INTO @t VALUES (1); BEGIN TRAN; INSERT INTO @t VALUES (2), (1); ROLLBACK; SELECT a FROM @t",
    );
    assert_eq!(replies.errors[0].number, 2627);
    assert_eq!(replies.rows, [[int(1)]]);
    // What was dropped with its text doesn't come back.
    ok(
        &mut session,
        "BEGIN TRAN; INSERT INTO dbo.x VALUES (1); EXEC sp_executesql N'DECLARE @t TABLE (a int); INSERT INTO @t VALUES (1)'; ROLLBACK; DECLARE @t TABLE (a int); SELECT a FROM @t",
    );
}

#[test]
fn a_type_is_created_found_and_dropped() {
    let mut session = with_type();
    assert_eq!(error(&mut session, ID_LIST).number, 219);
    assert_eq!(error(&mut session, "CREATE TYPE nowhere.T AS TABLE (a int)").number, 2760);
    assert_eq!(error(&mut session, "CREATE TYPE dbo.T AS TABLE (a int, a int)").number, 2705);
    let replies = ok(
        &mut session,
        "SELECT t.name, t.user_type_id, t.is_table_type, t.is_user_defined, s.name, c.name, c.is_nullable FROM sys.table_types t JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.columns c ON c.object_id = t.type_table_object_id ORDER BY c.column_id",
    );
    assert_eq!(
        replies.rows,
        [
            vec![
                text("IdList"),
                int(257),
                Value::Bit(true),
                Value::Bit(true),
                text("dbo"),
                text("Id"),
                Value::Bit(false)
            ],
            vec![
                text("IdList"),
                int(257),
                Value::Bit(true),
                Value::Bit(true),
                text("dbo"),
                text("Name"),
                Value::Bit(true)
            ],
        ]
    );
    let replies =
        ok(&mut session, "SELECT system_type_id FROM sys.types WHERE name IN (N'int', N'IdList') ORDER BY 1");
    assert_eq!(replies.rows, [[int(56)], [int(243)]]);
    assert_eq!(
        ok(&mut session, "DECLARE @t dbo.IdList; INSERT INTO @t (Id) VALUES (1); SELECT Id, Name FROM @t")
            .rows,
        [[int(1), text("none")]]
    );
    assert_eq!(
        ok(&mut session, "DECLARE @n int = 3, @t IdList; SELECT @n, COUNT(*) FROM @t").rows,
        [[int(3), int(0)]]
    );
    ok(&mut session, "DROP TYPE dbo.IdList; DROP TYPE IF EXISTS dbo.IdList");
    let failure = error(&mut session, "DROP TYPE dbo.IdList");
    assert_eq!((failure.number, failure.class), (3701, 11));
    assert_eq!(error(&mut session, "DECLARE @t dbo.IdList").number, 2715);
}

/// What tiberius asks before it sends a table.
#[test]
fn its_columns_can_be_asked_for_without_rows() {
    let replies = ok(&mut with_type(), "DECLARE @P AS dbo.IdList;SELECT TOP 0 * FROM @P");
    let columns: Vec<_> =
        replies.columns.iter().map(|column| (column.name.as_str(), column.sql_type)).collect();
    assert_eq!(columns, [("Id", SqlType::Int), ("Name", SqlType::NVarChar(Length::Limit(10)))]);
    assert!(replies.rows.is_empty());
}

#[test]
fn a_table_valued_parameter_has_the_rows_that_were_sent() {
    let mut session = with_type();
    let replies = execute(
        &mut session,
        "SELECT i.Id, i.Name, @n FROM @ids AS i ORDER BY i.Id",
        "@ids dbo.IdList READONLY, @n int",
        &[
            table("@ids", sent(&[(2, Some("b")), (1, None)])),
            Argument {
                name: "@n".to_owned(),
                sql_type: SqlType::Int,
                untyped: false,
                value: int(5),
                output: false,
                table: None,
            },
        ],
    );
    assert!(replies.errors.is_empty(), "{:?}", replies.errors);
    assert_eq!(replies.rows, [[int(1), Value::Null, int(5)], [int(2), text("b"), int(5)]]);
    assert_eq!(replies.status, Some(0));
    // Without it, and when it is NULL, there are no rows.
    let count = "SELECT COUNT(*) FROM @ids";
    let nothing = SentTable { columns: Vec::new(), rows: Vec::new(), ..sent(&[]) };
    for arguments in [vec![], vec![table("@ids", nothing)], vec![table("", sent(&[]))]] {
        let replies = execute(&mut session, count, "@ids dbo.IdList READONLY", &arguments);
        assert_eq!(replies.rows, [[int(0)]], "{:?}", replies.errors);
    }
}

#[test]
fn a_column_may_take_its_default() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TYPE dbo.Numbered AS TABLE (N int IDENTITY, Name nvarchar(9) DEFAULT N'x', V int)",
    );
    let default = SentColumn { sql_type: SqlType::Int, default: true };
    let rows = SentTable {
        type_name: "Numbered".to_owned(),
        columns: vec![default, default, SentColumn { sql_type: SqlType::Int, default: false }],
        rows: vec![vec![int(7)], vec![int(8)]],
        ..sent(&[])
    };
    let replies =
        execute(&mut session, "SELECT * FROM @t", "@t dbo.Numbered READONLY", &[table("@t", rows.clone())]);
    assert_eq!(
        replies.rows,
        [[int(1), text("x"), int(7)], [int(2), text("x"), int(8)]],
        "{:?}",
        replies.errors
    );
    let own = SentTable {
        columns: vec![SentColumn { default: false, ..default }; 3],
        rows: vec![vec![int(1); 3]],
        ..rows
    };
    let replies = execute(&mut session, "SELECT 1", "@t dbo.Numbered READONLY", &[table("@t", own)]);
    assert_eq!(replies.errors[0].number, 1077);
}

#[test]
fn rows_that_the_type_does_not_take_are_refused() {
    let mut session = with_type();
    let one = "@ids dbo.IdList READONLY";
    for (declarations, rows, number) in [
        (one, sent(&[(1, None), (1, None)]), 2627),
        (one, sent(&[(1, Some("bad"))]), 547),
        (one, sent(&[(1, Some("longer than ten"))]), 2628),
        (one, sent(&[(1 << 40, None)]), 8115),
        (one, SentTable { columns: sent(&[]).columns[..1].to_vec(), ..sent(&[]) }, 500),
        (one, SentTable { type_name: "Other".to_owned(), ..sent(&[]) }, 206),
        ("@ids int", sent(&[]), 206),
        ("@ids dbo.Nothing READONLY", sent(&[]), 2715),
        ("@ids dbo.IdList", sent(&[]), 352),
    ] {
        let replies =
            execute(&mut session, "SELECT COUNT(*) FROM @ids", declarations, &[table("@ids", rows)]);
        assert_eq!(
            replies.errors.first().map(|error| error.number),
            Some(number),
            "{declarations} {:?}",
            replies.errors
        );
        assert!(replies.rows.is_empty());
    }
    let scalar = Argument {
        name: "@ids".to_owned(),
        sql_type: SqlType::Int,
        untyped: false,
        value: int(1),
        output: false,
        table: None,
    };
    assert_eq!(execute(&mut session, "SELECT 1", one, &[scalar]).errors[0].number, 206);
}

#[test]
fn a_parameter_is_read_only() {
    let mut session = with_type();
    for statement in [
        "INSERT INTO @ids (Id) VALUES (9)",
        "UPDATE @ids SET Name = N'x'",
        "DELETE FROM @ids",
        "DELETE x FROM @ids x",
    ] {
        let replies = execute(
            &mut session,
            statement,
            "@ids dbo.IdList READONLY",
            &[table("@ids", sent(&[(1, None)]))],
        );
        assert_eq!(replies.errors[0].number, 10700, "{statement}: {:?}", replies.errors);
        assert_eq!(
            replies.errors[0].message,
            "The table-valued parameter \"@ids\" is READONLY and cannot be modified."
        );
    }
}

#[test]
fn a_variable_of_the_type_may_be_passed_on() {
    let mut session = with_type();
    let replies = ok(
        &mut session,
        "DECLARE @t dbo.IdList; INSERT INTO @t (Id) VALUES (3), (4);
         EXEC sp_executesql N'SELECT SUM(Id) FROM @ids', N'@ids dbo.IdList READONLY', @ids = @t;
         EXEC sp_executesql N'SELECT COUNT(*) FROM @ids', N'@ids dbo.IdList READONLY';
         SELECT COUNT(*) FROM @t;",
    );
    assert_eq!(replies.rows, [[int(7)], [int(0)], [int(2)]]);
    let clash = "DECLARE @t TABLE (Id int, Name nvarchar(10)); EXEC sp_executesql N'SELECT 1', N'@ids dbo.IdList READONLY', @ids = @t";
    assert_eq!(error(&mut session, clash).number, 206);
}

#[test]
fn rows_are_joined_and_inserted_from_within_a_transaction() {
    let mut session = with_type();
    ok(
        &mut session,
        "CREATE TABLE dbo.Persons (Id int PRIMARY KEY, Name nvarchar(10)); BEGIN TRAN; INSERT INTO dbo.Persons VALUES (1, N'a'), (2, N'b')",
    );
    let replies = execute(
        &mut session,
        "UPDATE p SET Name = i.Name FROM dbo.Persons p JOIN @ids i ON i.Id = p.Id; INSERT INTO dbo.Persons SELECT Id, Name FROM @ids WHERE Id NOT IN (SELECT Id FROM dbo.Persons); SELECT Name FROM dbo.Persons ORDER BY Id",
        "@ids dbo.IdList READONLY",
        &[table("@ids", sent(&[(2, Some("B")), (3, Some("C"))]))],
    );
    assert_eq!(replies.rows, [[text("a")], [text("B")], [text("C")]], "{:?}", replies.errors);
    ok(&mut session, "ROLLBACK");
    assert!(ok(&mut session, "SELECT Id FROM dbo.Persons").rows.is_empty());
}

#[test]
fn a_user_needs_execute_on_the_type() {
    const DECLARE: &str = "DECLARE @ids dbo.IdList; SELECT Id FROM @ids";
    const SEEN: &str = "SELECT name FROM sys.table_types";
    let (database, mut worker) = worker_after(ID_LIST);
    ok(&mut worker, "DECLARE @own TABLE (Id int); INSERT INTO @own VALUES (1); SELECT Id FROM @own");
    let replies = run(&mut worker, DECLARE);
    let denied = replies.errors.first().unwrap();
    assert_eq!(
        (denied.number, denied.message.as_str()),
        (229, "The EXECUTE permission was denied on the object 'IdList', database 'local', schema 'dbo'.")
    );
    let sent = [table("@ids", sent(&[(1, None)]))];
    let replies = execute(&mut worker, "SELECT Id FROM @ids", "@ids dbo.IdList READONLY", &sent);
    assert_eq!(replies.errors.iter().map(|error| error.number).collect::<Vec<_>>(), [229]);
    assert_eq!(ok(&mut worker, SEEN).rows.len(), 0);

    for (grant, revoke) in [
        ("GRANT EXECUTE ON TYPE::dbo.IdList TO worker", "REVOKE EXECUTE ON TYPE::dbo.IdList FROM worker"),
        ("GRANT CONTROL ON TYPE::dbo.IdList TO worker", "REVOKE CONTROL ON TYPE::dbo.IdList FROM worker"),
        ("GRANT EXECUTE ON SCHEMA::dbo TO worker", "REVOKE EXECUTE ON SCHEMA::dbo FROM worker"),
    ] {
        ok(&mut admin(&database), grant);
        ok(&mut worker, DECLARE);
        assert!(
            execute(&mut worker, "SELECT Id FROM @ids", "@ids dbo.IdList READONLY", &sent).errors.is_empty()
        );
        assert_eq!(ok(&mut worker, SEEN).rows.len(), 1, "{grant}");
        ok(&mut admin(&database), revoke);
        assert_eq!(run(&mut worker, DECLARE).errors.first().unwrap().number, 229, "{revoke}");
    }
}

#[test]
fn a_user_needs_a_right_to_make_and_drop_types() {
    let (database, mut worker) = worker_after("PRINT ''");
    assert_eq!(error(&mut worker, ID_LIST).number, 262);
    ok(&mut admin(&database), "GRANT CREATE TYPE TO worker; GRANT ALTER ON SCHEMA::dbo TO worker");
    ok(&mut worker, ID_LIST);
    ok(&mut admin(&database), "REVOKE ALTER ON SCHEMA::dbo FROM worker");
    assert_eq!(error(&mut worker, "DROP TYPE dbo.IdList").number, 3701);
    ok(&mut admin(&database), "DROP TYPE dbo.IdList");
}

#[test]
fn a_text_with_tables_is_described() {
    let mut session = with_type();
    let names = |session: &mut Session, call: &str| -> Vec<(Value, Value)> {
        let replies = ok(session, call);
        let place = |name: &str| replies.columns.iter().position(|column| column.name == name).unwrap();
        let (name, of_type) = (place("name"), place("system_type_name"));
        replies.rows.iter().map(|row| (row[name].clone(), row[of_type].clone())).collect()
    };
    let expected = [(text("Id"), text("int")), (text("Name"), text("nvarchar(10)"))];
    for call in [
        "EXEC sp_describe_first_result_set N'SELECT * FROM @ids', N'@ids dbo.IdList READONLY'",
        "EXEC sp_describe_first_result_set N'DECLARE @t dbo.IdList; INSERT INTO @t (Id) VALUES (1); SELECT * FROM @t'",
        "EXEC sp_describe_first_result_set N'DECLARE @t TABLE (Id int, Name nvarchar(10)); SELECT * FROM @t', N'@ids dbo.IdList READONLY'",
        "EXEC sp_describe_first_result_set N'DECLARE @t dbo.IdList; EXEC sp_executesql N''SELECT * FROM @i'', N''@i dbo.IdList READONLY'', @i = @t'",
    ] {
        assert_eq!(names(&mut session, call), expected, "{call}");
    }
    let json =
        "EXEC sp_describe_first_result_set N'SELECT Id FROM @ids FOR JSON PATH', N'@ids dbo.IdList READONLY'";
    assert_eq!(
        names(&mut session, json),
        [(text("JSON_F52E2B61-18A1-11d1-B105-00805F49916B"), text("nvarchar(max)"))]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_sent_arrives(rows in prop::collection::btree_map(any::<i32>(), prop::option::of("[^\0]{0,10}"), 0..20)) {
        let mut session = session();
        ok(&mut session, "CREATE TYPE dbo.IdList AS TABLE (Id int PRIMARY KEY, Name nvarchar(20))");
        let rows: Vec<(i64, Option<String>)> = rows.into_iter().map(|(id, name)| (i64::from(id), name)).collect();
        let borrowed: Vec<(i64, Option<&str>)> = rows.iter().map(|(id, name)| (*id, name.as_deref())).collect();
        let replies = execute(
            &mut session,
            "SELECT Id, Name FROM @ids ORDER BY Id",
            "@ids dbo.IdList READONLY",
            &[table("@ids", sent(&borrowed))],
        );
        prop_assert!(replies.errors.is_empty(), "{:?}", replies.errors);
        let expected: Vec<Vec<Value>> = borrowed.iter().map(|(id, name)| vec![int(*id), name.map_or(Value::Null, text)]).collect();
        prop_assert_eq!(replies.rows, expected);
    }
}

#[test]
fn what_fails_before_the_text_runs_honours_xact_abort() {
    for abort in ["ON", "OFF"] {
        let mut session = with_type();
        ok(&mut session, &format!("SET XACT_ABORT {abort}; BEGIN TRAN"));
        let arguments = [table("@ids", sent(&[(1, None), (1, None)]))];
        let replies = execute(&mut session, "SELECT 1", "@ids dbo.IdList READONLY", &arguments);
        assert_eq!(replies.errors[0].number, 2627);
        assert_eq!(replies.status, Some(2627));
        let open = i64::from(abort == "OFF");
        assert_eq!(ok(&mut session, "SELECT @@TRANCOUNT").rows, [[int(open)]], "{abort}");
    }
    let mut session = session();
    ok(&mut session, "SET XACT_ABORT ON; BEGIN TRAN");
    let word = Argument { table: None, sql_type: NVARCHAR, value: text("word"), ..table("@n", sent(&[])) };
    let replies = execute(&mut session, "SELECT @n", "@n int", &[word]);
    assert!(matches!(replies.errors[0].number, 245 | 8114), "{:?}", replies.errors);
    assert_eq!(ok(&mut session, "SELECT @@TRANCOUNT").rows, [[int(0)]]);
}
