//! The first result set of a batch with several ways through it; the examples are those of Microsoft's page.

use super::describe_support::*;
use super::support::*;

fn two_tables() -> local_azure::sql::engine::Session {
    let mut session = session();
    ok(&mut session, "CREATE TABLE dbo.t1 (a int NULL, b varchar(10) NULL, c nvarchar(10) NULL)");
    ok(&mut session, "CREATE TABLE dbo.t2 (a smallint NOT NULL, d varchar(20) NOT NULL, e int NOT NULL)");
    session
}

#[test]
fn the_first_result_set_counts_and_what_stands_before_it_gives_none() {
    let session = &mut two_tables();
    for text in [
        "DECLARE @x int = 1; SET NOCOUNT ON; UPDATE dbo.t1 SET a = @x; SELECT a FROM dbo.t1; SELECT d FROM dbo.t2",
        "DECLARE @x int; SELECT @x = a FROM dbo.t1; SELECT a FROM dbo.t1",
        "BEGIN TRAN; INSERT dbo.t1 (a) VALUES (1); COMMIT; SELECT a FROM dbo.t1",
        "BEGIN TRY SELECT a FROM dbo.t1 END TRY BEGIN CATCH THROW END CATCH",
        "WHILE @x > 0 BEGIN SET @x = @x - 1; SELECT a FROM dbo.t1 END",
        "IF @x = 1 RETURN; SELECT a FROM dbo.t1",
        "IF @x = 1 RAISERROR('Some Error', 16, 1); ELSE SELECT a FROM dbo.t1; SELECT e FROM dbo.t2",
        "IF @x = 1 THROW 50000, 'no', 1; SELECT a FROM dbo.t1",
        "SELECT a FROM dbo.t1; SELECT * FROM dbo.NoSuchTable",
        "IF @x = 1 SELECT z FROM dbo.NoSuchTable; SELECT a FROM dbo.t1",
        "EXEC sp_executesql N'SELECT a FROM dbo.t1'",
        "EXEC sp_executesql N'IF @y = 1 RETURN; SELECT a FROM dbo.t1', N'@y int', @y = @x",
    ] {
        assert_eq!(columns(session, text), ["a int NULL"], "{text}");
    }
    for text in
        ["", "PRINT 'x'", "RETURN; SELECT 1", "RAISERROR('x', 16, 1)", "IF @x = 1 RETURN", "-- nothing"]
    {
        assert!(columns(session, text).is_empty(), "{text}");
    }
}

#[test]
fn results_of_two_ways_are_described_together_if_they_go_together() {
    let session = &mut two_tables();
    assert_eq!(columns(session, "IF (1=1) SELECT b FROM t1; ELSE SELECT d FROM t2;"), ["- varchar(20) NULL"]);
    assert_eq!(
        columns(session, "IF (1=1) SELECT b FROM t1; ELSE SELECT d AS b FROM t2;"),
        ["b varchar(20) NULL"]
    );
    assert_eq!(columns(session, "IF 1=1 SELECT e FROM t2 ELSE SELECT 1 AS e"), ["e int NOT NULL"]);
    assert_eq!(
        columns(session, "IF 1=1 SELECT CAST(b AS varchar(max)) AS b FROM t1 ELSE SELECT b FROM t1"),
        ["b varchar(max) NULL"]
    );
}

#[test]
fn results_of_two_ways_that_do_not_go_together_are_11509() {
    let session = &mut two_tables();
    for text in [
        "IF (1=1) SELECT a FROM t1; ELSE SELECT a, b FROM t1; SELECT * FROM t;",
        "IF (1=1) SELECT a FROM t1; ELSE SELECT a FROM t2;",
        "IF (1=1) SELECT b FROM t1; ELSE SELECT c FROM t1;",
        "BEGIN TRY SELECT a FROM t1 END TRY BEGIN CATCH SELECT ERROR_MESSAGE() AS a END CATCH",
        "WHILE @x = 1 SELECT a FROM t1; SELECT b FROM t1",
    ] {
        assert_eq!(refused(session, text), (vec![11509], Some(3)), "{text}");
    }
    let message = &describe_call(session, "IF 1=1 SELECT a FROM t1;\nELSE SELECT b\n FROM t1", "").errors[0];
    assert_eq!(
        message.message,
        "The metadata could not be determined because the statement 'SELECT a FROM t1;' is not compatible with the statement 'SELECT b\n FROM t1'."
    );
    assert_eq!(message.procedure, "sp_describe_first_result_set");
}

#[test]
fn a_text_that_is_not_known_before_it_runs_is_11513() {
    let session = &mut two_tables();
    let text = "DECLARE @s nvarchar(max) = N'SELECT a FROM t1'; EXEC sp_executesql @s";
    assert_eq!(refused(session, text), (vec![11513], Some(4)));
    assert_eq!(columns(session, &format!("SELECT a FROM t1; {text}")), ["a int NULL"]);
}

#[test]
fn a_temporary_table_is_11525_unless_the_batch_is_one_statement() {
    let session = &mut two_tables();
    for text in [
        "CREATE TABLE #t (a int); SELECT a FROM #t",
        "CREATE TABLE #t (a int); INSERT INTO #t VALUES (1); SELECT a FROM t1",
        "BEGIN SELECT a FROM [#t] END",
    ] {
        assert_eq!(refused(session, text), (vec![11525], Some(10)), "{text}");
    }
    assert_eq!(refused(session, "SELECT a FROM #t"), (vec![208, 11529], Some(1)));
    ok(session, "CREATE TABLE #t (a bigint)");
    assert_eq!(columns(session, "SELECT a FROM #t"), ["a bigint NULL"]);
    assert_eq!(columns(session, "CREATE TABLE #u (a int); SELECT '#u' AS a"), ["a varchar(2) NOT NULL"]);
}
