//! Every envelope that a real host is known to have posted reaches the command with the values that it holds.
//!
//! Each capture is posted byte for byte to the real program, to a function that names the captured trigger. An HTTP
//! function answers its parameters; any other writes them into a table of its own, which is then read through a
//! second function. What is compared are the values in SQL, in JSON's spelling.

mod http;
mod messages;
mod timers;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::fixtures;
use crate::support::desk_builder::DeskBuilder;
use crate::support::mode::Mode;
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, envelope};

/// Column, path of `from`, SQL type, value.
type Value = (&'static str, &'static str, &'static str, Json);

/// A capture, and the values that a function must get out of it.
pub(super) struct Capture {
    /// The fixture's name.
    pub(super) file: &'static str,
    trigger: Json,
    values: Vec<Value>,
}

impl Capture {
    /// A capture of an HTTP call whose trigger was called `httpPayload`.
    fn http(file: &'static str, values: Vec<Value>) -> Self {
        Self::http_on(file, "httpPayload", file, values)
    }

    fn http_on(file: &'static str, binding: &str, route: &str, values: Vec<Value>) -> Self {
        let trigger = json!({ "type": "httpTrigger", "direction": "in", "name": binding, "route": route });
        Self { file, trigger, values }
    }

    fn on(file: &'static str, trigger: Json, values: Vec<Value>) -> Self {
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
    [http::captures(), timers::captures(), messages::captures()].into_iter().flatten().collect()
}

async fn check(captures: &[Capture]) {
    // In the other modes HTTP calls come without an envelope.
    let desk = desk(captures).in_mode(Mode::Enveloped).start().await;
    for capture in captures {
        capture.check(&desk).await;
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_http_calls_reach_the_command_in_value() {
    check(&http::captures()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_timers_reach_the_command_in_value() {
    check(&timers::captures()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_of_messages_reach_the_command_in_value() {
    check(&messages::captures()).await;
}

#[test]
fn every_capture_is_checked() {
    let checked: BTreeSet<String> = all().iter().map(|capture| capture.file.to_owned()).collect();

    assert_eq!(checked, fixtures::names());
}
