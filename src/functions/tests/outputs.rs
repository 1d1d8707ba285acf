//! Results go to other out bindings too: in which form, and what is wrong with a definition of them.

use std::sync::Arc;

use super::definitions::only;
use super::read;
use super::shaping::{Event, push};
use crate::database::{Cell, ResultSink, SinkError};
use crate::functions::{DefinitionError, Function, JsonSink, OutputContent, Receiver, Shaped};

use Event::{Affected, Columns, Row};

const QUEUE: &str = r#"{ "type": "queue", "direction": "out", "name": "orders" }"#;

/// An HTTP function with these out bindings more, and this in its section `sql`.
fn http(bindings: &str, sql: &str) -> Result<Arc<Function>, DefinitionError> {
    read(
        &format!(
            r#"{{ "bindings": [{{ "type": "httpTrigger", "name": "req" }},
                               {{ "type": "http", "direction": "out", "name": "res" }}, {bindings}],
                  "sql": {{ "commandText": "SELECT 1 AS one", {sql} }} }}"#
        ),
        "",
    )
}

/// A timer function with these out bindings, and this in its section `sql`.
fn timer(bindings: &str, sql: &str) -> Result<Arc<Function>, DefinitionError> {
    read(
        &format!(
            r#"{{ "bindings": [{{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }}, {bindings}],
                  "sql": {{ "commandText": "SELECT 1 AS one", {sql} }} }}"#
        ),
        "",
    )
}

fn shaped(sql: &str, events: &[Event<'_>]) -> Result<Shaped, SinkError> {
    let function = http(QUEUE, sql).unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, events)?;
    Ok(sink.finish())
}

/// What goes to the queue.
fn queued(sql: &str, events: &[Event<'_>]) -> Option<OutputContent> {
    let mut outputs = shaped(sql, events).unwrap().outputs;
    assert!(outputs.len() <= 1);
    outputs.pop().map(|output| output.content)
}

fn json(text: &str) -> Option<OutputContent> {
    Some(OutputContent::Json(text.to_owned()))
}

const TWO: [Event<'_>; 3] = [
    Columns(&["Id", "Name"]),
    Row(&[Cell::Integer(1), Cell::Text("a")]),
    Row(&[Cell::BigInt(9_007_199_254_740_993), Cell::Null]),
];

#[test]
fn rows_go_one_by_one_beside_the_answer() {
    for result in [r#""result": "rows""#, r#""result": "rowsAffected""#, r#""result": "none""#] {
        let sql = format!(r#"{result}, "outputs": {{ "orders": "rows" }}"#);
        let rows =
            vec![r#"{"Id":1,"Name":"a"}"#.to_owned(), r#"{"Id":9007199254740993,"Name":null}"#.to_owned()];
        assert!(queued(&sql, &TWO) == Some(OutputContent::JsonList(rows)), "{result}");
        assert!(queued(&sql, &TWO[..1]).is_none(), "{result}");
    }
    let both = shaped(r#""result": "rows", "outputs": { "orders": "rows" }"#, &TWO).unwrap();
    assert_eq!(both.body.unwrap(), r#"[{"Id":1,"Name":"a"},{"Id":9007199254740993,"Name":null}]"#);
}

#[test]
fn a_row_goes_as_an_object_and_no_row_as_nothing() {
    for result in [r#""result": "row", "whenEmpty": 200"#, r#""result": "none""#] {
        let sql = format!(r#"{result}, "outputs": {{ "orders": "row" }}"#);
        assert!(queued(&sql, &TWO[..2]) == json(r#"{"Id":1,"Name":"a"}"#), "{result}");
        assert!(queued(&sql, &TWO[..1]).is_none(), "{result}");
        let sentence = shaped(&sql, &TWO).unwrap_err().to_string();
        assert!(sentence.contains("is `row`, but the command returned more than one row"), "{sentence}");
    }
}

#[test]
fn a_value_goes_as_its_text_its_bytes_or_its_json() {
    for result in [r#""result": "value""#, r#""result": "row""#, r#""result": "none""#] {
        let sql = format!(r#"{result}, "outputs": {{ "orders": "value" }}"#);
        let sent = |cell: Cell<'_>| queued(&sql, &[Columns(&["a"]), Row(&[cell])]);
        assert!(sent(Cell::Text("a \"b\"")) == Some(OutputContent::Text("a \"b\"".to_owned())), "{result}");
        assert!(
            sent(Cell::Binary(&[0xde, 0xad])) == Some(OutputContent::Base64("3q0=".to_owned())),
            "{result}"
        );
        assert!(sent(Cell::Integer(5)) == json("5"), "{result}");
        assert!(sent(Cell::Null).is_none(), "{result}");
        assert!(queued(&sql, &[Columns(&["a"]), Row(&[Cell::Null]), Affected(1)]).is_none(), "{result}");
        let sentence = shaped(&sql, &TWO[..2]).unwrap_err().to_string();
        assert!(sentence.contains("2 columns"), "{sentence}");
    }
    // The answer is the value too, or the object around it.
    let value = shaped(
        r#""result": "value", "outputs": { "orders": "row" }"#,
        &[Columns(&["a"]), Row(&[Cell::Integer(5)])],
    );
    let value = value.unwrap();
    assert_eq!(value.body.unwrap(), "5");
    assert!(value.outputs[0].content == OutputContent::Json(r#"{"a":5}"#.to_owned()));
}

#[test]
fn the_body_goes_as_the_caller_gets_it() {
    let rows = r#""result": "rows", "outputs": { "orders": "body" }"#;
    assert!(queued(rows, &TWO[..2]) == json(r#"[{"Id":1,"Name":"a"}]"#));
    assert!(queued(rows, &TWO[..1]) == json("[]"));
    let affected = r#""result": "rowsAffected", "outputs": { "orders": "body" }"#;
    assert!(queued(affected, &[Affected(3)]) == json(r#"{"rowsAffected":3}"#));
    let nothing = r#""result": "rows", "whenEmpty": 204, "outputs": { "orders": "body" }"#;
    assert!(queued(nothing, &TWO[..1]).is_none());
}

#[test]
fn nothing_goes_anywhere_beside_a_problem() {
    for form in ["row", "body"] {
        let shaped =
            shaped(&format!(r#""result": "row", "outputs": {{ "orders": "{form}" }}"#), &TWO[..1]).unwrap();
        assert_eq!((shaped.status, shaped.outputs.len()), (404, 0));
    }
}

#[test]
fn a_command_without_rows_ends_with_the_cure_when_an_output_wants_them() {
    let function = http(QUEUE, r#""result": "none", "outputs": { "orders": "row" }"#).unwrap();
    let error = JsonSink::new(function.plan().unwrap()).complete().unwrap_err().to_string();
    assert!(error.contains("`sql.outputs` is `row`"), "{error}");
}

#[test]
fn a_restart_forgets_what_outputs_would_get() {
    let function = http(QUEUE, r#""result": "none", "outputs": { "orders": "rows" }"#).unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, &TWO).unwrap();
    assert!(sink.restart());
    push(&mut sink, &TWO[..2]).unwrap();
    let outputs = sink.finish().outputs;
    assert!(outputs[0].content == OutputContent::JsonList(vec![r#"{"Id":1,"Name":"a"}"#.to_owned()]));
}

#[test]
fn an_output_without_binding_and_a_binding_without_output_are_mistakes() {
    let result = r#""result": "row""#;
    only(http(QUEUE, result), "bindings[2]", r#"add "outputs": { "orders": "row" } to sql"#);
    let outputs = |text: &str| format!(r#"{result}, "outputs": {{ "orders": "row", {text} }}"#);
    only(http(QUEUE, &outputs(r#""order": "row""#)), "sql.outputs.order", "did you mean `orders`?");
    only(http(QUEUE, &outputs(r#""x": "row""#)), "sql.outputs.x", "there are orders");
    only(http(QUEUE, &outputs(r#""res": "row""#)), "sql.outputs.res", "`sql.result` describes");
    only(
        http(QUEUE, &format!(r#"{result}, "outputs": {{ "orders": "rom" }}"#)),
        "sql.outputs.orders",
        "did you mean `row`?",
    );
    let no_binding = super::timer_with(r#""result": "row", "outputs": { "orders": "row" }"#);
    only(no_binding, "sql.outputs.orders", "add one of this name to bindings");
    only(
        http(&format!("{QUEUE}, {QUEUE}"), &format!(r#"{result}, "outputs": {{ "orders": "row" }}"#)),
        "bindings[3].name",
        "another binding",
    );
}

#[test]
fn forms_fit_the_result() {
    let with = |result: &str, form: &str| {
        http(QUEUE, &format!(r#""result": "{result}", "outputs": {{ "orders": "{form}" }}"#))
    };
    only(with("rows", "row"), "sql.outputs.orders", "write `rows`");
    only(with("rows", "value"), "sql.outputs.orders", "make the result `value` too");
    only(with("none", "body"), "sql.outputs.orders", "there is no body");
    for (result, form) in
        [("rows", "rows"), ("row", "rows"), ("row", "value"), ("value", "row"), ("rowsAffected", "body")]
    {
        assert!(with(result, form).is_ok(), "{result}, {form}");
    }
}

#[test]
fn any_out_binding_is_taken_from_any_function() {
    for (kind, receiver) in [
        ("queue", Receiver::Messages),
        ("serviceBus", Receiver::Messages),
        ("eventHub", Receiver::Messages),
        ("blob", Receiver::Stream),
        ("table", Receiver::Objects),
        ("cosmosDB", Receiver::Objects),
        ("sendGrid", Receiver::Objects),
        ("somethingNew", Receiver::Objects),
    ] {
        let binding =
            format!(r#"{{ "type": "{kind}", "direction": "out", "name": "$return", "dataType": "Binary" }}"#);
        let function = timer(&binding, r#""result": "row", "outputs": { "$return": "row" }"#).unwrap();
        let output = &function.plan().unwrap().outputs()[0];
        assert_eq!(
            (output.receiver, output.binding.as_str(), output.binary),
            (receiver, "$return", true),
            "{kind}"
        );
    }
}

#[test]
fn an_empty_row_is_404_for_a_caller_and_no_failure_without_one() {
    let sql = r#""result": "row", "outputs": { "orders": "row" }"#;
    assert_eq!(http(QUEUE, sql).unwrap().plan().unwrap().answer().when_empty, Some(404));
    assert_eq!(timer(QUEUE, sql).unwrap().plan().unwrap().answer().when_empty, None);
}

#[test]
fn debug_shows_no_output() {
    let shaped = shaped(
        r#""result": "none", "outputs": { "orders": "row" }"#,
        &[Columns(&["a"]), Row(&[Cell::Text("canary")])],
    );
    assert!(!format!("{shaped:?}").contains("canary"));
}
