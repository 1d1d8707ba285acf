DELETE FROM dbo.Persons
WHERE Id = @id;
