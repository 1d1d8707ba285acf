-- Proves that the database answers: the name of one of its tables, dbo.Persons if it is there, or NULL.
SELECT
    'ok' AS status,
    (SELECT TOP (1) name
     FROM sys.tables
     ORDER BY CASE WHEN name = 'Persons' THEN 0 ELSE 1 END, name) AS sample_table;
