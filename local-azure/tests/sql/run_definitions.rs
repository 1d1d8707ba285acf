//! CREATE and ALTER TABLE: options that are read, changes that are made, and what is refused by name.

use local_azure::sql::types::Value;

use super::support::*;

#[test]
fn storage_options_that_change_no_result_are_read() {
    let mut session = session();
    for text in [
        "CREATE TABLE dbo.A (Id int NOT NULL, CONSTRAINT PK_A PRIMARY KEY CLUSTERED (Id ASC) WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON) ON [PRIMARY]) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]",
        "CREATE TABLE dbo.B (Id int) WITH (DATA_COMPRESSION = PAGE)",
        "CREATE INDEX IX ON dbo.A (Id) WITH (FILLFACTOR = 80, ONLINE = ON)",
    ] {
        ok(&mut session, text);
    }
}

#[test]
fn options_and_changes_that_would_be_lost_are_refused_by_name() {
    let mut session = with_persons();
    for (text, named) in [
        ("CREATE TABLE dbo.C (Id int) WITH (MEMORY_OPTIMIZED = ON)", "MEMORY_OPTIMIZED"),
        ("CREATE TABLE dbo.C (Id int) WITH (SYSTEM_VERSIONING = ON)", "SYSTEM_VERSIONING"),
        ("CREATE TABLE dbo.C (Id int) ON [Elsewhere]", "Elsewhere"),
        ("CREATE UNIQUE INDEX IX ON dbo.Persons (Name) WITH (IGNORE_DUP_KEY = ON)", "IGNORE_DUP_KEY"),
        ("CREATE INDEX IX ON dbo.Persons (Name) WHERE Name IS NOT NULL", "filtered"),
        ("CREATE SCHEMA s AUTHORIZATION somebody", "AUTHORIZATION"),
        ("ALTER TABLE dbo.Persons ADD CONSTRAINT c CHECK (Id > 0)", "CHECK"),
        (
            "ALTER TABLE dbo.Persons ADD CONSTRAINT f FOREIGN KEY (Id) REFERENCES dbo.Persons (Id)",
            "FOREIGN KEY",
        ),
        ("ALTER TABLE dbo.Persons ADD n int IDENTITY", "IDENTITY"),
        ("ALTER TABLE dbo.Persons ADD n int CHECK (n > 0)", "CHECK"),
        ("ALTER TABLE dbo.Persons DROP COLUMN City", "DROP COLUMN"),
        ("ALTER TABLE dbo.Persons ALTER COLUMN City int", "ALTER COLUMN"),
        ("ALTER TABLE dbo.Persons NOCHECK CONSTRAINT ALL", "NOCHECK"),
        ("SELECT 1 OPTION (RECOMPILE, MAXRECURSION 5)", "MAXRECURSION"),
        ("EXEC sp_executesql N'SELECT 1' WITH RESULT SETS NONE", "RESULT SETS"),
    ] {
        let failed = error(&mut session, text);
        assert!(failed.number == 40517 && failed.message.contains(named), "{text}: {failed}");
    }
}

#[test]
fn an_included_column_must_exist() {
    assert_eq!(
        error(&mut with_persons(), "CREATE INDEX IX ON dbo.Persons (Name) INCLUDE (Nothing)").number,
        1911
    );
}

#[test]
fn a_column_can_be_added_and_old_rows_get_null_or_the_default() {
    let mut session = with_persons();
    ok(
        &mut session,
        "ALTER TABLE dbo.Persons ADD Note nvarchar(20) NULL CONSTRAINT DF_Note DEFAULT N'new', Rate decimal(5,2) NOT NULL DEFAULT 1.5, Stamp datetime2(0) NOT NULL DEFAULT '2024-01-01'",
    );
    ok(&mut session, "INSERT dbo.Persons (Name) VALUES (N'x')");
    let replies = ok(&mut session, "SELECT Note, Rate FROM dbo.Persons WHERE Id IN (1, 4) ORDER BY Id");
    assert_eq!(replies.rows, [[Value::Null, Value::Decimal(150)], [text("new"), Value::Decimal(150)]]);
    assert_eq!(replies.columns[1].sql_type.to_string(), "decimal(5,2)");
    assert_eq!(ok(&mut session, "SELECT * FROM dbo.Persons").columns.len(), 8);
}

#[test]
fn a_column_that_must_not_be_null_needs_a_default_or_an_empty_table() {
    let mut session = with_persons();
    assert_eq!(error(&mut session, "ALTER TABLE dbo.Persons ADD n int NOT NULL").number, 4901);
    ok(&mut session, "DELETE dbo.Persons; ALTER TABLE dbo.Persons ADD n int NOT NULL");
    assert_eq!(error(&mut session, "INSERT dbo.Persons (Name) VALUES (N'x')").number, 515);
    assert_eq!(error(&mut session, "ALTER TABLE dbo.Persons ADD n int").number, 2705);
    assert_eq!(error(&mut session, "ALTER TABLE dbo.Nobody ADD n int").number, 4902);
}

#[test]
fn unique_and_default_constraints_can_be_added_and_dropped() {
    let mut session = with_persons();
    ok(
        &mut session,
        "ALTER TABLE dbo.Persons ADD CONSTRAINT UQ_Name UNIQUE (Name); ALTER TABLE dbo.Persons ADD CONSTRAINT DF_City DEFAULT N'Oslo' FOR City",
    );
    assert_eq!(error(&mut session, "INSERT dbo.Persons (Name) VALUES (N'ada')").number, 2627);
    let replies = ok(&mut session, "INSERT dbo.Persons (Name) OUTPUT inserted.City VALUES (N'x')");
    assert_eq!(replies.rows, [[text("Oslo")]]);
    assert_eq!(
        error(&mut session, "ALTER TABLE dbo.Persons ADD CONSTRAINT d DEFAULT N'Rome' FOR City").number,
        1781
    );
    ok(
        &mut session,
        "ALTER TABLE dbo.Persons DROP CONSTRAINT UQ_Name; ALTER TABLE dbo.Persons DROP CONSTRAINT DF_City; ALTER TABLE dbo.Persons DROP CONSTRAINT IF EXISTS UQ_Name",
    );
    let replies = ok(&mut session, "INSERT dbo.Persons (Name) OUTPUT inserted.City VALUES (N'ada')");
    assert_eq!(replies.rows, [[Value::Null]]);
    assert_eq!(error(&mut session, "ALTER TABLE dbo.Persons DROP CONSTRAINT UQ_Name").number, 3728);
    assert_eq!(
        error(&mut session, "ALTER TABLE dbo.Persons ADD CONSTRAINT UQ_Name UNIQUE (Name)").number,
        1505
    );
}

#[test]
fn a_definition_that_is_rolled_back_is_gone() {
    let mut session = with_persons();
    ok(&mut session, "BEGIN TRAN; ALTER TABLE dbo.Persons ADD n int; CREATE TABLE dbo.T (a int); ROLLBACK");
    assert_eq!(error(&mut session, "SELECT n FROM dbo.Persons").number, 207);
    assert_eq!(error(&mut session, "SELECT a FROM dbo.T").number, 208);
}
