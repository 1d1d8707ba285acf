//! A SQL endpoint that is gone, and back again.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

/// Far above what the settings below allow, far below what would hold a caller for good.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_a_503_and_the_same_worker_recovers() {
    let desk = Desk::builder().setting("AZSQL_RETRY_BUDGET_SECONDS", "1").start().await;
    let before = desk.get("/api/persons/3").await.json(200);
    let pid = desk.worker_pid();

    let (desk, answers) = desk
        .without_sql(async |outage| [outage.get("/api/persons/3").await, outage.get("/api/persons/4").await])
        .await;

    for answer in &answers {
        let problem = answer.problem_for_caller(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("Try again later"), "{problem}");
        // Five seconds after tries of its own, one or two when the tries of both have shown that the server is down.
        assert!(matches!(answer.header("retry-after"), Some("1" | "2" | "5")), "{}", answer.text);
    }
    // The worker looks once a second whether the server is back.
    let after = eventually("the return is found", async || {
        let answer = desk.get("/api/persons/3").await;
        (answer.status == 200).then(|| answer.json(200))
    })
    .await;
    assert_eq!(after, before);
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_between_two_calls_goes_unnoticed_by_readers() {
    let desk = Desk::start().await;
    desk.get("/api/persons/3").await.json(200);
    let pid = desk.worker_pid();

    let (desk, ()) = desk.without_sql(async |_| ()).await;

    // The pool's connection is dead; a read may simply be tried again.
    assert_eq!(desk.get("/api/persons/5").await.json(200)["Id"], 5);
    assert_eq!(desk.worker_pid(), pid);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_one_connection_broke_no_write_meets_another_of_its_time() {
    let desk = Desk::start().await;
    // Several connections, all in use at once and then idle in the pool.
    desk.stall_readers(8);
    let readers: Vec<_> = (1..=8).map(|id| desk.get_later(&format!("/api/persons/{id}"))).collect();
    desk.statement_faults_left(0).await;
    desk.sql().faults().release_stalled();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 200);
    }
    assert_eq!(desk.sql().connections(), 8);

    let (desk, ()) = desk.without_sql(async |_| ()).await;

    // The first reader meets a dead connection and is tried again; after that no dead one is lent.
    assert_eq!(desk.get("/api/persons/3").await.json(200)["Id"], 3);
    for number in 0..8 {
        let body = json!({ "name": format!("CANARY {number}") });
        desk.post("/api/persons", &body).await.json(201);
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_comes_before_anything_was_sent_is_a_503_that_says_so() {
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = mute.local_addr().unwrap().to_string().replace(':', ",");
    let hasty = FunctionFolder::http(
        "Hasty",
        "post",
        "hasty",
        json!({ "timeout": "00:00:01", "result": "rowsAffected" }),
        "DELETE FROM dbo.Persons",
    );
    let desk = Desk::builder()
        .connection(move |_| format!("Server={server};Authentication=ActiveDirectoryMSI;Connect Timeout=20"))
        .function(hasty)
        .start()
        .await;

    let problem = desk.post("/api/hasty", &json!({})).await.problem_for_caller(503, "unavailable");

    assert!(problem["detail"].as_str().unwrap().contains("nothing was sent"), "{problem}");
    desk.finish().await;
}

fn without_patience(server: String) -> impl Fn(u16) -> String {
    move |_| format!("Server={server};Authentication=ActiveDirectoryMSI;Connect Timeout=3")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_and_never_speaks_is_a_503_in_time() {
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let desk = Desk::builder()
        .connection(without_patience(mute.local_addr().unwrap().to_string().replace(':', ",")))
        .setting("AZSQL_RETRY_BUDGET_SECONDS", "1")
        .start()
        .await;
    let begun = Instant::now();

    let answer = desk.get("/api/sql/ping").await;

    answer.problem_for_caller(503, "unavailable");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_where_something_else_speaks_is_told_in_time() {
    let web = local_azure::identity::start(local_azure::identity::IdentityOptions::default()).await.unwrap();
    let desk = Desk::builder()
        .connection(without_patience(web.address().to_string().replace(':', ",")))
        .setting("AZSQL_RETRY_BUDGET_SECONDS", "1")
        .start()
        .await;
    let begun = Instant::now();

    let answer = desk.get("/api/sql/ping").await;

    assert!(answer.status >= 500, "{}", answer.text);
    assert!(!answer.detail().is_empty(), "{}", answer.text);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    desk.finish().await;
    web.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firewall_that_refuses_is_told_with_the_cure() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(40615, 1);

    let problem = desk.get("/api/sql/ping").await.problem_for_caller(500, "database");

    assert!(problem["detail"].as_str().unwrap().contains("firewall"), "{problem}");
    desk.finish().await;
}
