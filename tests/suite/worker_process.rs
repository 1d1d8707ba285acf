//! The worker as a process: how it starts, what the host sees of its end, how it comes back.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use local_azure::functions::HostState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Desk, LoneWorker, Mode, eventually, process, script_root};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_while_requests_run_is_started_again_and_serves() {
    let desk = Desk::start().await;
    desk.get("/api/persons/1").await.json(200);
    let killed = desk.worker_pid();
    desk.stall_readers(3);
    let caught = (1..=3).map(|id| desk.get(["/api/persons/1", "/api/persons/2", "/api/persons/3"][id - 1]));
    let kill = async {
        desk.statement_faults_left(0).await;
        process::signal("KILL", killed);
    };

    let (caught, ()) = futures_util::future::join(futures_util::future::join_all(caught), kill).await;
    let next = desk.get("/api/persons/4").await;

    for answer in caught {
        // The proxy sends a request without a body again when its connection broke, and the next worker answers it
        // (azure-functions-host, `RetryProxyHandler.cs`).
        let sent_again = desk.mode() == Mode::Proxying && answer.status == 200;
        assert!(answer.status >= 500 || sent_again, "{} {}", answer.status, answer.text);
    }
    assert_eq!(next.json(200)["Id"], 4);
    assert_eq!(desk.host().state(), HostState::Running);
    assert_ne!(desk.worker_pid(), killed);
    assert!(!process::is_alive(killed));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_again_listens_on_the_same_port() {
    let desk = Desk::start().await;
    let killed = desk.worker_pid();

    process::signal("KILL", killed);
    eventually("another worker", async || desk.host().worker_pid().filter(|pid| *pid != killed)).await;

    let ports = eventually("both say where they listen", async || {
        let ports = desk.worker_ports();
        (ports.len() >= 2).then_some(ports)
    })
    .await;
    assert_eq!(ports[0], ports[1]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readiness_probe_is_answered_whatever_else_is_wrong() {
    let nowhere = "Server=localhost,1;Authentication=ActiveDirectoryMSI";
    let settings = [("AZURE_SQL_CONNECTIONSTRING", nowhere), ("AZSQL_POOL_MAX_SIZE", "none")];
    let worker = LoneWorker::start(std::path::Path::new("/no/such/folder"), &settings);

    let answer = worker.get("/").await;

    assert_eq!(answer.json(200)["status"], "ok");
    worker.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_port_the_process_ends_with_a_sentence_and_a_code_that_is_not_0() {
    for port in [None, Some("CANARY"), Some("70000")] {
        let environment: BTreeMap<_, _> =
            port.map(|port| ("FUNCTIONS_CUSTOMHANDLER_PORT", port)).into_iter().collect();
        let mut worker = LoneWorker::run(&["serve".into()], &environment);

        let status = worker.ended().await;
        worker.line_with("FUNCTIONS_CUSTOMHANDLER_PORT must be a port number").await;

        assert_eq!(status.code(), Some(70));
        assert!(worker.lines().len() <= 3, "the host shows three lines: {:?}", worker.lines());
        worker.secrets.assert_kept();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_ends_the_process_with_a_sentence() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let environment = BTreeMap::from([("FUNCTIONS_CUSTOMHANDLER_PORT", port.as_str())]);
    let mut worker = LoneWorker::run(&["serve".into()], &environment);

    let status = worker.ended().await;
    worker.line_with(&format!("can't listen on 127.0.0.1:{port}")).await;

    assert_eq!(status.code(), Some(70));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_option_ends_the_process_with_usage_and_a_code_that_is_not_0() {
    let mut worker = LoneWorker::run(&["serve".into(), "--function".into()], &BTreeMap::new());

    let status = worker.ended().await;
    worker.line_with("--functions").await;

    assert_eq!(status.code(), Some(64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_worker_does_not_look_like_a_success() {
    // The host takes exit code 0 for "done" and would start it no more.
    let mut worker = LoneWorker::start(&script_root::samples(), &[]);
    worker.get("/").await;

    process::signal("TERM", worker.pid());
    let status = worker.ended().await;

    assert!(!status.success(), "{status}");
    assert!(
        status.signal() == Some(15) || status.code().is_some_and(|code| code != 0 && code != 200),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_for_nothing_yet_is_told_nothing() {
    let worker = LoneWorker::start(&script_root::samples(), &[]);
    let mut early = TcpStream::connect((Ipv4Addr::LOCALHOST, worker.port().await)).await.unwrap();

    // Longer than the five seconds after which actix would answer with 408.
    let told = tokio::time::timeout(Duration::from_secs(6), early.read_u8()).await;

    assert!(told.is_err(), "the host would take this for the answer to its next request: {told:?}");
    early.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(early.read_u8().await.unwrap(), b'H');
    worker.finish().await;
}
