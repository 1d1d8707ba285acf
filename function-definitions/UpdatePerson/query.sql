-- Replaces a person as a whole: what the body leaves out becomes NULL.
UPDATE dbo.Persons
SET Name = @name, City = @city, Balance = @balance
OUTPUT INSERTED.Id, INSERTED.Name, INSERTED.City, INSERTED.Balance, INSERTED.Created
WHERE Id = @id;
