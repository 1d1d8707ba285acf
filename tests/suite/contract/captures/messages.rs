//! Captures of messages, blobs and documents.

use serde_json::{Value as Json, json};

use super::{Capture, fixtures};

/// The text that a sender sent, unwrapped by hand: `Data` holds it as JSON text `times` deep.
fn unwrapped(file: &str, binding: &str, times: usize) -> Json {
    let envelope: Json = serde_json::from_str(&fixtures::read(file)).unwrap();
    let mut text = envelope["Data"][binding].as_str().unwrap().to_owned();
    for _ in 0..times {
        text = serde_json::from_str(&text).unwrap();
    }
    text.into()
}

pub(super) fn captures() -> Vec<Capture> {
    let on = |kind: &str, name: &str| json!({ "type": kind, "direction": "in", "name": name });
    let queue = |name: &str| on("queueTrigger", name);
    let mut binary_blob = on("blobTrigger", "blobIn");
    binary_blob["dataType"] = "binary".into();
    binary_blob["path"] = "bpath1/{name}".into();
    vec![
        Capture::on(
            "queue-1",
            queue("inMsg"),
            vec![
                ("message", "message", "nvarchar(max)", json!("aaaaa")),
                ("id", "metadata.Id", "uniqueidentifier", json!("a0004923-f050-417a-9742-6d7c7b984134")),
                ("tries", "metadata.DequeueCount", "int", json!(1)),
                (
                    "inserted",
                    "metadata.InsertionTime",
                    "datetimeoffset(0)",
                    json!("2022-06-13T06:00:06+00:00"),
                ),
                ("receipt", "metadata.PopReceipt", "nvarchar(100)", json!("AgAAAAMAAAAAAAAA8d5gQex+2AE=")),
                ("method", "metadata.sys.MethodName", "nvarchar(50)", json!("queue")),
                ("retries", "metadata.RetryContext.RetryCount", "int", Json::Null),
            ],
        ),
        Capture::on(
            "queue-2",
            queue("queue"),
            vec![
                ("message", "message", "nvarchar(20)", json!("hello!!")),
                ("id", "metadata.id", "nvarchar(40)", json!("52d53c5f-e212-487e-998b-abbe3b9d51e4")),
                ("expires", "metadata.ExpirationTime", "datetime2(0)", json!("2025-02-25T03:06:19")),
            ],
        ),
        Capture::on(
            "queue-3",
            queue("msg"),
            vec![
                ("message", "message", "nvarchar(max)", unwrapped("queue-3", "msg", 1)),
                ("scraper", "message.scraperId", "nvarchar(50)", json!("viennaHousingScraper002")),
                // The host's own metadata has it as "04/06/2024 15:30:00".
                ("sent", "message.timestamp", "datetimeoffset(0)", json!("2024-04-06T15:30:00+00:00")),
                ("id", "metadata.Id", "uniqueidentifier", json!("4434c659-815f-434e-a851-f1df7b701f27")),
                ("tries", "metadata.DequeueCount", "int", json!(5)),
            ],
        ),
        Capture::on(
            "queue-4",
            queue("myQueueItem"),
            vec![("message", "message", "nvarchar(max)", json!("{ message: \"Message sent\" }"))],
        ),
        Capture::on(
            "service-bus-1",
            on("serviceBusTrigger", "queue"),
            vec![
                ("message", "message", "nvarchar(max)", json!("{\"message\":\"hello\",\"number\":2}")),
                ("part", "message.message", "nvarchar(50)", json!("hello")),
                ("number", "message.number", "int", json!(2)),
                (
                    "id",
                    "metadata.MessageId",
                    "uniqueidentifier",
                    json!("4e773554-f6b7-4ea2-b07d-4c5fd5aba741"),
                ),
                ("tries", "metadata.DeliveryCount", "int", json!(1)),
                ("contentType", "metadata.ContentType", "nvarchar(50)", json!("application/json")),
                ("sequence", "metadata.SequenceNumber", "bigint", json!(1)),
                ("enqueued", "metadata.EnqueuedTimeUtc", "datetime2(0)", json!("2023-10-12T20:13:49")),
            ],
        ),
        Capture::on(
            "event-grid-1",
            on("eventGridTrigger", "event"),
            vec![
                ("id", "message.id", "uniqueidentifier", json!("4e773554-f6b7-4ea2-b07d-4c5fd5aba741")),
                ("kind", "message.eventType", "nvarchar(50)", json!("created")),
                ("name", "message.data.name", "nvarchar(50)", json!("test")),
                ("at", "message.eventTime", "datetimeoffset(6)", json!("2023-10-12T20:13:49.640002+00:00")),
            ],
        ),
        Capture::on(
            "event-grid-2",
            on("eventGridTrigger", "event"),
            vec![
                ("source", "message.source", "nvarchar(50)", json!("source")),
                ("kind", "message.type", "nvarchar(50)", json!("created")),
                ("name", "message.data.name", "nvarchar(50)", json!("test")),
            ],
        ),
        Capture::on(
            "blob-1",
            binary_blob,
            vec![
                ("content", "message", "varbinary(max)", json!("aGVsbG8gZnJvbSBieXRlCg==")),
                (
                    "uri",
                    "metadata.Uri",
                    "nvarchar(200)",
                    json!("https://baldevgroup84df.blob.core.windows.net/bpath1/hello.txt"),
                ),
                ("size", "metadata.Properties.Length", "bigint", json!(16)),
                ("contentType", "metadata.properties.ContentType", "nvarchar(50)", json!("text/plain")),
                ("changed", "metadata.Properties.LastModified", "datetime2(0)", json!("2022-07-25T10:26:34")),
                ("name", "metadata.name", "nvarchar(100)", json!("hello.txt")),
            ],
        ),
        Capture::on(
            "cosmos-1",
            on("cosmosDBTrigger", "inMsg"),
            vec![("documents", "message", "nvarchar(max)", unwrapped("cosmos-1", "inMsg", 0))],
        ),
        Capture::on(
            "cosmos-2",
            on("cosmosDBTrigger", "documents"),
            vec![("documents", "message", "nvarchar(max)", unwrapped("cosmos-2", "documents", 1))],
        ),
        Capture::on(
            "cosmos-3",
            on("cosmosDBTrigger", "documents"),
            vec![("documents", "message", "nvarchar(max)", unwrapped("cosmos-3", "documents", 1))],
        ),
    ]
}
