//! Forwarding mode: what reaches the worker, and what of its reply the caller gets.

use serde_json::json;

use crate::app::{TestApp, client, eventually, get, logged, url};
use crate::fake_worker::Reply;

const FORWARDING: &str = "enableForwardingHttpRequest";

fn plain(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: [("content-type".to_owned(), "text/plain".to_owned())].into(),
        body: body.to_owned(),
        ..Reply::default()
    }
}

#[tokio::test]
async fn method_path_with_prefix_rebuilt_query_headers_and_body_reach_the_worker() {
    let mut app = TestApp::new();
    app.host_json(&json!({ "customHandler": { FORWARDING: true } }));
    app.http_function("Person", &json!({ "route": "persons/{name}" }));
    app.replies("api/persons/J%C3%BCrgen", [plain(201, "made")]);
    let host = app.start().await;

    let response = client()
        .put(url(&host, "/api/persons/J%C3%BCrgen?tag=a&TAG=b&q=c+d"))
        .header("x-one", "1")
        .header("x-one", "2")
        .header("user-agent", "curl/8")
        .header("x-azure-functions-invocationid", "forged")
        .header("content-type", "text/csv")
        .header("content-language", "de")
        .body("a;b")
        .send()
        .await
        .unwrap();

    assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (201, "made".to_owned()));
    let seen = app.seen("api/persons/J%C3%BCrgen").remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.query.as_str(), seen.body.as_str()),
        ("PUT", "tag=a,b&q=c%20d", "a;b")
    );
    assert_eq!((&*seen.headers["x-one"], &*seen.headers["content-type"]), ("1, 2", "text/csv"));
    assert_eq!(seen.headers["content-length"], "3");
    assert_eq!(seen.headers["host"], host.address().to_string());
    assert!(seen.headers["user-agent"].starts_with("curl/8 Azure-Functions-Host/4."), "{:?}", seen.headers);
    assert!(seen.headers["x-azure-functions-hostversion"].starts_with("4."));
    // Added, not replaced: a caller can put its own in front.
    assert!(seen.headers["x-azure-functions-invocationid"].starts_with("forged, "));
    assert_eq!(seen.headers.get("content-language"), None);
    assert_eq!(app.envelopes("Person").len(), 0);
    assert!(logged(&host, "Executed 'Functions.Person' (Succeeded"));
    host.stop().await;
}

#[tokio::test]
async fn the_workers_status_headers_and_body_are_the_answer_and_the_run_has_succeeded() {
    let mut app = TestApp::passing(FORWARDING);
    let problem = Reply {
        headers: [("content-type", "application/problem+json"), ("set-cookie", "a=1"), ("x-mine", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..plain(422, "{}")
    };
    app.replies("a", [problem]);
    let host = app.start().await;

    let response = client().get(url(&host, "/a")).send().await.unwrap();

    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(response.status(), 422);
    assert_eq!(
        [header("content-type"), header("set-cookie"), header("x-mine"), header("content-length")],
        ["application/problem+json", "a=1", "1", "2"]
    );
    assert!(logged(&host, "Executed 'Functions.All' (Succeeded"));
    host.stop().await;
}

#[tokio::test]
async fn a_request_in_chunks_never_reaches_the_worker() {
    let app = TestApp::passing(FORWARDING);
    let host = app.start().await;

    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("lost")]);
    let lost = client().post(url(&host, "/a")).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    let kept = client().post(url(&host, "/a")).body("kept").send().await.unwrap();

    assert_eq!((lost.status().as_u16(), kept.status().as_u16()), (500, 200));
    let bodies: Vec<String> = app.seen("a").into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["kept"]);
    host.stop().await;
}

#[tokio::test]
async fn a_redirect_is_passed_on_and_for_an_envelope_it_is_a_failure() {
    let mut app = TestApp::passing(FORWARDING);
    app.function(
        "Queue",
        &json!({ "bindings": [{ "type": "queueTrigger", "name": "q", "direction": "in" }] }),
    );
    let redirect = Reply { headers: [("location".to_owned(), "/b".to_owned())].into(), ..plain(302, "") };
    app.replies("a", [redirect.clone()]);
    app.replies("Queue", [redirect]);
    let host = app.start().await;

    let response = client().get(url(&host, "/a")).send().await.unwrap();
    client().post(url(&host, "/admin/functions/Queue")).body(r#"{"input":"x"}"#).send().await.unwrap();

    assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (302, "/b"));
    eventually("the failure", || logged(&host, "Executed 'Functions.Queue' (Failed").then_some(())).await;
    assert!(app.seen("b").is_empty());
    host.stop().await;
}

#[tokio::test]
async fn head_keeps_the_length_and_options_reaches_the_worker() {
    let mut app = TestApp::passing(FORWARDING);
    app.replies("a", [Reply { length: Some(7), ..plain(200, "") }]);
    let host = app.start().await;

    let head = client().head(url(&host, "/a")).send().await.unwrap();
    let options = client().request(reqwest::Method::OPTIONS, url(&host, "/b")).send().await.unwrap();

    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "7"));
    assert_eq!(options.status(), 200);
    assert_eq!((&*app.seen("a")[0].method, &*app.seen("b")[0].method), ("HEAD", "OPTIONS"));
    host.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_is_not_noticed_by_the_worker() {
    let mut app = TestApp::passing(FORWARDING);
    app.replies("slow", [Reply { pieces: ["a", "b"].map(str::to_owned).to_vec(), ..plain(200, "") }]);
    let host = app.start().await;

    let request = tokio::spawn(client().get(url(&host, "/slow")).send());
    eventually("the request", || (!app.seen("slow").is_empty()).then_some(())).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    // Long enough for the news to arrive, if there were any: another request goes through meanwhile.
    assert_eq!(get(&host, "/other").await.0, 200);
    app.write("piece-1", "");

    eventually("the end", || logged(&host, "Executed 'Functions.All' (Succeeded").then_some(())).await;
    assert!(app.left().is_empty());
    host.stop().await;
}

#[tokio::test]
async fn the_function_timeout_kills_the_worker_in_this_mode_too() {
    let mut app = TestApp::passing(FORWARDING);
    app.settings.insert("AzureFunctionsJobHost__functionTimeout".to_owned(), "00:00:01".to_owned());
    app.replies("slow", [Reply { hang: true, times: Some(1), ..Reply::default() }]);
    let host = app.start().await;
    let first = host.worker_pid();

    assert_eq!(get(&host, "/slow").await, (500, String::new()));
    assert_eq!(get(&host, "/slow").await.0, 200);

    assert_ne!(host.worker_pid(), first);
    assert!(logged(&host, "Timeout value of 00:00:01 exceeded by function 'Functions.All'"));
    host.stop().await;
}

#[tokio::test]
async fn only_one_trigger_and_one_http_output_are_forwarded() {
    let app = TestApp::passing(FORWARDING);
    // Their names come before that of the catch-all, so the host tries them first.
    app.function(
        "Added",
        &json!({ "bindings": [
        { "type": "httpTrigger", "direction": "in", "name": "req" },
        { "type": "http", "direction": "out", "name": "res" },
        { "type": "queue", "direction": "out", "name": "q" },
    ] }),
    );
    app.function(
        "Absent",
        &json!({ "bindings": [{ "type": "httpTrigger", "direction": "in", "name": "req" }] }),
    );
    let host = app.start().await;

    assert_eq!(get(&host, "/Added").await, (200, "hello".to_owned()));
    get(&host, "/Absent").await;

    assert_eq!((app.envelopes("Added").len(), app.envelopes("Absent").len()), (1, 1));
    host.stop().await;
}

#[tokio::test]
async fn with_a_catch_all_an_outside_caller_reaches_the_path_of_a_timer() {
    for switch in [FORWARDING, "enableProxyingHttpRequest"] {
        let app = TestApp::passing(switch);
        app.function("Nightly", &json!({ "bindings": [{ "type": "timerTrigger", "name": "t", "direction": "in", "schedule": "0 0 3 1 1 *" }] }));
        let host = app.start().await;

        let forged = json!({ "Data": { "t": { "IsPastDue": false } }, "Metadata": {} });
        client()
            .post(url(&host, "/Nightly"))
            .header("content-type", "application/json")
            .body(forged.to_string())
            .send()
            .await
            .unwrap();

        // azure-functions-host issue 6251: it is for the worker to tell the two apart.
        assert_eq!(app.envelopes("Nightly"), [forged], "{switch}");
        host.stop().await;
    }
}
