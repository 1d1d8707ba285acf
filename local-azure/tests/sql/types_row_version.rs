//! rowversion: a number that the database sets anew in each row that is written.

use local_azure::sql::engine::Database;
use local_azure::sql::types::{SqlType, Value};

use crate::support::{error, ok, session, session_on};

fn versions(session: &mut local_azure::sql::engine::Session, query: &str) -> Vec<u64> {
    let number = |value: Value| match value {
        Value::Binary(bytes) => u64::from_be_bytes(bytes.try_into().unwrap()),
        other => panic!("no rowversion: {other:?}"),
    };
    ok(session, query).rows.concat().into_iter().map(number).collect()
}

const READ: &str = "SELECT Version FROM dbo.Docs ORDER BY Id";

#[test]
fn every_insert_and_update_takes_the_next_number() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Name nvarchar(20), Version rowversion)");
    ok(&mut session, "INSERT INTO dbo.Docs (Id, Name) VALUES (1, N'a'), (2, N'b')");
    let first = versions(&mut session, READ);
    assert_eq!(first.first().copied(), Some(2001), "SQL Server's databases begin at 2000");
    assert_eq!(first.get(1).copied(), Some(2002));
    ok(&mut session, "UPDATE dbo.Docs SET Name = Name WHERE Id = 1");
    let second = versions(&mut session, READ);
    assert_eq!(second, [2003, 2002]);
    ok(&mut session, "UPDATE TOP (1) d SET Name = N'c' FROM dbo.Docs AS d WHERE d.Id = 2");
    assert_eq!(versions(&mut session, READ), [2003, 2004]);
    assert_eq!(versions(&mut session, "SELECT @@DBTS"), [2004]);
}

#[test]
fn the_numbers_are_unique_in_the_database_and_rise_over_tables() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.A (Id int, V timestamp); CREATE TABLE dbo.B (Id int, V rowversion)");
    ok(
        &mut session,
        "INSERT INTO dbo.A (Id) VALUES (1); INSERT INTO dbo.B (Id) SELECT Id FROM dbo.A; INSERT INTO dbo.A (Id) VALUES (2)",
    );
    assert_eq!(
        versions(&mut session, "SELECT V FROM dbo.A UNION ALL SELECT V FROM dbo.B ORDER BY V"),
        [2001, 2002, 2003]
    );
}

#[test]
fn an_explicit_value_is_refused_and_default_is_not() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Version rowversion)");
    for insert in [
        "INSERT INTO dbo.Docs VALUES (1, 0x0000000000000001)",
        "INSERT INTO dbo.Docs (Id, Version) SELECT 1, 0x01",
    ] {
        assert_eq!(error(&mut session, insert).number, 273, "{insert}");
    }
    ok(&mut session, "INSERT INTO dbo.Docs VALUES (1, DEFAULT)");
    assert_eq!(error(&mut session, "UPDATE dbo.Docs SET Version = 0x01").number, 272);
    assert_eq!(error(&mut session, "INSERT INTO dbo.Docs VALUES (2)").number, 109);
}

#[test]
fn an_update_on_the_version_that_was_read_finds_a_row_only_once() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Name nvarchar(20), Version rowversion)");
    ok(&mut session, "INSERT INTO dbo.Docs (Id) VALUES (1)");
    let update = "UPDATE dbo.Docs SET Name = N'x' WHERE Id = 1 AND Version = 0x00000000000007D1";
    assert_eq!(ok(&mut session, update).counts, [Some(1)]);
    assert_eq!(ok(&mut session, update).counts, [Some(0)]);
}

#[test]
fn output_gives_the_new_version() {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Version rowversion)");
    assert_eq!(
        versions(&mut session, "INSERT INTO dbo.Docs (Id) OUTPUT inserted.Version VALUES (1)"),
        [2001]
    );
    assert_eq!(versions(&mut session, "UPDATE dbo.Docs SET Id = 2 OUTPUT inserted.Version"), [2002]);
}

#[test]
fn a_table_has_one_rowversion_column_and_it_has_no_default() {
    let mut session = session();
    assert_eq!(error(&mut session, "CREATE TABLE dbo.T (A rowversion, B timestamp)").number, 2738);
    assert_eq!(error(&mut session, "CREATE TABLE dbo.T (A rowversion DEFAULT 0x01)").number, 1755);
    ok(&mut session, "CREATE TABLE dbo.T (Id int); INSERT INTO dbo.T VALUES (1), (2)");
    ok(&mut session, "ALTER TABLE dbo.T ADD Version rowversion");
    let replies = ok(&mut session, "SELECT Version FROM dbo.T");
    assert_eq!(replies.columns[0].sql_type, SqlType::RowVersion);
    assert!(!replies.columns[0].nullable);
    assert_eq!(versions(&mut session, "SELECT Version FROM dbo.T ORDER BY Id"), [2001, 2002]);
}

#[test]
fn a_rowversion_becomes_a_number_and_bytes() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE dbo.Docs (Id int, Version rowversion); INSERT INTO dbo.Docs (Id) VALUES (1)",
    );
    let replies =
        ok(&mut session, "SELECT CAST(Version AS bigint), CAST(Version AS binary(8)) FROM dbo.Docs");
    assert_eq!(replies.rows, [[Value::Integer(2001), Value::Binary(vec![0, 0, 0, 0, 0, 0, 7, 0xD1])]]);
    assert_eq!(error(&mut session, "SELECT CAST(Version AS nvarchar(20)) FROM dbo.Docs").number, 529);
}

#[test]
fn the_numbers_go_on_after_a_restart_and_a_rollback_leaves_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("db.sqlite");
    {
        let mut session = session_on(&Database::open(Some(&file)).unwrap());
        ok(&mut session, "CREATE TABLE dbo.Docs (Id int PRIMARY KEY, Version rowversion)");
        ok(&mut session, "BEGIN TRAN; INSERT INTO dbo.Docs (Id) VALUES (1); ROLLBACK");
        ok(&mut session, "INSERT INTO dbo.Docs (Id) VALUES (2)");
        assert_eq!(versions(&mut session, READ), [2002]);
    }
    let mut session = session_on(&Database::open(Some(&file)).unwrap());
    ok(&mut session, "INSERT INTO dbo.Docs (Id) VALUES (3)");
    assert_eq!(versions(&mut session, READ), [2002, 2003]);
}
