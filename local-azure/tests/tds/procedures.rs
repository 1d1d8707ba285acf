//! Procedures of the engine, called by tiberius and read with the decoder of tds-protocol.

use local_azure::sql::tds::rpc;
use local_azure::sql::{Encryption, SqlLogin, SqlOptions, start};
use tiberius::Command;

use crate::harness::{Fixture, Journal, SqlClient, number, options};
use crate::raw::{RawClient, batch, utf16, with_headers};

const SEED: &str = "CREATE TABLE dbo.Persons (Id int IDENTITY PRIMARY KEY, Name nvarchar(100) NOT NULL)
GO
CREATE PROCEDURE dbo.AddPerson @Name nvarchar(100), @Id int OUTPUT, @Greeting nvarchar(200) = NULL OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Persons (Name) VALUES (@Name);
    SET @Id = SCOPE_IDENTITY();
    SET @Greeting = CONCAT(N'Hello, ', @Name);
    RETURN 3;
END
GO
CREATE PROCEDURE dbo.Lists AS
SELECT Id FROM dbo.Persons ORDER BY Id;
UPDATE dbo.Persons SET Name = UPPER(Name);
SELECT Name FROM dbo.Persons ORDER BY Id;
GO
CREATE PROCEDURE dbo.Fails @o int = 0 OUTPUT AS
SET @o = 1;
SELECT 1 / 0;
SET @o = 2;
GO
CREATE PROCEDURE dbo.Throws AS
THROW 50001, N'no', 1;
";

/// A server with the engine behind it.
async fn server(options: SqlOptions) -> Fixture {
    let server = start(SqlOptions { seed: Some(SEED.to_owned()), ..options }).await.unwrap();
    Fixture { server, journal: Journal::default() }
}

async fn add(client: &mut SqlClient, name: &'static str) -> i32 {
    let mut command = Command::new("dbo.AddPerson");
    command.bind_param("@Name", name);
    command.bind_out_param("@Id", Option::<i32>::None);
    let result = command.exec(client).await.unwrap().into_command_result().await.unwrap();
    result.try_return_value::<i32>("@Id").unwrap().unwrap()
}

#[tokio::test]
async fn a_call_with_named_arguments_gives_output_values_and_a_status() {
    let fixture = server(options()).await;
    let mut client = fixture.connect().await;
    let mut command = Command::new("dbo.AddPerson");
    command.bind_out_param("@Greeting", Option::<&str>::None);
    command.bind_param("@Name", "Ada");
    command.bind_out_param("@Id", Option::<i32>::None);
    let result = command.exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(result.return_code(), 3);
    assert_eq!(result.try_return_value::<i32>("@Id").unwrap(), Some(1));
    assert_eq!(result.try_return_value::<&str>("@Greeting").unwrap(), Some("Hello, Ada"));
    fixture.server.stop().await;
}

#[tokio::test]
async fn the_result_sets_of_a_call_come_apart_and_in_order() {
    let fixture = server(options()).await;
    let mut client = fixture.connect().await;
    add(&mut client, "Ada").await;
    assert_eq!(add(&mut client, "Grace").await, 2);
    let result =
        Command::new("dbo.Lists").exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    let ids: Vec<i32> = result.to_query_result(0).unwrap().iter().map(|row| row.get(0).unwrap()).collect();
    let names: Vec<&str> = result.to_query_result(1).unwrap().iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!((ids, names), (vec![1, 2], vec!["ADA", "GRACE"]));
    assert!(result.to_query_result(2).is_none());
    assert_eq!(result.return_code(), 0);
    fixture.server.stop().await;
}

#[tokio::test]
async fn exec_in_a_batch_gives_the_result_sets_too() {
    let fixture = server(options()).await;
    let mut client = fixture.connect().await;
    add(&mut client, "Ada").await;
    let results = client
        .simple_query("DECLARE @rc int, @id int; EXEC dbo.Lists; EXEC @rc = dbo.AddPerson N'Grace', @id OUTPUT; SELECT @rc, @id")
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    let last = results.last().and_then(|rows| rows.first()).unwrap();
    assert_eq!((results.len(), last.get::<i32, _>(0), last.get::<i32, _>(1)), (3, Some(3), Some(2)));
    fixture.server.stop().await;
}

#[tokio::test]
async fn an_error_of_a_call_carries_procedure_and_line_and_leaves_the_connection_usable() {
    let fixture = server(options()).await;
    let mut client = fixture.connect().await;
    let failed = Command::new("dbo.Fails").exec(&mut client).await.unwrap().into_command_result().await;
    let Err(tiberius::error::Error::Server(error)) = failed else { panic!("no server error") };
    assert_eq!((error.code(), error.procedure(), error.line()), (8134, "dbo.Fails", 3));
    for (name, expected) in [("dbo.Nobody", 2812), ("dbo.AddPerson", 201), ("dbo.Throws", 50001)] {
        let failed = Command::new(name).exec(&mut client).await.unwrap().into_command_result().await;
        assert_eq!(number(failed), expected, "{name}");
    }
    assert_eq!(add(&mut client, "Ada").await, 1);
    fixture.server.stop().await;
}

/// A call by name, with OUTPUT parameters of `int` that are NULL.
fn call(name: &str, outputs: &[&str]) -> Vec<u8> {
    let mut call = u16::try_from(name.encode_utf16().count()).unwrap().to_le_bytes().to_vec();
    call.extend(utf16(name));
    call.extend([0, 0]);
    for output in outputs {
        call.push(u8::try_from(output.len()).unwrap());
        call.extend(utf16(output));
        call.extend([1, 0x26, 4, 0]);
    }
    with_headers(&call)
}

async fn raw() -> (Fixture, RawClient) {
    let fixture = server(SqlOptions {
        encryption: Encryption::Off,
        logins: vec![SqlLogin::new("sa", "secret")],
        database_names: Vec::new(),
        ..options()
    })
    .await;
    let client = RawClient::ready(&fixture).await;
    (fixture, client)
}

const RPC: u8 = 0x03;
const BATCH: u8 = 0x01;

#[tokio::test]
async fn the_tokens_of_a_call_end_with_status_values_and_doneproc() {
    let (fixture, mut client) = raw().await;
    client.send(RPC, 1, &call("dbo.Lists", &[])).await;
    assert_eq!(
        client.reply().await,
        [
            "1 columns",
            "doneinproc 0x11 0",
            "doneinproc 0x11 0",
            "1 columns",
            "doneinproc 0x11 0",
            "status 0",
            "doneproc 0x0"
        ]
    );
    client.send(RPC, 1, &call("dbo.Fails", &["@o"])).await;
    assert_eq!(
        client.reply().await,
        ["1 columns", "error 8134 16", "doneinproc 0x3 0", "status -6", "value 0 @o", "doneproc 0x0"]
    );
    // By position.
    client.send(RPC, 1, &call("Fails", &[""])).await;
    assert_eq!(client.reply().await.get(4).map(String::as_str), Some("value 0 @o"));
    client.send(RPC, 1, &call("dbo.Throws", &[])).await;
    let reply = client.reply().await;
    assert_eq!(reply, ["error 50001 16", "doneinproc 0x3 0", "doneproc 0x0"]);
    fixture.server.stop().await;
}

#[tokio::test]
async fn exec_in_a_batch_ends_with_status_and_doneproc_and_the_batch_goes_on() {
    let (fixture, mut client) = raw().await;
    client.send(BATCH, 1, &batch("EXEC dbo.Lists")).await;
    assert_eq!(
        client.reply().await,
        [
            "1 columns",
            "doneinproc 0x11 0",
            "doneinproc 0x11 0",
            "1 columns",
            "doneinproc 0x11 0",
            "status 0",
            "doneproc 0x0"
        ]
    );
    client.send(BATCH, 1, &batch("EXEC sp_executesql N'EXEC dbo.Lists'; PRINT 'x'")).await;
    let reply = client.reply().await;
    let end = reply.get(reply.len() - 4..).unwrap();
    assert_eq!(end, ["status 0", "doneproc 0x1", "info 0", "done 0x0 0"]);
    assert_eq!(reply.iter().filter(|line| line.starts_with("status")).count(), 1);
    client.send(BATCH, 1, &batch("EXEC dbo.Throws; SELECT 1")).await;
    assert_eq!(client.reply().await, ["error 50001 16", "doneinproc 0x3 0", "done 0x0 0"]);
    client.send(BATCH, 1, &batch("EXEC dbo.Nobody; PRINT 'x'")).await;
    assert_eq!(client.reply().await, ["error 2812 16", "done 0x3 0", "info 0", "done 0x0 0"]);
    fixture.server.stop().await;
}

#[test]
fn a_call_by_name_is_the_systems_only_in_its_schemas() {
    for (name, expected) in [
        ("sp_executesql", rpc::Procedure::ExecuteSql),
        ("[sys].[sp_ExecuteSql]", rpc::Procedure::ExecuteSql),
        ("sales.sp_executesql", rpc::Procedure::Named("sales.sp_executesql".to_owned())),
    ] {
        let length = u16::try_from(name.len()).unwrap();
        let body = [&length.to_le_bytes()[..], &utf16(name), &[0, 0]].concat();
        let calls = rpc::parse(&with_headers(&body)).unwrap();
        assert_eq!(calls.first().map(|call| &call.procedure), Some(&expected), "{name}");
    }
}
