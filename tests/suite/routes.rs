//! In forwarding and proxying mode the worker finds the function by itself: the same as the host, with the same values.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::json;

use crate::support::mode::Mode;
use crate::support::script_root::{self, FunctionFolder};
use crate::support::{Desk, LoneWorker, raw_http};

const MODES: [Mode; 3] = [Mode::Enveloped, Mode::Forwarding, Mode::Proxying];

/// A function that answers with its own name.
fn named(name: &str, route: &str) -> FunctionFolder {
    FunctionFolder::http(name, "get", route, json!({ "result": "value" }), &format!("SELECT N'{name}'"))
}

/// A function that answers with one value of its request.
fn echo(route: &str, from: &str) -> FunctionFolder {
    let sql = json!({
        "parameters": { "@value": { "from": from, "type": "nvarchar(200)" } },
        "result": "value",
    });
    FunctionFolder::http("Echo", "get", route, sql, "SELECT @value")
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_route_reach_the_command_alike_in_each_mode() {
    for mode in MODES {
        let desk = Desk::builder().in_mode(mode).function(echo("echo/{x}/{*rest}", "route.x")).start().await;
        for (path, value) in [
            ("/api/ECHO/Troms%C3%B8%20by", "Tromsø by"),
            ("/api/echo/50%25/a/b", "50%"),
            ("/api/echo/a%2Fb", "a%2Fb"),
            ("/api/echo/(a+b)&c=d", "(a+b)&c=d"),
            ("/api/echo/x/", "x"),
        ] {
            assert_eq!(desk.get(path).await.json(200), value, "{mode:?} {path}");
        }
        for path in ["/api/echo", "/api/echo//x", "/echo/x", "/api/other"] {
            assert_eq!(desk.get(path).await.status, 404, "{mode:?} {path}");
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catch_all_and_a_default_reach_the_command_alike_in_each_mode() {
    for mode in MODES {
        let desk = Desk::builder()
            .in_mode(mode)
            .function(echo("files/{*rest}", "route.rest"))
            .function(FunctionFolder::http(
                "Page",
                "get",
                "pages/{number:int=7}",
                json!({ "parameters": { "@n": { "from": "route.number", "type": "int" } }, "result": "value" }),
                "SELECT @n",
            ))
            .start()
            .await;
        assert_eq!(desk.get("/api/files/a/b%20c.txt").await.json(200), "a/b c.txt", "{mode:?}");
        assert_eq!(desk.get("/api/files").await.json(200), json!(null), "{mode:?}");
        assert_eq!(desk.get("/api/pages").await.json(200), 7, "{mode:?}");
        assert_eq!(desk.get("/api/pages/3").await.json(200), 3, "{mode:?}");
        assert_eq!(desk.get("/api/pages/x").await.status, 404, "{mode:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn query_and_headers_reach_the_command_alike_in_each_mode() {
    for mode in MODES {
        let desk = Desk::builder()
            .in_mode(mode)
            .function(echo("echo", "query.city"))
            .function(FunctionFolder::http(
                "Tag",
                "get",
                "tag",
                json!({
                    "parameters": { "@tag": { "from": "header.x-test", "type": "nvarchar(50)" } },
                    "result": "value",
                }),
                "SELECT LEN(@tag)",
            ))
            .start()
            .await;
        assert_eq!(desk.get("/api/echo?city=Troms%C3%B8+by").await.json(200), "Tromsø by", "{mode:?}");
        assert_eq!(desk.get("/api/echo?city=a&x=1&city=b").await.json(200), "a,b", "{mode:?}");
        assert_eq!(desk.get("/api/tag").await.json(200), "CANARY-HEADER".len(), "{mode:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_key_is_no_query_value() {
    for mode in MODES {
        let desk = Desk::builder().in_mode(mode).function(echo("echo", "query.code")).start().await;
        assert_eq!(desk.get("/api/echo").await.json(200), json!(null), "{mode:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_the_function_has_not_is_a_404() {
    for mode in MODES {
        let desk = Desk::builder().in_mode(mode).function(named("Only", "only")).start().await;
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD] {
            assert_eq!(
                desk.request(method.clone(), "/api/only", None).await.status,
                404,
                "{mode:?} {method}"
            );
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_length_and_no_body_and_options_is_a_method_like_any_other() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get", "head", "options"], "route": "any" },
        { "type": "http", "direction": "out", "name": "res" },
    ]);
    let definition =
        json!({ "bindings": bindings, "sql": { "commandFile": "query.sql", "result": "value" } });
    let any = FunctionFolder::raw("Any", &definition.to_string());
    let desk = Desk::builder().in_mode(Mode::Proxying).function(any).start().await;
    let port = desk.worker_port().await;

    let head = raw_http::send(port, "HEAD", "/api/any", &[], "").await;
    let options = raw_http::send(port, "OPTIONS", "/api/any", &[], "").await;

    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.head.to_ascii_lowercase().contains("content-length: 1"), "{}", head.head);
    assert_eq!((options.status, options.body.as_str()), (200, "1"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_and_a_problem_go_to_the_caller_as_they_are() {
    let desk = Desk::builder().in_mode(Mode::Proxying).start().await;
    let port = desk.worker_port().await;
    let id = "0a1b2c3d-0000-4000-8000-00000000000a";

    let found = raw_http::send(port, "GET", "/api/persons/1?code=CANARY-KEY", &[], "").await;
    let refused = raw_http::send(port, "GET", "/api/persons/0", &[("x-ms-invocation-id", id)], "").await;
    let nothing = raw_http::send(port, "GET", "/api/persons/x", &[], "").await;

    assert_eq!(found.status, 200, "{}", found.body);
    assert!(found.body.starts_with(r#"{"Id":1,"#), "{}", found.body);
    assert!(found.head.contains("content-type: application/json; charset=utf-8"), "{}", found.head);
    assert_eq!(refused.status, 400);
    assert!(
        refused.head.contains("content-type: application/problem+json; charset=utf-8"),
        "{}",
        refused.head
    );
    assert!(refused.body.contains(id), "{}", refused.body);
    assert_eq!(nothing.status, 404, "{}", nothing.body);
    desk.events("the outcome with the host's id", 1, |event| event["id"] == id && event["status"] == 400)
        .await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_body_that_is_no_utf_8_is_a_400_and_bytes_are_taken() {
    let sql = json!({
        "parameters": { "@body": { "from": "body", "type": "varbinary(max)" } },
        "result": "value",
    });
    let function = FunctionFolder::http("Length", "post", "length", sql, "SELECT DATALENGTH(@body)");
    let desk = Desk::builder().in_mode(Mode::Proxying).function(function).start().await;
    let url = format!("http://127.0.0.1:{}/api/length", desk.worker_port().await);
    let post = |kind: &str| {
        reqwest::Client::new().post(&url).header("content-type", kind).body(vec![0xff_u8, 0, 1]).send()
    };

    let text = post("text/plain").await.unwrap();
    let bytes = post("application/octet-stream").await.unwrap();

    assert_eq!(text.status().as_u16(), 400);
    assert!(text.text().await.unwrap().contains("no UTF-8 text: see byte 0"));
    assert_eq!(bytes.text().await.unwrap(), "3");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readiness_probe_is_answered_also_where_a_route_is_the_root_itself() {
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .setting("AzureFunctionsJobHost__extensions__http__routePrefix", "")
        .function(named("All", "{*rest}"))
        .start()
        .await;
    let port = desk.worker_port().await;

    let probe = raw_http::send(port, "GET", "/", &[], "").await;
    let caller = raw_http::send(port, "GET", "/", &[("x-ms-invocation-id", "5")], "").await;

    assert_eq!(probe.body, r#"{"status":"ok"}"#);
    assert_eq!(caller.body, r#""All""#);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hosts_order_and_the_exact_route_disagree_nobody_is_called() {
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .function(named("Details", "products/{id}"))
        .function(named("List", "products/list"))
        .function(named("Zero", "products/{id:int}"))
        .start()
        .await;

    let list = desk.get("/api/products/list").await.problem_for_caller(500, "ambiguous-route");
    let other = desk.get("/api/products/other").await;

    let detail = list["detail"].as_str().unwrap();
    assert!(
        detail.contains("Details before List") && detail.contains("narrow the route of Details"),
        "{detail}"
    );
    assert_eq!(other.json(200), "Details");
    let mistakes = desk
        .events("both are told to be unreachable", 2, |event| {
            event["message"].as_str().is_some_and(|text| text.contains("can never be called"))
        })
        .await;
    let functions: Vec<_> = mistakes.iter().map(|event| event["function"].as_str().unwrap()).collect();
    assert_eq!(functions, ["List", "Zero"]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_only_dotnet_reads_is_a_mistake_where_the_worker_matches_routes() {
    let route = "a/{x:regex(^(?!b))}";
    let functions = [named("Look", route), named("Other", "b")];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("host.json"), script_root::HOST_JSON).unwrap();
    functions.iter().for_each(|function| function.write(folder.path()));
    let proxying = Mode::Proxying.setting().unwrap();

    let worker = LoneWorker::start(folder.path(), &[(proxying, "true")]);

    let line = worker.line_with("Look/function.json").await;
    assert!(line.contains("lookaround") && line.contains("(?!b)"), "{line}");
    assert!(worker.get("/api/a/c").await.text.contains("invalid-definition"));
    worker.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_can_not_be_read_keeps_those_from_being_called_that_the_host_tries_after_it() {
    // The worker knows no such constraint; the host may.
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "route": "{x:of-the-hosts-own}" },
        { "type": "http", "direction": "out", "name": "res" },
    ]);
    let foreign = FunctionFolder::raw("Foreign", &json!({ "bindings": bindings }).to_string());
    let functions = [named("After", "after"), named("Late", "late"), foreign];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("host.json"), script_root::HOST_JSON).unwrap();
    functions.iter().for_each(|function| function.write(folder.path()));
    let worker = LoneWorker::start(folder.path(), &[(Mode::Proxying.setting().unwrap(), "true")]);

    let before = worker.get("/api/after").await;
    let behind = worker.get("/api/late").await;

    // There is no database here: it is the call that counts.
    assert!(before.text.contains("not-configured"), "{}", before.text);
    let detail = behind.problem_for_caller(500, "ambiguous-route")["detail"].to_string();
    assert!(
        detail.contains("Foreign before Late") && detail.contains("function.json of Foreign"),
        "{detail}"
    );
    worker.finish().await;
}

/// Segments that both routers know; an optional one only at the end.
fn template() -> impl Strategy<Value = String> {
    let middle = select(vec!["a", "b", "{x}", "{x:int}", "{x:alpha}", "{f}.{t}", "a{x}", "{x:length(2)}"]);
    let end = select(vec![
        "a",
        "{y}",
        "{y:int}",
        "{y?}",
        "{y:int?}",
        "{y=1}",
        "{*rest}",
        "b-{y}",
        r"{y:regex(^\d+$)}",
        "{y:datetime}",
        "{y:decimal}",
        "{y:double}",
        "{y:guid}",
        "{y:bool}",
        "{y:long}",
    ]);
    (vec(middle, 0..2), end).prop_map(|(mut segments, end)| {
        let names = ["{x}", "{x:int}", "{x:alpha}", "a{x}", "{x:length(2)}"];
        if segments.len() == 2 && segments.iter().all(|segment| names.contains(segment)) {
            segments.truncate(1);
        }
        segments.push(end);
        segments.join("/")
    })
}

/// Values that no two libraries read alike, and some that they do.
const ODD: [&str; 14] = [
    "5%0A",
    "true%0A",
    "2026-01-31",
    "2026-01-31T07:08:09Z",
    "2%20Jan%202026",
    "2026-01-31T23:59:60",
    "23:59:60",
    "0000-01-01",
    "+12026-01-01",
    "79228162514264337593543950335.9",
    "-%205",
    "7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410",
    "+f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410",
    "9223372036854775808",
];

/// An empty segment is left out: the local host lets a catch-all begin with one, which ASP.NET does not.
fn path() -> impl Strategy<Value = String> {
    let plain =
        select(vec!["a", "b", "A", "1", "12", "ab", "a.b", "b-1", "x%20y", "1.", ".1", "true", "+5", "1e5"]);
    let odd = select(ODD.to_vec());
    let segment = prop_oneof![3 => plain, 2 => odd];
    (vec(segment, 0..4), select(vec!["", "/"]))
        .prop_map(|(segments, end)| format!("/api/{}{end}", segments.join("/")).replace("//", "/"))
}

/// What a desk answers on each path: the function's name, or the status.
async fn decisions(mode: Mode, templates: &[String], paths: &[String]) -> BTreeMap<String, String> {
    let mut builder = Desk::builder().in_mode(mode);
    for (index, template) in templates.iter().enumerate() {
        builder = builder.function(named(&format!("F{index}"), template));
    }
    let desk = builder.start().await;
    let mut decisions = BTreeMap::new();
    for path in paths {
        let answer = desk.get(path).await;
        let decision = match answer.status {
            200 => answer.text.clone(),
            500 if answer.text.contains("ambiguous-route") => "ambiguous".to_owned(),
            500 if answer.text.contains("can never be called") => "ambiguous".to_owned(),
            status => status.to_string(),
        };
        decisions.insert(path.clone(), decision);
    }
    desk.finish().await;
    decisions
}

/// The local host has a router of its own, written apart from the worker's.
#[test]
fn the_worker_finds_the_function_that_the_host_finds_or_nobody() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Each case starts two desks, so a failing one is shown as it is.
    let config = Config { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let called = AtomicUsize::new(0);
    // The first function, by name and by its route, is found in every app, or the law would hold of nothing.
    let apps = (vec(template(), 2..6), vec(path(), 60)).prop_map(|(mut templates, mut paths)| {
        templates.insert(0, "always/{id:int}".to_owned());
        paths.push("/api/always/12".to_owned());
        (templates, paths)
    });
    let result = TestRunner::new(config).run(&apps, |(templates, paths)| {
        let host = runtime.block_on(decisions(Mode::Enveloped, &templates, &paths));
        let worker = runtime.block_on(decisions(Mode::Proxying, &templates, &paths));
        for (path, decision) in &worker {
            // Of an odd value the worker may say that it fits nothing, where the local host takes it.
            let nobody = decision == "404" && ODD.iter().any(|odd| path.contains(odd));
            if decision != "ambiguous" && !nobody {
                prop_assert_eq!(decision, &host[path], "{} {:?}", path, templates);
            }
            called.fetch_add(usize::from(decision.contains('F')), Ordering::Relaxed);
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(called.into_inner() >= 3, "hardly any path reached a function");
}
