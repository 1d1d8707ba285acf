//! Which folders become functions, and what is said about the others.

use local_azure::functions::HostError;
use serde_json::{Value, json};

use crate::app::{TestApp, get, logged, url};

#[tokio::test]
async fn a_wrong_function_fails_alone_with_a_reason() {
    let app = TestApp::hello();
    let http = |keys: Value| {
        let mut trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "req" });
        trigger.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        json!({ "bindings": [trigger] })
    };
    app.write("Broken/function.json", "{");
    app.function("Empty", &json!({ "bindings": [] }));
    app.function(
        "Unknown",
        &json!({ "bindings": [{ "type": "fancyTrigger", "name": "x", "direction": "in" }] }),
    );
    app.function(
        "NoTrigger",
        &json!({ "bindings": [{ "type": "http", "name": "res", "direction": "out" }] }),
    );
    app.function("TwoTriggers", &json!({ "bindings": [
        { "type": "queueTrigger", "name": "a", "direction": "in" }, { "type": "queueTrigger", "name": "b", "direction": "in" }
    ] }));
    app.function("NoScript", &json!({ "scriptFile": "run.sh", "bindings": [{ "type": "queueTrigger", "name": "a", "direction": "in" }] }));
    app.function("Admin", &http(json!({ "route": "Admin/users" })));
    app.function("BadRoute", &http(json!({ "route": "a/{id:integer}" })));
    app.function("Twin", &http(json!({ "route": "HELLO" })));
    app.function("BadLevel", &http(json!({ "authLevel": "everyone" })));
    app.function("InputBinding", &json!({ "bindings": [
        { "type": "queueTrigger", "name": "a", "direction": "in" }, { "type": "sql", "name": "b", "direction": "in" }
    ] }));
    app.function("BadSchedule", &json!({ "bindings": [{ "type": "timerTrigger", "name": "t", "direction": "in", "schedule": "soon" }] }));
    app.function("NoSetting", &json!({ "bindings": [{ "type": "timerTrigger", "name": "t", "direction": "in", "schedule": "%NOWHERE%" }] }));
    app.function("5th", &http(json!({})));
    app.function("host", &http(json!({})));
    app.write("JustAFolder/readme.txt", "nothing to run");
    let host = app.start().await;

    let problems = host.problems();

    let expected = [
        ("5th", "not a valid function name"),
        ("Admin", "built in routes"),
        ("BadLevel", "everyone"),
        ("BadRoute", "integer"),
        ("BadSchedule", "'soon'"),
        ("Broken", "Unable to parse"),
        ("Empty", "No bindings"),
        ("InputBinding", "input binding"),
        ("NoScript", "run.sh"),
        ("NoSetting", "%NOWHERE%"),
        ("NoTrigger", "No trigger"),
        ("Twin", "same route"),
        ("TwoTriggers", "Multiple trigger"),
        ("Unknown", "fancyTrigger"),
        ("host", "not a valid function name"),
    ];
    let mut names: Vec<&str> = problems.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, expected.map(|(name, _)| name));
    for (name, part) in expected {
        let message = &problems.iter().find(|(problem, _)| problem == name).unwrap().1;
        assert!(message.contains(part), "{name}: {message}");
        assert!(logged(&host, &format!("The '{name}' function is in error: ")), "{name}");
    }
    assert_eq!(get(&host, "/api/hello").await.0, 200);
    host.stop().await;
}

#[tokio::test]
async fn a_disabled_function_is_not_served() {
    let mut app = TestApp::hello();
    app.http_function("Off", &json!({}));
    app.settings.insert("AzureWebJobs.Off.Disabled".to_owned(), "true".to_owned());
    let host = app.start().await;

    assert_eq!((get(&host, "/api/off").await.0, get(&host, "/api/hello").await.0), (404, 200));
    assert!(logged(&host, "Function Off is disabled"));
    host.stop().await;
}

#[tokio::test]
async fn the_functions_are_listed_as_core_tools_lists_them() {
    let app = TestApp::hello();
    app.http_function("GetPerson", &json!({ "route": "persons/{id:int}", "methods": ["get", "put"] }));
    app.function("Nightly", &json!({ "bindings": [{ "type": "timerTrigger", "name": "t", "direction": "in", "schedule": "0 0 3 * * *" }] }));
    let host = app.start().await;

    let base = url(&host, "").replace("127.0.0.1", "localhost");
    let lines: Vec<String> = host.logs().into_iter().map(|line| line.text).take(8).collect();
    assert_eq!(
        lines,
        [
            "Functions:".to_owned(),
            String::new(),
            format!("\tGetPerson: [GET,PUT] {base}/api/persons/{{id:int}}"),
            String::new(),
            format!("\tHello:  {base}/api/hello"),
            String::new(),
            "\tNightly: timerTrigger".to_owned(),
            String::new(),
        ]
    );
    host.stop().await;
}

#[tokio::test]
async fn host_json_may_hold_comments_and_unknown_keys() {
    let app = TestApp::hello();
    app.write("host.json", "{ // the version\n \"version\": \"2.0\", /* ours */ \"mine\": \"http://x\" }");
    let host = app.start().await;
    assert_eq!(get(&host, "/api/hello").await.0, 200);
    host.stop().await;
}

#[tokio::test]
async fn a_host_json_that_asks_for_what_is_not_here_is_refused() {
    let cases = [
        (json!({ "customHandler": { "enableForwardingHttpRequest": "often" } }), "enableForwarding"),
        (json!({ "customHandler": { "http": { "routes": [{ "route": "{*r}" }] } } }), "routes"),
        (json!({ "functionTimeout": "soon" }), "functionTimeout"),
        (json!({ "customHandler": { "initializationTimeout": "x" } }), "initializationTimeout"),
    ];
    for (json, part) in cases {
        let app = TestApp::hello();
        app.host_json(&json);
        let error = app.try_start().await.unwrap_err();
        assert!(matches!(error, HostError::HostJson(_)) && error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_missing_or_broken_host_json_and_a_missing_worker_are_clear_errors() {
    let app = TestApp::hello();
    let mut options = app.options();
    options.worker = None;
    assert!(matches!(local_azure::functions::start(options).await, Err(HostError::NoWorker)));
    app.write("host.json", "{");
    assert!(app.try_start().await.unwrap_err().to_string().contains("is not JSON"));
    std::fs::remove_file(app.root.path().join("host.json")).unwrap();
    assert!(app.try_start().await.unwrap_err().to_string().contains("host.json was not read"));
}
