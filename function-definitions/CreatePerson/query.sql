INSERT INTO dbo.Persons (Name, City, Balance)
OUTPUT INSERTED.Id, INSERTED.Name, INSERTED.City, INSERTED.Balance, INSERTED.Created
VALUES (@name, @city, @balance);
