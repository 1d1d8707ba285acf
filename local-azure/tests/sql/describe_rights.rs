//! Describing needs the rights that running needs.

use super::describe_support::*;
use super::rights_support::*;
use super::support::*;
use local_azure::sql::types::Value;

#[test]
fn what_may_not_run_is_not_described() {
    let (database, mut worker) = worker_after("GRANT INSERT ON dbo.Persons TO worker");
    for text in [
        "SELECT Id FROM dbo.Persons",
        "IF 1 = 1 SELECT Id FROM dbo.Persons",
        "SELECT 1 AS a; DELETE dbo.Persons",
        "INSERT dbo.Persons (Name) OUTPUT inserted.Id VALUES (N'x')",
    ] {
        let replies = describe_call(&mut worker, text, "");
        let numbers: Vec<i32> = replies.errors.iter().map(|error| error.number).collect();
        assert_eq!(numbers, [229, 11501], "{text}");
        assert_eq!((replies.errors[0].class, replies.errors[0].state), (14, 5));
    }
    assert!(columns(&mut worker, "INSERT dbo.Persons (Name) VALUES (N'x')").is_empty());
    ok(&mut admin(&database), "GRANT SELECT ON dbo.Persons TO worker");
    assert_eq!(columns(&mut worker, "SELECT Id FROM dbo.Persons"), ["Id int NOT NULL"]);
}

#[test]
fn a_procedure_is_described_to_who_may_call_it() {
    let (database, mut worker) = worker_after("CREATE PROC dbo.ReadAll AS SELECT Id FROM dbo.Persons");
    assert_eq!(refused(&mut worker, "EXEC dbo.ReadAll").0, [229, 11501]);
    ok(&mut admin(&database), "GRANT EXECUTE ON dbo.ReadAll TO worker");
    assert_eq!(columns(&mut worker, "EXEC dbo.ReadAll"), ["Id int NOT NULL"]);
    ok(&mut admin(&database), "CREATE PROC dbo.Dynamic AS EXEC sp_executesql N'SELECT Id FROM dbo.Persons'");
    ok(&mut admin(&database), "GRANT EXECUTE ON dbo.Dynamic TO worker");
    assert_eq!(refused(&mut worker, "EXEC dbo.Dynamic").0, [229, 11501]);
}

#[test]
fn a_text_that_a_procedure_describes_needs_the_callers_own_rights() {
    let (database, mut worker) = worker_after(
        "CREATE PROC dbo.Look @text nvarchar(max) AS SELECT name, error_number FROM sys.dm_exec_describe_first_result_set(@text, NULL, 0)",
    );
    ok(&mut admin(&database), "GRANT EXECUTE ON dbo.Look TO worker");
    let look = "EXEC dbo.Look N'SELECT Id FROM dbo.Persons'";
    assert_eq!(ok(&mut worker, look).rows, [[Value::Null, Value::Integer(229)]]);
    ok(&mut admin(&database), "GRANT SELECT ON dbo.Persons TO worker");
    assert_eq!(ok(&mut worker, look).rows, [[text("Id"), Value::Null]]);
}
