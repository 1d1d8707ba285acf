use super::support::*;

/// What sqlparser would read but T-SQL doesn't have, and what the engine doesn't do: an error that names it, never rows.
#[test]
fn what_is_not_understood_is_refused_by_name() {
    let mut session = with_persons();
    for (text, named) in [
        ("SELECT * FROM dbo.Persons LIMIT 1", "LIMIT"),
        ("SELECT 'a' || 'b'", "||"),
        ("SELECT '1'::int", "::"),
        ("SELECT 1 WHERE 'a' ILIKE 'A'", "ILIKE"),
        ("SELECT true", "true"),
        ("INSERT INTO dbo.Persons (Name) VALUES (N'x') ON CONFLICT DO NOTHING", "ON"),
        ("INSERT INTO dbo.Persons (Name) VALUES (N'x') RETURNING Id", "RETURNING"),
        ("MERGE dbo.Persons USING dbo.Persons s ON 1 = 1 WHEN MATCHED THEN DELETE;", "MERGE"),
        ("CREATE TRIGGER dbo.r ON dbo.t AFTER INSERT AS SELECT 1", "CREATE TRIGGER"),
        ("CREATE VIEW dbo.v AS SELECT 1 AS a", "CREATE VIEW"),
        ("SELECT Id FROM dbo.Persons FOR XML PATH", "XML"),
        ("SELECT * FROM dbo.Persons p CROSS APPLY (SELECT 1 AS a) x", "CROSS APPLY"),
        ("SELECT * FROM dbo.Persons WITH (INDEX(1))", "INDEX"),
        ("SELECT TOP (5) PERCENT Id FROM dbo.Persons", "PERCENT"),
        ("SELECT TOP (5) WITH TIES Id FROM dbo.Persons ORDER BY Id", "TIES"),
        ("SELECT FORMAT(1, 'N')", "FORMAT"),
        ("SELECT Id INTO #x FROM dbo.Persons", "INTO"),
        ("SELECT SUM(Id) OVER (ORDER BY Id) FROM dbo.Persons", "OVER"),
        ("CREATE TYPE dbo.t FROM int", "CREATE TYPE"),
        ("CREATE TYPE dbo.t AS TABLE (a int) WITH (MEMORY_OPTIMIZED = ON)", "CREATE TYPE"),
        ("EXEC sp_getapplock 'a'", "sp_getapplock"),
        ("EXEC ('SELECT 1')", "EXEC"),
        ("SET ANSI_NULLS OFF", "ANSI_NULLS"),
        ("WITH r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r", "recursive"),
        ("SELECT 1\nGO\n", "GO"),
    ] {
        let replies = run(&mut session, text);
        assert_eq!(replies.errors.len(), 1, "{text}: {:?}", replies.errors);
        assert_eq!(replies.rows.len(), 0, "{text}");
        assert!(replies.errors[0].message.contains(named), "{text}: {}", replies.errors[0]);
    }
    assert_eq!(ok(&mut session, "SELECT Id FROM dbo.Persons").rows.len(), 3);
}
