//! Proxying mode: bodies stream both ways, and a caller who leaves takes the request along.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;

use crate::app::{TestApp, client, eventually, get, logged, url};
use crate::fake_worker::Reply;

const PROXYING: &str = "enableProxyingHttpRequest";

fn app_with(path: &str, reply: Reply) -> TestApp {
    let mut app = TestApp::passing(PROXYING);
    app.replies(path, [reply]);
    app
}

/// A body that the test feeds piece by piece.
fn fed() -> (tokio::sync::mpsc::Sender<String>, reqwest::Body) {
    let (feed, pieces) = tokio::sync::mpsc::channel::<String>(1);
    let stream = futures_util::stream::unfold(pieces, |mut pieces| async move {
        pieces.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), pieces))
    });
    (feed, reqwest::Body::wrap_stream(stream))
}

#[tokio::test]
async fn query_headers_and_body_arrive_as_they_came_and_the_hosts_own_headers_replace_a_callers() {
    let app = TestApp::passing(PROXYING);
    let host = app.start().await;

    client()
        .patch(url(&host, "/a/b?x=1&x=2&y=%2f+%20&z"))
        .header("x-one", "1")
        .header("x-one", "2")
        .header("user-agent", "curl/8")
        .header("x-azure-functions-invocationid", "forged")
        .header("x-ms-invocation-id", "forged")
        .header("x-forwarded-for", "1.2.3.4")
        .header("content-language", "de")
        .header("te", "trailers")
        .header("keep-alive", "timeout=5")
        .body("hello")
        .send()
        .await
        .unwrap();

    let seen = app.seen("a/b").remove(0);
    assert_eq!((&*seen.method, &*seen.query, &*seen.body), ("PATCH", "x=1&x=2&y=%2f+%20&z", "hello"));
    assert_eq!((&*seen.headers["x-one"], &*seen.headers["user-agent"]), ("1|2", "curl/8"));
    assert_eq!((&*seen.headers["content-language"], &*seen.headers["content-length"]), ("de", "5"));
    let id = &seen.headers["x-azure-functions-invocationid"];
    assert_eq!((id.len(), id), (36, &seen.headers["x-ms-invocation-id"]));
    assert!(seen.headers["x-azure-functions-hostversion"].starts_with("4."));
    assert_eq!(seen.headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen.headers["x-forwarded-host"], host.address().to_string());
    assert_eq!(seen.headers["x-forwarded-proto"], "http");
    assert_eq!(seen.headers["host"], format!("127.0.0.1:{}", host.worker_port().unwrap()));
    for absent in ["te", "keep-alive", "transfer-encoding"] {
        assert_eq!(seen.headers.get(absent), None, "{absent}");
    }
    host.stop().await;
}

#[tokio::test]
async fn an_oddly_encoded_path_is_decoded_and_encoded_again_as_yarp_does() {
    let app = TestApp::passing(PROXYING);
    let host = app.start().await;

    for (sent, arrives) in
        [("/J%C3%BCrgen%20M", "J%C3%BCrgen%20M"), ("/a%2Fb", "a%252Fb"), ("/%41%2520", "A%2520")]
    {
        assert_eq!(get(&host, sent).await.0, 200);
        assert_eq!(app.seen(arrives).len(), 1, "{sent}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_body_in_chunks_arrives_whole() {
    let app = TestApp::passing(PROXYING);
    let host = app.start().await;
    let (feed, body) = fed();

    let request = tokio::spawn(client().post(url(&host, "/a")).body(body).send());
    for piece in ["one ", "two"] {
        feed.send(piece.to_owned()).await.unwrap();
    }
    drop(feed);

    assert_eq!(request.await.unwrap().unwrap().status(), 200);
    let seen = app.seen("a").remove(0);
    assert_eq!((&*seen.body, &*seen.headers["transfer-encoding"]), ("one two", "chunked"));
    host.stop().await;
}

#[tokio::test]
async fn a_worker_may_answer_while_the_body_is_still_on_its_way() {
    let app = app_with("echo", Reply { echo: true, ..Reply::default() });
    let host = app.start().await;
    let (feed, body) = fed();
    feed.send("one".to_owned()).await.unwrap();

    let response = client().post(url(&host, "/echo")).body(body).send().await.unwrap();
    let mut pieces = response.bytes_stream();
    let first = pieces.next().await.unwrap().unwrap();
    feed.send("two".to_owned()).await.unwrap();
    let second = pieces.next().await.unwrap().unwrap();
    drop(feed);

    assert_eq!((&*first, &*second), (&b"one"[..], &b"two"[..]));
    assert!(pieces.next().await.is_none());
    eventually("the end", || logged(&host, "Executed 'Functions.All' (Succeeded").then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn a_slow_reply_arrives_in_pieces() {
    let app = app_with(
        "slow",
        Reply { pieces: ["first", "second"].map(str::to_owned).to_vec(), ..Reply::default() },
    );
    let host = app.start().await;

    let mut pieces = client().get(url(&host, "/slow")).send().await.unwrap().bytes_stream();
    let first = pieces.next().await.unwrap().unwrap();
    // Only now does the worker go on.
    app.write("piece-1", "");
    let second = pieces.next().await.unwrap().unwrap();

    assert_eq!((&*first, &*second), (&b"first"[..], &b"second"[..]));
    assert!(pieces.next().await.is_none());
    host.stop().await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_piled_up() {
    let app = app_with(
        "early",
        Reply { early: true, pieces: vec!["enough".to_owned(), String::new()], ..Reply::default() },
    );
    let host = app.start().await;
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let endless = futures_util::stream::repeat_with(move || {
        counter.fetch_add(1 << 20, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![0_u8; 1 << 20])
    });

    let response =
        client().post(url(&host, "/early")).body(reqwest::Body::wrap_stream(endless)).send().await.unwrap();
    let first = response.bytes_stream().next().await.unwrap().unwrap();

    assert_eq!(&*first, b"enough");
    // What fits into the sockets' buffers and the channels, and no more.
    assert!(sent.load(Ordering::Relaxed) < 64 << 20, "{sent:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_answer_is_noticed_by_the_worker() {
    let app = app_with("slow", Reply { hang: true, ..Reply::default() });
    let host = app.start().await;

    let request = tokio::spawn(client().get(url(&host, "/slow")).send());
    eventually("the request", || (!app.seen("slow").is_empty()).then_some(())).await;
    request.abort();

    eventually("the worker's notice", || (app.left() == ["/slow"]).then_some(())).await;
    eventually("the log", || {
        logged(&host, "The client disconnected while the function was processing the request.").then_some(())
    })
    .await;
    eventually("the end", || logged(&host, "Executed 'Functions.All' (Succeeded").then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_in_the_middle_of_the_answer_is_noticed_by_the_worker() {
    let app = app_with("slow", Reply { pieces: vec!["a".to_owned(), "b".to_owned()], ..Reply::default() });
    let host = app.start().await;

    let mut pieces = client().get(url(&host, "/slow")).send().await.unwrap().bytes_stream();
    assert_eq!(&*pieces.next().await.unwrap().unwrap(), b"a");
    drop(pieces);

    eventually("the worker's notice", || (app.left() == ["/slow"]).then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_in_the_middle_of_the_body_is_noticed_by_the_worker() {
    let app = TestApp::passing(PROXYING);
    let host = app.start().await;
    let (feed, body) = fed();

    let request = tokio::spawn(client().post(url(&host, "/upload")).body(body).send());
    feed.send("half".to_owned()).await.unwrap();
    eventually("the request", || (app.begun() == ["/upload"]).then_some(())).await;
    request.abort();

    eventually("the worker's notice", || (app.left() == ["/upload"]).then_some(())).await;
    eventually("the end", || logged(&host, "Executed 'Functions.All' (Succeeded").then_some(())).await;
    assert!(logged(&host, "The client disconnected while the function was processing the request."));
    assert!(app.seen("upload").is_empty());
    host.stop().await;
}

#[tokio::test]
async fn the_workers_status_and_headers_are_the_answer_and_redirects_are_passed_on() {
    let app = app_with(
        "a",
        Reply {
            status: 307,
            headers: [
                ("location", "/b"),
                ("set-cookie", "a=1"),
                ("keep-alive", "timeout=9"),
                ("alt-svc", "h3"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            body: "moved".to_owned(),
            ..Reply::default()
        },
    );
    let host = app.start().await;

    let response = client().get(url(&host, "/a")).send().await.unwrap();

    assert_eq!((response.status().as_u16(), &response.headers()["location"]), (307, &"/b".parse().unwrap()));
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!([header("set-cookie"), header("content-length")], ["a=1", "5"]);
    assert_eq!((response.headers().get("keep-alive"), response.headers().get("alt-svc")), (None, None));
    assert_eq!(response.text().await.unwrap(), "moved");
    assert!(app.seen("b").is_empty());
    assert!(logged(&host, "Executed 'Functions.All' (Succeeded"));
    host.stop().await;
}

#[tokio::test]
async fn head_keeps_the_length_and_304_has_no_body() {
    let mut app = TestApp::passing(PROXYING);
    app.replies("a", [Reply { length: Some(1_000), ..Reply::default() }]);
    app.replies("b", [Reply { status: 304, body: String::new(), ..Reply::default() }]);
    let host = app.start().await;

    let head = client().head(url(&host, "/a")).send().await.unwrap();

    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "1000"));
    assert_eq!(get(&host, "/b").await, (304, String::new()));
    host.stop().await;
}

#[tokio::test]
async fn proxying_wins_over_forwarding_and_either_is_switched_by_a_variable() {
    let mut app = TestApp::hello();
    app.settings.insert(
        "AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest".to_owned(),
        "True".to_owned(),
    );
    let host = app.start().await;
    get(&host, "/api/hello").await;
    host.stop().await;
    app.settings.insert(
        "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest".to_owned(),
        "true".to_owned(),
    );
    let host = app.start().await;
    get(&host, "/api/hello").await;
    host.stop().await;

    let seen = app.seen("api/hello");
    let proxied: Vec<bool> =
        seen.iter().map(|seen| seen.headers.contains_key("x-ms-invocation-id")).collect();
    assert_eq!(proxied, [false, true]);
}

#[tokio::test]
async fn what_no_route_takes_is_a_404_of_the_host() {
    let app = TestApp::new();
    app.host_json(&json!({ "customHandler": { PROXYING: true } }));
    app.http_function("Person", &json!({ "route": "persons/{id:int}", "methods": ["get"] }));
    let host = app.start().await;

    assert_eq!(get(&host, "/api/persons/five").await.0, 404);
    let delete = client().delete(url(&host, "/api/persons/5")).send().await.unwrap();
    assert_eq!((delete.status().as_u16(), get(&host, "/api/persons/5").await.0), (404, 200));
    assert_eq!(app.seen("api/persons/5").len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_request_that_meets_a_dying_worker_is_sent_again_and_arrives_twice() {
    let mut app = TestApp::passing(PROXYING);
    let dies = Reply { exit_code: Some(3), times: Some(1), ..Reply::default() };
    app.replies("a", [dies, Reply::default()]);
    let host = app.start().await;

    assert_eq!(get(&host, "/a").await.0, 200);

    assert_eq!(app.seen("a").len(), 2);
    assert!(logged(&host, "Failed to proxy request to the worker. Retrying in 50ms. Attempt 1 of 10."));
    host.stop().await;
}

#[tokio::test]
async fn a_request_whose_body_has_begun_to_go_out_is_not_sent_again() {
    let mut app = TestApp::passing(PROXYING);
    app.replies("a", [Reply { exit_code: Some(3), times: Some(1), ..Reply::default() }]);
    let host = app.start().await;

    let response = client().post(url(&host, "/a")).body("once").send().await.unwrap();

    assert_eq!((response.status().as_u16(), app.seen("a").len()), (500, 1));
    assert!(logged(&host, "Failed to proxy request with ForwarderError: Request"));
    host.stop().await;
}

#[tokio::test]
async fn silence_in_both_directions_ends_the_request() {
    let app = app_with("slow", Reply { hang: true, ..Reply::default() });
    let mut options = app.options();
    options.proxy_activity_timeout = Duration::from_millis(200);
    let host = local_azure::functions::start(options).await.unwrap();
    host.ready().await;
    let pid = host.worker_pid();

    assert_eq!(get(&host, "/slow").await.0, 500);

    assert!(logged(&host, "ForwarderError: RequestTimedOut"));
    // Unlike the function timeout it leaves the worker alone, but for the request.
    eventually("the worker's notice", || (app.left() == ["/slow"]).then_some(())).await;
    assert_eq!(host.worker_pid(), pid);
    host.stop().await;
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_cut_off_for_the_caller_too() {
    let app = app_with("slow", Reply { pieces: vec!["a".to_owned(), "b".to_owned()], ..Reply::default() });
    let host = app.start().await;

    let mut pieces = client().get(url(&host, "/slow")).send().await.unwrap().bytes_stream();
    assert_eq!(&*pieces.next().await.unwrap().unwrap(), b"a");
    let killed =
        std::process::Command::new("kill").args(["-9", &host.worker_pid().unwrap().to_string()]).status();

    assert!(killed.unwrap().success());
    assert!(pieces.next().await.unwrap().is_err());
    eventually("the failure", || logged(&host, "Executed 'Functions.All' (Failed").then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn the_function_timeout_cuts_a_reply_in_the_middle_and_kills_the_worker() {
    let mut app =
        app_with("slow", Reply { pieces: vec!["a".to_owned(), "b".to_owned()], ..Reply::default() });
    app.settings.insert("AzureFunctionsJobHost__functionTimeout".to_owned(), "00:00:01".to_owned());
    let host = app.start().await;
    let first = host.worker_pid();

    let mut pieces = client().get(url(&host, "/slow")).send().await.unwrap().bytes_stream();
    assert_eq!(&*pieces.next().await.unwrap().unwrap(), b"a");

    assert!(pieces.next().await.unwrap().is_err());
    assert!(logged(&host, "Timeout value of 00:00:01 exceeded by function 'Functions.All'"));
    assert_eq!(get(&host, "/other").await.0, 200);
    assert_ne!(host.worker_pid(), first);
    host.stop().await;
}

#[tokio::test]
async fn a_body_above_100_mib_is_refused_when_it_is_announced_and_cut_off_when_it_is_not() {
    let app = TestApp::passing(PROXYING);
    let host = app.start().await;
    let mebibytes =
        futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1 << 20])).take(101);

    let announced = client().post(url(&host, "/a")).body(vec![b'x'; 104_857_601]).send().await;
    let unannounced =
        client().post(url(&host, "/b")).body(reqwest::Body::wrap_stream(mebibytes)).send().await;

    // The host answers without reading on, so the client may see the closed connection first.
    assert!(announced.map_or(true, |response| response.status() == 413));
    assert!(unannounced.map_or(true, |response| response.status() == 500));
    eventually("the failure", || logged(&host, "Request body too large").then_some(())).await;
    assert!(app.seen("a").is_empty() && app.seen("b").is_empty());
    host.stop().await;
}
