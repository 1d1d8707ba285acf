//! What the reader of rights tells of commands, as a table.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::scanner::scan;
use super::*;

/// `[dbo].[Persons] SELECT INSERT`, one line an object.
fn rights(text: &str) -> Vec<String> {
    let needed = rights_needed(&scan(text).unwrap());
    needed
        .rights
        .iter()
        .map(|(object, rights)| {
            let rights: Vec<&str> = rights.iter().map(|right| right.name()).collect();
            format!("{object} {}", rights.join(" "))
        })
        .collect()
}

fn notes(text: &str) -> Vec<String> {
    let needed = rights_needed(&scan(text).unwrap());
    needed.notes.into_iter().map(|note| format!("{}: {}", note.line, note.message)).collect()
}

#[test]
fn reading_needs_select_on_every_source() {
    for (text, expected) in [
        ("SELECT a FROM dbo.T", vec!["[dbo].[T] SELECT"]),
        (
            "SELECT a FROM [dbo].[T x] AS [FROM], \"s\".\"U]\" u",
            vec!["[dbo].[T x] SELECT", "[s].[U]]] SELECT"],
        ),
        (
            "SELECT a FROM dbo.A x INNER MERGE JOIN dbo.B AS y ON x.i = y.i LEFT OUTER JOIN dbo.C ON 1 = 1 \
             CROSS APPLY dbo.Rows(x.i) r OUTER APPLY (SELECT TOP (1) z FROM dbo.D WHERE D.i = x.i) d",
            vec![
                "[dbo].[A] SELECT",
                "[dbo].[B] SELECT",
                "[dbo].[C] SELECT",
                "[dbo].[D] SELECT",
                "[dbo].[Rows] SELECT",
            ],
        ),
        (
            "SELECT (SELECT MAX(i) FROM dbo.A), CASE WHEN EXISTS (SELECT 1 FROM dbo.B) THEN 1 ELSE 0 END FROM dbo.C \
             WHERE i IN (SELECT i FROM dbo.D) UNION ALL SELECT i FROM dbo.E ORDER BY 1 OFFSET 0 ROWS FETCH NEXT 5 ROWS ONLY",
            vec![
                "[dbo].[A] SELECT",
                "[dbo].[B] SELECT",
                "[dbo].[C] SELECT",
                "[dbo].[D] SELECT",
                "[dbo].[E] SELECT",
            ],
        ),
        (
            "WITH a AS (SELECT i FROM dbo.A), b (i) AS (SELECT i FROM a UNION ALL SELECT i FROM b) \
             SELECT * FROM b JOIN dbo.B ON 1 = 1",
            vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT"],
        ),
        (
            "SELECT * FROM (dbo.A JOIN (dbo.B JOIN dbo.C ON 1 = 1) ON 1 = 1)",
            vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT", "[dbo].[C] SELECT"],
        ),
        ("(SELECT 1 FROM dbo.A) UNION (SELECT 2 FROM dbo.B)", vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT"]),
        (
            "SELECT * FROM ((SELECT 1 AS a FROM dbo.A) UNION (SELECT 2 FROM dbo.B)) x",
            vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT"],
        ),
        (
            "SELECT * FROM ((SELECT 1 AS a FROM dbo.A) x JOIN dbo.B ON 1 = 1)",
            vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT"],
        ),
        ("SELECT * FROM dbo.T (NOLOCK) WHERE a IS DISTINCT FROM b", vec!["[dbo].[T] SELECT"]),
        ("SELECT TRIM('x' FROM a) FROM dbo.T t, dbo.U", vec!["[dbo].[T] SELECT", "[dbo].[U] SELECT"]),
        ("SELECT * FROM dbo.T FOR JSON PATH", vec!["[dbo].[T] SELECT"]),
        (
            "SELECT * FROM CONTAINSTABLE(dbo.T, *, 'x') c JOIN dbo.U u ON u.i = c.[KEY]",
            vec!["[dbo].[T] SELECT", "[dbo].[U] SELECT"],
        ),
        (
            "DECLARE c CURSOR FOR SELECT a FROM dbo.T FOR UPDATE OF a OPEN c FETCH NEXT FROM c INTO @a CLOSE c",
            vec!["[dbo].[T] SELECT"],
        ),
        (
            "IF EXISTS (SELECT 1 FROM dbo.A) BEGIN SELECT 1 FROM dbo.B END ELSE SELECT 1 FROM dbo.C",
            vec!["[dbo].[A] SELECT", "[dbo].[B] SELECT", "[dbo].[C] SELECT"],
        ),
        (
            "SET @a = (SELECT MAX(a) FROM dbo.T); WHILE @a > 0 SET @a -= (SELECT 1 FROM dbo.U)",
            vec!["[dbo].[T] SELECT", "[dbo].[U] SELECT"],
        ),
        ("SELECT 1 FROM dbo.T OPTION (MERGE JOIN, MAXDOP 1)", vec!["[dbo].[T] SELECT"]),
        ("SELECT a FROM dbo.t, DBO.T x", vec!["[dbo].[t] SELECT"]),
    ] {
        assert_eq!(rights(text), expected, "{text}");
        assert_eq!(notes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_no_object_needs_nothing() {
    for text in [
        "SELECT 1",
        "SELECT name FROM sys.tables t JOIN INFORMATION_SCHEMA.COLUMNS c ON 1 = 1",
        "SELECT * FROM @t AS t JOIN #temp x ON 1 = 1 JOIN tempdb..#other ON 1 = 1",
        "SELECT * FROM OPENJSON(@json) WITH (a int '$.a') j CROSS APPLY STRING_SPLIT(j.b, ',') s",
        "SELECT * FROM (VALUES (1), (2)) AS v (i)",
        "SELECT 'SELECT * FROM dbo.T' -- FROM dbo.T\n /* FROM dbo.U */ AS [FROM dbo.V]",
        "CREATE TABLE #t (a int) INSERT INTO #t (a) VALUES (1) SELECT a FROM #t DROP TABLE IF EXISTS #t",
        "DECLARE @t TABLE (a int), @b nvarchar(50) = N'x'; INSERT @t SELECT 1; DELETE FROM @t WHERE a = 1",
        "DECLARE @t TABLE (a [int] IDENTITY, b AS a + 1, c decimal(9, 2) DEFAULT 0, x xml, PRIMARY KEY (a), CHECK (c > 0), \
         CONSTRAINT u UNIQUE (c), INDEX i (c)); UPDATE @t SET a = (SELECT MAX(b) FROM #u)",
        "SELECT * FROM OPENJSON(@json) WITH (a nvarchar(max) '$.a' AS JSON, d date, e sys.geography) j",
        "SELECT CAST(@x AS xml), CONVERT(varchar(max), @x), TRY_CAST(@x AS [date]), geography::Point(1, 2, 4326), \
         CAST(@x AS sys.hierarchyid)",
        "EXEC sp_set_session_context N'a', @a; EXEC sys.sp_getapplock @Resource = 'a'",
        "SET NOCOUNT ON; BEGIN TRY THROW 50404, 'no', 1; END TRY BEGIN CATCH ROLLBACK; END CATCH",
        "SELECT x.c.value('.', 'int') AS a FROM @x.nodes('/a') AS x (c)",
    ] {
        assert_eq!(rights(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn inserting_needs_insert_and_select_on_what_comes_back() {
    for (text, expected) in [
        ("INSERT INTO dbo.T (a) VALUES (@a)", vec!["[dbo].[T] INSERT"]),
        ("INSERT dbo.T DEFAULT VALUES SELECT 1 FROM dbo.U", vec!["[dbo].[T] INSERT", "[dbo].[U] SELECT"]),
        (
            "INSERT INTO dbo.T WITH (TABLOCK) (a) OUTPUT INSERTED.a VALUES ((SELECT MAX(a) FROM dbo.U))",
            vec!["[dbo].[T] SELECT INSERT", "[dbo].[U] SELECT"],
        ),
        (
            "INSERT INTO dbo.T (a) OUTPUT inserted.a INTO dbo.Log (a) SELECT a FROM dbo.U",
            vec!["[dbo].[Log] INSERT", "[dbo].[T] SELECT INSERT", "[dbo].[U] SELECT"],
        ),
        ("INSERT INTO dbo.T (a) (SELECT a FROM dbo.U)", vec!["[dbo].[T] INSERT", "[dbo].[U] SELECT"]),
        ("INSERT INTO dbo.T EXEC dbo.Work @a", vec!["[dbo].[T] INSERT", "[dbo].[Work] EXECUTE"]),
        ("INSERT INTO dbo.T VALUES (1) SELECT a FROM dbo.U", vec!["[dbo].[T] INSERT", "[dbo].[U] SELECT"]),
        (
            "INSERT INTO dbo.T (a) SELECT a FROM (DELETE FROM dbo.U OUTPUT deleted.a WHERE a = 1) AS gone",
            vec!["[dbo].[T] INSERT", "[dbo].[U] SELECT DELETE"],
        ),
    ] {
        assert_eq!(rights(text), expected, "{text}");
        assert_eq!(notes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn changing_needs_select_only_where_something_is_read() {
    for (text, expected) in [
        ("UPDATE dbo.T SET a = @a", vec!["[dbo].[T] UPDATE"]),
        (
            "UPDATE dbo.T SET a = 1, b = DEFAULT, c = N'x', d = GETDATE(), e = CAST(@e AS nvarchar(5))",
            vec!["[dbo].[T] UPDATE"],
        ),
        (
            "UPDATE dbo.T SET a = DATEADD(day, 1, SYSUTCDATETIME()), b = @b COLLATE Latin1_General_BIN2",
            vec!["[dbo].[T] UPDATE"],
        ),
        (
            "UPDATE dbo.T SET a = TRIM(BOTH ' ' FROM @x), b = CASE WHEN @x = 1 THEN 'a' ELSE NULL END",
            vec!["[dbo].[T] UPDATE"],
        ),
        ("UPDATE dbo.T SET a = a + 1", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a += 1", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = [b]", vec!["[dbo].[T] SELECT UPDATE"]),
        (
            "UPDATE TOP (5) PERCENT dbo.T WITH (ROWLOCK) SET a = 1 WHERE b = 2",
            vec!["[dbo].[T] SELECT UPDATE"],
        ),
        ("UPDATE dbo.T SET a = 1 OUTPUT deleted.a", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = (SELECT MAX(u.b) FROM dbo.U u)", vec!["[dbo].[T] UPDATE", "[dbo].[U] SELECT"]),
        (
            "UPDATE dbo.T SET a = (SELECT TOP (1) u.[b] AS c FROM (dbo.U AS u CROSS APPLY dbo.F(u.x) f) \
             LEFT JOIN OPENJSON(@j) j ON j.[key] = u.i WHERE u.i = @i AND u.d > DATEADD(day, 1, @d) ORDER BY u.b DESC)",
            vec!["[dbo].[F] SELECT", "[dbo].[T] UPDATE", "[dbo].[U] SELECT"],
        ),
        (
            "UPDATE dbo.T SET a = (SELECT MAX(b) FROM dbo.U) WHERE i = 1",
            vec!["[dbo].[T] SELECT UPDATE", "[dbo].[U] SELECT"],
        ),
        // A column may be called as a type or a part of a date is.
        ("UPDATE dbo.T SET a = date", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = LEN(text)", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = DATEADD(day, 1, time)", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = DATEFROMPARTS(year, 1, 1)", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = zone", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE dbo.T SET a = CONVERT(varchar(10), date, 120)", vec!["[dbo].[T] SELECT UPDATE"]),
        (
            "UPDATE dbo.T SET a = CAST(@a AS varchar(max)), b = CONVERT(nvarchar(max), @b), c = @c AT TIME ZONE 'UTC', \
             d = PARSE(@d AS date USING 'de-DE'), e = CAST(@e AS double precision), f = USER, \
             g = JSON_OBJECT('a': @a ABSENT ON NULL), h = geography::Point(@x, @y, 4326)",
            vec!["[dbo].[T] UPDATE"],
        ),
        (
            "UPDATE dbo.T SET a = (SELECT MAX(b) FROM dbo.U u WHERE u.i = T.i)",
            vec!["[dbo].[T] SELECT UPDATE", "[dbo].[U] SELECT"],
        ),
        ("UPDATE p SET a = 1 FROM dbo.T AS p", vec!["[dbo].[T] UPDATE"]),
        ("UPDATE p SET a = p.b FROM dbo.T p", vec!["[dbo].[T] SELECT UPDATE"]),
        (
            "UPDATE P SET a = s.a FROM dbo.T p JOIN dbo.S s ON s.i = p.i",
            vec!["[dbo].[S] SELECT", "[dbo].[T] SELECT UPDATE"],
        ),
        ("UPDATE dbo.T SET a = 1\nFROM DBO.t", vec!["[dbo].[T] UPDATE"]),
        ("UPDATE T SET a = 1 FROM dbo.T WHERE b = 1", vec!["[dbo].[T] SELECT UPDATE"]),
        ("WITH c AS (SELECT a FROM dbo.T) UPDATE c SET a = 1", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE d SET a = 1 FROM (SELECT a FROM dbo.T) d", vec!["[dbo].[T] SELECT UPDATE"]),
        ("UPDATE @t SET a = 1 FROM dbo.T", vec!["[dbo].[T] SELECT"]),
        ("DELETE dbo.T", vec!["[dbo].[T] DELETE"]),
        ("DELETE FROM dbo.T WHERE a = 1", vec!["[dbo].[T] SELECT DELETE"]),
        ("DELETE TOP (1) FROM p OUTPUT deleted.a INTO @gone FROM dbo.T p", vec!["[dbo].[T] SELECT DELETE"]),
        ("WITH x AS (SELECT TOP (1) a FROM dbo.T ORDER BY b) DELETE FROM x", vec!["[dbo].[T] SELECT DELETE"]),
        ("DELETE a FROM #t a JOIN dbo.T t ON 1 = 1", vec!["[dbo].[T] SELECT"]),
        (
            "MERGE INTO dbo.T WITH (HOLDLOCK) AS t USING (SELECT @a AS a) s ON t.a = s.a \
             WHEN MATCHED AND CASE WHEN t.a = 1 THEN 1 END = 1 THEN UPDATE SET b = 1 \
             WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a) OUTPUT $action, inserted.a;",
            vec!["[dbo].[T] SELECT INSERT UPDATE"],
        ),
        (
            "MERGE dbo.T t USING dbo.S s ON t.a = s.a WHEN NOT MATCHED BY SOURCE THEN DELETE OUTPUT deleted.a INTO dbo.L;",
            vec!["[dbo].[L] INSERT", "[dbo].[S] SELECT", "[dbo].[T] SELECT DELETE"],
        ),
        ("TRUNCATE TABLE dbo.T", vec!["[dbo].[T] ALTER"]),
        ("SET IDENTITY_INSERT dbo.T ON", vec!["[dbo].[T] ALTER"]),
        (
            "DELETE FROM dbo.A DELETE FROM dbo.B UPDATE dbo.C SET a = 1 SET NOCOUNT ON",
            vec!["[dbo].[A] DELETE", "[dbo].[B] DELETE", "[dbo].[C] UPDATE"],
        ),
    ] {
        assert_eq!(rights(text), expected, "{text}");
        assert_eq!(notes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn calling_needs_execute_and_nothing_on_what_is_called() {
    for (text, expected) in [
        ("EXEC dbo.Work @a = 1, @b = @b OUTPUT", vec!["[dbo].[Work] EXECUTE"]),
        ("DECLARE @r int; EXECUTE @r = dbo.Work SELECT @r", vec!["[dbo].[Work] EXECUTE"]),
        ("[dbo].[Work] @a", vec!["[dbo].[Work] EXECUTE"]),
        ("EXEC dbo.sp_mine", vec!["[dbo].[sp_mine] EXECUTE"]),
        (
            "SELECT dbo.Tax(a), COUNT(*) FROM dbo.T WHERE dbo.Free(a) = 0",
            vec!["[dbo].[Free] EXECUTE", "[dbo].[T] SELECT", "[dbo].[Tax] EXECUTE"],
        ),
        ("SELECT NEXT VALUE FOR dbo.Numbers", vec!["[dbo].[Numbers] UPDATE"]),
        (
            "UPDATE dbo.T SET a = NEXT VALUE FOR dbo.Numbers",
            vec!["[dbo].[Numbers] UPDATE", "[dbo].[T] UPDATE"],
        ),
        (
            "DECLARE @ids dbo.IdList; INSERT @ids VALUES (1); EXEC dbo.Work @ids",
            vec!["[dbo].[Work] EXECUTE", "[dbo].[IdList] EXECUTE"],
        ),
    ] {
        assert_eq!(rights(text), expected, "{text}");
        assert_eq!(notes(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_cannot_be_told_is_a_note() {
    for (text, start) in [
        ("EXEC (@sql)", "1: the statement that runs here is made at run time"),
        ("SELECT 1;\nEXEC sp_executesql @sql", "2: the statement that runs here is made at run time"),
        ("EXEC @procedure", "1: the procedure's name stands in a variable"),
        ("EXEC sp_rename 'a', 'b'", "1: what the server's procedure `sp_rename` needs"),
        ("SELECT a FROM Persons", "1: `Persons` has no schema"),
        ("SELECT a FROM other.dbo.T", "1: `other.dbo.T` names a database or a server"),
        ("SELECT a FROM other..T", "1: `other..T` names a database or a server"),
        ("SELECT a FROM server.other.dbo.T", "1: `server.other.dbo.T` names a database or a server"),
        ("SELECT * INTO dbo.Copy FROM dbo.T", "1: SELECT INTO makes the table `dbo.Copy`"),
        ("CREATE TABLE dbo.T (a int)", "1: what `CREATE` `TABLE` needs is not granted"),
        ("GRANT SELECT ON dbo.T TO x", "1: what `GRANT` `SELECT` needs"),
        ("CREATE PROCEDURE dbo.P AS SELECT a FROM dbo.T; DELETE dbo.T", "1: what `CREATE` `PROCEDURE` needs"),
        ("SELECT * FROM OPENROWSET(BULK 'x', FORMAT = 'CSV') AS r", "1: what `OPENROWSET` needs"),
        ("SELECT 1;\nfrobnicate dbo.T", "2: what begins with `frobnicate` isn't understood"),
        ("SELECT (1", "1: parentheses don't match"),
        ("UPDATE dbo.T SET a.write(@x, 0, 0)", "1: `a.write` is taken for a method"),
        ("SELECT a.b.value('x', 'int') FROM dbo.T a", "1: `a.b.value` is taken for a method"),
        ("WITH j AS (SELECT 1 AS a FROM dbo.A, dbo.B) DELETE FROM j", "1: which table of a join is changed"),
        ("UPDATE STATISTICS dbo.T", "1: what `UPDATE` needs can't be told"),
        ("EXECUTE AS USER = 'x'", "1: EXECUTE AS takes another user's rights"),
        ("SELECT * FROM sys.dm_exec_requests", "1: `sys.dm_exec_requests` shows little"),
        ("OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c", "1: what `OPEN` needs"),
        ("SELECT DECRYPTBYCERT(1, a) FROM dbo.T", "1: what `DECRYPTBYCERT` uses"),
        ("DECLARE @x xml(dbo.Forms)", "1: EXECUTE on the XML schema collection"),
        ("USE other", "1: USE changes the database"),
        ("SELECT * FROM", "1: what is read after FROM"),
        ("SELECT a FROM dbo.T FOR SYSTEM_TIME ALL AS t", "1: FOR SYSTEM_TIME reads the history table too"),
        ("SELECT * FROM sys.query_store_query", "1: `sys.query_store_query` shows little"),
        (
            "UPDATE dbo.T SET a = (SELECT MAX(b) FROM dbo.U)",
            "1: a query in SET names a column without its table",
        ),
        (
            "UPDATE dbo.T SET a = 1,\nb = (SELECT 1 FROM dbo.U u WHERE u.i = date)",
            "1: a query in SET names a column",
        ),
        (
            "UPDATE dbo.T SET a = 1 + (SELECT MAX(u.i) FROM dbo.U u JOIN dbo.V v ON v.i = x)",
            "1: a query in SET names",
        ),
        ("UPDATE dbo.T SET a = (SELECT MAX(u.i) FROM (SELECT b AS i) u)", "1: a query in SET names a column"),
        (
            "UPDATE dbo.T SET a = (SELECT SUM(v.i) FROM (VALUES (b)) AS v (i))",
            "1: a query in SET names a column",
        ),
        ("DECLARE @t TABLE (i int PRIMARY KEY, m dbo.Money2 NOT NULL)", "1: `dbo.Money2` is a user's type"),
        ("CREATE TABLE #t (m Money2)", "1: `Money2` is a user's type"),
        ("DECLARE @t TABLE (x xml(CONTENT dbo.Forms))", "1: EXECUTE on the XML schema collection"),
        (
            "SELECT * FROM OPENJSON(@j) WITH (a int '$.a', m app.Money2 '$.m') j",
            "1: `app.Money2` is a user's type",
        ),
        ("SELECT CAST(@x AS dbo.Point)", "1: `dbo.Point` is a user's type"),
        ("SELECT TRY_CONVERT(dbo.Point, @x)", "1: `dbo.Point` is a user's type"),
        ("SELECT dbo.Point::Parse(@x)", "1: `dbo.Point` is a user's type"),
        ("SELECT CAST(@x AS xml(dbo.Forms))", "1: EXECUTE on the XML schema collection"),
        ("SELECT CONVERT(xml(dbo.Forms), @x)", "1: EXECUTE on the XML schema collection"),
        ("SET @x = CAST(@y AS xml(dbo.Forms))", "1: EXECUTE on the XML schema collection"),
    ] {
        let notes = notes(text);
        assert!(notes.iter().any(|note| note.starts_with(start)), "{text}: {notes:?}");
    }
}

#[test]
fn many_withs_in_a_row_are_read_without_end_of_the_stack() {
    for text in ["WITH ", "WITH a AS (SELECT 1 FROM dbo.T) "] {
        let needed = rights_needed(&scan(&text.repeat(50_000)).unwrap());
        assert!(text == "WITH " || needed.rights.len() == 1, "{text}");
    }
}
