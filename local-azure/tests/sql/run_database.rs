//! A named database file: what is there when it is opened again.

use local_azure::sql::engine::Database;
use local_azure::sql::types::Value;

use super::support::*;

const EVERYTHING: &str = "CREATE TABLE dbo.T (Id int IDENTITY(10, 5) CONSTRAINT PK_T PRIMARY KEY, a bit, b tinyint, c smallint, d bigint, e decimal(9,3), f money, g smallmoney, h real, i float, j date, k time(3), l datetime, m smalldatetime, n datetime2(4), o datetimeoffset(2), p char(3), q varchar(10), r varchar(max), s nchar(3), t nvarchar(10), u nvarchar(max), v binary(3), w varbinary(5), x varbinary(max), y uniqueidentifier, z int NOT NULL CONSTRAINT DF_z DEFAULT 7)";

#[test]
fn tables_types_rows_and_constraints_are_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("named.sqlite");
    let query = "SELECT * FROM dbo.T";
    let before = {
        let mut session = session_on(&Database::open(Some(&file)).unwrap());
        ok(&mut session, EVERYTHING);
        ok(
            &mut session,
            "INSERT dbo.T (a, e, j, n, p, t, w, y) VALUES (1, 1.5, '2024-02-29', '2024-02-29T01:02:03.4567', 'ab', N'ž', 0x01, NEWID())",
        );
        ok(&mut session, query)
    };
    let mut session = session_on(&Database::open(Some(&file)).unwrap());
    let after = ok(&mut session, query);
    assert_eq!((after.columns, after.rows), (before.columns, before.rows));
    let failed = error(&mut session, "SET IDENTITY_INSERT dbo.T ON; INSERT dbo.T (Id) VALUES (10)");
    assert_eq!(failed.number, 2627);
    assert!(failed.message.contains("PK_T"), "{failed}");
}

#[test]
fn no_identity_is_given_twice_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("named.sqlite");
    let insert = "INSERT dbo.T (a) OUTPUT inserted.Id VALUES (1)";
    {
        let mut session = session_on(&Database::open(Some(&file)).unwrap());
        ok(&mut session, EVERYTHING);
        assert_eq!(ok(&mut session, insert).rows, [[Value::Integer(10)]]);
        assert_eq!(ok(&mut session, insert).rows, [[Value::Integer(15)]]);
        // The highest one goes: it is not given again.
        ok(&mut session, "DELETE dbo.T WHERE Id = 15");
    }
    let mut session = session_on(&Database::open(Some(&file)).unwrap());
    assert_eq!(ok(&mut session, insert).rows, [[Value::Integer(20)]]);
}

#[test]
fn two_sessions_never_get_one_identity() {
    let database = Database::open(None).unwrap();
    let (mut first, mut second) = (session_on(&database), session_on(&database));
    ok(&mut first, "CREATE TABLE dbo.T (Id int IDENTITY PRIMARY KEY, a int)");
    let inserts = "SET NOCOUNT ON; DECLARE @i int = 0; WHILE @i < 50 BEGIN INSERT dbo.T (a) VALUES (1); SET @i += 1 END";
    std::thread::scope(|scope| {
        let other = scope.spawn(|| ok(&mut second, inserts));
        ok(&mut first, inserts);
        other.join().unwrap();
    });
    let replies = ok(&mut first, "SELECT COUNT(DISTINCT Id), MAX(Id) FROM dbo.T");
    assert_eq!(replies.rows, [[Value::Integer(100), Value::Integer(100)]]);
}

#[test]
fn a_file_that_is_no_database_is_refused_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("letter.txt");
    std::fs::write(&file, "Dear Sir or Madam, this is no database, whatever you may think.".repeat(50))
        .unwrap();
    let failed = Database::open(Some(&file)).unwrap_err();
    assert!(failed.message.contains("letter.txt"), "{failed}");
}
