//! `azsql-worker check`: what is wrong with definitions and host.json, as people and as scripts read it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::mode::worker_program;
use crate::support::script_root::{self, FunctionFolder};

/// How a run of `check` ended.
struct Checked {
    code: Option<i32>,
    lines: Vec<String>,
    errors: String,
}

/// Runs `check` in this folder.
fn check(folder: &Path, arguments: &[&str]) -> Checked {
    let output = Command::new(worker_program())
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    Checked {
        code: output.status.code(),
        lines: String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A script root with this host.json and these functions.
fn root(host_json: &str, functions: &[FunctionFolder]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("host.json"), host_json).unwrap();
    functions.iter().for_each(|function| function.write(folder.path()));
    folder
}

fn read(name: &str, method: &str, route: &str) -> FunctionFolder {
    FunctionFolder::http(name, method, route, json!({ "result": "row" }), "SELECT 1 AS one")
}

/// A definition with a mistake in its line 7, and one with a command that no server runs.
fn with_mistakes() -> TempDir {
    let wrong_type = r#"{
  // The person
  "bindings": [{ "type": "httpTrigger", "direction": "in", "name": "req", "route": "persons/{id:int}" },
               { "type": "http", "direction": "out", "name": "res" }],
  "sql": { "commandText": "SELECT @id AS id", "result": "row",
    "parameters": { "@id": { "from": "route.id",
        "type": "intt" } } }
}"#;
    let go = json!({ "result": "row" });
    root(
        "{\n  \"version\": \"2.0\",\n  \"functionTimeout\": \"5 minutes\",\n  \"customHandler\": {}\n}",
        &[
            FunctionFolder::raw("GetPerson", wrong_type),
            FunctionFolder::http("Report", "get", "report", go, "SELECT 1 AS one\nGO\n"),
            read("Right", "get", "right"),
        ],
    )
}

#[test]
fn the_samples_have_no_mistake() {
    let checked = check(Path::new(env!("CARGO_MANIFEST_DIR")), &[]);

    assert_eq!(checked.code, Some(0), "{:#?}", checked.lines);
    let functions = fs::read_dir(script_root::samples()).unwrap().count();
    // What stands below is the script of a table that a sample needs.
    assert_eq!(checked.lines[0], format!("{functions} functions, host.json: no mistakes"));
    assert_eq!(checked.errors, "");
}

#[test]
fn every_mistake_has_its_file_line_key_and_cure_in_a_form_that_editors_link() {
    let folder = with_mistakes();

    let checked = check(folder.path(), &[]);

    assert_eq!(checked.code, Some(65));
    let [timeout, worker, person, report, summary] = checked.lines.as_slice() else {
        panic!("{:#?}", checked.lines)
    };
    assert!(timeout.starts_with("host.json:3: functionTimeout: must be \"hh:mm:ss\""), "{timeout}");
    assert!(worker.starts_with("host.json:4: customHandler.description: is missing"), "{worker}");
    assert!(person.starts_with("GetPerson/function.json:7: sql.parameters.@id.type: "), "{person}");
    assert!(person.ends_with("did you mean `int`?"), "{person}");
    assert!(report.starts_with("Report/query.sql:2: line 2 is GO"), "{report}");
    assert_eq!(summary, "3 functions, host.json: 4 mistakes");
}

#[test]
fn files_are_named_from_the_current_folder() {
    let folder = with_mistakes();
    let inside = folder.path().file_name().unwrap().to_str().unwrap();

    let checked = check(folder.path().parent().unwrap(), &["--functions", inside]);

    assert!(checked.lines[0].starts_with(&format!("{inside}/host.json:3: ")), "{:#?}", checked.lines);
    assert!(checked.lines[2].starts_with(&format!("{inside}/GetPerson/function.json:7: ")));
}

#[test]
fn a_script_gets_an_array_of_objects_and_nothing_else() {
    let folder = with_mistakes();

    let checked = check(folder.path(), &["--json"]);

    assert_eq!(checked.code, Some(65));
    let mistakes: Vec<Json> = serde_json::from_str(&checked.lines.concat()).unwrap();
    assert_eq!(mistakes.len(), 4);
    let person = &mistakes[2];
    assert_eq!(person["file"], "GetPerson/function.json");
    assert_eq!((&person["line"], &person["severity"]), (&json!(7), &json!("error")));
    assert_eq!(person["key"], "sql.parameters.@id.type");
    assert!(person["message"].as_str().is_some_and(|message| message.contains("int")));

    let clean = root(script_root::HOST_JSON, &[read("Right", "get", "right")]);
    let clean = check(clean.path(), &["--json"]);
    assert_eq!((clean.code, clean.lines.concat().as_str()), (Some(0), "[]"));
}

#[test]
fn a_warning_fails_nothing() {
    let host_json = script_root::HOST_JSON
        .replace("\"customHandler\": {", "\"customHandler\": { \"enableForwardingHttpRequest\": true,");
    let folder = root(&host_json, &[read("Right", "get", "right")]);

    let checked = check(folder.path(), &[]);

    assert_eq!(checked.code, Some(0));
    assert!(
        checked.lines[0].starts_with("host.json:3: warning: customHandler.enableForwardingHttpRequest: "),
        "{:#?}",
        checked.lines
    );
    assert_eq!(checked.lines[1], "1 function, host.json: no mistakes, 1 warning");
}

#[test]
fn two_functions_on_one_route_are_refused_where_their_methods_meet() {
    let folder = root(
        script_root::HOST_JSON,
        &[
            read("First", "get", "orders/{id}"),
            read("Second", "get", "Orders/{id}"),
            read("Writes", "delete", "orders/{id}"),
        ],
    );

    let checked = check(folder.path(), &[]);

    assert_eq!(checked.code, Some(65));
    let [line, _summary] = checked.lines.as_slice() else { panic!("{:#?}", checked.lines) };
    assert!(line.starts_with("Second/function.json:1: bindings[0].route: "), "{line}");
    assert!(line.contains("`Orders/{id}` is that of First too, and both take GET"), "{line}");
}

#[test]
fn two_folders_that_differ_in_case_alone_are_refused() {
    let folder = root(script_root::HOST_JSON, &[read("Orders", "get", "a"), read("orders", "get", "b")]);

    let checked = check(folder.path(), &[]);

    if fs::read_dir(folder.path()).unwrap().count() < 3 {
        return; // The file system itself has no case.
    }
    assert_eq!(checked.code, Some(65));
    assert!(
        checked.lines[0].contains("orders/function.json: the folder differs from Orders"),
        "{:#?}",
        checked.lines
    );
}

#[test]
fn a_trigger_that_is_not_built_in_needs_the_extension_bundle() {
    let queue = r#"{ "bindings": [{ "type": "queueTrigger", "direction": "in", "name": "order",
                       "queueName": "orders", "connection": "AzureWebJobsStorage" }],
                     "sql": { "commandText": "SELECT 1 AS one", "result": "none" } }"#;
    let functions = [FunctionFolder::raw("Ingest", queue)];
    let bundle = r#""extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)" },
  "customHandler""#;
    let lacks = "host.json: extensionBundle: is missing, and the queueTrigger of Ingest comes from it";

    let without = check(root(script_root::HOST_JSON, &functions).path(), &[]);
    let with =
        check(root(&script_root::HOST_JSON.replace("\"customHandler\"", bundle), &functions).path(), &[]);

    assert!(without.lines.iter().any(|line| line.starts_with(lacks)), "{:#?}", without.lines);
    assert!(!with.lines.iter().any(|line| line.starts_with(lacks)), "{:#?}", with.lines);
}

#[test]
fn a_folder_without_functions_or_none_at_all_is_told() {
    let empty = root(script_root::HOST_JSON, &[]);

    let nothing = check(empty.path(), &[]);
    let missing = check(empty.path(), &["--functions", "no-such-folder"]);

    assert_eq!(nothing.code, Some(65));
    assert!(nothing.lines[0].contains("holds no function"), "{:#?}", nothing.lines);
    assert_eq!(missing.code, Some(66));
    assert!(
        missing.errors.contains("no-such-folder") && missing.errors.contains("--functions"),
        "{}",
        missing.errors
    );
    assert!(missing.lines.is_empty());
}

#[test]
fn a_function_that_the_host_would_never_call_is_refused() {
    let folder = root(
        script_root::HOST_JSON,
        &[read("All", "get", "orders/{*rest}"), read("One", "get", "orders/{id}")],
    );

    let checked = check(folder.path(), &[]);

    assert_eq!(checked.code, Some(65));
    assert!(
        checked.lines[0].starts_with("One/function.json:1: bindings[0].route: can never be called"),
        "{:#?}",
        checked.lines
    );
}

#[test]
fn a_write_that_the_proxy_may_send_twice_is_warned_of() {
    let on = |method: &str, command: &str, repeatable: bool| {
        let sql = json!({ "result": "none", "repeatable": repeatable });
        FunctionFolder::http(&format!("On{method}"), method, &format!("orders/{method}"), sql, command)
    };
    let functions = [
        on("delete", "DELETE FROM t", false),
        on("get", "SELECT 1 AS one", true),
        on("post", "DELETE FROM t", false),
    ];
    let proxying = script_root::HOST_JSON
        .replace("\"customHandler\": {", "\"customHandler\": { \"enableProxyingHttpRequest\": true,");

    let enveloped = check(root(script_root::HOST_JSON, &functions).path(), &[]);
    let proxied = check(root(&proxying, &functions).path(), &[]);

    assert_eq!((enveloped.code, enveloped.lines.len()), (Some(0), 1), "{:#?}", enveloped.lines);
    assert_eq!((proxied.code, proxied.lines.len()), (Some(0), 2), "{:#?}", proxied.lines);
    let warning =
        "Ondelete/function.json:1: warning: bindings[0].route: a DELETE can run twice in proxying mode";
    assert!(proxied.lines[0].starts_with(warning), "{:#?}", proxied.lines);
}

#[test]
fn a_timer_whose_calls_could_be_forged_is_refused_in_proxying_mode_alone() {
    let timer = FunctionFolder::timer("Nightly", "0 0 2 * * *", json!({ "result": "none" }), "DELETE FROM t");
    let functions = [read("All", "post", "{*rest}"), timer];
    let open = r#""extensions": { "http": { "routePrefix": "" } }, "customHandler""#;
    let enveloped = script_root::HOST_JSON.replace("\"customHandler\"", open);
    let proxying = enveloped
        .replace("\"customHandler\": {", "\"customHandler\": { \"enableProxyingHttpRequest\": true,");

    let safe = check(root(&enveloped, &functions).path(), &[]);
    let forgeable = check(root(&proxying, &functions).path(), &[]);

    assert_eq!(safe.code, Some(0), "{:#?}", safe.lines);
    assert_eq!(forgeable.code, Some(65));
    assert!(
        forgeable.lines[0].starts_with("Nightly/function.json:1: bindings[0]: can't be called safely"),
        "{:#?}",
        forgeable.lines
    );
}

#[test]
fn a_function_that_takes_who_calls_is_warned_of_until_the_authentication_is_on() {
    let takes = |name: &str, from: &str| {
        let who = json!({ "from": from, "type": "nvarchar(100)" });
        let sql = json!({ "result": "row", "parameters": { "@who": who } });
        FunctionFolder::http(name, "get", &name.to_lowercase(), sql, "SELECT @who AS who")
    };
    let raw = takes("Raw", "header.X-MS-CLIENT-PRINCIPAL-NAME");
    let folder = root(script_root::HOST_JSON, &[takes("Known", "principal.name"), raw]);

    let off = check(folder.path(), &["--functions", "."]);
    let on = Command::new(worker_program())
        .args(["check", "--functions", "."])
        .current_dir(folder.path())
        .env_clear()
        .env("WEBSITE_AUTH_ENABLED", "True")
        .output()
        .unwrap();
    let on = String::from_utf8(on.stdout).unwrap();

    let lines = off.lines.join("\n");
    assert_eq!(off.code, Some(0), "{lines}");
    assert!(lines.contains("Known/function.json") && lines.contains("`principal.name`"), "{lines}");
    assert!(lines.contains("Raw/function.json") && lines.contains("take `principal.*`"), "{lines}");
    assert!(!on.contains("Known/") && on.contains("Raw/"), "{on}");
}

/// A function with an idempotency key.
fn keyed() -> FunctionFolder {
    let sql = json!({ "result": "none", "idempotencyKey": "header.idempotency-key" });
    FunctionFolder::http("Pay", "post", "pay", sql, "DELETE FROM dbo.Orders")
}

#[test]
fn the_script_of_the_table_of_keys_stands_below_the_last_line_where_a_function_has_a_key() {
    let host_json = script_root::HOST_JSON;
    let with_key = check(root(host_json, &[keyed(), read("GetOrder", "get", "orders")]).path(), &[]);
    let without = check(root(host_json, &[read("GetOrder", "get", "orders")]).path(), &[]);

    let below = |checked: &Checked| {
        let at = checked.lines.iter().position(|line| line.contains("host.json: ")).unwrap();
        checked.lines[at + 1..].join("\n")
    };
    assert_eq!((with_key.code, without.code), (Some(0), Some(0)), "a table is no mistake");
    assert!(below(&with_key).ends_with(azsql_worker::database::idempotency::SCRIPT), "{:#?}", with_key.lines);
    assert_eq!(below(&without), "");
}

#[test]
fn a_script_gets_the_table_of_keys_as_a_note() {
    let folder = root(script_root::HOST_JSON, &[keyed()]);

    let checked = check(folder.path(), &["--json"]);

    let found: Vec<Json> = serde_json::from_str(&checked.lines.concat()).unwrap();
    let [note] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((&note["severity"], &note["key"]), (&json!("note"), &json!("sql.idempotencyKey")));
    assert_eq!((&note["file"], &note["line"]), (&json!("Pay/function.json"), &Json::Null));
    assert_eq!(note["script"], azsql_worker::database::idempotency::SCRIPT);
}
