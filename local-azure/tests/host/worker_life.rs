//! Crashes, restarts, exit codes and timeouts.

#![expect(clippy::panic, reason = "a test may panic")]

use local_azure::functions::HostState;
use serde_json::json;

use crate::app::{TestApp, eventually, get, logged};
use crate::fake_worker::{EXIT_AT_START, Reply};

fn dies(code: i32) -> Reply {
    Reply { exit_code: Some(code), stderr: "it broke".to_owned(), times: Some(1), ..Reply::default() }
}

#[tokio::test]
async fn a_crash_fails_the_request_and_the_next_one_waits_for_the_new_worker_on_the_same_port() {
    let mut app = TestApp::hello();
    app.replies("Hello", [dies(3), Reply::default()]);
    let host = app.start().await;
    let first = host.worker_pid();

    assert_eq!(get(&host, "/api/hello").await, (500, String::new()));
    assert_eq!(get(&host, "/api/hello").await, (200, "hello".to_owned()));

    assert_ne!(host.worker_pid(), first);
    assert!(logged(&host, "The custom handler exited with code 3 (0x3)"));
    assert!(logged(&host, "it broke"));
    let starts = app.starts();
    assert_eq!(
        starts[0]["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"],
        starts[1]["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"]
    );
    assert_ne!(
        starts[0]["environment"]["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"],
        starts[1]["environment"]["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]
    );
    host.stop().await;
}

#[tokio::test]
async fn the_third_crash_stops_the_host_with_the_last_three_stderr_lines() {
    let mut app = TestApp::hello();
    app.settings.insert(EXIT_AT_START.to_owned(), "9".to_owned());
    let host = app.try_start().await.unwrap();

    let HostState::Stopped(why) = host.stopped().await else { panic!("the host goes on") };

    assert!(why.ends_with("second,third,the last words"), "{why}");
    assert_eq!(app.starts().len(), 3);
    assert_eq!(get(&host, "/api/hello").await.0, 500);
    assert!(logged(&host, "Exceeded http worker restart retry count"));
    host.stop().await;
}

#[tokio::test]
async fn exit_code_200_is_a_restart_that_is_not_counted() {
    let mut app = TestApp::hello();
    app.replies("Hello", [dies(200), dies(200), dies(200), dies(200), Reply::default()]);
    let host = app.start().await;

    for restarts in 1..=4 {
        assert_eq!(get(&host, "/api/hello").await.0, 500);
        eventually("the restart", || (app.starts().len() > restarts).then_some(())).await;
    }

    assert_eq!(get(&host, "/api/hello").await, (200, "hello".to_owned()));
    host.stop().await;
}

#[tokio::test]
async fn a_function_timeout_kills_the_worker_and_everything_in_flight() {
    let mut app = TestApp::hello();
    app.http_function("Slow", &json!({}));
    app.host_json(&json!({ "functionTimeout": "00:00:02" }));
    app.replies("Hello", [Reply { hang: true, times: Some(1), ..Reply::default() }, Reply::default()]);
    app.replies("Slow", [Reply { delay_ms: 60_000, times: Some(1), ..Reply::default() }]);
    let host = app.start().await;
    let first = host.worker_pid();

    let hanging = get(&host, "/api/hello");
    // Half a second behind, so that its own timeout isn't reached first.
    let bystander = async {
        eventually("the first call", || (!app.seen("Hello").is_empty()).then_some(())).await;
        get(&host, "/api/slow").await
    };
    let (hanging, bystander) = tokio::join!(hanging, bystander);

    assert_eq!((hanging.0, bystander.0), (500, 500));
    assert!(logged(&host, "Timeout value of 00:00:02 exceeded by function 'Functions.Hello'"));
    assert_eq!(get(&host, "/api/hello").await.0, 200);
    assert_ne!(host.worker_pid(), first);
    host.stop().await;
}

#[tokio::test]
async fn a_worker_that_never_answers_the_probe_counts_as_crashed() {
    let app = TestApp::hello();
    app.host_json(&json!({ "customHandler": { "initializationTimeout": "00:00:00.3" } }));
    let mut options = app.options();
    options.worker = Some(local_azure::functions::WorkerCommand {
        program: "sleep".into(),
        arguments: vec!["60".to_owned()],
    });
    let host = local_azure::functions::start(options).await.unwrap();

    let HostState::Stopped(why) = host.stopped().await else { panic!("the host goes on") };

    assert!(why.contains("FUNCTIONS_CUSTOMHANDLER_PORT"), "{why}");
    host.stop().await;
}

#[tokio::test]
async fn a_worker_that_does_not_exist_is_named() {
    let app = TestApp::hello();
    let mut options = app.options();
    options.worker = Some(local_azure::functions::WorkerCommand {
        program: "no-such-worker-here".into(),
        arguments: Vec::new(),
    });
    let host = local_azure::functions::start(options).await.unwrap();

    let HostState::Stopped(why) = host.stopped().await else { panic!("the host goes on") };

    assert!(why.contains("no-such-worker-here"), "{why}");
    host.stop().await;
}

#[tokio::test]
async fn a_worker_killed_from_outside_while_requests_run_is_replaced_and_the_next_requests_succeed() {
    let mut app = TestApp::hello();
    app.http_function("Slow", &json!({}));
    app.replies("Slow", [Reply { hang: true, times: Some(3), ..Reply::default() }]);
    let host = app.start().await;
    let first = host.worker_pid().unwrap();

    let killer = async {
        eventually("three requests in flight", || (app.seen("Slow").len() == 3).then_some(())).await;
        let killed = std::process::Command::new("kill").args(["-9", &first.to_string()]).status().unwrap();
        assert!(killed.success());
    };
    let (one, two, three, ()) =
        tokio::join!(get(&host, "/api/slow"), get(&host, "/api/slow"), get(&host, "/api/slow"), killer);
    let next = get(&host, "/api/hello").await;

    assert_eq!([one.0, two.0, three.0], [500; 3]);
    assert_eq!(next, (200, "hello".to_owned()));
    assert!(host.worker_pid().is_some_and(|second| second != first));
    host.stop().await;
}
