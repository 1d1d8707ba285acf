//! Bodies are taken up to a limit that the operator sets, and never take more memory together than he allows.

use std::net::Ipv4Addr;

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::mode::Mode;
use crate::support::process::peak_memory;
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, envelope, eventually, raw_http};

const MEBIBYTE: usize = 1024 * 1024;

/// A function that takes any body and looks at none of it.
fn take() -> FunctionFolder {
    FunctionFolder::http("Take", "post", "take", json!({ "result": "value" }), "SELECT 1")
}

/// A function that takes one property of a JSON body.
fn name() -> FunctionFolder {
    let name = json!({ "from": "body.name", "type": "nvarchar(50)" });
    let sql = json!({ "result": "value", "parameters": { "@name": name } });
    FunctionFolder::http("Name", "post", "name", sql, "SELECT @name")
}

async fn desk(mode: Mode, settings: &[(&str, &str)]) -> Desk {
    let builder = Desk::builder().in_mode(mode).function(take()).function(name()).with_samples();
    settings.iter().fold(builder, |builder, (name, value)| builder.setting(name, value)).start().await
}

/// A request to the worker itself whose body comes in chunks.
struct Upload(TcpStream);

impl Upload {
    async fn begin(port: u16, target: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Transfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// False when the server takes no more.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        let head = format!("{:x}\r\n", bytes.len());
        for part in [head.as_bytes(), bytes, b"\r\n"] {
            if self.0.write_all(part).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Waits for an answer that comes before the body's end.
    async fn is_answered(&self) {
        // A connection that broke has no answer, which who reads it will tell.
        let _bytes = self.0.peek(&mut [0]).await;
    }

    async fn answer(mut self) -> raw_http::RawAnswer {
        let _taken = self.0.write_all(b"0\r\n\r\n").await;
        raw_http::read(&mut self.0).await
    }
}

/// Calls the function `Name` with a body of exactly `size` bytes: this text with many small values in place of `FILL`.
async fn call_with_small_values(desk: &Desk, mode: Mode, body: &str, size: usize) -> (u64, String) {
    let (target, text) = match mode {
        Mode::Enveloped => ("/Name", envelope::http("POST", &json!({}), &json!({}), Some(body))),
        Mode::Forwarding | Mode::Proxying => ("/api/name", body.to_owned()),
    };
    let (before, after) = text.split_once("FILL").unwrap();
    let mut left = size + "FILL".len() - body.len();
    let values = ",0".repeat(MEBIBYTE / 2);

    let mut upload = Upload::begin(desk.worker_port().await, target, "").await;
    assert!(upload.send(before.as_bytes()).await);
    if left % 2 == 1 {
        assert!(upload.send(b" ").await);
        left -= 1;
    }
    while left > 0 {
        let part = &values[..left.min(values.len())];
        assert!(upload.send(part.as_bytes()).await);
        left -= part.len();
    }
    assert!(upload.send(after.as_bytes()).await);
    let answer = upload.answer().await;

    match mode {
        Mode::Enveloped => envelope::http_output(&answer.body),
        Mode::Forwarding | Mode::Proxying => (answer.status.into(), answer.body),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_above_the_limit_is_a_413_for_the_caller_in_each_mode() {
    for mode in [Mode::Enveloped, Mode::Forwarding, Mode::Proxying] {
        let desk = desk(mode, &[("AZSQL_MAX_BODY_MB", "1")]).await;

        let taken = desk.request(Method::POST, "/api/take", Some("x".repeat(MEBIBYTE))).await;
        let refused = desk.request(Method::POST, "/api/take", Some("x".repeat(MEBIBYTE + 1))).await;
        // More than its envelope may have.
        let large = desk.request(Method::POST, "/api/take", Some("x".repeat(6 * MEBIBYTE))).await;

        assert_eq!(taken.json(200), 1, "{mode:?}");
        for answer in [refused, large] {
            let problem = answer.problem_for_caller(413, "too-large");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("1 MiB at the most") && detail.contains("AZSQL_MAX_BODY_MB"), "{detail}");
        }
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timers_envelope_above_the_limit_is_a_failed_run() {
    let desk = desk(Mode::Enveloped, &[("AZSQL_MAX_BODY_MB", "1")]).await;

    let answer = desk.post_to_worker("/NightlySummary", " ".repeat(6 * MEBIBYTE)).await;

    answer.problem(413, "too-large");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_end_is_refused_and_takes_no_memory() {
    for (mode, target) in [(Mode::Proxying, "/api/take"), (Mode::Enveloped, "/Take")] {
        let desk = desk(mode, &[("AZSQL_MAX_BODY_MB", "4")]).await;
        let pid = desk.worker_pid();
        let before = peak_memory(pid);
        let chunk = vec![b' '; MEBIBYTE];

        let mut upload = Upload::begin(desk.worker_port().await, target, "").await;
        for _ in 0..100 {
            if !upload.send(&chunk).await {
                break;
            }
        }
        let answer = upload.answer().await;

        let (status, body) = match mode {
            Mode::Enveloped => envelope::http_output(&answer.body),
            Mode::Forwarding | Mode::Proxying => (answer.status.into(), answer.body),
        };
        assert_eq!(status, 413, "{mode:?} {body}");
        // What one envelope may have is 17 MiB; a buffer that grows has twice of it at the most.
        let grown = peak_memory(pid) - before;
        assert!(grown < 48, "{mode:?}: {grown} MiB");
        assert_eq!(desk.worker_pid(), pid);
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_length_above_the_limit_is_refused_before_the_body_comes() {
    let desk = desk(Mode::Proxying, &[("AZSQL_MAX_BODY_MB", "1")]).await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, desk.worker_port().await)).await.unwrap();
    let length = usize::MAX / 2;
    let head = format!("POST /api/take HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nx");
    stream.write_all(head.as_bytes()).await.unwrap();

    let answer = raw_http::read(&mut stream).await;

    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(peak_memory(desk.worker_pid()) < 200);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_many_small_values_takes_little_more_memory_than_its_text() {
    for mode in [Mode::Proxying, Mode::Enveloped] {
        let desk = desk(mode, &[]).await;
        let pid = desk.worker_pid();
        let before = peak_memory(pid);
        let size = 16 * MEBIBYTE;

        let taken = call_with_small_values(&desk, mode, r#"{"name":"x","rest":[0FILL]}"#, size).await;
        let refused = call_with_small_values(&desk, mode, r#"{"name":[0FILL]}"#, size).await;

        assert_eq!(taken, (200, "\"x\"".to_owned()), "{mode:?}");
        assert_eq!(refused.0, 400, "{mode:?} {}", refused.1);
        assert!(refused.1.contains("must be a JSON string"), "{mode:?} {}", refused.1);
        // Measured (debug build): 26 MiB, and 57 out of an envelope, which holds the text once more as a JSON string. Built as
        // a value, either body took 849.
        let grown = peak_memory(pid) - before;
        assert!(grown < 96, "{mode:?}: {grown} MiB");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_lays_large_values_or_many_names_over_the_hosts_metadata_takes_little_memory() {
    let bindings = json!([{ "type": "queueTrigger", "direction": "in", "name": "item", "queueName": "q" }]);
    let parameters = json!({
        "@name": { "from": "message.name", "type": "nvarchar(50)" },
        "@id": { "from": "metadata.Id", "type": "nvarchar(50)" },
    });
    let sql = json!({ "result": "none", "parameters": parameters });
    let forging = FunctionFolder::on("Forging", &bindings, sql, "DECLARE @x nvarchar(100) = @name + @id");
    let desk = Desk::builder().in_mode(Mode::Enveloped).function(forging).start().await;
    let pid = desk.worker_pid();
    let before = peak_memory(pid);
    let values = format!(r#"{{"x":[0{}]}}"#, ",0".repeat(4 * MEBIBYTE));

    let envelope =
        format!(r#"{{"Data":{{"item":{{"name":"x","ID":{values}}}}},"Metadata":{{"Id":{values}}}}}"#);
    let large = desk.post_to_worker("/Forging", envelope).await;
    let names = r#","":0"#.repeat(3 * MEBIBYTE);
    let envelope = format!(r#"{{"Data":{{"item":{{"name":"x"{names}}}}},"Metadata":{{"Id":"1"}}}}"#);
    let many = desk.post_to_worker("/Forging", envelope).await;

    let problem = large.problem(400, "invalid-parameters");
    assert!(problem.to_string().contains("can't be trusted"), "{problem}");
    assert_eq!(many.status, 200, "{}", many.text);
    // Measured (debug build): 40 MiB. Built as values, the first took 841.
    let grown = peak_memory(pid) - before;
    assert!(grown < 96, "{grown} MiB");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_setting_at_100_a_body_of_100_mebibytes_is_taken() {
    for mode in [Mode::Proxying, Mode::Enveloped] {
        let desk = desk(mode, &[("AZSQL_MAX_BODY_MB", "100")]).await;
        let pid = desk.worker_pid();
        let before = peak_memory(pid);

        let body = r#"{"rest":[0FILL],"name":"x"}"#;
        let taken = call_with_small_values(&desk, mode, body, 100 * MEBIBYTE).await;

        assert_eq!(taken, (200, "\"x\"".to_owned()), "{mode:?}");
        // Measured (debug build): 101 MiB, and 302 out of an envelope.
        let grown = peak_memory(pid) - before;
        assert!(grown < 400, "{mode:?}: {grown} MiB");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_take_all_the_memory_together_make_the_next_a_503_and_hold_nobody_up() {
    let settings = [("AZSQL_MAX_BODY_MB", "2"), ("AZSQL_BODY_MEMORY_MB", "3")];
    let desk = desk(Mode::Proxying, &settings).await;
    let port = desk.worker_port().await;
    let chunk = vec![b'x'; MEBIBYTE * 3 / 2 + 1];

    // Which of two bodies that don't fit together is refused is chance, and where both ask at once both may be.
    let (busy, small, through) = eventually("one of two bodies is refused", async || {
        let mut one = Upload::begin(port, "/api/take", "").await;
        let mut other = Upload::begin(port, "/api/take", "").await;
        one.send(&chunk).await;
        other.send(&chunk).await;
        let (refused, taken) = tokio::select! {
            () = one.is_answered() => (one, other),
            () = other.is_answered() => (other, one),
        };
        let busy = refused.answer().await;
        let small = raw_http::send(port, "POST", "/api/take", &[], "x").await;
        let through = taken.answer().await;
        (through.status != 503).then_some((busy, small, through))
    })
    .await;
    let next = desk.request(Method::POST, "/api/take", Some("x".repeat(2 * MEBIBYTE))).await;

    assert_eq!(busy.status, 503, "{}", busy.body);
    assert!(busy.head.to_ascii_lowercase().contains("retry-after: 1"), "{}", busy.head);
    assert!(busy.body.contains("AZSQL_BODY_MEMORY_MB"), "{}", busy.body);
    assert_eq!(small.status, 200, "{}", small.body);
    assert_eq!(through.status, 200, "{}", through.body);
    assert_eq!(next.json(200), 1);
    desk.finish().await;
}
