-- One page of persons, of one city if the caller names it.
SELECT Id, Name, City, Balance, Created
FROM dbo.Persons
WHERE @city IS NULL OR City = @city
ORDER BY Id
OFFSET @offset ROWS FETCH NEXT @limit ROWS ONLY;
