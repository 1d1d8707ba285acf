//! The procedures that describe, called by a client that we did not write, with the engine behind the protocol.

use local_azure::sql::{SqlLogin, SqlOptions, SqlServer, start};
use tiberius::{AuthMethod, Client, Command, Config, Row};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use crate::harness::{PASSWORD, SqlClient, USER, options};

const SEED: &str = "CREATE TABLE dbo.Persons (Id int IDENTITY PRIMARY KEY, Name nvarchar(100) NOT NULL, Balance decimal(18,4), Born date)";

async fn server() -> SqlServer {
    start(SqlOptions {
        logins: vec![SqlLogin::new(USER, PASSWORD)],
        seed: Some(SEED.to_owned()),
        ..options()
    })
    .await
    .unwrap()
}

async fn connect(server: &SqlServer) -> SqlClient {
    let mut config = Config::new();
    config.host("localhost");
    config.port(server.address().port());
    config.database("shop");
    config.authentication(AuthMethod::sql_server(USER, PASSWORD));
    config.trust_cert_ca_bundle(server.ca_pem().unwrap().as_bytes());
    let socket = TcpStream::connect(server.address()).await.unwrap();
    socket.set_nodelay(true).unwrap();
    Client::connect(config, socket.compat_write()).await.unwrap()
}

/// Calls one of the procedures by name: what `read` sees in each row, and the return status.
async fn call<T>(
    client: &mut SqlClient,
    procedure: &str,
    text: &str,
    read: impl Fn(&Row) -> T,
) -> tiberius::Result<(Vec<T>, u32)> {
    let mut command = Command::new(procedure);
    command.bind_param("@tsql", text);
    command.bind_param("@params", "@id int");
    let result = command.exec(client).await?.into_command_result().await?;
    let rows = result.to_query_result(0).map(|rows| rows.iter().map(read).collect());
    Ok((rows.unwrap_or_default(), result.return_code()))
}

fn text(row: &Row, column: &str) -> String {
    row.get::<&str, _>(column).unwrap().to_owned()
}

/// The name and the type of a described column, whether it may be NULL, its precision, whether it is an identity.
fn shape(row: &Row) -> (String, String, bool, u8, bool) {
    (
        text(row, "name"),
        text(row, "system_type_name"),
        row.get("is_nullable").unwrap(),
        row.get("precision").unwrap(),
        row.get("is_identity_column").unwrap(),
    )
}

const QUERY: &str = "SELECT Id, Name, Balance, Born FROM dbo.Persons WHERE Id = @id";

#[tokio::test]
async fn a_client_gets_a_description_by_a_call_and_by_sp_executesql() {
    let server = server().await;
    let mut client = connect(&server).await;
    let expected = [
        ("Id", "int", false, 10, true),
        ("Name", "nvarchar(100)", false, 0, false),
        ("Balance", "decimal(18,4)", true, 18, false),
        ("Born", "date", true, 10, false),
    ]
    .map(|(name, sql_type, nullable, precision, identity)| {
        (name.to_owned(), sql_type.to_owned(), nullable, precision, identity)
    });
    let (columns, status) = call(&mut client, "sp_describe_first_result_set", QUERY, shape).await.unwrap();
    assert_eq!((columns.as_slice(), status), (expected.as_slice(), 0));
    let rows = client
        .query("EXEC sys.sp_describe_first_result_set @P1, @P2, 0", &[&QUERY, &"@id int"])
        .await
        .unwrap()
        .into_first_result()
        .await
        .unwrap();
    assert_eq!(rows.iter().map(shape).collect::<Vec<_>>(), expected);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_description_is_its_cause_and_the_session_goes_on() {
    let server = server().await;
    let mut client = connect(&server).await;
    for (text, number) in [
        ("SELECT Nope FROM dbo.Persons", 207),
        ("SELECT 1 FROM dbo.Nope", 208),
        ("SELEC 1", 102),
        ("DECLARE @s nvarchar(9) = N'SELECT 1'; EXEC sp_executesql @s", 11513),
    ] {
        let error = call(&mut client, "sp_describe_first_result_set", text, shape).await.unwrap_err();
        assert_eq!(error.code(), Some(number), "{text}");
        let again = call(&mut client, "sp_describe_first_result_set", QUERY, shape).await.unwrap();
        assert_eq!(again.0.len(), 4, "{text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_learns_what_types_parameters_should_have() {
    let server = server().await;
    let mut client = connect(&server).await;
    let statement = "INSERT dbo.Persons (Name, Born) OUTPUT inserted.Id VALUES (@name, @born); SELECT @id";
    let types = |row: &Row| (text(row, "name"), text(row, "suggested_system_type_name"));
    let (parameters, status) =
        call(&mut client, "sp_describe_undeclared_parameters", statement, types).await.unwrap();
    assert_eq!(
        parameters,
        [("@name", "nvarchar(100)"), ("@born", "date")]
            .map(|(name, sql_type)| (name.to_owned(), sql_type.to_owned()))
    );
    assert_eq!(status, 0);
    server.stop().await;
}
