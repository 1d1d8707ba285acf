//! `"replica": "secondary"`: reads go to a read-only copy, over connections that say so when they log in.

use serde_json::json;

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_the_secondary_logs_in_with_read_only_intent_and_others_do_not() {
    let read = |name: &str, replica: &str| {
        let sql = json!({ "result": "value", "repeatable": true, "replica": replica });
        FunctionFolder::http(name, "get", name, sql, "SELECT COUNT(*) AS Persons FROM dbo.Persons")
    };
    let desk =
        Desk::builder().function(read("Here", "primary")).function(read("There", "secondary")).start().await;

    let there = desk.get("/api/there").await;
    let intents_of_there: Vec<bool> = desk.worker_logins().iter().map(|it| it.read_only_intent).collect();
    let here = desk.get("/api/here").await;
    let intents: Vec<bool> = desk.worker_logins().iter().map(|it| it.read_only_intent).collect();

    assert_eq!(there.json(200), here.json(200));
    assert_eq!(intents_of_there, [true]);
    assert_eq!(intents, [true, false], "a pool of its own");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_writes_is_refused_there() {
    let sql = json!({ "result": "none", "replica": "secondary" });
    let write = FunctionFolder::http("Write", "post", "write", sql, "DELETE FROM dbo.Persons");
    let desk = Desk::builder().function(write).start().await;

    let answer = desk.post("/api/write", &json!({})).await;

    let problem = answer.problem(500, "invalid-definition");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("sql.replica")), "{problem}");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Persons WHERE Id = 1").await, 1);
    desk.finish().await;
}
