//! The doctor as a function: for plans without a shell.

use serde_json::json;

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn doctor() -> FunctionFolder {
    let definition = json!({
        "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "admin", "methods": ["get"],
              "route": "doctor" },
            { "type": "http", "direction": "out", "name": "res" },
        ],
        "sql": { "builtIn": "doctor" },
    });
    FunctionFolder::raw("Doctor", &definition.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_200_with_the_report_when_no_step_failed() {
    let desk = Desk::builder().function(doctor()).with_samples().start().await;

    let answer = desk.get("/api/doctor").await;

    let report = answer.json(200);
    assert_eq!(report["healthy"], true, "{report:#}");
    let login = report["steps"].as_array().unwrap().iter().find(|step| step["step"] == "login").unwrap();
    assert_eq!(
        (&login["status"], &login["connection"]),
        (&"ok".into(), &"AZURE_SQL_CONNECTIONSTRING".into())
    );
    desk.secrets().saw(&answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_503_with_the_report_when_a_step_failed() {
    let desk = Desk::builder().function(doctor()).with_samples().start().await;
    desk.sql().faults().fail_logins(40615, 1);

    let answer = desk.get("/api/doctor").await;

    let report = answer.json(503);
    let login = report["steps"].as_array().unwrap().iter().find(|step| step["step"] == "login").unwrap();
    assert_eq!((&login["status"], &login["sqlError"]), (&"fail".into(), &40615.into()), "{login:#}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_it_is_called_it_logs_in_once() {
    let desk = Desk::builder().function(doctor()).with_samples().start().await;
    desk.sql().faults().refuse_logins(18456);

    let (first, second, third) =
        tokio::join!(desk.get("/api/doctor"), desk.get("/api/doctor"), desk.get("/api/doctor"));
    let fourth = desk.get("/api/doctor").await;

    let report = first.json(503);
    for answer in [second, third, fourth] {
        assert_eq!(answer.json(503), report);
    }
    assert_eq!(desk.sql().logins().len(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_wrong_settings_though_nothing_else_works() {
    let desk = Desk::builder().function(doctor()).setting("AZSQL_RETRY_TRIES", "CANARY").start().await;

    let report = desk.get("/api/doctor").await.json(503);

    let first = &report["steps"][0];
    assert!(first["summary"].as_str().unwrap().contains("AZSQL_RETRY_TRIES"), "{first:#}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_before_the_functions_deadline() {
    let desk = Desk::builder()
        .function(doctor())
        .with_samples()
        .setting("AzureFunctionsJobHost__functionTimeout", "00:00:06")
        .start()
        .await;
    desk.sql().faults().stall_statements(1);

    let report = desk.get("/api/doctor").await.json(503);

    assert_eq!(report["healthy"], false, "{report:#}");
    desk.finish().await;
}

#[test]
fn no_sample_has_it() {
    for entry in std::fs::read_dir(crate::support::script_root::samples()).unwrap() {
        let definition = std::fs::read_to_string(entry.unwrap().path().join("function.json")).unwrap();
        assert!(!definition.contains("builtIn"));
    }
}
