use local_azure::sql::types::Value;

use super::support::*;

#[test]
fn constraints_have_sql_servers_numbers() {
    let mut session = with_persons();
    ok(
        &mut session,
        "CREATE TABLE dbo.Orders (Id int NOT NULL CONSTRAINT PK_Orders PRIMARY KEY CLUSTERED, PersonId int CONSTRAINT FK_Person REFERENCES dbo.Persons (Id), Code varchar(5) CONSTRAINT UQ_Code UNIQUE, Amount int CONSTRAINT CK_Amount CHECK (Amount > 0))",
    );
    ok(&mut session, "INSERT dbo.Orders VALUES (1, 1, 'a', 1), (2, 2, NULL, NULL)");
    for (text, number, part) in [
        (
            "INSERT dbo.Orders VALUES (1, 1, 'b', 1)",
            2627,
            "Violation of PRIMARY KEY constraint 'PK_Orders'. Cannot insert duplicate key in object 'dbo.Orders'.",
        ),
        ("INSERT dbo.Orders VALUES (3, 1, 'A', 1)", 2627, "UNIQUE KEY constraint 'UQ_Code'"),
        ("INSERT dbo.Orders VALUES (3, 1, NULL, 1)", 2627, "UNIQUE KEY constraint 'UQ_Code'"),
        ("INSERT dbo.Orders VALUES (3, 99, 'c', 1)", 547, "FOREIGN KEY constraint \"FK_Person\""),
        ("DELETE dbo.Persons WHERE Id = 1", 547, "REFERENCE constraint \"FK_Person\""),
        ("INSERT dbo.Orders VALUES (3, 1, 'c', 0)", 547, "CHECK constraint \"CK_Amount\""),
        ("INSERT dbo.Orders VALUES (NULL, 1, 'c', 1)", 515, "column 'Id'"),
        ("INSERT dbo.Orders VALUES (3, 1, 'toolong', 1)", 2628, "Code"),
        ("UPDATE dbo.Orders SET Amount = 1 / 0", 8134, "Divide by zero"),
    ] {
        let error = error(&mut session, text);
        assert_eq!(error.number, number, "{text}: {error}");
        assert!(error.message.contains(part), "{error}");
    }
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Orders").rows, [[Value::Integer(2)]]);
}

#[test]
fn a_statements_error_lets_the_batch_go_on_and_xact_abort_does_not() {
    let mut session = with_persons();
    let replies = run(&mut session, "BEGIN TRAN; INSERT dbo.Persons (Name) VALUES (NULL); SELECT 1; COMMIT");
    assert_eq!((replies.errors[0].number, replies.rows.len()), (515, 1));
    let replies =
        run(&mut session, "SET XACT_ABORT ON; BEGIN TRAN; INSERT dbo.Persons (Name) VALUES (NULL); SELECT 1");
    assert_eq!((replies.errors.len(), replies.rows.len()), (1, 0));
    assert_eq!(ok(&mut session, "SELECT @@TRANCOUNT").rows, [[Value::Integer(0)]]);
}

#[test]
fn a_failed_conversion_ends_the_batch() {
    let replies = run(&mut session(), "SELECT CAST('x' AS int); SELECT 1");
    assert_eq!((replies.errors[0].number, replies.rows.len()), (245, 0));
}

#[test]
fn throw_ends_the_batch_with_its_number_and_line() {
    let replies =
        run(&mut session(), "DECLARE @n int = 0\nIF @n = 0 THROW 50404, N'no such order', 3;\nSELECT 1");
    let error = &replies.errors[0];
    assert_eq!(
        (error.number, error.message.as_str(), error.state, error.line),
        (50404, "no such order", 3, 2)
    );
    assert_eq!(replies.rows.len(), 0);
}

#[test]
fn catch_sees_the_error_and_throw_raises_it_again() {
    let mut session = with_persons();
    let replies = run(
        &mut session,
        "BEGIN TRY INSERT dbo.Persons (Name) VALUES (NULL) END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_SEVERITY(); THROW; END CATCH",
    );
    assert_eq!(replies.rows, [[Value::Integer(515), Value::Integer(16)]]);
    assert_eq!(replies.errors[0].number, 515);
}

#[test]
fn names_and_variables_that_do_not_exist_have_their_numbers() {
    let mut session = with_persons();
    for (text, number) in [
        ("SELECT * FROM dbo.Nobody", 208),
        ("SELECT Nothing FROM dbo.Persons", 207),
        ("SELECT x.Id FROM dbo.Persons p", 4104),
        ("SELECT @x", 137),
        ("SELECT NOFUNCTION(1)", 195),
        ("SELEC 1", 102),
        ("SELECT FROM", 156),
        ("COMMIT", 3902),
        ("ROLLBACK", 3903),
        ("EXEC dbo.nothing", 2812),
        ("SELECT 'open", 105),
    ] {
        assert_eq!(error(&mut session, text).number, number, "{text}");
    }
    let replies = execute(&mut session, "SELECT @a", "@a int", &[]);
    assert_eq!(replies.errors[0].number, 8178);
}

#[test]
fn nothing_of_a_batch_runs_when_its_end_cannot_be_read() {
    let mut session = with_persons();
    assert_eq!(error(&mut session, "DELETE dbo.Persons; SELECT FROM").number, 156);
    assert_eq!(ok(&mut session, "SELECT COUNT(*) FROM dbo.Persons").rows, [[Value::Integer(3)]]);
}
