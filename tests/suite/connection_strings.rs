//! Connection strings in the spellings of other drivers, against a server that takes logins.

use std::process::Command;

use local_azure::sql::Credential;
use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::mode::worker_program;
use crate::support::script_root::{self, FunctionFolder};
use crate::support::sql_client::USER;

const CLIENT: &str = "11111111-1111-4111-8111-111111111111";

fn warnings(desk: &Desk) -> Vec<String> {
    let events = desk.worker_events().into_iter().filter(|event| event["level"] == "WARN");
    events.filter_map(|event| event["message"].as_str().map(str::to_owned)).collect()
}

fn read_through(name: &str, setting: &str) -> FunctionFolder {
    let sql = json!({ "result": "value", "connectionStringSetting": setting });
    FunctionFolder::http(name, "get", name, sql, "SELECT 1 AS one")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_string_of_pyodbc_logs_in() {
    let desk = Desk::builder()
        .connection(|port| {
            format!(
                "Driver={{ODBC Driver 18 for SQL Server}};Server=tcp:localhost,{port};Database=sample;\
                 Authentication=ActiveDirectoryMsi;Encrypt=yes;TrustServerCertificate=no;Connection Timeout=30"
            )
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.worker_logins()[0].credential, Credential::Token);
    assert_eq!(desk.worker_logins()[0].database, "sample");
    assert_eq!(warnings(&desk), [""; 0]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_braces_is_read_as_mssql_python_reads_it() {
    let desk = Desk::builder()
        .password("CANARY;p'w\"{}=")
        .connection(|port| {
            format!(
                "Server=localhost,{port};Database=sample;UID={USER};PWD={{CANARY;p'w\"{{}}}}=}};Encrypt=yes"
            )
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(
        (desk.worker_logins()[0].login.as_str(), desk.worker_logins()[0].credential),
        (USER, Credential::Password)
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jdbc_url_logs_in_with_the_identity_that_it_names() {
    let desk = Desk::builder()
        .user_assigned(CLIENT)
        .connection(|port| {
            format!(
                "jdbc:sqlserver://localhost:{port};databaseName=sample;encrypt=true;trustServerCertificate=false;\
                 loginTimeout=30;authentication=ActiveDirectoryManagedIdentity;msiClientId={CLIENT}"
            )
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.identity().faults().requests_for(CLIENT), 1);
    assert!(desk.worker_logins()[0].login.starts_with(CLIENT), "{:?}", desk.worker_logins());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_split_form_logs_in_with_a_managed_identity_where_there_is_one() {
    let desk = Desk::builder()
        .without_setting("AZURE_SQL_CONNECTIONSTRING")
        .setting_for_port("SQL_SERVER", |port| format!("localhost,{port}"))
        .setting("SQL_DATABASE", "sample")
        .setting("SQL_DRIVER", "ODBC Driver 18 for SQL Server")
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    assert_eq!(desk.worker_logins()[0].credential, Credential::Token);
    assert_eq!(desk.worker_logins()[0].database, "sample");
    let warnings = warnings(&desk);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("SQL_DRIVER has no effect"), "{warnings:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_side_by_side_have_a_pool_each() {
    let desk = Desk::builder()
        .function(read_through("orders", "AZURE_SQL_CONNECTIONSTRING"))
        .function(read_through("reports", "REPORTS"))
        .function(read_through("unset", "UNSET"))
        .setting_for_port("REPORTS", |port| {
            format!("jdbc:sqlserver://localhost:{port};databaseName=sample;applicationName=reports;authentication=ActiveDirectoryMSI")
        })
        .start()
        .await;

    for _ in 0..2 {
        desk.get("/api/orders").await.json(200);
        desk.get("/api/reports").await.json(200);
    }
    let problem = desk.get("/api/unset").await.problem_for_caller(500, "not-configured");

    let applications: Vec<String> = desk.worker_logins().into_iter().map(|login| login.application).collect();
    assert_eq!(applications, ["azsql-worker", "reports"]);
    assert!(problem["detail"].as_str().unwrap().contains("UNSET is not set"), "{problem}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_string_asks_for_in_vain_is_told_once_and_the_worker_works() {
    let desk = Desk::builder()
        .connection(|port| {
            format!(
                "Server=localhost,{port};Database=sample;Authentication=ActiveDirectoryMSI;Command Timeout=60;\
                 CANARY=CANARY;Pasword=CANARY"
            )
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);
    desk.get("/api/sql/ping").await.json(200);

    let warnings = warnings(&desk);
    let [timeout, unknown, misspelt] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(timeout.starts_with("AZURE_SQL_CONNECTIONSTRING: `Command Timeout`"), "{timeout}");
    assert!(unknown.contains("part 5 of the connection string begins with an unknown keyword"), "{unknown}");
    assert!(misspelt.contains("part 6") && misspelt.contains("did you mean `Password`?"), "{misspelt}");
    desk.finish().await;
}

#[test]
fn check_tells_what_the_environments_connection_strings_ask_for() {
    let check = |settings: &[(&str, &str)]| {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("host.json"), script_root::HOST_JSON).unwrap();
        read_through("orders", "ORDERS").write(root.path());
        read_through("persons", "AZURE_SQL_CONNECTIONSTRING").write(root.path());
        let mut command = Command::new(worker_program());
        command.args(["check", "--json"]).current_dir(root.path()).env_clear();
        let output = command.envs(settings.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("CANARY"), "{text}");
        let found: Vec<Json> = serde_json::from_str(&text).unwrap();
        let line = |found: &Json| format!("{} {}: {}", found["severity"], found["key"], found["message"]);
        (output.status.code(), found.iter().map(line).collect::<Vec<_>>())
    };

    assert_eq!(check(&[]), (Some(0), vec![]));

    let (code, found) =
        check(&[("ORDERS", "Server=CANARY;UID=CANARY;PWD=CANARY;Max Pool Size=5"), ("SQL_SERVER", "CANARY")]);
    assert_eq!(code, Some(65));
    let [split, orders] = found.as_slice() else { panic!("{found:?}") };
    assert!(split.starts_with("\"error\" \"AZURE_SQL_CONNECTIONSTRING\""), "{split}");
    assert!(split.contains("SQL_SERVER is set and SQL_DATABASE is not"), "{split}");
    assert!(
        orders.starts_with("\"warning\" \"ORDERS\"") && orders.contains("AZSQL_POOL_MAX_SIZE"),
        "{orders}"
    );
}
