INSERT INTO dbo.PlacedOrders (Customer, Amount)
OUTPUT INSERTED.Id, INSERTED.Customer, INSERTED.Amount
VALUES (@customer, @amount);
