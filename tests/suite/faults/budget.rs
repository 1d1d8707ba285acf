//! How often and how long is tried: the function's own limits, and the pool's share of repeats.

use local_azure::sql::faults::{Fault, RequestFault, RequestKind, at_statement};
use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn read(sql: Json) -> FunctionFolder {
    FunctionFolder::http("Read", "get", "read", sql, "SELECT COUNT(*) FROM dbo.Marks")
}

fn always_deadlocked() -> Fault {
    Fault::at(RequestKind::Statement, RequestFault::Fail(at_statement(1205))).containing("Marks").always()
}

const SEED: &str = "CREATE TABLE dbo.Marks (Id int NOT NULL);";

#[tokio::test(flavor = "multi_thread")]
async fn a_functions_own_tries_go_before_the_settings() {
    let own = read(json!({ "result": "value", "repeatable": true, "faults": { "tries": 3 } }));
    let desk = Desk::builder().seed(SEED).function(own).setting("AZSQL_RETRY_TRIES", "2").start().await;
    let armed = desk.sql().faults().arm(always_deadlocked());

    let answer = desk.get("/api/read").await;

    assert_eq!(answer.problem_for_caller(503, "unavailable")["sqlError"], 1205);
    assert_eq!(armed.struck(), 3);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_functions_own_budget_goes_before_the_settings() {
    let own = read(json!({ "result": "value", "repeatable": true, "faults": { "budget": "00:00:00" } }));
    let desk = Desk::builder().seed(SEED).function(own).start().await;
    let armed = desk.sql().faults().arm(always_deadlocked());

    desk.get("/api/read").await.problem_for_caller(503, "unavailable");

    assert_eq!(armed.struck(), 1, "no time for a second try");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_whose_commands_all_fail_repeats_ten_in_ten_seconds_and_says_why_no_more() {
    // Six tries each wait some seconds together; the fourth try of the fourth caller would be the eleventh repeat.
    let own = read(json!({ "result": "value", "repeatable": true, "faults": { "tries": 4 } }));
    let desk =
        Desk::builder().seed(SEED).function(own).setting("AZSQL_RETRY_SHARE_PERCENT", "0").start().await;
    let armed = desk.sql().faults().arm(always_deadlocked());

    let paths = ["/api/read"; 4];
    let answers = futures_util::future::join_all(paths.iter().map(|path| desk.get(path))).await;

    for answer in &answers {
        answer.problem_for_caller(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    assert_eq!(armed.struck(), 4 + 10, "the first try of each, and what the pool allows");
    let refused = |event: &Json| {
        event["message"].as_str().is_some_and(|message| message.contains("AZSQL_RETRY_SHARE_PERCENT"))
    };
    assert!(!desk.events("repeats that the pool refused", 1, refused).await.is_empty());
    desk.finish().await;
}
