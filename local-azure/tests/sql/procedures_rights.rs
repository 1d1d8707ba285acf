//! Who may define and run procedures, and what a procedure does in its owner's name.

use local_azure::sql::engine::Session;

use super::procedures_support::*;
use super::rights_support::*;
use super::support::*;

const COUNT: &str = "CREATE PROC dbo.CountPersons AS SELECT COUNT(*) FROM dbo.Persons";

/// The user `worker` after these batches of the administrator's.
fn worker_with(definitions: &[&str]) -> Session {
    let (database, session) = worker_after("PRINT ''");
    for definition in definitions {
        ok(&mut admin(&database), definition);
    }
    session
}

#[test]
fn running_a_procedure_needs_execute() {
    let mut session = worker_with(&[COUNT]);
    let denied = error(&mut session, "EXEC dbo.CountPersons");
    assert_eq!(
        denied.message,
        "The EXECUTE permission was denied on the object 'CountPersons', database 'local', schema 'dbo'."
    );
    assert_eq!((denied.number, denied.class, denied.state), (229, 14, 5));
    assert_eq!(call(&mut session, "dbo.CountPersons", &[]).errors[0].number, 229);
    for grant in [
        "GRANT EXECUTE ON dbo.CountPersons TO worker",
        "GRANT EXEC ON OBJECT::dbo.CountPersons TO worker",
        "GRANT EXECUTE ON SCHEMA::dbo TO worker",
        "GRANT EXECUTE TO worker",
        "GRANT CONTROL ON dbo.CountPersons TO worker",
    ] {
        ok(&mut worker_with(&[COUNT, grant]), "EXEC dbo.CountPersons");
        let denial = "DENY EXECUTE ON dbo.CountPersons TO worker";
        assert_eq!(error(&mut worker_with(&[COUNT, grant, denial]), "EXEC dbo.CountPersons").number, 229);
    }
}

#[test]
fn a_procedure_reads_and_writes_in_its_owners_name() {
    let mut session = worker_with(&[
        COUNT,
        "CREATE PROC dbo.Wrapper AS EXEC dbo.CountPersons; INSERT sales.Prices VALUES (1); DELETE FROM sales.Prices WHERE Id = 1",
        "GRANT EXECUTE ON dbo.Wrapper TO worker",
        "DENY SELECT, DELETE ON SCHEMA::sales TO worker",
    ]);
    assert_eq!(error(&mut session, "SELECT COUNT(*) FROM dbo.Persons").number, 229);
    ok(&mut session, "EXEC dbo.Wrapper");
    assert_eq!(error(&mut session, "EXEC dbo.CountPersons").number, 229);
    assert_eq!(call(&mut session, "dbo.Wrapper", &[]).errors, []);
}

#[test]
fn a_text_in_a_procedure_and_definitions_need_the_callers_own_rights() {
    for (body, number) in [
        ("EXEC sp_executesql N'SELECT COUNT(*) FROM dbo.Persons'", 229),
        ("EXEC sp_executesql N'EXEC dbo.CountPersons'", 229),
        ("TRUNCATE TABLE dbo.Orders", 1088),
        ("CREATE TABLE dbo.New (a int)", 262),
        ("DROP TABLE dbo.Orders", 3701),
    ] {
        let definition = format!("CREATE PROC dbo.p AS {body}");
        let mut session = worker_with(&[COUNT, &definition, "GRANT EXECUTE ON dbo.p TO worker"]);
        assert_eq!(error(&mut session, "EXEC dbo.p").number, number, "{body}");
    }
}

#[test]
fn defining_needs_create_procedure_and_the_schema() {
    let create = "CREATE PROC sales.p AS SELECT 1";
    assert_eq!(error(&mut worker_with(&[]), create).number, 262);
    assert_eq!(error(&mut worker_with(&["GRANT CREATE PROCEDURE TO worker"]), create).number, 2760);
    let both = ["GRANT CREATE PROCEDURE TO worker", "GRANT ALTER ON SCHEMA::sales TO worker"];
    let mut session = worker_with(&both);
    ok(&mut session, create);
    ok(&mut session, "ALTER PROC sales.p AS SELECT 2");
    ok(&mut session, "DROP PROC sales.p");
    ok(&mut worker_with(&["ALTER ROLE db_ddladmin ADD MEMBER worker"]), create);
}

#[test]
fn altering_and_dropping_need_rights_on_the_procedure() {
    let alter = "ALTER PROC dbo.CountPersons AS SELECT 1";
    assert_eq!(error(&mut worker_with(&[COUNT]), alter).number, 208);
    let mut session = worker_with(&[COUNT, "GRANT EXECUTE ON dbo.CountPersons TO worker"]);
    assert_eq!(error(&mut session, alter).number, 3704);
    assert_eq!(error(&mut session, "CREATE OR ALTER PROC dbo.CountPersons AS SELECT 1").number, 3704);
    assert_eq!(error(&mut session, "DROP PROC dbo.CountPersons").number, 3701);
    let mut session = worker_with(&[COUNT, "GRANT ALTER ON dbo.CountPersons TO worker"]);
    ok(&mut session, alter);
    assert_eq!(error(&mut session, "DROP PROC dbo.CountPersons").number, 3701);
}

#[test]
fn an_altered_procedure_keeps_the_rights_on_it_and_a_dropped_one_loses_them() {
    let (database, mut session) = worker_after("PRINT ''");
    ok(&mut admin(&database), COUNT);
    ok(&mut admin(&database), "GRANT EXECUTE ON dbo.CountPersons TO worker");
    ok(&mut admin(&database), "ALTER PROC dbo.CountPersons AS SELECT 1");
    ok(&mut session, "EXEC dbo.CountPersons");
    let grants = "SELECT permission_name FROM sys.database_permissions WHERE class = 1";
    assert_eq!(ok(&mut admin(&database), grants).rows, [[text("EXECUTE")]]);
    ok(&mut admin(&database), "DROP PROC dbo.CountPersons");
    assert_eq!(ok(&mut admin(&database), grants).rows.len(), 0);
    ok(&mut admin(&database), COUNT);
    assert_eq!(error(&mut session, "EXEC dbo.CountPersons").number, 229);
}

#[test]
fn who_has_no_right_on_a_procedure_does_not_see_it_and_its_text_needs_view_definition() {
    let seen = "SELECT p.name, m.definition, OBJECT_DEFINITION(p.object_id) FROM sys.procedures p JOIN sys.sql_modules m ON m.object_id = p.object_id";
    assert_eq!(ok(&mut worker_with(&[COUNT]), seen).rows.len(), 0);
    let null = local_azure::sql::types::Value::Null;
    let mut session = worker_with(&[COUNT, "GRANT EXECUTE ON dbo.CountPersons TO worker"]);
    assert_eq!(ok(&mut session, seen).rows, [[text("CountPersons"), null.clone(), null]]);
    let mut session = worker_with(&[COUNT, "GRANT VIEW DEFINITION ON dbo.CountPersons TO worker"]);
    assert_eq!(ok(&mut session, seen).rows, [[text("CountPersons"), text(COUNT), text(COUNT)]]);
}

#[test]
fn a_permission_that_means_nothing_on_the_object_is_4606() {
    for grant in ["GRANT SELECT ON dbo.CountPersons TO worker", "GRANT EXECUTE ON dbo.Persons TO worker"] {
        let (database, _session) = worker_after("PRINT ''");
        ok(&mut admin(&database), COUNT);
        assert_eq!(error(&mut admin(&database), grant).number, 4606, "{grant}");
    }
}
