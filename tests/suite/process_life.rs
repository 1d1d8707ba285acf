//! How the worker ends: by a signal after what runs is done or cut off, never with a code that looks like success, and with
//! nothing lost that was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::mode::{Mode, worker_program};
use crate::support::script_root::{self, FunctionFolder};
use crate::support::wait::within;
use crate::support::{Desk, LoneWorker, envelope, eventually, process, raw_http};

/// Longer than anything here takes that should happen at once, shorter than the default bound for what runs.
const AT_ONCE: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_has_its_own_code_and_an_idle_connection_holds_nothing_up() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut worker = LoneWorker::start(&script_root::samples(), &[]);
        let port = worker.port().await;
        let mut idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        idle.read_u8().await.unwrap();
        let begun = Instant::now();

        process::signal(signal, worker.pid());
        let status = worker.ended().await;

        assert_eq!(status.code(), Some(code), "{:?}", worker.lines());
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        worker.line_with(&format!("stopped by SIG{signal}")).await;
    }
}

/// A request to the worker itself whose answer is still to come.
async fn waiting_caller(desk: &Desk) -> TcpStream {
    let body = envelope::get_person(2);
    let head = match desk.mode() {
        Mode::Enveloped => format!(
            "POST /GetPerson HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        Mode::Forwarding | Mode::Proxying => {
            "GET /api/persons/2 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()
        }
    };
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, desk.worker_port().await)).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    desk.statement_faults_left(0).await;
    stream
}

async fn desk(mode: Mode, shutdown_seconds: &str) -> Desk {
    let desk =
        Desk::builder().in_mode(mode).setting("AZSQL_SHUTDOWN_SECONDS", shutdown_seconds).start().await;
    desk.get("/api/persons/1").await.json(200);
    desk.stall_readers(1);
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_at_the_signal_is_finished_and_nothing_new_begins() {
    let desk = desk(Mode::Enveloped, "60").await;
    let mut caller = waiting_caller(&desk).await;
    let port = desk.worker_port().await;
    // Open before the signal: the listener is closed with it.
    let mut late = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    late.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut probe = Vec::new();
    while !probe.ends_with(b"}") {
        probe.push(late.read_u8().await.unwrap());
    }
    let stopped = desk.worker_pid();

    process::signal("TERM", stopped);
    desk.events("it stops", 1, |event| event["message"] == "stopping" && event["running"] == 1).await;
    // It finds the connection closed, or is refused; which of the two is a matter of microseconds.
    let request = "POST /SqlPing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    let _closed = late.write_all(request.as_bytes()).await;
    let mut refused = Vec::new();
    let _reset = late.read_to_end(&mut refused).await;
    let refused = String::from_utf8_lossy(&refused).into_owned();
    desk.sql().faults().release_stalled();
    let answer = raw_http::read(&mut caller).await;
    eventually("it ends", async || (!process::is_alive(stopped)).then_some(())).await;

    assert!(refused.is_empty() || refused.contains("urn:azsql-worker:problem:stopping"), "{refused}");
    assert_eq!(envelope::http_output(&answer.body).0, 200, "{}", answer.body);
    assert!(answer.head.to_ascii_lowercase().contains("connection: close"), "{}", answer.head);
    desk.finish().await;
}

async fn what_runs_for_too_long_is_cut_off(mode: Mode) {
    let desk = desk(mode, "1").await;
    let mut caller = waiting_caller(&desk).await;
    let stopped = desk.worker_pid();
    let begun = Instant::now();

    process::signal("TERM", stopped);
    let answer = raw_http::read(&mut caller).await;

    let (status, content_type, body) = match mode {
        Mode::Enveloped => {
            assert_eq!(answer.status, 200, "the host would make an empty 500 of it: {}", answer.body);
            let reply: Json = serde_json::from_str(&answer.body).unwrap();
            let output = &reply["Outputs"]["res"];
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            (output["statusCode"].clone(), text(&output["headers"]["Content-Type"]), text(&output["body"]))
        }
        Mode::Forwarding | Mode::Proxying => {
            let head = answer.head.to_ascii_lowercase();
            let content_type = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap();
            (answer.status.into(), content_type.to_owned(), answer.body)
        }
    };
    assert_eq!(status, 503, "{body}");
    assert_eq!(content_type, "application/problem+json; charset=utf-8");
    assert!(body.contains("look before you repeat it"), "{body}");
    // Written by the command's own task while the process lives; its end alone would close the connection too.
    desk.events("the command is cancelled", 1, |event| {
        event["message"] == "the caller left and the command was cancelled"
    })
    .await;
    within(AT_ONCE, "the statement ends", async || (desk.sql().connections() == 0).then_some(())).await;
    desk.events("the invocation is in the log", 1, |event| {
        event["function"] == "GetPerson" && event["status"] == 503 && event["kind"] == "stopped"
    })
    .await;
    within(AT_ONCE, "it ends", async || (!process::is_alive(stopped)).then_some(())).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_for_too_long_is_cut_off_on_the_server_too_and_the_host_told() {
    what_runs_for_too_long_is_cut_off(Mode::Enveloped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_for_too_long_is_cut_off_on_the_server_too_and_its_caller_told() {
    what_runs_for_too_long_is_cut_off(Mode::Proxying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_with_the_code_of_that_signal() {
    // A server that takes connections and says nothing, so that an invocation waits.
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = server.local_addr().unwrap().port();
    let connection = format!("Server=tcp:127.0.0.1,{port};Database=a;User Id=tester;Password=none");
    let settings = [("AZURE_SQL_CONNECTIONSTRING", connection.as_str()), ("AZSQL_SHUTDOWN_SECONDS", "200")];
    for (first, second, code) in [("TERM", "INT", 130), ("INT", "TERM", 143)] {
        let mut worker = LoneWorker::start(&script_root::samples(), &settings);
        let mut caller = TcpStream::connect((Ipv4Addr::LOCALHOST, worker.port().await)).await.unwrap();
        let body = envelope::get_person(1);
        let length = body.len();
        let request =
            format!("POST /GetPerson HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
        caller.write_all(request.as_bytes()).await.unwrap();
        let _silent = server.accept().await.unwrap();

        process::signal(first, worker.pid());
        let stopping = worker.line_with("\"message\":\"stopping\"").await;
        assert!(stopping.contains("\"running\":1"), "{stopping}");
        process::signal(second, worker.pid());
        let begun = Instant::now();
        let status = worker.ended().await;

        assert_eq!(status.code(), Some(code), "{:?}", worker.lines());
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_nobody_listens_to_goes_on() {
    let mut worker = Command::new(worker_program())
        .args(["serve", "--functions"])
        .arg(script_root::samples())
        .env_clear()
        .envs([("FUNCTIONS_CUSTOMHANDLER_PORT", "0"), ("AZSQL_LOG", "trace")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = worker.id().unwrap();
    let mut stdout = tokio::io::BufReader::new(worker.stdout.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut line).await.unwrap();
    let port = crate::support::lone_worker::listening_port(&line).unwrap();
    drop(stdout);
    drop(worker.stderr.take());

    for _ in 0..20 {
        let answer = raw_http::send(port, "POST", "/GetPerson", &[], &envelope::get_person(1)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let went_on = worker.try_wait().unwrap().is_none();
    process::signal("TERM", pid);
    let status = worker.wait().await.unwrap();

    assert!(went_on);
    assert_eq!(status.code(), Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_a_worker_that_was_killed_with_connections_open_and_just_closed_is_free_for_the_next() {
    let mut first = LoneWorker::start(&script_root::samples(), &[]);
    let port = first.port().await;
    // The server closes these first, so it is the one that waits (TIME_WAIT).
    for _ in 0..5 {
        raw_http::send(port, "GET", "/", &[], "").await;
    }
    let open = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    process::signal("KILL", first.pid());
    first.ended().await;

    let text = port.to_string();
    let environment = BTreeMap::from([("FUNCTIONS_CUSTOMHANDLER_PORT", text.as_str())]);
    let next = LoneWorker::run(&["serve".into()], &environment);

    assert_eq!(next.port().await, port);
    assert_eq!(next.get("/").await.status, 200);
    drop(open);
    next.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_that_was_answered() {
    let sql = json!({
        "parameters": { "@key": { "from": "query.key", "type": "int", "required": true } },
        "result": "rowsAffected",
    });
    let insert =
        FunctionFolder::http("Insert", "post", "insert", sql, "INSERT INTO dbo.Kept (Number) VALUES (@key)");
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Kept (Number int PRIMARY KEY);")
        .function(insert)
        .start()
        .await;
    let mut answered = BTreeSet::new();
    let rounds = 2;

    for round in 0..rounds {
        let killed = desk.worker_pid();
        let writes = (0..40).map(|number| {
            let key = round * 1000 + number;
            let desk = &desk;
            async move {
                let answer = desk.request(Method::POST, &format!("/api/insert?key={key}"), None).await;
                (key, answer.status)
            }
        });
        let kill = async {
            // Sooner or later in the round, while some are through and some are not.
            let some = (round + 1) * 8;
            let count = format!("SELECT COUNT(*) FROM dbo.Kept WHERE Number >= {}", round * 1000);
            let mut sql = desk.sql_client().await;
            eventually("some rows", async || (sql.number(&count).await >= some).then_some(())).await;
            process::signal("KILL", killed);
        };
        let (round_answers, ()) =
            futures_util::future::join(futures_util::future::join_all(writes), kill).await;
        answered.extend(round_answers.iter().filter(|(_, status)| *status == 200).map(|(key, _)| *key));
        if round + 1 < rounds {
            eventually("another worker", async || desk.host().worker_pid().filter(|pid| *pid != killed))
                .await;
        }
    }

    assert!(!answered.is_empty());
    let mut sql = desk.sql_client().await;
    for key in &answered {
        let found = sql.number(&format!("SELECT COUNT(*) FROM dbo.Kept WHERE Number = {key}")).await;
        assert_eq!(found, 1, "{key} was answered and is not there");
    }
    desk.finish().await;
}
