-- One row a night: how many persons there are, and what they own together.
INSERT INTO dbo.NightlySummaries (Persons, TotalBalance, PastDue)
SELECT COUNT(*), COALESCE(SUM(Balance), 0), @pastDue
FROM dbo.Persons;
