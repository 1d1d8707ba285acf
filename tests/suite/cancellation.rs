//! A caller that leaves, or a deadline that passes, ends the statement on the server; nobody gets another's rows.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::script_root::FunctionFolder;
use crate::support::wait::within;
use crate::support::{Desk, Mode, envelope};

/// How long the server may take to end a statement whose caller has left.
const SOON: Duration = Duration::from_secs(5);

/// How a caller leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leave {
    /// FIN: the process closed its socket.
    Close,
    /// RST: the process was killed, or its network was lost.
    Reset,
}

/// A caller whose request is under way at the worker.
pub(crate) struct Caller(TcpStream);

impl Caller {
    pub(crate) async fn get_person(desk: &Desk, id: i32) -> Self {
        Self::get(desk, &format!("/api/persons/{id}"), "/GetPerson", &envelope::get_person(id)).await
    }

    /// Asks for `path` at the host if that tells the worker of a caller who leaves, else at the worker itself, in the
    /// form that the host would give it.
    async fn get(desk: &Desk, path: &str, function: &str, envelope: &str) -> Self {
        let port = match desk.mode() {
            Mode::Proxying => desk.host().address().port(),
            Mode::Enveloped | Mode::Forwarding => desk.worker_port().await,
        };
        let request = match desk.mode() {
            Mode::Proxying | Mode::Forwarding => format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            Mode::Enveloped => format!(
                "POST {function} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{envelope}",
                envelope.len()
            ),
        };
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// Waits for the first byte of the answer, but not for long.
    async fn wait_at_most(&mut self, limit: Duration) -> bool {
        matches!(tokio::time::timeout(limit, self.0.read_u8()).await, Ok(Ok(_)))
    }

    pub(crate) fn leave(self, how: Leave) {
        if matches!(how, Leave::Reset) {
            SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
}

async fn no_connection_is_left(desk: &Desk) {
    within(SOON, "the statement ends and its connection is closed", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
}

async fn a_caller_that_leaves_ends_its_statement(how: Leave) {
    let desk = Desk::start().await;
    desk.get("/api/persons/1").await.json(200);
    desk.stall_readers(1);
    let caller = Caller::get_person(&desk, 2).await;
    desk.statement_faults_left(0).await;
    assert_eq!(desk.sql().connections(), 1);

    caller.leave(how);

    no_connection_is_left(&desk).await;
    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    assert_eq!(desk.worker_logins().len(), 2, "the connection of a cancelled statement is used no more");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_closes_ends_its_statement_on_the_server() {
    a_caller_that_leaves_ends_its_statement(Leave::Close).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_is_killed_ends_its_statement_on_the_server() {
    a_caller_that_leaves_ends_its_statement(Leave::Reset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_beside_and_after_those_that_leave_get_their_own_rows() {
    let desk = Desk::builder().setting("AZSQL_POOL_MAX_SIZE", "2").start().await;
    let pid = desk.worker_pid();

    for round in 0..10 {
        desk.stall_readers(1);
        let how = if round % 2 == 0 { Leave::Close } else { Leave::Reset };
        let caller = Caller::get_person(&desk, 100 + round).await;
        desk.statement_faults_left(0).await;
        let beside = desk.get(&format!("/api/persons/{}", round + 1)).await;
        caller.leave(how);
        let after = desk.get(&format!("/api/persons/{}", round + 50)).await;

        assert_eq!(beside.json(200)["Id"], round + 1);
        assert_eq!(after.json(200)["Id"], round + 50);
    }

    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_leave_while_rows_come_take_none_of_the_next_callers_rows() {
    let sql = json!({ "result": "rows", "repeatable": true });
    let command = "SELECT a.Id, b.Name FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b WHERE a.Id <= 100";
    let many = FunctionFolder::http("Many", "get", "many", sql, command);
    let desk =
        Desk::builder().function(many).with_samples().setting("AZSQL_POOL_MAX_SIZE", "1").start().await;
    let pid = desk.worker_pid();
    let begun = Instant::now();
    let all = desk.get("/api/many").await.json(200);
    let whole = begun.elapsed();
    assert_eq!(all.as_array().map(Vec::len), Some(24_000));

    // Each leaves a little later: while its statement is sent, while it runs, while its rows come.
    let rounds = 16;
    let mut left_early = 0;
    for round in 0..rounds {
        let envelope = envelope::http("GET", &json!({}), &json!({}), None);
        let mut caller = Caller::get(&desk, "/api/many", "/Many", &envelope).await;
        if !caller.wait_at_most(whole * round / rounds).await {
            left_early += 1;
        }
        caller.leave(if round % 2 == 0 { Leave::Close } else { Leave::Reset });

        assert_eq!(desk.get(&format!("/api/persons/{}", round + 1)).await.json(200)["Id"], round + 1);
    }

    // How many depends on the machine; the first one does not wait.
    assert!(left_early > 0, "no caller left early");
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

fn slow(timeout: &str) -> FunctionFolder {
    let sql = json!({ "result": "row", "repeatable": true, "timeout": timeout });
    FunctionFolder::http("Slow", "get", "slow", sql, "SELECT TOP (1) Id FROM dbo.Persons ORDER BY Id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_outlasts_its_functions_timeout_is_a_504_and_ends_on_the_server() {
    let desk = Desk::builder().function(slow("00:00:01")).start().await;
    desk.get("/api/slow").await.json(200);
    desk.stall_readers(1);
    let begun = Instant::now();

    let answer = desk.get("/api/slow").await;

    let problem = answer.problem_for_caller(504, "deadline");
    assert!(problem["detail"].as_str().unwrap().contains("raise its timeout"), "{problem}");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < SOON, "{took:?}");
    no_connection_is_left(&desk).await;
    assert_eq!(desk.get("/api/slow").await.json(200)["Id"], 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_in_use_for_the_whole_wait_is_a_503() {
    let desk = Desk::builder()
        .function(slow("00:00:20"))
        .with_samples()
        .setting("AZSQL_POOL_MAX_SIZE", "1")
        .setting("AZSQL_POOL_WAIT_SECONDS", "1")
        .start()
        .await;
    desk.stall_readers(1);
    let caller = Caller::get_person(&desk, 2).await;
    desk.statement_faults_left(0).await;

    let answer = desk.get("/api/slow").await;

    let problem = answer.problem_for_caller(503, "busy");
    assert!(problem["detail"].as_str().unwrap().contains("AZSQL_POOL_MAX_SIZE"), "{problem}");
    assert_eq!(answer.header("retry-after"), Some("5"));
    drop(caller);
    no_connection_is_left(&desk).await;
    assert_eq!(desk.get("/api/slow").await.json(200)["Id"], 1);
    desk.finish().await;
}
