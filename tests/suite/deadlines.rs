//! Every invocation ends before the host's `functionTimeout`, at which the host would kill the process with all others in it.

use local_azure::sql::faults::{Fault, RequestFault, RequestKind, Until};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use local_azure::functions::HostState;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::mode::Mode;
use crate::support::wait::within;
use crate::support::{Desk, envelope, raw_http};

const TIMEOUT: &str = "AzureFunctionsJobHost__functionTimeout";
/// What the host allows in these tests; of so little, the worker takes the half.
const ALLOWED: Duration = Duration::from_secs(6);

async fn desk(mode: Mode) -> Desk {
    Desk::builder().in_mode(mode).setting(TIMEOUT, "00:00:06").start().await
}

async fn the_504_leaves_before_the_hosts_timeout(mode: Mode) {
    let desk = desk(mode).await;
    desk.get("/api/persons/1").await.json(200);
    let pid = desk.worker_pid();
    desk.stall_readers(1);
    let begun = Instant::now();

    let answer = desk.get("/api/persons/2").await;

    let took = begun.elapsed();
    answer.problem_for_caller(504, "deadline");
    assert!(took >= ALLOWED / 2 && took < ALLOWED, "{took:?}");
    within(Duration::from_secs(5), "the statement ends", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    assert_eq!((desk.host().state(), desk.worker_pid()), (HostState::Running, pid));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_default_mode_the_504_leaves_before_the_hosts_timeout() {
    the_504_leaves_before_the_hosts_timeout(Mode::Enveloped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_forwarding_mode_the_504_leaves_before_the_hosts_timeout() {
    the_504_leaves_before_the_hosts_timeout(Mode::Forwarding).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_proxying_mode_the_504_leaves_before_the_hosts_timeout() {
    the_504_leaves_before_the_hosts_timeout(Mode::Proxying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_hangs_fails_before_the_hosts_timeout() {
    let desk = desk(Mode::of_this_run()).await;
    let pid = desk.worker_pid();
    let stall = RequestFault::Stall(Until::Released);
    desk.sql().faults().arm(Fault::at(RequestKind::Statement, stall).containing("NightlySummaries"));
    let begun = Instant::now();

    desk.run("NightlySummary").await;
    desk.events("the run failed", 1, |event| event["function"] == "NightlySummary" && event["status"] == 504)
        .await;

    assert!(begun.elapsed() < ALLOWED, "{:?}", begun.elapsed());
    within(Duration::from_secs(5), "the statement ends", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_a_408_before_the_hosts_timeout() {
    let desk = desk(Mode::Proxying).await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, desk.worker_port().await)).await.unwrap();
    let begun = Instant::now();
    stream
        .write_all(b"POST /api/persons HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"name\":")
        .await
        .unwrap();

    let answer = raw_http::read(&mut stream).await;

    let took = begun.elapsed();
    assert_eq!(answer.status, 408, "{}", answer.body);
    assert!(took >= ALLOWED / 2 && took < ALLOWED, "{took:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_default_mode_too_the_time_runs_while_the_body_comes() {
    let desk = desk(Mode::Enveloped).await;
    desk.get("/api/persons/1").await.json(200);
    desk.stall_readers(1);
    let body = envelope::get_person(2);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, desk.worker_port().await)).await.unwrap();
    let head = format!(
        "POST /GetPerson HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let begun = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();

    // It comes slowly, but long before the limit of three seconds.
    for part in body.as_bytes().chunks(body.len().div_ceil(10)) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(part).await.unwrap();
    }
    let answer = raw_http::read(&mut stream).await;

    let took = begun.elapsed();
    assert_eq!(envelope::http_output(&answer.body).0, 504, "{}", answer.body);
    assert!(took >= ALLOWED / 2 && took < ALLOWED * 3 / 4, "{took:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_that_do_not_come_to_their_end_keep_no_small_one_out() {
    for mode in [Mode::Enveloped, Mode::Proxying] {
        let desk = Desk::builder()
            .in_mode(mode)
            .setting("AZSQL_MAX_BODY_MB", "1")
            .setting("AZSQL_BODY_MEMORY_MB", "1")
            .start()
            .await;
        let port = desk.worker_port().await;
        let target = if mode == Mode::Proxying { "/api/persons" } else { "/CreatePerson" };
        let length = 1024 * 1024;
        let head = format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        // All of it is in the worker's memory once others find no room, one after the other.
        let large = " ".repeat(length / 8);
        let slow = within(Duration::from_secs(20), "the memory is in use", async || {
            let mut slow = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            slow.write_all(head.as_bytes()).await.unwrap();
            slow.write_all(&vec![b' '; length - 10]).await.unwrap();
            for _ in 0..3 {
                let answer = raw_http::send(port, "POST", target, &[], &large).await;
                if !answer.body.contains("AZSQL_BODY_MEMORY_MB") {
                    return None;
                }
            }
            Some(slow)
        })
        .await;
        let small = desk.post("/api/persons", &json!({ "name": "Ada", "city": "London" })).await;

        assert_ne!(small.status, 503, "{mode:?}: {}", small.text);
        drop(slow);
        desk.finish().await;
    }
}

/// A caller who leaves ends his statement, which the handler can only see in proxying mode.
#[tokio::test(flavor = "multi_thread")]
async fn in_proxying_mode_a_caller_who_leaves_through_the_host_ends_his_statement() {
    let desk = Desk::builder().in_mode(Mode::Proxying).start().await;
    desk.get("/api/persons/1").await.json(200);
    desk.stall_readers(1);
    let caller = desk.get_later("/api/persons/2");
    desk.statement_faults_left(0).await;

    caller.abort();

    within(Duration::from_secs(8), "the statement ends", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    desk.finish().await;
}
