//! Bad input gets a clear error each, and the worker stays up.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::support::script_root::{self, FunctionFolder};
use crate::support::{Desk, LoneWorker, Mode, envelope};

/// The worker's own answers to envelopes are the same in every mode, but only in this one it takes them for all functions.
async fn enveloped() -> Desk {
    Desk::builder().in_mode(Mode::Enveloped).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_json_is_a_400_with_its_place() {
    let desk = enveloped().await;
    let pid = desk.worker_pid();

    for (body, place) in [
        ("", "line 1, column 0"),
        ("{\"Data\": {\n CANARY", "line 2, column 2"),
        ("\u{0}CANARY", "line 1, column 1"),
        ("{\"Data\":{\"req\":{}}} CANARY", "line 1, column 21"),
    ] {
        let problem = desk.post_to_worker("/GetPerson", body).await;
        // An http function's answer goes to the caller through its output.
        let (status, text) = envelope::http_output(&problem.text);
        assert_eq!(status, 400, "{body}: {text}");
        assert!(text.contains("not an invocation of the Functions host") && text.contains(place), "{text}");
        desk.secrets().saw(&text);
    }

    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_a_400() {
    let desk = enveloped().await;

    let answer = desk.post_to_worker("/GetPerson", vec![0xff, 0xfe, 0x00, 0x80]).await;

    assert_eq!(envelope::http_output(&answer.text).0, 400);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_function_is_a_404_that_names_the_known_ones() {
    let desk = enveloped().await;

    let problem =
        desk.post_to_worker("/GetPersons", envelope::get_person(1)).await.problem(404, "unknown-function");

    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("GetPerson") && detail.contains("SqlPing"), "{detail}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_found_whatever_the_case_of_its_name() {
    let desk = enveloped().await;

    let answer = desk.post_to_worker("/getperson", envelope::get_person(1)).await;

    let (status, body) = envelope::http_output(&answer.text);
    assert_eq!(status, 200, "{body}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_another_form_is_a_400_that_says_what_is_missing() {
    let desk = enveloped().await;
    let pid = desk.worker_pid();

    for (body, sentence) in [
        (json!({}), "not an invocation of the Functions host"),
        (json!([]), "not an invocation of the Functions host"),
        (json!("CANARY"), "not an invocation of the Functions host"),
        (json!({ "Data": "CANARY" }), "not an invocation of the Functions host"),
        (json!({ "Data": {} }), "`Data.req`"),
        (json!({ "Data": { "request": { "Params": { "id": "CANARY" } } } }), "`Data.req`"),
        (json!({ "Data": { "req": "CANARY" } }), "`Data.req` of the invocation must be an object"),
        (
            json!({ "Data": { "req": { "Params": "CANARY" } } }),
            "`Data.req.Params` of the invocation must be an object",
        ),
        (
            json!({ "Data": { "req": { "Query": ["CANARY"] } } }),
            "`Data.req.Query` of the invocation must be an object",
        ),
    ] {
        let answer = desk.post_to_worker("/GetPerson", body.to_string()).await;
        let (status, text) = envelope::http_output(&answer.text);
        assert_eq!(status, 400, "{body}: {text}");
        assert!(text.contains("invalid-envelope") && text.contains(sentence), "{body}: {text}");
        desk.secrets().saw(&text);
    }

    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timers_bad_envelope_is_a_failed_run() {
    let desk = enveloped().await;

    let answer = desk.post_to_worker("/NightlySummary", r#"{"Data":{"CANARY":1}}"#).await;

    let problem = answer.problem(400, "invalid-envelope");
    assert!(problem["detail"].as_str().unwrap().contains("`Data.timer`"), "{problem}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_say_what_the_worker_is() {
    let desk = enveloped().await;

    for (method, path) in [
        (Method::GET, "/GetPerson"),
        (Method::PUT, "/GetPerson"),
        (Method::POST, "/api/persons/1"),
        (Method::POST, "/"),
    ] {
        let answer = desk.send_to_worker(method, path, "".into()).await;
        let problem = answer.problem(404, "not-found");
        assert!(
            problem["detail"].as_str().unwrap().contains("custom handler of Azure Functions"),
            "{problem}"
        );
    }

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_string_the_answer_names_the_setting() {
    for value in [None, Some(" ")] {
        let builder = Desk::builder();
        let desk = match value {
            None => builder.without_setting("AZURE_SQL_CONNECTIONSTRING"),
            Some(value) => builder.setting("AZURE_SQL_CONNECTIONSTRING", value),
        }
        .start()
        .await;

        let problem = desk.get("/api/sql/ping").await.problem_for_caller(500, "not-configured");

        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("AZURE_SQL_CONNECTIONSTRING is not set"), "{detail}");
        assert!(detail.contains("Authentication=ActiveDirectoryMSI"), "{detail}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_connection_string_is_told_without_any_of_its_values() {
    for (text, sentence) in [
        ("Server=CANARY;User Id=CANARY;Pasword=CANARY", "did you mean `Password`?"),
        // What follows an unquoted `;` may be the rest of a password.
        ("Server=CANARY;User Id=CANARY;Password=CANARY;CANARY", "part 4"),
        ("Server=CANARY;User Id=CANARY;Password=CANARY;Encrypt=false", "Encrypt=false"),
        ("Server=CANARY", "how to log in"),
        ("Database=CANARY;Authentication=ActiveDirectoryMSI", "names no server"),
        ("Server=CANARY;Authentication=ActiveDirectoryMSI;Password=CANARY", "contradicts"),
        ("Server=CANARY;Authentication=CANARY", "must be ActiveDirectoryDefault, ActiveDirectoryMSI"),
        ("CANARY", "keyword=value"),
    ] {
        let desk = Desk::builder().setting("AZURE_SQL_CONNECTIONSTRING", text).start().await;

        let problem = desk.get("/api/sql/ping").await.problem_for_caller(500, "not-configured");

        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("AZURE_SQL_CONNECTIONSTRING") && detail.contains(sentence), "{detail}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_out_of_range_are_all_named_with_their_range() {
    let desk = Desk::builder()
        .setting("AZSQL_POOL_MAX_SIZE", "0")
        .setting("AZSQL_RETRY_TRIES", "CANARY")
        .setting("AZSQL_SHOW_DATABASE_ERRORS", "CANARY")
        .setting("AZSQL_TRUST_CA", "/no/such/CANARY.pem")
        .start()
        .await;
    let pid = desk.worker_pid();

    let problem = desk.get("/api/sql/ping").await.problem_for_caller(500, "not-configured");

    let detail = problem["detail"].as_str().unwrap();
    for sentence in [
        "AZSQL_POOL_MAX_SIZE must be a whole number from 1 to 1000",
        "AZSQL_RETRY_TRIES must be a whole number from 1 to 20",
        "AZSQL_SHOW_DATABASE_ERRORS must be true or false",
        "AZSQL_TRUST_CA must be a file that can be read",
    ] {
        assert!(detail.contains(sentence), "{detail}");
    }
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

/// A script root with the samples and this host.json, or none.
fn samples_with_host_json(host_json: Option<&str>) -> tempfile::TempDir {
    // One level down: a host.json beside the script root would count as its own.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("app");
    fs::create_dir(&root).unwrap();
    script_root::copy_samples(&root);
    if let Some(text) = host_json {
        fs::write(root.join("host.json"), text).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_broken_host_json_is_told_with_the_cure() {
    for (text, sentence) in [
        (None, "host.json: can't be read"),
        (Some("{\n  CANARY"), "host.json:2: is not JSON: key must be a string at line 2 column 3"),
        (Some(r#"{"functionTimeout":"CANARY"}"#), "must be \"hh:mm:ss\""),
        (Some(r#"{"functionTimeout":5}"#), "host.json:1: functionTimeout: must be"),
    ] {
        let folder = samples_with_host_json(text);
        let worker = LoneWorker::start(&folder.path().join("app"), &[]);

        let answer = worker.post("/GetPerson", envelope::get_person(1)).await;

        let (status, body) = envelope::http_output(&answer.text);
        assert_eq!(status, 500, "{body}");
        assert!(body.contains("not-configured"), "{body}");
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(sentence), "{body}");
        assert_eq!(worker.get("/").await.status, 200);
        worker.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_script_root_is_told() {
    let worker = LoneWorker::start(Path::new("/no/such/folder"), &[]);

    let problem = worker.post("/GetPerson", envelope::get_person(1)).await.problem(500, "not-configured");

    assert!(problem["detail"].as_str().unwrap().contains("/no/such/folder"), "{problem}");
    worker.finish().await;
}

/// Bindings of an HTTP function in the text form of a function.json.
fn http_function(route: &str, sql: &str) -> String {
    format!(
        r#"{{ "bindings": [
            {{ "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "route": "{route}" }},
            {{ "type": "http", "direction": "out", "name": "res" }}], "sql": {sql} }}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_with_a_typo_names_file_key_and_cure_and_fails_no_other_function() {
    let typo = http_function("typo", r#"{ "commandFile": "query.sql", "reslut": "row", "result": "row" }"#);
    let desk = Desk::builder().function(FunctionFolder::raw("Typo", &typo)).with_samples().start().await;
    let pid = desk.worker_pid();

    let problem = desk.get("/api/typo").await.problem_for_caller(500, "invalid-definition");

    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("Typo/function.json:3: sql.reslut: is not a key; did you mean `result`?"),
        "{detail}"
    );
    desk.events("the mistake in the log", 1, |event| {
        event["function"] == "Typo"
            && event["message"].as_str().is_some_and(|text| text.contains("sql.reslut"))
    })
    .await;
    desk.get("/api/persons?limit=101").await.problem_for_caller(400, "invalid-parameters");
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_that_can_not_be_right_say_why() {
    let cases = [
        ("Bare", "{\n  CANARY\n}".to_owned(), "Bare/function.json"),
        ("NoSql", http_function("nosql", "5"), "NoSql/function.json:3: sql"),
        (
            "Both",
            http_function(
                "both",
                r#"{"commandText":"SELECT 1 AS a","commandFile":"query.sql","result":"row"}"#,
            ),
            "one of the two",
        ),
        (
            "Unknown",
            http_function("unknown", r#"{"commandText":"SELECT @missing AS a","result":"row"}"#),
            "`@missing`",
        ),
        (
            "Writes",
            http_function(
                "writes",
                r#"{"commandText":"DELETE FROM dbo.Persons","result":"none","repeatable":true}"#,
            ),
            "`DELETE`",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("app");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("host.json"), script_root::HOST_JSON).unwrap();
    for (name, function_json, _) in &cases {
        FunctionFolder::raw(name, function_json).write(&root);
    }
    let worker = LoneWorker::start(&root, &[]);

    for (name, _, sentence) in &cases {
        let answer = worker.post(&format!("/{name}"), "{}").await;
        // Where the definition still tells its http output, the caller gets the problem through it.
        assert!(
            answer.text.contains("invalid-definition") && answer.text.contains(sentence),
            "{}",
            answer.text
        );
    }

    worker.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_a_mebibyte_is_taken_and_a_value_of_that_length_refused_by_its_rule() {
    let length = FunctionFolder::http(
        "Length",
        "post",
        "length",
        json!({ "parameters": { "@body": { "from": "body", "type": "nvarchar(max)" } }, "result": "value" }),
        "SELECT LEN(@body)",
    );
    let desk = Desk::builder().function(length).with_samples().start().await;
    let pid = desk.worker_pid();
    let mebibyte = format!("CANARY{}", "x".repeat(1024 * 1024 - 6));

    let refused = desk.post("/api/persons", &json!({ "name": mebibyte })).await;
    let taken = desk.request(Method::POST, "/api/length", Some(mebibyte)).await;

    refused.problem_for_caller(400, "invalid-parameters");
    assert_eq!(taken.json(200), 1024 * 1024);
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}
