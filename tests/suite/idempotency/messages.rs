//! Messages with a key: what is delivered again is taken once.

use serde_json::{Value as Json, json};

use super::{KEYS, PAYMENTS, SEED};
use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

/// A function on a queue that takes each message of a key once. The number of the delivery is a value of the command's, and not of
/// the request's: it differs when the message comes again.
fn take(name: &str, key: &str) -> FunctionFolder {
    let trigger =
        json!({ "type": "queueTrigger", "direction": "in", "name": "m", "queueName": name.to_lowercase() });
    let sql = json!({
        "idempotencyKey": key,
        "parameters": {
            "@amount": { "from": "message.amount", "type": "int" },
            "@delivery": { "from": "metadata.DequeueCount", "type": "int" }
        },
        "result": "none",
    });
    let command = "INSERT INTO dbo.Payments (Amount) VALUES (@amount + ISNULL(@delivery, 0) * 0)";
    FunctionFolder::on(name, &json!([trigger]), sql, command)
}

/// A delivery as the host posts it.
fn delivery(id: &str, dequeue_count: u32, amount: u32) -> String {
    let message = json!({ "customer": "CANARY", "amount": amount }).to_string();
    json!({
        "Data": { "m": Json::String(message).to_string() },
        "Metadata": {
            "Id": Json::String(id.to_owned()).to_string(),
            "DequeueCount": dequeue_count.to_string(),
            "sys": { "MethodName": "Take", "UtcNow": "2026-11-21T16:00:00Z", "RandGuid": id },
        },
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_the_same_key_is_taken_once() {
    let desk = Desk::builder().seed(SEED).function(take("Take", "message.id")).start().await;

    for id in ["CANARY-a", "CANARY-a", "CANARY-b"] {
        desk.send("Take", &json!({ "id": id, "amount": 1 }).to_string()).await;
    }

    desk.events("three that succeeded", 3, |event| {
        event.to_string().contains("the invocation succeeded") && event.to_string().contains("Take")
    })
    .await;
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_delivered_again_is_no_other_request() {
    let desk = Desk::builder().seed(SEED).function(take("Take", "metadata.Id")).start().await;

    for (id, dequeue_count) in [("CANARY-1", 1), ("CANARY-1", 2), ("CANARY-1", 3), ("CANARY-2", 1)] {
        let answer = desk.post_to_worker("/Take", delivery(id, dequeue_count, 5)).await;
        assert_eq!(answer.status, 200, "delivery {dequeue_count}: {}", answer.text);
    }

    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_with_a_key_that_was_used_fails_and_takes_nothing() {
    let desk = Desk::builder().seed(SEED).function(take("Take", "metadata.Id")).start().await;

    let first = desk.post_to_worker("/Take", delivery("CANARY-1", 1, 5)).await;
    let other = desk.post_to_worker("/Take", delivery("CANARY-1", 1, 6)).await;

    assert_eq!(first.status, 200, "{}", first.text);
    // Any status but 2xx is a failed delivery to the host.
    other.problem(422, "key-reused");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions_take_the_same_message_once_each() {
    let desk = Desk::builder()
        .seed(SEED)
        .function(take("Take", "metadata.Id"))
        .function(take("TakeToo", "metadata.Id"))
        .start()
        .await;

    for function in ["Take", "TakeToo", "Take", "TakeToo"] {
        let answer = desk.post_to_worker(&format!("/{function}"), delivery("CANARY-1", 1, 5)).await;
        assert_eq!(answer.status, 200, "{function}: {}", answer.text);
    }

    assert_eq!((desk.number(PAYMENTS).await, desk.number(KEYS).await), (2, 2));
    desk.finish().await;
}
