//! In proxying mode the rows of a command that only reads leave while more come: no more of them is in memory than the caller is
//! behind, and an answer that doesn't come to its end is broken off.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use local_azure::sql::faults::{CutBy, Fault, ReplyFault, RequestFault, RequestKind, Until};
use local_azure::sql::reply::SqlError;
use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::mode::Mode;
use crate::support::raw_http::{self, Body, RawAnswer};
use crate::support::script_root::FunctionFolder;
use crate::support::wait::within;
use crate::support::{Desk, eventually, process};

const FORMATS: [&str; 3] = ["application/json", "application/x-ndjson", "text/csv"];

/// About a megabyte of rows.
const MANY: &str = "SELECT a.Id AS A, b.Id AS B, b.Name, b.City, b.Balance, b.Created
    FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b WHERE a.Id <= 40";

/// More than any socket takes for a caller who reads nothing.
const ENDLESS: &str = "SELECT a.Id AS A, b.Id AS B, c.Id AS C, b.Name, b.City, b.Balance, b.Created
    FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b CROSS JOIN dbo.Persons AS c";

fn reads(name: &str, command: &str) -> FunctionFolder {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get", "head"], "route": name.to_lowercase() },
        { "type": "http", "direction": "out", "name": "res" },
    ]);
    FunctionFolder::on(name, &bindings, json!({ "result": "rows", "repeatable": true }), command)
}

async fn desk(mode: Mode) -> Desk {
    Desk::builder().in_mode(mode).function(reads("Many", MANY)).with_samples().start().await
}

/// A caller of the worker itself, which is what the host's proxy is to it.
async fn get(desk: &Desk, path: &str, accept: &str) -> RawAnswer {
    raw_http::send(desk.worker_port().await, "GET", path, &[("Accept", accept)], "").await
}

/// The worker's line about the end of an invocation of `function` that was not answered whole.
async fn broken_off(desk: &Desk, function: &str) -> Json {
    let message = "the invocation failed in the middle of its answer, which was broken off";
    let is_it = |event: &Json| event["message"] == message && event["function"] == function;
    desk.events("the broken answer's line", 1, is_it).await.pop().unwrap()
}

/// The faults of one statement on people.
fn at_rows(fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Statement, fault).containing("dbo.Persons")
}

async fn no_connection_is_left(desk: &Desk) {
    eventually("the statement ends and its connection is closed", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
}

/// The rows that a JSON text or lines of it hold, when it is whole.
fn rows(text: &str, accept: &str) -> Option<Vec<Json>> {
    match accept {
        "application/json" => serde_json::from_str(text).ok(),
        "application/x-ndjson" => text.lines().map(|line| serde_json::from_str(line).ok()).collect(),
        _ => panic!("not read here: {accept}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_come_in_chunks_and_are_those_that_a_whole_answer_has() {
    let (whole, streaming) = (desk(Mode::Enveloped).await, desk(Mode::Proxying).await);
    for accept in FORMATS {
        let expected = whole.get_with("/api/many", &[("accept", accept)]).await;

        let through_the_host = streaming.get_with("/api/many", &[("accept", accept)]).await;
        let at_the_worker = get(&streaming, "/api/many", accept).await;

        assert_eq!(expected.status, 200);
        assert_eq!(through_the_host.status, 200, "{accept}");
        assert_eq!(through_the_host.header("content-length"), None);
        assert_eq!(through_the_host.header("content-type"), expected.header("content-type"));
        assert!(through_the_host.text == expected.text, "{accept}: other rows");
        assert!(at_the_worker.without_chunks() == Body::Whole(expected.text.clone()), "{accept}: other rows");
        let is_it = |event: &Json| {
            event["message"] == "the invocation succeeded" && event["bytes"] == expected.text.len()
        };
        streaming.events("the line with the answer's bytes", 2, is_it).await;
    }
    whole.finish().await;
    streaming.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_less_than_a_chunk_leaves_whole_with_its_length() {
    // A row has 100 bytes with its separator.
    let sized = |name: &str, rows: u32| {
        let command = format!(
            "SELECT TOP ({rows}) REPLICATE('x', 91) AS a FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b"
        );
        reads(name, &command)
    };
    let desk =
        Desk::builder().in_mode(Mode::Proxying).function(sized("Less", 655)).function(sized("More", 656));
    let desk = desk.start().await;

    let less = get(&desk, "/api/less", "*/*").await;
    let more = get(&desk, "/api/more", "*/*").await;

    assert!(
        !less.is_chunked() && less.head.contains(&format!("content-length: {}", less.body.len())),
        "{}",
        less.head
    );
    assert_eq!(rows(&less.body, "application/json").map(|rows| rows.len()), Some(655));
    let Body::Whole(more) = more.without_chunks() else { panic!("broken off") };
    assert_eq!(rows(&more, "application/json").map(|rows| rows.len()), Some(656));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_before_the_first_chunk_is_mended_or_told_and_one_behind_it_breaks_the_answer_off() {
    let desk = desk(Mode::Proxying).await;
    let whole = desk.get("/api/many").await.text;
    for (number, accept) in (1..).zip(FORMATS) {
        for by in [CutBy::Fin, CutBy::Reset] {
            let cut = |after| at_rows(RequestFault::Reply(ReplyFault::Cut { after, by }));

            desk.sql().faults().arm(cut(2_000));
            let early = get(&desk, "/api/many", accept).await;
            desk.sql().faults().arm(cut(400_000));
            let late = get(&desk, "/api/many", accept).await;

            assert!(matches!(early.without_chunks(), Body::Whole(_)), "{accept}: it was tried again");
            let Body::BrokenOff(bytes) = late.without_chunks() else { panic!("half an answer is whole") };
            assert!(bytes.len() >= 64 * 1024, "{}", bytes.len());
            assert!(rows(&String::from_utf8_lossy(&bytes), "application/json").is_none());
            if accept == "application/json" {
                assert!(whole.as_bytes().starts_with(&bytes), "other rows than before");
            }
        }
        let message = "the invocation failed in the middle of its answer, which was broken off";
        let is_it = |event: &Json| event["message"] == message && event["kind"] == "unavailable";
        let lines = desk.events("both lines", 2 * number, is_it).await;
        assert!(lines.iter().all(|line| line["bytes"].as_u64() >= Some(64 * 1024)), "{lines:?}");
    }
    assert!(desk.get("/api/many").await.text == whole);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_the_host_sees_that_the_answer_is_broken_off() {
    let desk = desk(Mode::Proxying).await;
    desk.sql().faults().arm(at_rows(RequestFault::Reply(ReplyFault::Cut { after: 400_000, by: CutBy::Fin })));

    let url = format!("{}/api/many", desk.host().base_url());
    let response = reqwest::Client::new().get(url).header("accept", "text/csv").send().await.unwrap();
    let status = response.status();
    let body = response.text().await;

    assert_eq!(status, 200);
    assert!(body.is_err(), "nothing else tells a reader of CSV");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_server_or_a_mistake_of_the_command_in_mid_answer_breaks_it_off() {
    let twice = format!("{MANY}; SELECT 1 AS one");
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .function(reads("Many", MANY))
        .function(reads("Twice", &twice));
    let desk = desk.start().await;
    let thrown = SqlError::new(50404, "CANARY");
    desk.sql().faults().arm(at_rows(RequestFault::FailInRows { after_rows: 5_000, error: thrown }));

    let by_the_server = get(&desk, "/api/many", "*/*").await;
    let by_the_command = get(&desk, "/api/twice", "*/*").await;

    for answer in [by_the_server, by_the_command] {
        assert_eq!(answer.status, 200);
        assert!(matches!(answer.without_chunks(), Body::BrokenOff(_)));
    }
    let line = broken_off(&desk, "Many").await;
    assert_eq!((&line["status"], &line["sql_error"]), (&json!(404), &json!(50404)), "{line}");
    let line = broken_off(&desk, "Twice").await;
    assert_eq!(line["kind"], "results", "{line}");
    assert!(line["detail"].as_str().unwrap().contains("second result set"), "{line}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_in_mid_answer_breaks_it_off_and_ends_the_statement() {
    let sql = json!({ "result": "rows", "repeatable": true, "timeout": "00:00:02" });
    let many = FunctionFolder::http("Many", "get", "many", sql, MANY);
    let desk = Desk::builder().in_mode(Mode::Proxying).function(many).start().await;
    let stall = ReplyFault::Stall { after: 400_000, until: Until::Released };
    desk.sql().faults().arm(at_rows(RequestFault::Reply(stall)));

    let answer = get(&desk, "/api/many", "application/x-ndjson").await;

    assert!(matches!(answer.without_chunks(), Body::BrokenOff(_)));
    assert_eq!(broken_off(&desk, "Many").await["kind"], "deadline");
    no_connection_is_left(&desk).await;
    desk.finish().await;
}

/// A caller who has read the head of an answer, and no more.
struct SlowReader(TcpStream);

impl SlowReader {
    async fn get(port: u16, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What waits in sockets is not what is tested.
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let mut stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    /// Reads what is there until the connection ends; whether the last chunk was there.
    async fn read_on(mut self) -> bool {
        let (mut piece, mut last) = ([0; 64 * 1024], Vec::new());
        while let Ok(length @ 1..) = self.0.read(&mut piece).await {
            last.extend_from_slice(&piece[..length]);
            last.drain(..last.len().saturating_sub(7));
        }
        last == b"\r\n0\r\n\r\n"
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_does_not_read_holds_a_connection_no_longer_than_the_deadline() {
    let sql = json!({ "result": "rows", "repeatable": true, "timeout": "00:00:03" });
    let endless = FunctionFolder::http("Endless", "get", "endless", sql, ENDLESS);
    let desk = Desk::builder().in_mode(Mode::Proxying).function(endless).with_samples().start().await;
    desk.get("/api/persons/1").await.json(200);
    let pid = desk.worker_pid();

    let reader = SlowReader::get(desk.worker_port().await, "/api/endless").await;
    assert_eq!(desk.sql().connections(), 1);
    no_connection_is_left(&desk).await;
    // Others are served meanwhile.
    desk.get("/api/persons/1").await.json(200);
    let is_whole = reader.read_on().await;

    assert!(!is_whole);
    assert_eq!(broken_off(&desk, "Endless").await["kind"], "deadline");
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_in_mid_answer_ends_the_statement() {
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .function(reads("Endless", ENDLESS))
        .with_samples()
        .start()
        .await;
    // At the worker itself, and through the host, which passes on that its caller has left.
    for (number, port) in (1..).zip([desk.worker_port().await, desk.host().address().port()]) {
        let reader = SlowReader::get(port, "/api/endless").await;

        drop(reader);

        no_connection_is_left(&desk).await;
        let left = |event: &Json| event["message"] == "the caller left in the middle of the answer";
        desk.events("the line about it", number, left).await;
    }
    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_leaving_at_the_signal_comes_to_its_end_before_the_process_does() {
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .function(reads("Many", MANY))
        .setting("AZSQL_SHUTDOWN_SECONDS", "60")
        .start()
        .await;
    let stall = ReplyFault::Stall { after: 400_000, until: Until::Released };
    desk.sql().faults().arm(at_rows(RequestFault::Reply(stall)));
    let reader = SlowReader::get(desk.worker_port().await, "/api/many").await;
    let stopped = desk.worker_pid();

    process::signal("TERM", stopped);
    desk.events("it stops", 1, |event| event["message"] == "stopping" && event["running"] == 1).await;
    desk.sql().faults().release_stalled();
    let is_whole = reader.read_on().await;

    assert!(is_whole);
    eventually("it ends", async || (!process::is_alive(stopped)).then_some(())).await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_outlasts_the_stop_is_broken_off() {
    let desk = Desk::builder()
        .in_mode(Mode::Proxying)
        .function(reads("Many", MANY))
        .setting("AZSQL_SHUTDOWN_SECONDS", "1")
        .start()
        .await;
    let stall = ReplyFault::Stall { after: 400_000, until: Until::Released };
    desk.sql().faults().arm(at_rows(RequestFault::Reply(stall)));
    let reader = SlowReader::get(desk.worker_port().await, "/api/many").await;
    let stopped = desk.worker_pid();

    process::signal("TERM", stopped);
    let is_whole = reader.read_on().await;

    assert!(!is_whole);
    assert_eq!(broken_off(&desk, "Many").await["kind"], "stopped");
    let gone = async || (!process::is_alive(stopped)).then_some(());
    within(Duration::from_secs(10), "it ends", gone).await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_many_rows_has_the_head_of_their_answer_and_ends_the_statement() {
    let desk = Desk::builder().in_mode(Mode::Proxying).function(reads("Endless", ENDLESS)).start().await;

    let at_the_worker = raw_http::send(desk.worker_port().await, "HEAD", "/api/endless", &[], "").await;
    let through_the_host = desk.request(Method::HEAD, "/api/endless", None).await;

    assert_eq!((at_the_worker.status, at_the_worker.body.as_str()), (200, ""), "{}", at_the_worker.head);
    assert!(at_the_worker.head.contains("application/json"), "{}", at_the_worker.head);
    assert_eq!((through_the_host.status, through_the_host.text.as_str()), (200, ""));
    no_connection_is_left(&desk).await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn result_sets_and_a_made_json_text_leave_in_pieces_too() {
    let sets = format!("{MANY}; SELECT 1 AS one WHERE 1 = 0; SELECT 2 AS two");
    let text = "SELECT '[' + REPLICATE(CAST('12,' AS varchar(max)), 50000) + '3]' AS made";
    let half = "SELECT '[' + REPLICATE(CAST('12,' AS varchar(max)), 50000) AS made";
    let of_form = |name: &str, form: &str, command: &str| {
        FunctionFolder::http(
            name,
            "get",
            &name.to_lowercase(),
            json!({ "result": form, "repeatable": true }),
            command,
        )
    };
    let functions =
        [of_form("Sets", "resultSets", &sets), of_form("Made", "json", text), of_form("Half", "json", half)];
    let start = async |mode| {
        let builder = Desk::builder().in_mode(mode);
        functions.iter().cloned().fold(builder, |builder, function| builder.function(function)).start().await
    };
    let (whole, streaming) = (start(Mode::Enveloped).await, start(Mode::Proxying).await);
    for path in ["/api/sets", "/api/made"] {
        let expected = whole.get(path).await;

        let answer = get(&streaming, path, "*/*").await;

        assert!(expected.status == 200 && expected.text.len() > 100_000, "{path}: {}", expected.status);
        assert!(answer.without_chunks() == Body::Whole(expected.text), "{path}: another text");
    }
    whole.get("/api/half").await.problem_for_caller(500, "results");
    assert!(matches!(get(&streaming, "/api/half", "*/*").await.without_chunks(), Body::BrokenOff(_)));
    assert_eq!(broken_off(&streaming, "Half").await["kind"], "results");
    whole.finish().await;
    streaming.finish().await;
}
