-- A queue delivers a message again when it isn't sure that it was taken, so the same order can come twice, also at once:
-- the second finds the first. The locks hold the place of a row that isn't there yet until the statement has ended.
INSERT INTO dbo.IncomingOrders (OrderId, Customer, Amount)
SELECT @orderId, @customer, @amount
WHERE NOT EXISTS (
    SELECT 1
    FROM dbo.IncomingOrders WITH (UPDLOCK, HOLDLOCK)
    WHERE OrderId = @orderId);
