//! A SQL endpoint that is gone, and back again.

use crate::support::Desk;

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
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    assert_eq!(desk.get("/api/persons/3").await.json(200), before);
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
