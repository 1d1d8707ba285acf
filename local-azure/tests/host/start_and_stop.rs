//! The worker's start, its environment, and that nothing is left behind.

use std::path::PathBuf;

use serde_json::json;

use crate::app::{TestApp, eventually, get, logged};

fn is_alive(pid: u32) -> bool {
    // A zombie is dead: only its parent hasn't asked yet.
    std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat")))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn the_worker_gets_the_settings_and_the_hosts_variables() {
    let mut app = TestApp::hello();
    app.settings.insert("MY_SETTING".to_owned(), "canary-setting".to_owned());
    let host = app.start().await;

    let started = app.starts().remove(0);
    let environment = &started["environment"];
    assert_eq!(environment["MY_SETTING"], "canary-setting");
    assert_eq!(environment["PATH"], std::env::var("PATH").unwrap());
    assert_eq!(environment["FUNCTIONS_APP_ROOT_PATH"], app.root.path().to_str().unwrap());
    assert_eq!(environment["FUNCTIONS_HTTPWORKER_PORT"], environment["FUNCTIONS_CUSTOMHANDLER_PORT"]);
    assert_eq!(environment["FUNCTIONS_HTTPWORKER_ID"], environment["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]);
    assert_eq!(started["directory"], app.root.path().canonicalize().unwrap().to_str().unwrap());
    assert_eq!(Some(started["pid"].as_u64().unwrap()), host.worker_pid().map(u64::from));
    assert!(!format!("{:?} {:?}", host.logs(), app.options()).contains("canary-setting"));
    host.stop().await;
}

#[tokio::test]
async fn the_worker_of_host_json_is_found_beside_it_and_expands_settings() {
    let mut app = TestApp::hello();
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), app.root.path().join("worker")).unwrap();
    app.settings.insert("WHICH".to_owned(), "fake_worker::serve".to_owned());
    app.host_json(&json!({ "customHandler": { "description": {
        "defaultExecutablePath": "worker", "arguments": ["--exact", "%WHICH%", "--nocapture"], "workingDirectory": "Hello"
    } } }));
    let mut options = app.options();
    options.worker = None;
    let host = local_azure::functions::start(options).await.unwrap();

    assert_eq!(get(&host, "/api/hello").await.0, 200);

    assert!(app.starts()[0]["directory"].as_str().unwrap().ends_with("/Hello"));
    host.stop().await;
}

#[tokio::test]
async fn a_request_before_the_worker_is_ready_waits_for_it() {
    let app = TestApp::hello();
    let host = app.try_start().await.unwrap();
    assert_eq!(get(&host, "/api/hello").await, (200, "hello".to_owned()));
    host.stop().await;
}

#[tokio::test]
async fn stop_kills_the_worker_and_frees_the_port() {
    let app = TestApp::hello();
    let host = app.start().await;
    let (pid, address) = (host.worker_pid().unwrap(), host.address());

    host.stop().await;

    assert!(!is_alive(pid));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_dropped_host_leaves_no_orphan() {
    let app = TestApp::hello();
    let host = app.start().await;
    let (pid, address) = (host.worker_pid().unwrap(), host.address());

    drop(host);

    eventually("the worker's end", || (!is_alive(pid)).then_some(())).await;
    eventually("a free port", || std::net::TcpStream::connect(address).is_err().then_some(())).await;
}

#[tokio::test]
async fn the_workers_lines_are_in_the_log_with_their_levels() {
    use local_azure::functions::{LogLevel, LogSource};
    let app = TestApp::hello();
    let host = app.start().await;

    let found = |level: LogLevel, text: &str| {
        host.logs()
            .iter()
            .any(|line| line.source == LogSource::Worker && line.level == level && line.text.contains(text))
    };
    eventually("both lines", || {
        (found(LogLevel::Information, "running 1 test")
            && found(LogLevel::Warning, "warning: an old setting"))
        .then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn an_app_without_functions_starts_no_worker() {
    let app = TestApp::new();
    let host = app.try_start().await.unwrap();
    assert!(logged(&host, "No job functions found"));
    assert_eq!((get(&host, "/").await.0, get(&host, "/api/x").await.0, host.worker_pid()), (200, 404, None));
    host.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let app = TestApp::hello();
    let mut options = app.options();
    options.port = taken.local_addr().unwrap().port();
    let error = local_azure::functions::start(options).await.unwrap_err();
    assert!(error.to_string().contains("choose another port"), "{error}");
}

#[tokio::test]
async fn a_worker_without_the_execute_bit_is_named() {
    use local_azure::functions::HostState;
    let app = TestApp::hello();
    app.write("worker", "#!/bin/sh\nexit 0\n");
    app.host_json(&json!({ "customHandler": { "description": { "defaultExecutablePath": "worker" } } }));
    let mut options = app.options();
    options.worker = None;
    let host = local_azure::functions::start(options).await.unwrap();

    let state = host.stopped().await;

    let HostState::Stopped(why) = state else { unreachable!("{state:?}") };
    assert!(why.contains("/worker'") && why.contains("execute"), "{why}");
    host.stop().await;
}

#[tokio::test]
async fn the_port_of_host_json_is_the_workers() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = TestApp::hello();
    app.host_json(&json!({ "customHandler": { "port": free } }));
    let host = app.start().await;

    assert_eq!(host.worker_port(), Some(free));
    assert_eq!(app.starts()[0]["environment"]["FUNCTIONS_CUSTOMHANDLER_PORT"], free.to_string());
    assert_eq!(get(&host, "/api/hello").await.0, 200);
    host.stop().await;
}
