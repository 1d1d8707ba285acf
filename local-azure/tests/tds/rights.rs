//! Tokens, users and rights over real sockets, with the engine behind the protocol.

use std::sync::Arc;

use local_azure::sql::{DirectoryEntry, LoginIdentity, SqlOptions, SqlServer, start};
use tiberius::{AuthMethod, Client, Command, Config};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;
use uuid::Uuid;

use crate::harness::{SqlClient, failure, number, options};

const ADMIN: Uuid = Uuid::from_u128(0x0fed_cba9_8765_4321_0fed_cba9_8765_4321);
const WORKER: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
const TENANT: Uuid = Uuid::from_u128(0x99);

/// A server on which the token `admin` is the Entra administrator's and `worker` an application's.
async fn server() -> SqlServer {
    start(SqlOptions {
        token_check: Some(Arc::new(|token: &str| match token {
            "admin" => Ok(LoginIdentity::from("ada@contoso.com").with_object_id(ADMIN)),
            "worker" => Ok(LoginIdentity::from(format!("{WORKER}@{TENANT}"))),
            _ => Err("unknown".to_owned()),
        })),
        admins: Some(vec![ADMIN.to_string()]),
        directory: Some(vec![DirectoryEntry::application("worker", Uuid::from_u128(5), WORKER)]),
        seed: Some("CREATE TABLE dbo.Persons (Id int PRIMARY KEY)".to_owned()),
        ..options()
    })
    .await
    .unwrap()
}

async fn connect_to(server: &SqlServer, token: &str, database: &str) -> tiberius::Result<SqlClient> {
    let mut config = Config::new();
    config.host("localhost");
    config.port(server.address().port());
    config.database(database);
    config.authentication(AuthMethod::aad_token(token));
    config.trust_cert_ca_bundle(server.ca_pem().unwrap().as_bytes());
    let socket = TcpStream::connect(server.address()).await?;
    socket.set_nodelay(true)?;
    Client::connect(config, socket.compat_write()).await
}

async fn run(client: &mut SqlClient, text: &str) {
    client.simple_query(text).await.unwrap().into_results().await.unwrap();
}

async fn word(client: &mut SqlClient, text: &str) -> String {
    let row = client.simple_query(text).await.unwrap().into_row().await.unwrap().unwrap();
    row.get::<&str, _>(0).unwrap().to_owned()
}

#[tokio::test]
async fn an_application_gets_in_once_it_is_a_user_and_reads_once_it_may() {
    let server = server().await;
    assert_eq!(number(connect_to(&server, "worker", "shop").await), 18456);
    let mut admin = connect_to(&server, "admin", "shop").await.unwrap();
    assert_eq!(word(&mut admin, "SELECT USER_NAME()").await, "dbo");
    run(&mut admin, "CREATE USER [worker] FROM EXTERNAL PROVIDER").await;
    let mut worker = connect_to(&server, "worker", "shop").await.unwrap();
    assert_eq!(word(&mut worker, "SELECT USER_NAME()").await, "worker");
    assert_eq!(word(&mut worker, "SELECT SUSER_SNAME()").await, format!("{WORKER}@{TENANT}"));
    let denied = failure(&mut worker, "SELECT Id FROM dbo.Persons").await;
    assert_eq!((denied.code(), denied.class()), (229, 14));
    run(&mut admin, "GRANT SELECT ON SCHEMA::dbo TO [worker]").await;
    run(&mut worker, "SELECT Id FROM dbo.Persons").await;
    assert_eq!(server.login_counts_of("worker").refused, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_4060_and_then_18456() {
    let server = server().await;
    let Err(tiberius::error::Error::Server(error)) = connect_to(&server, "admin", "elsewhere").await else {
        panic!("no server error");
    };
    assert_eq!((error.code(), error.class()), (4060, 11));
    assert_eq!(server.logins().first().unwrap().refused, Some(4060));
    server.stop().await;
}

#[tokio::test]
async fn without_admins_every_token_is_the_administrators() {
    let server = start(options()).await.unwrap();
    let mut client = connect_to(&server, crate::harness::TOKEN, "shop").await.unwrap();
    assert_eq!(word(&mut client, "SELECT USER_NAME()").await, "dbo");
    server.stop().await;
}

#[tokio::test]
async fn a_session_knows_where_its_client_is_and_how_many_there_are() {
    let server = server().await;
    let mut first = connect_to(&server, "admin", "shop").await.unwrap();
    let _second = connect_to(&server, "admin", "shop").await.unwrap();
    assert_eq!(word(&mut first, "SELECT CONNECTIONPROPERTY('client_net_address')").await, "127.0.0.1");
    let text = "SELECT COUNT(DISTINCT session_id), MAX(CASE WHEN session_id = @@SPID THEN 1 ELSE 0 END) FROM sys.dm_exec_sessions";
    let row = first.simple_query(text).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!((row.get::<i32, _>(0), row.get::<i32, _>(1)), (Some(2), Some(1)));
    server.stop().await;
}

#[tokio::test]
async fn the_session_context_is_set_by_a_call_of_its_own() {
    let server = server().await;
    let mut client = connect_to(&server, "admin", "shop").await.unwrap();
    let set = |value: &'static str| {
        let mut call = Command::new("sp_set_session_context");
        call.bind_param("@key", "tenant");
        call.bind_param("@value", value);
        call.bind_param("@read_only", true);
        call
    };
    set("blue").exec(&mut client).await.unwrap().into_command_result().await.unwrap();
    assert_eq!(word(&mut client, "SELECT SESSION_CONTEXT(N'tenant')").await, "blue");
    assert_eq!(number(set("red").exec(&mut client).await.unwrap().into_command_result().await), 15664);
    server.stop().await;
}
