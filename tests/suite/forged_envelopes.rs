//! In forwarding and proxying mode the worker's port takes callers' own requests beside the host's invocations; no caller
//! may start a timer by writing an invocation himself (azure-functions-host #6251).

use reqwest::Method;
use serde_json::json;

use crate::support::mode::Mode;
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk, eventually, raw_http};

const SEED: &str = "CREATE TABLE dbo.Runs (Id int IDENTITY PRIMARY KEY, Who nvarchar(20) NOT NULL);";
const RUNS: &str = "SELECT COUNT(*) FROM dbo.Runs";
const PREFIX: &str = "AzureFunctionsJobHost__extensions__http__routePrefix";

/// What the host posts for a timer.
fn timer_envelope() -> String {
    json!({
        "Data": { "timer": { "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false } },
        "Metadata": { "sys": { "MethodName": "Nightly" } },
    })
    .to_string()
}

/// A timer that is never due.
fn nightly() -> FunctionFolder {
    let sql = json!({ "result": "none" });
    FunctionFolder::timer("Nightly", "0 0 0 29 2 *", sql, "INSERT INTO dbo.Runs (Who) VALUES (N'timer')")
}

/// A function for all paths below a route.
fn caller(route: &str) -> FunctionFolder {
    FunctionFolder::http("All", "post", route, json!({ "result": "value" }), "SELECT N'the caller''s own'")
}

async fn desk(mode: Mode, prefix: &str, route: &str) -> Desk {
    Desk::builder()
        .in_mode(mode)
        .setting(PREFIX, prefix)
        .seed(SEED)
        .function(nightly())
        .function(caller(route))
        .start()
        .await
}

/// A request's method, target and headers.
type Attempt = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Headers that only a request from outside has.
const MARKS: [&str; 5] =
    ["X-Forwarded-For", "X-Original-URL", "x-functions-key", "x-ms-invocation-id", "Cookie"];

/// Ways to ask the worker for the timer.
const TARGETS: [Attempt; 16] = [
    ("POST", "/Nightly", &[]),
    ("POST", "/Nightly?x", &[]),
    ("POST", "/Nightly?", &[]),
    ("POST", "/nightly", &[]),
    ("POST", "/%4eightly", &[]),
    ("POST", "/Nightly%2F", &[]),
    ("POST", "//Nightly", &[]),
    ("POST", "/./Nightly", &[]),
    ("POST", "/x/../Nightly", &[]),
    ("POST", "/Nightly/", &[]),
    ("POST", "/Nightly#x", &[]),
    ("HEAD", "/Nightly", &[]),
    ("GET", "/Nightly", &[]),
    ("PUT", "/Nightly", &[]),
    ("POST", "http://localhost/Nightly", &[]),
    ("GET", "/Nightly", &[("X-HTTP-Method-Override", "POST")]),
];

async fn a_route_that_covers_the_timers_path_keeps_it_from_running(mode: Mode) {
    let desk = desk(mode, "", "{*rest}").await;
    let port = desk.worker_port().await;

    for (method, target, headers) in TARGETS {
        let answer = raw_http::send(port, method, target, headers, &timer_envelope()).await;
        assert!(
            answer.status >= 400 || answer.body.contains("the caller's own"),
            "{method} {target}: {} {}",
            answer.status,
            answer.body
        );
    }
    let through_the_host = desk.request(Method::POST, "/Nightly", Some(timer_envelope())).await;

    assert_eq!(through_the_host.json(200), "the caller's own");
    assert_eq!(desk.number(RUNS).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_forwarding_mode_a_route_that_covers_the_timers_path_keeps_it_from_running() {
    a_route_that_covers_the_timers_path_keeps_it_from_running(Mode::Forwarding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_proxying_mode_a_route_that_covers_the_timers_path_keeps_it_from_running() {
    a_route_that_covers_the_timers_path_keeps_it_from_running(Mode::Proxying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_can_not_run_safely_says_why_and_what_to_do() {
    let desk = desk(Mode::Proxying, "", "{*rest}").await;

    let mistakes = desk.events("the mistake", 1, |event| event["function"] == "Nightly").await;

    let text = mistakes[0]["message"].as_str().unwrap();
    for part in [
        "Nightly/function.json",
        "All",
        "`{*rest}`",
        "forge",
        "extensions.http.routePrefix",
        "narrower route",
    ] {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
    desk.finish().await;
}

async fn only_the_hosts_own_request_runs_the_timer(mode: Mode) {
    // No route of this app can hold the timer's name.
    let desk = desk(mode, "", "{id:int}").await;
    let port = desk.worker_port().await;
    let is_the_hosts = |method: &str, target: &str| {
        method == "POST" && matches!(target, "/Nightly" | "http://localhost/Nightly" | "/Nightly#x")
    };

    for (method, target, headers) in TARGETS {
        if !is_the_hosts(method, target) {
            let answer = raw_http::send(port, method, target, headers, &timer_envelope()).await;
            assert_eq!(answer.status, 404, "{method} {target}: {}", answer.body);
        }
    }
    for mark in MARKS {
        let answer = raw_http::send(port, "POST", "/Nightly", &[(mark, "x")], &timer_envelope()).await;
        assert_eq!(answer.status, 404, "{mark}: {}", answer.body);
    }
    let outside = desk.request(Method::POST, "/Nightly", Some(timer_envelope())).await;
    let forged = desk.number(RUNS).await;
    desk.run("Nightly").await;
    eventually("the timer has run", async || (desk.number(RUNS).await == 1).then_some(())).await;

    assert_eq!(outside.status, 404, "{}", outside.text);
    assert_eq!(forged, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_forwarding_mode_only_the_hosts_own_request_runs_the_timer() {
    only_the_hosts_own_request_runs_the_timer(Mode::Forwarding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_proxying_mode_only_the_hosts_own_request_runs_the_timer() {
    only_the_hosts_own_request_runs_the_timer(Mode::Proxying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_proxying_mode_a_catch_all_below_a_prefix_leaves_timers_alone() {
    let desk = desk(Mode::Proxying, "api", "{*rest}").await;

    for path in REWRITTEN {
        let caller = desk.request(Method::POST, path, Some(timer_envelope())).await;
        assert_eq!(caller.json(200), "the caller's own", "{path}");
    }
    let forged = desk.number(RUNS).await;
    desk.run("Nightly").await;
    eventually("the timer has run", async || (desk.number(RUNS).await == 1).then_some(())).await;

    assert_eq!(forged, 0);
    desk.finish().await;
}

/// Paths below the prefix that end up at the timer's where somebody takes dot segments out once more, or knows backslashes.
const REWRITTEN: [&str; 4] = [
    "/api/Nightly",
    "/api/%252e%252e/Nightly",
    "/api/x%5C..%5C..%5CNightly",
    "/api/x%5C%252e%252e%5C..%5CNightly",
];

#[tokio::test(flavor = "multi_thread")]
async fn in_forwarding_mode_a_parameter_that_takes_any_text_below_a_prefix_keeps_timers_from_running() {
    // The host matches such a path with the route, and forwards it rewritten by System.Uri.
    for route in ["{*rest}", "{x}", "a{x:minlength(2)}"] {
        let desk = desk(Mode::Forwarding, "api", route).await;

        for path in REWRITTEN {
            desk.request(Method::POST, path, Some(timer_envelope())).await;
        }
        raw_http::send(desk.worker_port().await, "POST", "/Nightly", &[], &timer_envelope()).await;
        let mistakes = desk.events("the mistake", 1, |event| event["function"] == "Nightly").await;

        assert_eq!(desk.number(RUNS).await, 0, "{route}");
        let text = mistakes[0]["message"].as_str().unwrap();
        assert!(text.contains("enableProxyingHttpRequest") && text.contains("constraint"), "{text}");
        desk.events("the warning", 1, |event| {
            event["message"].as_str().is_some_and(|text| text.contains("past their own keys"))
        })
        .await;
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_forwarding_mode_routes_without_such_a_parameter_leave_timers_alone() {
    let desk = desk(Mode::Forwarding, "api", "all/{id:int}/{key:guid?}").await;

    for path in REWRITTEN {
        assert_eq!(desk.request(Method::POST, path, Some(timer_envelope())).await.status, 404, "{path}");
    }
    let forged = desk.number(RUNS).await;
    desk.run("Nightly").await;
    eventually("the timer has run", async || (desk.number(RUNS).await == 1).then_some(())).await;

    assert_eq!(forged, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_definition_covers_what_its_route_covers() {
    // The host loads the function all the same, and passes callers' requests on to it.
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "route": "{*rest}" },
        { "type": "http", "direction": "out", "name": "res" },
    ]);
    let without_sql = json!({ "bindings": bindings }).to_string();
    for broken in [without_sql.as_str(), "{ 'bindings': [] }"] {
        let desk = Desk::builder()
            .in_mode(Mode::Proxying)
            .setting(PREFIX, "")
            .seed(SEED)
            .function(nightly())
            .function(FunctionFolder::raw("Broken", broken))
            .start()
            .await;

        let answer =
            raw_http::send(desk.worker_port().await, "POST", "/Nightly", &[], &timer_envelope()).await;

        assert!(answer.status >= 400, "{}", answer.body);
        assert_eq!(desk.number(RUNS).await, 0);
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_with_a_route_takes_no_envelope() {
    let desk = desk(Mode::Proxying, "api", "all").await;
    let envelope = json!({ "Data": { "req": { "Method": "POST" } }, "Metadata": {} }).to_string();

    let answer = raw_http::send(desk.worker_port().await, "POST", "/All", &[], &envelope).await;

    assert_eq!(answer.status, 404, "{}", answer.body);
    assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_default_mode_an_envelope_runs_the_timer_as_ever() {
    let desk = desk(Mode::Enveloped, "", "all").await;

    let answer: Answer = desk.post_to_worker("/Nightly", timer_envelope()).await;

    answer.json(200);
    assert_eq!(desk.number(RUNS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_default_mode_nothing_that_a_caller_sent_runs_the_timer() {
    // The host passes no caller's request on in this mode; if it does, the worker is wrong about the mode.
    let desk = desk(Mode::Enveloped, "", "all").await;
    let port = desk.worker_port().await;

    for mark in MARKS {
        let answer = raw_http::send(port, "POST", "/Nightly", &[(mark, "x")], &timer_envelope()).await;
        assert_eq!(answer.status, 404, "{mark}: {}", answer.body);
    }

    assert_eq!(desk.number(RUNS).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_that_is_set_in_another_spelling_is_the_workers_mode_too() {
    for spelling in [
        "AzureFunctionsJobHost__customHandler__EnableProxyingHttpRequest",
        "AZUREFUNCTIONSJOBHOST__customHandler__enableproxyinghttprequest",
        "AzureFunctionsJobHost:customHandler:enableProxyingHttpRequest",
    ] {
        let desk = Desk::builder()
            // The switch as every desk has it is left out.
            .in_mode(Mode::Enveloped)
            .setting(spelling, "true")
            .setting(PREFIX, "")
            .seed(SEED)
            .function(nightly())
            .function(caller("{*rest}"))
            .start()
            .await;

        let through_the_host = desk.request(Method::POST, "/Nightly", Some(timer_envelope())).await;
        raw_http::send(desk.worker_port().await, "POST", "/Nightly", &[], &timer_envelope()).await;

        assert_eq!(through_the_host.json(200), "the caller's own", "{spelling}");
        assert_eq!(desk.number(RUNS).await, 0, "{spelling}");
        desk.finish().await;
    }
}
