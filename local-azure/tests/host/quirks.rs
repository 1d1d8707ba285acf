//! Where the real host breaks, this one must break: each quirk with a wrong reply that shows it, and its right twin.
//!
//! [`QUIRKS`] is the list: what the host does, the file of its source that it is known from (under src/WebJobs.Script of
//! azure-functions-host where no other repository is named), and the test. The last test of this file checks that each named test exists.

use local_azure::functions::{FunctionsHost, HostState, OutputValue};
use serde_json::{Value, json};

use crate::app::{TestApp, client, eventually, get, logged, url};
use crate::fake_worker::Reply;

/// Quirk, source, test.
const QUIRKS: [(&str, &str, &str); 27] = [
    (
        "an empty body or null never completes",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "quirks::an_empty_or_null_reply_hangs_until_the_function_timeout",
    ),
    (
        "no content type, or one that isn't JSON: 500",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "quirks::a_reply_of_another_content_type_is_a_500",
    ),
    (
        "non-2xx: body, Outputs and Logs are thrown away",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "quirks::a_reply_that_is_not_2xx_is_thrown_away_with_its_logs_and_outputs",
    ),
    (
        "a redirect is followed",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "quirks::a_redirect_in_reply_to_an_envelope_is_followed",
    ),
    (
        "status is never read, statusCode is",
        "Workers/Http/HttpScriptInvocationResultExtensions.cs",
        "quirks::status_alone_is_ignored",
    ),
    ("a null header fails the reply", "Binding/Http/HttpBinding.cs", "quirks::a_null_header_is_a_500"),
    (
        "a header's array becomes JSON text",
        "Binding/Http/HttpBinding.cs",
        "quirks::a_header_array_becomes_json_text",
    ),
    (
        "the http output must be an object",
        "Workers/Http/HttpScriptInvocationResultExtensions.cs",
        "quirks::an_http_output_that_is_no_object_is_a_500",
    ),
    (
        "names in Outputs depend on case",
        "Workers/Http/HttpScriptInvocationResultExtensions.cs",
        "quirks::names_inside_outputs_depend_on_case",
    ),
    (
        "without Outputs: 204",
        "Workers/Http/HttpScriptInvocationResultExtensions.cs",
        "quirks::a_reply_without_outputs_is_a_204",
    ),
    (
        "an entry of Logs that is no string fails the reply",
        "Workers/Http/HttpScriptInvocationResult.cs",
        "quirks::a_log_entry_that_is_no_string_fails_the_whole_reply",
    ),
    (
        "an object body is written anew",
        "Binding/Http/HttpBinding.cs",
        "quirks::an_object_body_is_written_anew",
    ),
    (
        "an output that looks like base64 is decoded",
        "Workers/Http/HttpScriptInvocationResultExtensions.cs",
        "quirks::an_output_that_looks_like_base64_is_decoded_unless_it_is_binary",
    ),
    ("the payload is laid over the metadata", "Utility.cs", "quirks::a_payload_is_laid_over_the_metadata"),
    (
        "a chunked request loses its body",
        "Extensions/HttpRequestExtensions.cs",
        "envelope::there_is_no_body_when_it_is_empty_or_came_in_chunks_and_no_params_without_route_values",
    ),
    (
        "a function timeout kills every invocation",
        "Workers/Http/HttpFunctionInvocationDispatcher.cs",
        "worker_life::a_function_timeout_kills_the_worker_and_everything_in_flight",
    ),
    (
        "exit code 0: no restart",
        "Workers/ProcessManagement/WorkerProcess.cs",
        "quirks::after_exit_code_0_nothing_is_started_and_after_another_it_is",
    ),
    (
        "exit code 200: an uncounted restart",
        "Workers/ProcessManagement/WorkerProcess.cs",
        "worker_life::exit_code_200_is_a_restart_that_is_not_counted",
    ),
    (
        "the third crash stops the host",
        "Workers/Http/HttpFunctionInvocationDispatcher.cs",
        "quirks::the_third_crash_stops_the_host_and_two_do_not",
    ),
    (
        "a restart uses the same port",
        "Workers/Http/HttpWorkerProcess.cs",
        "worker_life::a_crash_fails_the_request_and_the_next_one_waits_for_the_new_worker_on_the_same_port",
    ),
    (
        "forwarding: redirects are not followed",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "forwarding::a_redirect_is_passed_on_and_for_an_envelope_it_is_a_failure",
    ),
    (
        "forwarding: a chunked request fails",
        "Extensions/HttpRequestExtensions.cs",
        "forwarding::a_request_in_chunks_never_reaches_the_worker",
    ),
    (
        "forwarding: a caller who leaves isn't noticed",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "forwarding::a_caller_who_leaves_is_not_noticed_by_the_worker",
    ),
    (
        "a catch-all route reaches a timer's path (#6251)",
        "Workers/Http/DefaultHttpWorkerService.cs",
        "forwarding::with_a_catch_all_an_outside_caller_reaches_the_path_of_a_timer",
    ),
    (
        "proxying: an encoded path is encoded anew",
        "src/ReverseProxy/Forwarder/RequestUtilities.cs of dotnet/yarp",
        "proxying::an_oddly_encoded_path_is_decoded_and_encoded_again_as_yarp_does",
    ),
    (
        "proxying: a request can arrive twice",
        "Workers/Http/HttpProxyService/RetryProxyHandler.cs",
        "proxying::a_request_that_meets_a_dying_worker_is_sent_again_and_arrives_twice",
    ),
    (
        "a failed event of a hub is gone",
        "EventHubListener.cs of azure-sdk-for-net",
        "messages::a_failed_event_of_a_hub_is_gone_unless_a_retry_policy_repeats_it",
    ),
];

fn reply(body: &Value) -> Reply {
    Reply { body: body.to_string(), ..Reply::default() }
}

fn output(output: &Value) -> Reply {
    reply(&json!({ "Outputs": { "res": output } }))
}

/// What the caller gets: status and body.
async fn answer(reply: Reply) -> (u16, String) {
    let mut app = TestApp::hello();
    app.replies("Hello", [reply]);
    let host = app.start().await;
    let answer = get(&host, "/api/hello").await;
    host.stop().await;
    answer
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

fn failed() -> (u16, String) {
    (500, String::new())
}

#[tokio::test]
async fn an_empty_or_null_reply_hangs_until_the_function_timeout() {
    for wrong in ["", "null", " "] {
        let mut app = TestApp::hello();
        app.host_json(&json!({ "functionTimeout": "00:00:01" }));
        let wrong = Reply { body: wrong.to_owned(), times: Some(1), ..Reply::default() };
        app.replies("Hello", [wrong, reply(&json!({}))]);
        let host = app.start().await;

        assert_eq!(get(&host, "/api/hello").await, failed());
        assert!(logged(&host, "Timeout value of 00:00:01 exceeded"));
        assert_eq!(get(&host, "/api/hello").await, (204, String::new()));
        host.stop().await;
    }
}

#[tokio::test]
async fn a_reply_of_another_content_type_is_a_500() {
    let with = |content_type: Option<&str>| Reply {
        headers: content_type
            .map(|value| ("content-type".to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        ..Reply::default()
    };
    for wrong in
        [None, Some("text/plain"), Some("application/problem+json"), Some("application/octet-stream")]
    {
        assert_eq!(answer(with(wrong)).await, failed(), "{wrong:?}");
    }
    for right in ["application/json", "Application/JSON; charset=utf-8", "text/json"] {
        assert_eq!(answer(with(Some(right))).await, ok("hello"), "{right}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_2xx_is_thrown_away_with_its_logs_and_outputs() {
    let said = |status: u16| Reply {
        status,
        body: json!({ "Outputs": { "res": { "body": "x" }, "queue": "kept" }, "Logs": ["said so"] })
            .to_string(),
        ..Reply::default()
    };
    for (status, expected, heard) in [(500, failed(), false), (404, failed(), false), (202, ok("x"), true)] {
        let mut app = TestApp::new();
        app.function(
            "Hello",
            &json!({ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req" },
            { "type": "http", "direction": "out", "name": "res" },
            { "type": "queue", "direction": "out", "name": "queue", "queueName": "q" },
        ] }),
        );
        app.replies("Hello", [said(status)]);
        let host = app.start().await;

        assert_eq!(get(&host, "/api/hello").await, expected, "{status}");

        assert_eq!((logged(&host, "said so"), host.outputs().len() == 1), (heard, heard), "{status}");
        host.stop().await;
    }
}

#[tokio::test]
async fn a_redirect_in_reply_to_an_envelope_is_followed() {
    let moved = |location: Option<&str>| Reply {
        status: 302,
        headers: location.map(|target| ("location".to_owned(), target.to_owned())).into_iter().collect(),
        ..Reply::default()
    };
    // Followed: the answer is what the other path says to a GET. A redirect as the ANSWER goes into the output.
    assert_eq!(answer(moved(Some("/Other"))).await, ok("hello"));
    assert_eq!(answer(moved(None)).await, failed());
    let right = output(&json!({ "statusCode": 302, "headers": { "Location": "/elsewhere" }, "body": "" }));
    assert_eq!(answer(right).await, (302, String::new()));
}

#[tokio::test]
async fn status_alone_is_ignored() {
    assert_eq!(answer(output(&json!({ "status": 404, "body": "x" }))).await, ok("x"));
    assert_eq!(answer(output(&json!({ "statusCode": 404, "body": "x" }))).await, (404, "x".to_owned()));
}

#[tokio::test]
async fn a_null_header_is_a_500() {
    assert_eq!(answer(output(&json!({ "headers": { "x-a": null }, "body": "x" }))).await, failed());
    assert_eq!(answer(output(&json!({ "headers": { "x-a": "" }, "body": "x" }))).await, ok("x"));
}

#[tokio::test]
async fn a_header_array_becomes_json_text() {
    for (value, expected) in [(json!(["a", "b"]), r#"["a","b"]"#), (json!("a, b"), "a, b")] {
        let mut app = TestApp::hello();
        app.replies("Hello", [output(&json!({ "headers": { "x-list": value }, "body": "x" }))]);
        let host = app.start().await;
        let response = client().get(url(&host, "/api/hello")).send().await.unwrap();
        assert_eq!(response.headers()["x-list"], expected);
        host.stop().await;
    }
}

#[tokio::test]
async fn an_http_output_that_is_no_object_is_a_500() {
    for wrong in [json!("hello"), json!(5), json!([1]), json!(true)] {
        assert_eq!(answer(output(&wrong)).await, failed(), "{wrong}");
    }
    assert_eq!(answer(output(&json!({ "body": "hello" }))).await, ok("hello"));
}

#[tokio::test]
async fn names_inside_outputs_depend_on_case() {
    assert_eq!(answer(reply(&json!({ "Outputs": { "Res": { "body": "x" } } }))).await, ok("{}"));
    // The three names of the reply itself do not depend on it.
    assert_eq!(answer(reply(&json!({ "outputs": { "res": { "body": "x" } } }))).await, ok("x"));
}

#[tokio::test]
async fn a_reply_without_outputs_is_a_204() {
    assert_eq!(answer(reply(&json!({ "ReturnValue": "x" }))).await, (204, String::new()));
    assert_eq!(answer(reply(&json!({ "Outputs": {} }))).await, ok("{}"));
}

#[tokio::test]
async fn a_log_entry_that_is_no_string_fails_the_whole_reply() {
    let with_logs = |logs: Value| reply(&json!({ "Outputs": { "res": { "body": "x" } }, "Logs": logs }));
    for wrong in [json!([{ "level": "Error" }]), json!([["a"]]), json!("a")] {
        assert_eq!(answer(with_logs(wrong.clone())).await, failed(), "{wrong}");
    }
    assert_eq!(answer(with_logs(json!(["[Error] a"]))).await, ok("x"));
}

#[tokio::test]
async fn an_object_body_is_written_anew() {
    let price =
        serde_json::from_str(r#"{"body":{"price":1.10,"at":"2026-01-31T07:08:09.1200000"}}"#).unwrap();
    let rewritten = "{\n  \"price\": 1.1,\n  \"at\": \"2026-01-31T07:08:09.12\"\n}";
    assert_eq!(answer(output(&price)).await, ok(rewritten));
    let text = r#"{"price":1.10,"at":"2026-01-31T07:08:09.1200000"}"#;
    assert_eq!(answer(output(&json!({ "body": text }))).await, ok(text));
}

#[tokio::test]
async fn an_output_that_looks_like_base64_is_decoded_unless_it_is_binary() {
    for (data_type, expected) in [
        ("string", OutputValue::Bytes(vec![0x69, 0xb7, 0x1d, 0x79, 0xf8, 0x21])),
        ("binary", OutputValue::Json(json!("abcdefgh"))),
    ] {
        let mut app = TestApp::new();
        app.function(
            "Take",
            &json!({ "bindings": [
            { "type": "queueTrigger", "direction": "in", "name": "item", "queueName": "q" },
            { "type": "queue", "direction": "out", "name": "next", "queueName": "r", "dataType": data_type },
        ] }),
        );
        app.replies_json("Take", &json!({ "Outputs": { "next": "abcdefgh" } }));
        let host = app.start().await;

        give(&host, "x").await;

        let found = eventually("the output", || host.outputs().pop()).await;
        assert_eq!((found.binding.as_str(), found.value), ("next", expected), "{data_type}");
        host.stop().await;
    }
}

#[tokio::test]
async fn a_payload_is_laid_over_the_metadata() {
    let app = TestApp::new();
    app.function("Take", &json!({ "bindings": [{ "type": "queueTrigger", "direction": "in", "name": "item", "queueName": "q" }] }));
    let host = app.start().await;

    give(&host, r#"{"Id":"forged"}"#).await;
    give(&host, r#"{"id2":"harmless"}"#).await;

    let runs = eventually("the runs", || Some(app.envelopes("Take")).filter(|runs| runs.len() == 2)).await;
    let mut forged: Vec<bool> = runs.iter().map(|run| run["Metadata"]["Id"] == "\"forged\"").collect();
    forged.sort_unstable();
    assert_eq!(forged, [false, true]);
    host.stop().await;
}

#[tokio::test]
async fn after_exit_code_0_nothing_is_started_and_after_another_it_is() {
    for (code, starts) in [(0, 1), (1, 2)] {
        let mut app = TestApp::hello();
        app.replies(
            "Hello",
            [Reply { exit_code: Some(code), times: Some(1), ..Reply::default() }, Reply::default()],
        );
        let host = app.start().await;

        assert_eq!(get(&host, "/api/hello").await, failed());
        let settled = eventually("the end or the restart", || {
            Some(host.state()).filter(|state| *state == HostState::WorkerExited || app.starts().len() == 2)
        })
        .await;

        assert_eq!((settled == HostState::WorkerExited, app.starts().len()), (code == 0, starts), "{code}");
        assert_eq!(get(&host, "/api/hello").await, if code == 0 { failed() } else { ok("hello") }, "{code}");
        host.stop().await;
    }
}

#[tokio::test]
async fn the_third_crash_stops_the_host_and_two_do_not() {
    for (crashes, survives) in [(2, true), (3, false)] {
        let mut app = TestApp::hello();
        let dies = Reply { exit_code: Some(9), times: Some(crashes), ..Reply::default() };
        app.replies("Hello", [dies, Reply::default()]);
        let host = app.start().await;

        for _ in 0..crashes {
            assert_eq!(get(&host, "/api/hello").await, failed());
        }

        assert_eq!(get(&host, "/api/hello").await, if survives { ok("hello") } else { failed() });
        assert_eq!(matches!(host.state(), HostState::Stopped(_)), !survives);
        host.stop().await;
    }
}

async fn give(host: &FunctionsHost, input: &str) {
    let body = json!({ "input": input }).to_string();
    client().post(url(host, "/admin/functions/Take")).body(body).send().await.unwrap();
}

#[test]
fn each_quirk_names_a_test_that_exists() {
    let files = [
        ("envelope", include_str!("envelope.rs")),
        ("forwarding", include_str!("forwarding.rs")),
        ("messages", include_str!("messages.rs")),
        ("proxying", include_str!("proxying.rs")),
        ("quirks", include_str!("quirks.rs")),
        ("worker_life", include_str!("worker_life.rs")),
    ];
    for (quirk, source, test) in QUIRKS {
        let (file, name) = test.split_once("::").unwrap();
        let text = files.iter().find(|(known, _)| *known == file).unwrap().1;
        assert!(text.contains(&format!("async fn {name}()")), "{quirk}: {test}");
        assert!(source.contains(".cs"), "{quirk}");
    }
}
