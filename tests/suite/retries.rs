//! What is tried again, what is not, and what of it is logged.

use std::time::{Duration, Instant};

use local_azure::sql::Credential;
use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, Mode, eventually};

/// The worker's events about failed tries, once there are so many.
async fn tries(desk: &Desk, count: usize) -> Vec<Json> {
    desk.events("failed tries", count, |event| {
        event["message"].as_str().is_some_and(|message| message.starts_with("try failed"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_database_at_login_is_tried_again_until_it_answers() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(40613, 2);

    let answer = desk.get("/api/persons/2").await;

    assert_eq!(answer.json(200)["Id"], 2);
    let refused: Vec<_> = desk.worker_logins().iter().map(|login| login.refused).collect();
    assert_eq!(refused, [Some(40613), Some(40613), None]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_try_is_in_the_workers_log_with_its_number_error_and_wait() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(40613, 2);

    desk.get("/api/persons/2").await.json(200);

    let tries = tries(&desk, 2).await;
    assert_eq!(tries.len(), 2, "{tries:?}");
    for (event, number) in tries.iter().zip(1..) {
        assert_eq!((&event["level"], &event["try"]), (&json!("WARN"), &json!(number)), "{event}");
        assert_eq!(event["sql_error"], 40613, "{event}");
        assert!(event["wait_ms"].as_u64().unwrap() >= 1000, "a database that resumes takes long: {event}");
        assert_eq!(event["span"]["function"], "GetPerson", "{event}");
        assert!(event["span"]["id"].as_str().is_some_and(|id| id.len() == 36), "{event}");
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_try_is_in_the_hosts_log_of_the_function() {
    // Only the envelope has a place for log lines.
    let desk = Desk::builder().in_mode(Mode::Enveloped).start().await;
    desk.sql().faults().fail_logins(40613, 2);

    desk.get("/api/persons/2").await.json(200);

    let lines = eventually("the third try in the log", async || {
        let lines = desk.function_lines("GetPerson");
        lines.iter().any(|line| line == "info: try 3 succeeded").then_some(lines)
    })
    .await;
    for number in 1..=2 {
        let begin = format!("warn: try {number} failed: SQL error 40613; next try in ");
        assert!(lines.iter().any(|line| line.starts_with(&begin) && line.ends_with(" ms")), "{lines:#?}");
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_tried_again_when_only_its_login_failed() {
    let desk = Desk::start().await;
    let before = desk.number("SELECT COUNT(*) FROM dbo.Persons").await;
    desk.sql().faults().fail_logins(40197, 1);

    desk.post("/api/persons", &json!({ "name": "CANARY" })).await.json(201);

    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Persons").await, before + 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_again_when_its_statement_met_a_failover() {
    for number in [40613, 40197] {
        let desk = Desk::start().await;
        desk.sql().faults().fail_statements(number, 1);

        assert_eq!(desk.get("/api/persons/2").await.json(200)["Id"], 2);

        let tries = tries(&desk, 1).await;
        assert_eq!(tries[0]["sql_error"], number, "{tries:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_outcome_is_unknown_is_not_repeated() {
    let desk = Desk::start().await;
    let before = desk.number("SELECT COUNT(*) FROM dbo.Persons").await;
    // The connection is there before the fault is: its first statement is ours.
    desk.get("/api/persons/1").await.json(200);
    desk.sql().faults().fail_statements(40197, 1);

    let answer = desk.post("/api/persons", &json!({ "name": "CANARY" })).await;

    let problem = answer.problem_for_caller(500, "outcome-unknown");
    assert_eq!(problem["sqlError"], 40197);
    assert!(problem["detail"].as_str().unwrap().contains("look before you repeat it"), "{problem}");
    assert_eq!(answer.header("retry-after"), None, "no invitation to a blind repeat");
    let mut client = desk.sql_client().await;
    assert_eq!(client.number("SELECT COUNT(*) FROM dbo.Persons").await, before);
    let tries = tries(&desk, 1).await;
    assert_eq!((tries.len(), &tries[0]["level"]), (1, &json!("ERROR")), "{tries:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_busy_service_turned_away_waits_ten_seconds_and_happens_once() {
    let desk = Desk::start().await;
    let before = desk.number("SELECT COUNT(*) FROM dbo.Persons").await;
    desk.sql().faults().fail_statements(40501, 1);
    let begun = Instant::now();

    desk.post("/api/persons", &json!({ "name": "CANARY" })).await.json(201);

    assert!(begun.elapsed() >= Duration::from_secs(10));
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Persons").await, before + 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_service_is_given_up_when_ten_seconds_are_not_in_the_budget() {
    let desk = Desk::builder().setting("AZSQL_RETRY_BUDGET_SECONDS", "5").start().await;
    desk.sql().faults().fail_statements(40501, 1);
    let begun = Instant::now();

    let answer = desk.get("/api/persons/2").await;

    let problem = answer.problem_for_caller(503, "unavailable");
    assert_eq!(problem["sqlError"], 40501);
    assert_eq!(answer.header("retry-after"), Some("10"));
    assert!(begun.elapsed() < Duration::from_secs(8), "it waited {:?} to give up", begun.elapsed());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_end_with_the_budget() {
    let desk = Desk::builder().setting("AZSQL_RETRY_BUDGET_SECONDS", "2").start().await;
    desk.sql().faults().fail_logins(40613, 100);
    let begun = Instant::now();

    let answer = desk.get("/api/persons/2").await;

    let problem = answer.problem_for_caller(503, "unavailable");
    assert_eq!((&problem["sqlError"], answer.header("retry-after")), (&json!(40613), Some("5")));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let logins = desk.worker_logins().len();
    assert!((2..=6).contains(&logins), "{logins}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_end_with_their_number() {
    let desk = Desk::builder().setting("AZSQL_RETRY_TRIES", "2").start().await;
    desk.sql().faults().fail_logins(40613, 100);

    desk.get("/api/persons/2").await.problem_for_caller(503, "unavailable");

    assert_eq!(desk.worker_logins().len(), 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_have_no_such_name_is_asked_for_twice() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(4060, 100);

    let problem = desk.get("/api/persons/2").await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 4060);
    assert_eq!(desk.worker_logins().len(), 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_refusal_is_not_tried_again() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_logins(40615, 1);

    let problem = desk.get("/api/persons/2").await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 40615);
    assert_eq!(desk.worker_logins().len(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirected_login_is_followed_to_the_other_server() {
    let where_am_i = FunctionFolder::http(
        "WhereAmI",
        "get",
        "where",
        json!({ "result": "value", "repeatable": true }),
        "SELECT Name FROM dbo.Places",
    );
    let place = |name: &str| {
        format!(
            "CREATE TABLE dbo.Places (Name nvarchar(20) NOT NULL); INSERT INTO dbo.Places (Name) VALUES (N'{name}');"
        )
    };
    let desk = Desk::builder().seed(&place("gateway")).function(where_am_i).start().await;
    let node = desk.second_sql(&place("node")).await;
    desk.sql().faults().redirect_logins("localhost", node.address().port(), 1);

    let answer = desk.get("/api/where").await;

    assert_eq!(answer.json(200), "node");
    assert_eq!(desk.worker_logins().len(), 1);
    let logins = node.logins();
    assert_eq!((logins.len(), logins[0].credential, logins[0].refused), (1, Credential::Token, None));
    desk.finish().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_redirects_ends_in_a_problem() {
    let desk = Desk::start().await;
    let own_port = desk.sql().address().port();
    desk.sql().faults().redirect_logins("localhost", own_port, 100);

    let answer = desk.get("/api/persons/2").await;

    assert!(answer.status >= 500, "{}", answer.text);
    assert!(answer.detail().contains("circle"), "{}", answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_service_in_the_middle_of_a_batch_without_a_transaction_leaves_its_outcome_unknown() {
    let batch = FunctionFolder::http(
        "Batch",
        "post",
        "batch",
        json!({ "result": "rowsAffected", "transaction": "none" }),
        "DELETE FROM dbo.Persons WHERE Id = 1; DELETE FROM dbo.Persons WHERE Id = 2",
    );
    let desk = Desk::builder().function(batch).with_samples().start().await;
    desk.get("/api/persons/3").await.json(200);
    desk.sql().faults().fail_statements(40501, 1);

    let answer = desk.post("/api/batch", &json!({})).await;

    answer.problem_for_caller(500, "outcome-unknown");
    assert_eq!(answer.header("retry-after"), None, "nothing invites a blind repeat");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_is_logged_with_function_and_id_at_the_level_warn_too() {
    let desk = Desk::builder().setting("AZSQL_LOG", "warn").start().await;
    desk.sql().faults().fail_logins(40613, 1);

    desk.get("/api/persons/2").await.json(200);

    let tries = tries(&desk, 1).await;
    assert_eq!(tries[0]["span"]["function"], "GetPerson", "{tries:?}");
    assert!(tries[0]["span"]["id"].as_str().is_some_and(|id| id.len() == 36), "{tries:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_try_after_a_failed_command_connects_afresh() {
    let desk = Desk::start().await;
    desk.sql().faults().fail_statements(1205, 1);

    desk.get("/api/persons/1").await.json(200);

    assert_eq!(desk.worker_logins().len(), 2);
    desk.finish().await;
}
