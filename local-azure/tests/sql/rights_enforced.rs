//! What a user may do with tables.

use super::rights_support::*;
use super::support::*;

const SELECT: &str = "SELECT Id FROM dbo.Persons";
const COUNT: &str = "SELECT COUNT(*) FROM dbo.Persons";
const INSERT: &str = "INSERT INTO dbo.Persons (Name) VALUES (N'Edsger')";
const UPDATE: &str = "UPDATE dbo.Persons SET City = N'Paris' WHERE Id = 1";
const DELETE: &str = "DELETE FROM dbo.Persons WHERE Id = 2";

/// Which of the four statements end with 229.
fn denied(setup: &str) -> Vec<&'static str> {
    let (_database, mut session) = worker_after(setup);
    [("select", SELECT), ("insert", INSERT), ("update", UPDATE), ("delete", DELETE)]
        .into_iter()
        .filter(|(_, text)| {
            let replies = run(&mut session, text);
            assert!(replies.errors.iter().all(|error| error.number == 229), "{:?}", replies.errors);
            !replies.errors.is_empty()
        })
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn a_new_user_may_do_nothing() {
    let (_database, mut session) = worker_after("PRINT ''");
    for text in [SELECT, COUNT, INSERT, UPDATE, DELETE] {
        assert_eq!(error(&mut session, text).number, 229, "{text}");
    }
    ok(&mut session, "SELECT 1 AS one; CREATE TABLE #t (a int); INSERT INTO #t VALUES (1); DELETE FROM #t");
}

#[test]
fn a_denial_says_what_was_denied_on_what() {
    let (_database, mut session) = worker_after("PRINT ''");
    let error = error(&mut session, SELECT);
    assert_eq!(
        error.message,
        "The SELECT permission was denied on the object 'Persons', database 'local', schema 'dbo'."
    );
    assert_eq!((error.class, error.state), (14, 5));
}

#[test]
fn roles_give_what_their_names_say() {
    for (role, refused) in [
        ("db_datareader", &["insert", "update", "delete"][..]),
        ("db_owner", &[]),
        ("db_ddladmin", &["select", "insert", "update", "delete"]),
    ] {
        assert_eq!(denied(&format!("ALTER ROLE {role} ADD MEMBER [worker]")), refused, "{role}");
    }
    let both = "ALTER ROLE db_datareader ADD MEMBER worker; ALTER ROLE db_datawriter ADD MEMBER worker";
    assert_eq!(denied(both), [""; 0]);
}

#[test]
fn writing_alone_does_not_let_a_where_clause_read() {
    assert_eq!(denied("ALTER ROLE db_datawriter ADD MEMBER worker"), ["select", "update", "delete"]);
    let (_database, mut session) = worker_after("GRANT UPDATE, DELETE ON dbo.Persons TO worker");
    ok(&mut session, "UPDATE dbo.Persons SET City = N'Paris'");
    assert_eq!(error(&mut session, "UPDATE dbo.Persons SET City = Name").number, 229);
    assert_eq!(error(&mut session, "DELETE FROM dbo.Persons OUTPUT deleted.Id").number, 229);
    ok(&mut session, "DELETE FROM dbo.Persons");
}

#[test]
fn a_denial_beats_every_grant() {
    for deny in [
        "DENY SELECT ON dbo.Persons TO worker",
        "DENY SELECT ON SCHEMA::dbo TO worker",
        "DENY SELECT TO worker",
        "DENY CONTROL ON OBJECT::dbo.Persons TO worker",
        "CREATE ROLE shut; DENY SELECT ON dbo.Persons TO shut; ALTER ROLE shut ADD MEMBER worker",
        "ALTER ROLE db_denydatareader ADD MEMBER worker",
        "DENY SELECT ON dbo.Persons TO public",
    ] {
        let setup =
            format!("ALTER ROLE db_owner ADD MEMBER worker; GRANT SELECT ON dbo.Persons TO worker; {deny}");
        let (_database, mut session) = worker_after(&setup);
        assert_eq!(error(&mut session, SELECT).number, 229, "{deny}");
    }
}

#[test]
fn a_grant_counts_wherever_it_stands() {
    for grant in [
        "GRANT SELECT ON dbo.Persons TO worker",
        "GRANT SELECT ON OBJECT::[dbo].[Persons] TO [worker]",
        "GRANT SELECT ON Persons TO worker",
        "GRANT SELECT ON SCHEMA::dbo TO worker",
        "GRANT SELECT TO worker",
        "GRANT SELECT ON DATABASE::local TO worker",
        "GRANT CONTROL ON SCHEMA::dbo TO worker",
        "GRANT CONTROL TO worker",
        "GRANT SELECT ON dbo.Persons TO public",
        "CREATE ROLE a; CREATE ROLE b; ALTER ROLE a ADD MEMBER b; ALTER ROLE b ADD MEMBER worker; GRANT SELECT TO a",
    ] {
        let (_database, mut session) = worker_after(grant);
        ok(&mut session, SELECT);
    }
    for other in ["GRANT SELECT ON dbo.Orders TO worker", "GRANT SELECT ON SCHEMA::sales TO worker"] {
        let (_database, mut session) = worker_after(other);
        assert_eq!(error(&mut session, SELECT).number, 229, "{other}");
    }
}

#[test]
fn what_was_revoked_is_gone_at_the_next_statement() {
    let (database, mut session) = worker_after("GRANT SELECT ON dbo.Persons TO worker");
    ok(&mut session, SELECT);
    ok(&mut admin(&database), "REVOKE SELECT ON dbo.Persons FROM worker");
    assert_eq!(error(&mut session, SELECT).number, 229);
    ok(&mut admin(&database), "DENY SELECT ON dbo.Persons TO worker; GRANT SELECT ON dbo.Persons TO worker");
    ok(&mut session, SELECT);
}

#[test]
fn every_table_that_a_statement_reads_is_checked() {
    let (_database, mut session) =
        worker_after("GRANT SELECT, UPDATE, DELETE, INSERT ON dbo.Persons TO worker");
    for text in [
        "SELECT 1 FROM dbo.Persons p JOIN dbo.Orders o ON o.Id = p.Id",
        "SELECT (SELECT MAX(Id) FROM dbo.Orders) FROM dbo.Persons",
        "SELECT 1 FROM dbo.Persons WHERE EXISTS (SELECT 1 FROM dbo.Orders)",
        "WITH o AS (SELECT Id FROM dbo.Orders) SELECT Id FROM o",
        "SELECT Id FROM dbo.Persons UNION SELECT Id FROM dbo.Orders",
        "INSERT INTO dbo.Persons (Name) SELECT N'x' FROM dbo.Orders",
        "UPDATE p SET City = N'x' FROM dbo.Persons p JOIN dbo.Orders o ON o.Id = p.Id",
        "DELETE p FROM dbo.Persons p JOIN dbo.Orders o ON o.Id = p.Id",
        "DECLARE @n int = (SELECT COUNT(*) FROM dbo.Orders)",
        "IF EXISTS (SELECT 1 FROM dbo.Orders) PRINT 'x'",
        "EXEC sp_executesql N'SELECT Id FROM dbo.Orders'",
    ] {
        let error = error(&mut session, text);
        assert_eq!(error.number, 229, "{text}");
        assert!(error.message.contains("'Orders'"), "{text}: {}", error.message);
    }
}

#[test]
fn changing_tables_needs_rights_of_its_own() {
    let (_database, mut session) = worker_after("ALTER ROLE db_datareader ADD MEMBER worker");
    for (text, number) in [
        ("CREATE TABLE dbo.New (a int)", 262),
        ("CREATE SCHEMA new", 262),
        ("DROP TABLE dbo.Orders", 3701),
        ("DROP TABLE IF EXISTS dbo.Orders", 3701),
        ("TRUNCATE TABLE dbo.Orders", 1088),
        ("ALTER TABLE dbo.Orders ADD note int", 1088),
        ("CREATE INDEX i ON dbo.Orders (Total)", 1088),
        ("SET IDENTITY_INSERT dbo.Persons ON", 1088),
        ("CREATE USER x WITH SID = 0x01020304050607080910111213141516, TYPE = E", 15247),
        ("CREATE ROLE r", 15247),
        ("DROP USER worker", 15151),
        ("ALTER ROLE db_owner ADD MEMBER worker", 15151),
        ("GRANT SELECT ON dbo.Orders TO worker", 4613),
    ] {
        assert_eq!(error(&mut session, text).number, number, "{text}");
    }
    let (_database, mut session) = worker_after("ALTER ROLE db_ddladmin ADD MEMBER worker");
    ok(
        &mut session,
        "CREATE TABLE dbo.New (a int PRIMARY KEY); ALTER TABLE dbo.New ADD b int; DROP TABLE dbo.New",
    );
    assert_eq!(error(&mut session, "SELECT Id FROM dbo.Orders").number, 229);
}

#[test]
fn creating_tables_needs_the_schema_too_and_a_foreign_key_its_parent() {
    let (_database, mut session) = worker_after("GRANT CREATE TABLE TO worker");
    assert_eq!(error(&mut session, "CREATE TABLE dbo.New (a int)").number, 2760);
    let (_database, mut session) =
        worker_after("GRANT CREATE TABLE TO worker; GRANT ALTER ON SCHEMA::sales TO worker");
    ok(&mut session, "CREATE TABLE sales.New (a int)");
    let text = "CREATE TABLE sales.Child (a int REFERENCES dbo.Orders (Id))";
    assert_eq!(error(&mut session, text).number, 229);
}

#[test]
fn a_user_that_sees_nothing_is_not_told_what_there_is() {
    let (_database, mut session) = worker_after("GRANT INSERT ON dbo.Orders TO worker");
    let seen = ok(&mut session, "SELECT name FROM sys.tables");
    assert_eq!(seen.rows, [[text("Orders")]]);
    let ids = ok(
        &mut session,
        "SELECT IIF(OBJECT_ID(N'dbo.Orders') IS NULL, 0, 1), IIF(OBJECT_ID(N'dbo.Persons') IS NULL, 0, 1)",
    );
    assert_eq!(
        ids.rows,
        [[local_azure::sql::types::Value::Integer(1), local_azure::sql::types::Value::Integer(0)]]
    );
    assert_eq!(error(&mut session, "GRANT SELECT ON dbo.Persons TO public").number, 15151);
}

#[test]
fn the_rights_on_a_table_go_with_it() {
    let (database, mut session) = worker_after("GRANT SELECT ON dbo.Orders TO worker");
    ok(&mut admin(&database), "DROP TABLE dbo.Orders; CREATE TABLE dbo.Orders (Id int)");
    assert_eq!(error(&mut session, "SELECT Id FROM dbo.Orders").number, 229);
}
