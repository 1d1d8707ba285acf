//! Every envelope that a real host is known to have posted reaches the command with the values that it holds.
//!
//! Each capture is posted byte for byte to the real program, to a function that names the captured trigger. An HTTP
//! function answers its parameters; any other writes them into a table of its own, which is then read through a
//! second function. What is compared are the values in SQL, in JSON's spelling.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::fixtures;
use crate::support::desk_builder::DeskBuilder;
use crate::support::mode::Mode;
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, envelope};

/// A capture, and the values that a function must get out of it.
pub(super) struct Capture {
    /// The fixture's name.
    pub(super) file: &'static str,
    trigger: Json,
    /// Column, path of `from`, SQL type, value.
    values: Vec<(&'static str, &'static str, &'static str, Json)>,
}

impl Capture {
    /// A capture of an HTTP call whose trigger was called `httpPayload`.
    fn http(file: &'static str, values: Vec<(&'static str, &'static str, &'static str, Json)>) -> Self {
        Self::http_on(file, "httpPayload", file, values)
    }

    fn http_on(
        file: &'static str,
        binding: &str,
        route: &str,
        values: Vec<(&'static str, &'static str, &'static str, Json)>,
    ) -> Self {
        let trigger = json!({ "type": "httpTrigger", "direction": "in", "name": binding, "route": route });
        Self { file, trigger, values }
    }

    fn on(
        file: &'static str,
        trigger: Json,
        values: Vec<(&'static str, &'static str, &'static str, Json)>,
    ) -> Self {
        Self { file, trigger, values }
    }

    fn is_http(&self) -> bool {
        self.trigger["type"] == "httpTrigger"
    }

    /// Captures are called `http-1`; functions and tables `http_1`.
    pub(super) fn name(&self) -> String {
        self.file.replace('-', "_")
    }

    fn list(&self, each: impl Fn(&str, &str) -> String) -> String {
        self.values.iter().map(|(name, _, sql_type, _)| each(name, sql_type)).collect::<Vec<_>>().join(", ")
    }

    /// The function that the capture is posted to.
    fn function(&self) -> FunctionFolder {
        let parameters: Map<String, Json> = self
            .values
            .iter()
            .map(|(name, from, sql_type, _)| (format!("@{name}"), json!({ "from": from, "type": sql_type })))
            .collect();
        let (bindings, sql) = if self.is_http() {
            let command = format!("SELECT {}", self.list(|name, _| format!("@{name} AS {name}")));
            let output = json!({ "type": "http", "direction": "out", "name": "res" });
            (json!([self.trigger, output]), json!({ "commandText": command, "result": "row" }))
        } else {
            let (columns, values) =
                (self.list(|name, _| name.to_owned()), self.list(|name, _| format!("@{name}")));
            let command = format!("INSERT INTO dbo.{} ({columns}) VALUES ({values})", self.name());
            (json!([self.trigger]), json!({ "commandText": command, "result": "none" }))
        };
        let mut function = json!({ "bindings": bindings, "sql": sql });
        function["sql"]["parameters"] = Json::Object(parameters);
        FunctionFolder::raw(&self.name(), &function.to_string())
    }

    fn table(&self) -> String {
        format!(
            "CREATE TABLE dbo.{} ({});",
            self.name(),
            self.list(|name, sql_type| format!("{name} {sql_type}"))
        )
    }

    /// The function that reads what the other one wrote.
    fn reader(&self) -> FunctionFolder {
        let command = format!("SELECT {} FROM dbo.{}", self.list(|name, _| name.to_owned()), self.name());
        let route = format!("written/{}", self.name());
        FunctionFolder::http(
            &format!("read_{}", self.name()),
            "get",
            &route,
            json!({ "result": "rows" }),
            &command,
        )
    }

    fn expected(&self) -> Json {
        Json::Object(
            self.values.iter().map(|(name, _, _, value)| ((*name).to_owned(), value.clone())).collect(),
        )
    }

    /// Posts it, as captured, and compares.
    async fn check(&self, desk: &Desk) {
        let answer = desk.post_to_worker(&format!("/{}", self.name()), fixtures::read(self.file)).await;
        assert_eq!(answer.status, 200, "{}: {}", self.file, answer.text);
        let values: Json = if self.is_http() {
            let (status, body) = envelope::http_output(&answer.text);
            assert_eq!(status, 200, "{}: {body}", self.file);
            serde_json::from_str(&body).unwrap()
        } else {
            let rows = desk.get(&format!("/api/written/{}", self.name())).await.json(200);
            assert_eq!(rows.as_array().map(Vec::len), Some(1), "{}: {rows}", self.file);
            rows[0].clone()
        };
        assert_eq!(values, self.expected(), "{}", self.file);
    }
}

/// A desk with the functions that these captures need.
pub(super) fn desk(captures: &[Capture]) -> DeskBuilder {
    let mut builder = Desk::builder();
    for capture in captures {
        builder = builder.function(capture.function());
        if !capture.is_http() {
            builder = builder.function(capture.reader()).seed(&capture.table());
        }
    }
    builder
}

/// All of them.
pub(super) fn all() -> Vec<Capture> {
    [http_captures(), timer_captures(), message_captures()].into_iter().flatten().collect()
}

async fn check(captures: &[Capture]) {
    // In the other modes HTTP calls come without an envelope.
    let desk = desk(captures).in_mode(Mode::Enveloped).start().await;
    for capture in captures {
        capture.check(&desk).await;
    }
    desk.finish().await;
}

fn http_captures() -> Vec<Capture> {
    vec![
        Capture::http(
            "http-1",
            vec![
                ("name", "query.name", "nvarchar(50)", json!("red,green")),
                ("agent", "header.user-agent", "nvarchar(100)", json!("PostmanRuntime/7.26.8")),
                ("body", "body", "nvarchar(max)", Json::Null),
            ],
        ),
        Capture::http(
            "http-2",
            vec![
                ("name", "body.name", "nvarchar(50)", json!("Sample")),
                ("age", "body.age", "int", json!(12)),
                (
                    "logId",
                    "header.x-arr-log-id",
                    "uniqueidentifier",
                    json!("0320ea36-d38d-476d-a3d2-61cb5b113763"),
                ),
                ("caller", "header.X-Forwarded-For", "nvarchar(50)", json!("203.0.113.214:19414")),
                (
                    "body",
                    "body",
                    "nvarchar(max)",
                    json!("{\n    \"name\" : \"Sample\",\n    \"age\" : 12\n}"),
                ),
            ],
        ),
        Capture::http(
            "http-3",
            vec![
                ("body", "body", "varbinary(max)", json!("aGVsbG8gZnJvbSBieXRlIGFycgo=")),
                ("contentType", "header.content-type", "nvarchar(100)", json!("application/octet-stream")),
            ],
        ),
        Capture::http_on(
            "http-4",
            "httpPayload",
            "foo/{*bar}",
            vec![
                ("bar", "route.bar", "nvarchar(100)", json!("i/am/in/hell")),
                ("body", "body", "nvarchar(max)", json!("alinde")),
            ],
        ),
        Capture::http_on(
            "http-5",
            "httpPayload",
            "hello/{RemainingPath}",
            vec![
                ("path", "route.remainingPath", "nvarchar(100)", json!("hi")),
                ("id", "query.id", "int", json!(11)),
                ("body", "body", "nvarchar(max)", json!("Jack")),
            ],
        ),
        Capture::http(
            "http-6",
            vec![
                ("name", "query.name", "nvarchar(100)", json!("hello.txt")),
                ("body", "body", "nvarchar(max)", json!("Jack")),
                ("length", "header.content-length", "int", json!(4)),
            ],
        ),
        Capture::http(
            "http-7",
            vec![
                ("id", "body.id", "bigint", json!(234)),
                ("h", "header.h", "nvarchar(50)", json!("this_is_header")),
            ],
        ),
        Capture::http(
            "http-8",
            vec![
                ("name", "query.name", "nvarchar(50)", json!("1,meow")),
                (
                    "browser",
                    "header.sec-ch-ua",
                    "nvarchar(200)",
                    json!(r#""Not?A_Brand";v="8", "Chromium";v="108", "Google Chrome";v="108""#),
                ),
                ("body", "body", "nvarchar(max)", Json::Null),
            ],
        ),
        Capture::http_on(
            "http-9",
            "req",
            "endpoint",
            vec![
                ("message", "body.message", "nvarchar(50)", json!("hello")),
                ("number", "body.number", "int", json!(2)),
            ],
        ),
    ]
}

fn timer_captures() -> Vec<Capture> {
    let timer = |name: &str| json!({ "type": "timerTrigger", "direction": "in", "name": name, "schedule": "0 0 0 1 1 *" });
    vec![
        Capture::on(
            "timer-1",
            timer("inMsg"),
            vec![
                ("pastDue", "timer.isPastDue", "bit", json!(false)),
                ("summerTime", "timer.schedule.adjustForDST", "bit", json!(true)),
                ("next", "timer.scheduleStatus.next", "datetimeoffset(7)", Json::Null),
            ],
        ),
        Capture::on(
            "timer-2",
            timer("myTimer"),
            vec![
                ("pastDue", "timer.isPastDue", "bit", json!(false)),
                // Year 1 is how the host says never.
                ("last", "timer.scheduleStatus.last", "datetime2(0)", Json::Null),
                (
                    "next",
                    "timer.scheduleStatus.next",
                    "datetimeoffset(0)",
                    json!("2024-11-30T14:45:51+00:00"),
                ),
                (
                    "updated",
                    "timer.scheduleStatus.lastUpdated",
                    "datetime2(7)",
                    json!("2024-11-30T14:43:50.4038380"),
                ),
            ],
        ),
    ]
}

/// The text that a sender sent, unwrapped by hand: `Data` holds it as JSON text `times` deep.
fn unwrapped(file: &str, binding: &str, times: usize) -> Json {
    let envelope: Json = serde_json::from_str(&fixtures::read(file)).unwrap();
    let mut text = envelope["Data"][binding].as_str().unwrap().to_owned();
    for _ in 0..times {
        text = serde_json::from_str(&text).unwrap();
    }
    text.into()
}

fn message_captures() -> Vec<Capture> {
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

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_http_calls_reach_the_command_in_value() {
    check(&http_captures()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_timers_reach_the_command_in_value() {
    check(&timer_captures()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_messages_reach_the_command_in_value() {
    check(&message_captures()).await;
}

#[test]
fn every_capture_is_checked() {
    let checked: BTreeSet<String> = all().iter().map(|capture| capture.file.to_owned()).collect();

    assert_eq!(checked, fixtures::names());
}
