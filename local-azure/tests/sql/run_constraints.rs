//! The errors of constraints, with all the names that SQL Server puts into them.

use local_azure::sql::engine::Session;
use local_azure::sql::types::Value;

use super::support::*;

fn with_orders() -> Session {
    let mut session = with_persons();
    ok(
        &mut session,
        "CREATE TABLE dbo.Orders (Id int NOT NULL CONSTRAINT PK_Orders PRIMARY KEY, PersonId int CONSTRAINT FK_Person REFERENCES dbo.Persons (Id), Code varchar(5) CONSTRAINT UQ_Code UNIQUE, Amount decimal(9,2) CONSTRAINT CK_Amount CHECK (Amount > 0), Day date, CONSTRAINT CK_Both CHECK (Id <> Amount), CONSTRAINT UQ_Pair UNIQUE (PersonId, Amount)); CREATE UNIQUE INDEX IX_Day ON dbo.Orders (Day); INSERT dbo.Orders VALUES (1, 1, 'a', 1.5, '2024-01-01'), (2, 2, NULL, NULL, NULL)",
    );
    session
}

#[test]
fn a_duplicate_key_is_named_with_its_value() {
    for (text, number, message) in [
        (
            "INSERT dbo.Orders VALUES (3, 1, 'b', 3.5, '2024-01-03'), (1, 1, 'c', 4, '2024-01-04')",
            2627,
            "Violation of PRIMARY KEY constraint 'PK_Orders'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is (1).",
        ),
        (
            "INSERT dbo.Orders VALUES (3, 1, 'A', 9, '2024-01-03')",
            2627,
            "Violation of UNIQUE KEY constraint 'UQ_Code'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is (A).",
        ),
        (
            "INSERT dbo.Orders VALUES (3, 1, NULL, 9, '2024-01-03')",
            2627,
            "Violation of UNIQUE KEY constraint 'UQ_Code'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is (<NULL>).",
        ),
        (
            "INSERT dbo.Orders VALUES (3, 1, 'b', 1.50, '2024-01-03')",
            2627,
            "Violation of UNIQUE KEY constraint 'UQ_Pair'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is (1, 1.50).",
        ),
        (
            "UPDATE dbo.Orders SET Day = '2024-01-01' WHERE Id = 2",
            2601,
            "Cannot insert duplicate key row in object 'dbo.Orders' with unique index 'IX_Day'. The duplicate key value is (2024-01-01).",
        ),
        (
            "UPDATE dbo.Orders SET Id = 1 WHERE Id = 2",
            2627,
            "Violation of PRIMARY KEY constraint 'PK_Orders'. Cannot insert duplicate key in object 'dbo.Orders'. The duplicate key value is (1).",
        ),
    ] {
        let mut session = with_orders();
        for before in ["", "BEGIN TRAN; "] {
            let failed = error(&mut session, &format!("{before}{text}"));
            assert_eq!((failed.number, failed.class), (number, 14), "{text}");
            assert_eq!(failed.message, message, "{text}");
            assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Orders").rows, [[Value::Integer(2)]]);
        }
    }
}

#[test]
fn a_failed_insert_takes_one_identity_value() {
    let mut session = session();
    ok(
        &mut session,
        "CREATE TABLE dbo.T (Id int IDENTITY PRIMARY KEY, a int UNIQUE, b int REFERENCES dbo.T (Id)); INSERT dbo.T (a) VALUES (1)",
    );
    assert_eq!(error(&mut session, "INSERT dbo.T (a) VALUES (1)").number, 2627);
    assert_eq!(error(&mut session, "INSERT dbo.T (a, b) VALUES (2, 99)").number, 547);
    let replies = ok(&mut session, "INSERT dbo.T (a) OUTPUT inserted.Id VALUES (3)");
    assert_eq!(replies.rows, [[Value::Integer(4)]]);
}

#[test]
fn a_conflict_names_constraint_database_table_and_column() {
    let mut session = with_orders();
    for (text, message) in [
        (
            "INSERT dbo.Orders VALUES (3, 99, 'c', 1, '2024-02-01')",
            "The INSERT statement conflicted with the FOREIGN KEY constraint \"FK_Person\". The conflict occurred in database \"local\", table \"dbo.Persons\", column 'Id'.",
        ),
        (
            "UPDATE dbo.Orders SET PersonId = 99 WHERE Id = 1",
            "The UPDATE statement conflicted with the FOREIGN KEY constraint \"FK_Person\". The conflict occurred in database \"local\", table \"dbo.Persons\", column 'Id'.",
        ),
        (
            "DELETE dbo.Persons WHERE Id = 1",
            "The DELETE statement conflicted with the REFERENCE constraint \"FK_Person\". The conflict occurred in database \"local\", table \"dbo.Orders\", column 'PersonId'.",
        ),
        (
            "INSERT dbo.Orders VALUES (3, 1, 'c', 0, '2024-02-01')",
            "The INSERT statement conflicted with the CHECK constraint \"CK_Amount\". The conflict occurred in database \"local\", table \"dbo.Orders\", column 'Amount'.",
        ),
        (
            "UPDATE dbo.Orders SET Amount = 1 WHERE Id = 1",
            "The UPDATE statement conflicted with the CHECK constraint \"CK_Both\". The conflict occurred in database \"local\", table \"dbo.Orders\".",
        ),
    ] {
        let failed = error(&mut session, text);
        assert_eq!((failed.number, failed.class, failed.state), (547, 16, 0), "{text}");
        assert_eq!(failed.message, message);
    }
}
