//! What is compared: groups of contenders that do the same work.

use std::hint::black_box;

use azsql_worker::database::{Cell, ResultColumn, ResultSink};
use azsql_worker::functions::{self, AppServiceAuthentication, Function, JsonSink, Plan};
use azsql_worker::host::envelope;
use azsql_worker::host::reply::{HostReply, HttpAnswer};
use azsql_worker::invocation::{Decimal, TriggerInput};
use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::request::{self, BINDING};

const INVOCATION: &str = "fa4fcd1a-a965-431e-8f10-a15c07b4fe2a";

/// A piece of work.
type Work = Box<dyn Fn()>;

/// One way to do a piece of work.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) work: Work,
}

/// All of them; those that do the same work are a group.
pub(crate) fn groups() -> Vec<Vec<Contender>> {
    let function: &'static Function = Box::leak(Box::new(function()));
    let plan = function.plan().expect("a command");
    let sizes = [("2 KB", 2 * 1024), ("200 KB", 200 * 1024)];
    let mut groups = Vec::new();
    for (size, bytes) in sizes {
        let envelope: &'static [u8] = Box::leak(request::envelope(bytes).into_boxed_slice());
        groups.push(group(
            &format!("decode, {size} body"),
            vec![
                ("ours", Box::new(move || drop(black_box(decode(function, black_box(envelope)))))),
                (
                    "serde_json::Value of everything",
                    Box::new(move || drop(black_box(decode_all(black_box(envelope))))),
                ),
            ],
        ));
    }
    for (size, bytes) in sizes {
        let envelope: &'static [u8] = Box::leak(request::envelope(bytes).into_boxed_slice());
        groups.push(group(
            &format!("decode, bind and answer one row, {size} body"),
            vec![
                ("ours", Box::new(move || drop(black_box(invocation(function, black_box(envelope)))))),
                (
                    "serde_json::Value of everything, no checks",
                    Box::new(move || drop(black_box(invocation_by_values(black_box(envelope))))),
                ),
            ],
        ));
    }
    for rows in [1, 100] {
        groups.push(group(
            &format!("answer of {rows} rows of 6 columns"),
            vec![
                ("JsonSink", Box::new(move || drop(black_box(answer(plan, black_box(rows)))))),
                (
                    "serde_json::Value of rows",
                    Box::new(move || drop(black_box(answer_by_values(black_box(rows))))),
                ),
            ],
        ));
    }
    groups
}

fn group(name: &str, contenders: Vec<(&str, Work)>) -> Vec<Contender> {
    let named = |(contender, work)| Contender { name: format!("{name}: {contender}"), work };
    contenders.into_iter().map(named).collect()
}

/// What the worker does with the bytes that the host posts.
fn decode(function: &Function, envelope: &[u8]) -> TriggerInput {
    envelope::read(envelope, &function.trigger, function.metadata_names()).expect("an invocation")
}

/// What a handler does that reads everything as a tree and takes from it what it needs.
fn decode_all(envelope: &[u8]) -> (Json, Json) {
    let mut envelope: Json = serde_json::from_slice(envelope).expect("JSON");
    let request = envelope["Data"][BINDING].take();
    let body = serde_json::from_str(request["Body"].as_str().expect("a body")).expect("JSON");
    (request, body)
}

/// All that the worker does for an invocation, but for the database.
fn invocation(function: &Function, envelope: &[u8]) -> (usize, HostReply) {
    let input = decode(function, envelope);
    let plan = function.plan().expect("a command");
    let parameters = plan.bind(INVOCATION, &input, AppServiceAuthentication::Off).expect("values").parameters;
    (parameters.len(), answer(plan, 1))
}

/// The same by trees: the values as texts, none of them checked.
fn invocation_by_values(envelope: &[u8]) -> ([String; 7], String) {
    let (request, body) = decode_all(envelope);
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let header = |name: &str| text(&request["Headers"][name][0]);
    let values = [
        header("X-MS-CLIENT-PRINCIPAL-NAME"),
        header("User-Agent"),
        text(&body["id"]),
        text(&body["customer"]["name"]),
        text(&body["balance"]),
        text(&body["since"]),
        text(&body["lines"]),
    ];
    (values, answer_by_values(1))
}

/// The rows of a command, written as they come and put into the reply.
fn answer(plan: &Plan, rows: i32) -> HostReply {
    let mut sink = JsonSink::new(plan);
    let columns = ["Id", "Name", "City", "Balance", "Since", "Active"];
    sink.columns(&columns.map(|name| ResultColumn { name, bare_type: "" })).expect("columns");
    for row in 0..rows {
        sink.begin_row().expect("a row");
        for cell in [
            Cell::Integer(row),
            Cell::Text("Zoë Example"),
            Cell::Text("Oslo"),
            Cell::Decimal(Decimal { unscaled: 123_450, scale: 2 }),
            Cell::Date(NaiveDate::from_ymd_opt(2026, 1, 31).expect("a date")),
            Cell::Bit(true),
        ] {
            sink.cell(cell).expect("a cell");
        }
        sink.end_row().expect("a row");
    }
    let shaped = sink.finish();
    HostReply::http("res", HttpAnswer::json(shaped.status, shaped.body), &[], &[])
}

/// The same by building the rows as values first, and the reply around them.
fn answer_by_values(rows: i32) -> String {
    let rows: Vec<Json> = (0..rows)
        .map(|row| {
            json!({ "Id": row, "Name": "Zoë Example", "City": "Oslo", "Balance": 1234.50, "Since": "2026-01-31", "Active": true })
        })
        .collect();
    let body = Json::from(rows).to_string();
    let output =
        json!({ "statusCode": 200, "headers": { "Content-Type": "application/json" }, "body": body });
    json!({ "Outputs": { "res": output }, "Logs": [], "ReturnValue": null }).to_string()
}

/// The function that is called.
fn function() -> Function {
    let root = super::app::script_root();
    let catalogue = functions::load(root.path()).expect("a script root");
    let invalid: Vec<String> = catalogue.invalid().map(|(_, error)| error.to_string()).collect();
    assert!(invalid.is_empty(), "{invalid:?}");
    catalogue.valid().next().expect("a function").clone()
}
