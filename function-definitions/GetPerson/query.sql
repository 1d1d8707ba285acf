SELECT Id, Name, City, Balance, Created
FROM dbo.Persons
WHERE Id = @id;
