//! Whatever statements a batch is made of: the session answers, and can be used afterwards.

use proptest::prelude::*;

use super::support::*;

const STATEMENTS: &[&str] = &[
    "BEGIN TRAN",
    "COMMIT",
    "ROLLBACK",
    "SAVE TRAN s",
    "ROLLBACK TRAN s",
    "INSERT dbo.Persons (Name) VALUES (N'x'), (N'y')",
    "INSERT dbo.Persons (Name) VALUES (N'x'), (NULL)",
    "UPDATE dbo.Persons SET Balance = 1 / (Id - 2)",
    "DELETE dbo.Persons WHERE Id = 2",
    "TRUNCATE TABLE dbo.Persons",
    "CREATE TABLE #t (a int)",
    "DROP TABLE #t",
    "CREATE TABLE dbo.T (a int PRIMARY KEY)",
    "DROP TABLE dbo.T",
    "INSERT dbo.T VALUES (1)",
    "ALTER TABLE dbo.T ADD b int NOT NULL DEFAULT 1",
    "CREATE UNIQUE INDEX IX ON dbo.Persons (City)",
    "SELECT CAST('x' AS int)",
    "SELECT * FROM dbo.Persons",
    "SET XACT_ABORT ON",
    "BEGIN TRY INSERT dbo.Persons (Name) VALUES (NULL); SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH",
    "EXEC sp_executesql N'INSERT dbo.Persons (Name) VALUES (N''z''); CREATE TABLE #t (b int); SELECT 1 / 0'",
    "THROW 50000, N'no', 1",
    "EXEC dbo.Opens",
    "EXEC dbo.Closes",
    "DECLARE @o int; EXEC dbo.Fails @o OUTPUT",
    "BEGIN TRY EXEC dbo.Fails END TRY BEGIN CATCH SELECT ERROR_PROCEDURE(), XACT_STATE() END CATCH",
    "EXEC dbo.Fails 'x'",
    "DROP PROC IF EXISTS dbo.Opens",
    "EXEC sp_executesql N'CREATE OR ALTER PROC dbo.Opens AS BEGIN TRAN; EXEC dbo.Closes; EXEC dbo.Fails'",
];

const PROCEDURES: [&str; 3] = [
    "CREATE PROC dbo.Opens AS BEGIN TRAN; CREATE TABLE #t (c int); INSERT #t VALUES (1)",
    "CREATE PROC dbo.Closes AS SET XACT_ABORT ON; ROLLBACK",
    "CREATE PROC dbo.Fails @o int = 1 OUTPUT AS SAVE TRAN s; DELETE dbo.Persons; SET @o = 1 / 0; RETURN 1",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_batches_are_answered_without_an_internal_error(batches in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(STATEMENTS), 1..5), 1..6)) {
        let mut session = with_persons();
        for procedure in PROCEDURES {
            ok(&mut session, procedure);
        }
        for batch in batches {
            for error in run(&mut session, &batch.join("; ")).errors {
                prop_assert_ne!(error.number, 8630, "{:?}: {}", batch, error);
            }
        }
        run(&mut session, "IF @@TRANCOUNT > 0 ROLLBACK");
        prop_assert_eq!(ok(&mut session, "SELECT @@TRANCOUNT, XACT_STATE()").rows.len(), 1);
    }
}
