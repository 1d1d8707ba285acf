//! Calls of procedures as a client makes them.

use local_azure::sql::engine::{Argument, Session};
use local_azure::sql::types::{SqlType, Value};

use super::support::*;

/// A named argument that is not wanted back.
pub(crate) fn given(name: &str, sql_type: SqlType, value: Value) -> Argument {
    Argument { name: name.to_owned(), sql_type, untyped: false, value, output: false, table: None }
}

/// A named argument that is wanted back.
pub(crate) fn wanted(name: &str, sql_type: SqlType) -> Argument {
    Argument {
        name: name.to_owned(),
        sql_type,
        untyped: false,
        value: Value::Null,
        output: true,
        table: None,
    }
}

/// A call by name.
pub(crate) fn call(session: &mut Session, procedure: &str, arguments: &[Argument]) -> Replies {
    let mut replies = Replies::default();
    session.call(procedure, arguments, &mut replies);
    replies
}

/// A session with the sample table and these procedures.
pub(crate) fn with_procedures(definitions: &[&str]) -> Session {
    let mut session = with_persons();
    for definition in definitions {
        ok(&mut session, definition);
    }
    session
}

/// Adds a person, gives its id and how many there are.
pub(crate) const ADD_PERSON: &str = "CREATE PROCEDURE dbo.AddPerson
    @Name nvarchar(100),
    @City nvarchar(50) = N'Nowhere',
    @Id int OUTPUT,
    @Total bigint = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Persons (Name, City) VALUES (@Name, @City);
    SET @Id = SCOPE_IDENTITY();
    SELECT @Total = COUNT(*) FROM dbo.Persons;
    SELECT Id, Name, City FROM dbo.Persons WHERE Id = @Id;
    RETURN 7;
END";
