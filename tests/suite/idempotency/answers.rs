//! Which answers are stored, and what a repeat gets of them.

use local_azure::functions::OutputValue;
use serde_json::json;

use super::{KEYS, PAYMENTS, SEED, is_replay};
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_sent_again_since_nobody_knows_whether_the_first_arrived() {
    let bindings = json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "route": "pay" },
        { "type": "http", "direction": "out", "name": "res" },
        { "type": "queue", "direction": "out", "name": "paid", "queueName": "paid" },
    ]);
    let sql = json!({ "idempotencyKey": "query.key", "result": "row", "outputs": { "paid": "row" } });
    let command = "INSERT INTO dbo.Payments (Amount) OUTPUT inserted.Id, inserted.Amount VALUES (7)";
    let desk = Desk::builder().seed(SEED).function(FunctionFolder::on("Pay", &bindings, sql, command));
    let desk = desk.start().await;

    let first = desk.get("/api/pay?key=CANARY-1").await;
    let again = desk.get("/api/pay?key=CANARY-1").await;

    assert_eq!((first.status, again.status, is_replay(&again)), (200, 200, true));
    let sent = eventually("two outputs", async || {
        let outputs = desk.host().outputs();
        (outputs.len() >= 2).then_some(outputs)
    })
    .await;
    let row = OutputValue::Json(json!([r#"{"Id":1,"Amount":7}"#]));
    assert!(sent.len() == 2 && sent.iter().all(|output| output.value == row), "{sent:?}");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nothing_was_changed_is_stored_like_any_other() {
    let sql = json!({ "idempotencyKey": "query.key", "result": "rowsAffected", "whenEmpty": 404 });
    let command = "UPDATE dbo.Payments SET Amount = Amount + 1";
    let raise = FunctionFolder::http("Raise", "get", "raise", sql, command);
    let desk = Desk::builder().seed(SEED).function(raise).start().await;

    let first = desk.get("/api/raise?key=CANARY-1").await;
    desk.number("INSERT INTO dbo.Payments (Amount) VALUES (5); SELECT 1").await;
    let again = desk.get("/api/raise?key=CANARY-1").await;
    let other = desk.get("/api/raise?key=CANARY-2").await;

    first.problem_for_caller(404, "not-found");
    again.problem_for_caller(404, "not-found");
    assert!(is_replay(&again));
    assert_eq!(other.json(200), json!({ "rowsAffected": 1 }));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_to_be_stored_is_refused_and_nothing_took_effect() {
    let sql = json!({
        "idempotencyKey": "body.key",
        "parameters": { "@text": { "from": "body.text", "type": "nvarchar(max)" } },
        "result": "value",
    });
    let command = "INSERT INTO dbo.Payments (Amount) VALUES (5); SELECT @text AS text";
    let echo = FunctionFolder::http("Echo", "post", "echo", sql, command);
    let desk = Desk::builder().seed(SEED).function(echo).start().await;
    let call = |length: usize| json!({ "key": "CANARY-1", "text": "x".repeat(length) });

    let problem = desk.post("/api/echo", &call(1024 * 1024)).await.problem_for_caller(500, "results");

    assert!(problem["detail"].as_str().unwrap().contains("more than 1 MiB"), "{problem}");
    assert_eq!((desk.number(PAYMENTS).await, desk.number(KEYS).await), (0, 0));
    desk.post("/api/echo", &call(1024 * 1024 - 1024)).await.json(200);
    assert_eq!((desk.number(PAYMENTS).await, desk.number(KEYS).await), (1, 1));
    desk.finish().await;
}
