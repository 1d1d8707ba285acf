use local_azure::sql::engine::Database;
use local_azure::sql::reply::TransactionChange;
use local_azure::sql::types::{SqlType, Value};

use super::support::*;

#[test]
fn insert_output_gives_the_new_row_with_declared_types() {
    let mut session = session();
    ok(&mut session, PERSONS);
    let replies = execute(
        &mut session,
        "INSERT INTO dbo.Persons (Name, City, Balance) OUTPUT INSERTED.Id, INSERTED.Name, INSERTED.Balance, INSERTED.Created VALUES (@name, @city, @balance)",
        "@name nvarchar(100), @city nvarchar(50), @balance decimal(18,4)",
        &[
            ("@name", NVARCHAR, text("Ada")),
            ("@city", NVARCHAR, Value::Null),
            ("@balance", SqlType::Decimal { precision: 18, scale: 4 }, Value::Decimal(12_345_600)),
        ],
    );
    assert_eq!(replies.errors, []);
    assert_eq!(
        replies.columns.iter().map(|column| column.sql_type.to_string()).collect::<Vec<_>>(),
        ["int", "nvarchar(100)", "decimal(18,4)", "datetime2(3)"]
    );
    assert_eq!(replies.rows[0][..3], [Value::Integer(1), text("Ada"), Value::Decimal(12_345_600)]);
    assert_eq!((replies.counts.as_slice(), replies.status), ([Some(1)].as_slice(), Some(0)));
}

#[test]
fn a_decimal_literal_is_converted_to_the_columns_scale() {
    let mut session = with_persons();
    let replies = ok(&mut session, "SELECT Balance FROM dbo.Persons WHERE Name = N'ada' AND Balance = 10.5");
    assert_eq!(replies.rows, [[Value::Decimal(105_000)]]);
}

#[test]
fn update_and_delete_count_and_output() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "UPDATE dbo.Persons SET Balance += 1, City = N'Paris' OUTPUT inserted.Id, inserted.City WHERE Id = 1",
    );
    assert_eq!(replies.rows, [[Value::Integer(1), text("Paris")]]);
    let replies = ok(&mut session, "DELETE FROM dbo.Persons OUTPUT deleted.Name WHERE Id > 1");
    assert_eq!(replies.rows.len(), 2);
    assert_eq!(replies.counts, [Some(2)]);
}

#[test]
fn update_from_a_join_changes_the_matching_rows() {
    let mut session = with_persons();
    ok(&mut session, "CREATE TABLE dbo.Moves (PersonId int NOT NULL, City nvarchar(50))");
    ok(&mut session, "INSERT dbo.Moves VALUES (2, N'Bern')");
    let replies = ok(
        &mut session,
        "UPDATE p SET City = m.City FROM dbo.Persons p JOIN dbo.Moves m ON m.PersonId = p.Id; SELECT City FROM dbo.Persons WHERE Id = 2",
    );
    assert_eq!(replies.rows, [[text("Bern")]]);
    let replies = ok(
        &mut session,
        "DELETE p FROM dbo.Persons p JOIN dbo.Moves m ON m.PersonId = p.Id; SELECT COUNT(*) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(2)]]);
}

#[test]
fn a_rolled_back_insert_leaves_a_gap_in_the_identity() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "BEGIN TRAN; INSERT dbo.Persons (Name) VALUES (N'x'); ROLLBACK; INSERT dbo.Persons (Name) VALUES (N'y'); SELECT SCOPE_IDENTITY(), MAX(Id) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Decimal(5), Value::Integer(5)]]);
    assert!(
        matches!(replies.changes.as_slice(), [TransactionChange::Began(a), TransactionChange::RolledBack(b)] if a == b)
    );
}

#[test]
fn a_savepoint_undoes_only_what_came_after() {
    let mut session = with_persons();
    let replies = ok(
        &mut session,
        "BEGIN TRAN; DELETE dbo.Persons WHERE Id = 1; SAVE TRAN here; DELETE dbo.Persons; ROLLBACK TRAN here; COMMIT; SELECT COUNT(*) FROM dbo.Persons",
    );
    assert_eq!(replies.rows, [[Value::Integer(2)]]);
}

#[test]
fn a_reader_sees_the_last_committed_state_and_does_not_wait_for_a_writer() {
    let database = Database::open(None).unwrap();
    let (mut writer, mut reader) = (session_on(&database), session_on(&database));
    ok(&mut writer, PERSONS);
    ok(&mut writer, "BEGIN TRAN; INSERT dbo.Persons (Name) VALUES (N'x')");
    assert_eq!(ok(&mut reader, "SELECT COUNT(*) FROM dbo.Persons").rows, [[Value::Integer(0)]]);
    assert_eq!(error(&mut reader, "SET LOCK_TIMEOUT 0; DELETE dbo.Persons").number, 1222);
    ok(&mut writer, "COMMIT");
    assert_eq!(ok(&mut reader, "SELECT COUNT(*) FROM dbo.Persons").rows, [[Value::Integer(1)]]);
}

#[test]
fn temp_tables_and_settings_end_with_the_sp_executesql_that_made_them() {
    let mut session = session();
    let replies = execute(
        &mut session,
        "SET NOCOUNT ON; CREATE TABLE #t (a int); INSERT #t VALUES (1); SELECT a FROM #t",
        "",
        &[],
    );
    assert_eq!((replies.errors.as_slice(), replies.rows.len()), ([].as_slice(), 1));
    assert_eq!(error(&mut session, "SELECT a FROM #t").number, 208);
    assert_eq!(ok(&mut session, "SELECT 1").counts, [Some(1)]);
}
