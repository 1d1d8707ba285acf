//! What functions send to other out bindings, as the host would hand it on.

use local_azure::functions::{OutputValue, RecordedOutput};
use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

fn http(output: &Json) -> Json {
    json!([
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "route": "work/{id}" },
        { "type": "http", "direction": "out", "name": "res" },
        output,
    ])
}

fn queue() -> Json {
    json!({ "type": "queue", "direction": "out", "name": "orders", "queueName": "orders" })
}

fn blob() -> Json {
    json!({ "type": "blob", "direction": "out", "name": "file", "path": "files/one.txt" })
}

/// Waits for this many outputs of a function.
async fn outputs(desk: &Desk, function: &str, count: usize) -> Vec<RecordedOutput> {
    eventually(&format!("{count} outputs of {function}"), async || {
        let of = |output: &RecordedOutput| output.function == function;
        let outputs: Vec<RecordedOutput> = desk.host().outputs().into_iter().filter(of).collect();
        (outputs.len() >= count).then_some(outputs)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_answered_and_queued_with_all_its_digits() {
    let sql = json!({
        "parameters": { "@id": { "from": "route.id", "type": "int" } },
        "result": "row",
        "outputs": { "orders": "row" },
    });
    let command = "SELECT Id, Balance FROM dbo.Persons WHERE Id = @id";
    let desk =
        Desk::builder().function(FunctionFolder::on("Queue", &http(&queue()), sql, command)).start().await;

    let answer = desk.get("/api/work/41").await;
    let absent = desk.get("/api/work/999999").await;

    let row = r#"{"Id":41,"Balance":12345678901234.5678}"#;
    assert_eq!((answer.status, answer.text.as_str()), (200, row));
    absent.problem_for_caller(404, "not-found");
    let sent = outputs(&desk, "Queue", 1).await;
    assert_eq!(sent.len(), 1, "an answer that is a problem sends nothing");
    assert_eq!((sent[0].binding.as_str(), &sent[0].value), ("orders", &OutputValue::Json(json!([row]))));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_timer_are_queued_one_by_one() {
    let bindings = json!([
        { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 2 * * *" },
        queue(),
    ]);
    let sql = json!({ "result": "rows", "outputs": { "orders": "rows" } });
    let command = "SELECT Id, Name FROM dbo.Persons WHERE Id <= 2 ORDER BY Id";
    let none = "SELECT Id FROM dbo.Persons WHERE Id = -1";
    let desk = Desk::builder()
        .function(FunctionFolder::on("Some", &bindings, sql.clone(), command))
        .function(FunctionFolder::on("None", &bindings, sql, none))
        .start()
        .await;

    desk.run("None").await;
    desk.run("Some").await;

    let rows = json!([r#"{"Id":1,"Name":"Zoë Müller"}"#, r#"{"Id":2,"Name":"Björn al-Masri"}"#]);
    assert_eq!(outputs(&desk, "Some", 1).await[0].value, OutputValue::Json(rows));
    eventually("the run without rows", async || {
        desk.function_lines("None").iter().any(|line| line.contains("(Succeeded")).then_some(())
    })
    .await;
    assert!(outputs(&desk, "None", 0).await.is_empty());
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_looks_like_base64_reaches_queue_and_blob_as_itself() {
    let sql = |name: &str| {
        json!({
            "parameters": { "@id": { "from": "route.id", "type": "nvarchar(50)" } },
            "result": "none",
            "outputs": { name: "value" },
        })
    };
    let bindings = |output: &Json, route: &str| {
        let mut bindings = http(output);
        bindings[0]["route"] = format!("{route}/{{id}}").into();
        bindings
    };
    let command = "SELECT @id AS Id";
    let desk = Desk::builder()
        .function(FunctionFolder::on("Queue", &bindings(&queue(), "queue"), sql("orders"), command))
        .function(FunctionFolder::on("Blob", &bindings(&blob(), "blob"), sql("file"), command))
        .start()
        .await;

    for text in ["test", "abcd1234", "plain", "2026-01-31T07:08:09.120"] {
        assert_eq!(desk.get(&format!("/api/queue/{text}")).await.status, 204);
        assert_eq!(desk.get(&format!("/api/blob/{text}")).await.status, 204);
    }

    let bytes = |text: &str| OutputValue::Bytes(text.as_bytes().to_vec());
    let values =
        |outputs: Vec<RecordedOutput>| -> Vec<OutputValue> { outputs.into_iter().map(|o| o.value).collect() };
    assert_eq!(
        values(outputs(&desk, "Queue", 4).await),
        [
            OutputValue::Json(json!(["test"])),
            OutputValue::Json(json!(["abcd1234"])),
            OutputValue::Json(json!(["plain"])),
            bytes("2026-01-31T07:08:09.120"),
        ]
    );
    assert_eq!(
        values(outputs(&desk, "Blob", 4).await),
        [
            bytes("test"),
            bytes("abcd1234"),
            OutputValue::Json(json!("plain")),
            bytes("2026-01-31T07:08:09.120")
        ]
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_function_sends_through_its_return_value() {
    let bindings = json!([
        { "type": "serviceBusTrigger", "direction": "in", "name": "message" },
        { "type": "cosmosDB", "direction": "out", "name": "$return" },
    ]);
    let sql = json!({
        "parameters": { "@id": { "from": "message.id", "type": "int" } },
        "result": "row",
        "outputs": { "$return": "body" },
    });
    let command = "SELECT Id, City FROM dbo.Persons WHERE Id = @id";
    let desk = Desk::builder().function(FunctionFolder::on("Copy", &bindings, sql, command)).start().await;

    desk.send("Copy", r#"{"id":1}"#).await;

    let sent = outputs(&desk, "Copy", 1).await;
    assert_eq!(sent[0].binding, "$return");
    assert_eq!(sent[0].value, OutputValue::Json(json!({ "Id": 1, "City": "Tromsø" })));
    desk.finish().await;
}
