//! Results become the declared answer, or an error that says what the command must do.

use super::http;
use crate::database::{Cell, ResultColumn, ResultSink, SinkError};
use crate::functions::{JsonSink, Shaped};

/// What the command returns in a test.
pub(super) enum Event<'a> {
    Columns(&'a [&'a str]),
    Row(&'a [Cell<'a>]),
    Affected(u64),
}

use Event::{Affected, Columns, Row};

pub(super) fn push(sink: &mut JsonSink, events: &[Event<'_>]) -> Result<(), SinkError> {
    for event in events {
        match event {
            Columns(names) => {
                let columns: Vec<_> =
                    names.iter().map(|&name| ResultColumn { name, bare_type: "nvarchar" }).collect();
                sink.columns(&columns)?;
            }
            Row(cells) => {
                sink.begin_row()?;
                cells.iter().try_for_each(|cell| sink.cell(*cell))?;
                sink.end_row()?;
            }
            Affected(count) => sink.rows_affected(*count),
        }
    }
    Ok(())
}

fn shape(definition: &str, events: &[Event<'_>]) -> Result<Shaped, SinkError> {
    let function = http(&format!(r#"{{ "commandText": "SELECT 1", {definition} }}"#), "").unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, events)?;
    sink.complete()?;
    Ok(sink.finish())
}

fn answer(definition: &str, events: &[Event<'_>]) -> (u16, Option<String>) {
    let shaped = shape(definition, events).unwrap();
    assert_eq!(
        shaped.problem.as_ref().map(|problem| problem.status),
        Some(shaped.status).filter(|s| *s >= 400)
    );
    (shaped.status, shaped.body)
}

const TWO: [Event<'_>; 3] = [
    Columns(&["Id", "Na\"me"]),
    Row(&[Cell::Integer(1), Cell::Text("a")]),
    Row(&[Cell::BigInt(9_007_199_254_740_993), Cell::Null]),
];

fn body(json: &str) -> Option<String> {
    Some(json.to_owned())
}

#[test]
fn rows_are_an_array_of_objects() {
    let rows = r#""result": "rows""#;
    assert_eq!(
        answer(rows, &TWO),
        (200, body(r#"[{"Id":1,"Na\"me":"a"},{"Id":9007199254740993,"Na\"me":null}]"#))
    );
    assert_eq!(answer(rows, &TWO[..1]), (200, body("[]")));
    assert_eq!(answer(r#""result": "rows", "whenEmpty": 204"#, &TWO[..1]), (204, None));
    assert_eq!(answer(r#""result": "rows", "whenEmpty": 404"#, &TWO[..1]), (404, None));
    assert!(
        answer(r#""result": "rows", "numbers": "string""#, &TWO)
            .1
            .unwrap()
            .contains(r#""Id":"9007199254740993""#)
    );
}

#[test]
fn a_row_is_one_object_or_404() {
    assert_eq!(
        answer(r#""result": "row", "status": 201"#, &TWO[..2]),
        (201, body(r#"{"Id":1,"Na\"me":"a"}"#))
    );
    assert_eq!(answer(r#""result": "row""#, &TWO[..1]), (404, None));
    assert_eq!(answer(r#""result": "row", "whenEmpty": 200"#, &TWO[..1]), (200, body("null")));
}

#[test]
fn a_value_is_the_only_cell() {
    let value = r#""result": "value""#;
    assert_eq!(answer(value, &[Columns(&[""]), Row(&[Cell::Integer(5)])]), (200, body("5")));
    assert_eq!(answer(value, &[Columns(&[""]), Row(&[Cell::Null])]), (200, body("null")));
    assert_eq!(answer(value, &[Columns(&[""])]), (200, body("null")));
}

#[test]
fn rows_affected_are_those_of_all_statements() {
    let affected = r#""result": "rowsAffected", "whenEmpty": 404"#;
    assert_eq!(answer(affected, &[Affected(2), Affected(3)]), (200, body(r#"{"rowsAffected":5}"#)));
    assert_eq!(answer(affected, &[Affected(0)]), (404, None));
    assert_eq!(answer(r#""result": "rowsAffected""#, &[]), (200, body(r#"{"rowsAffected":0}"#)));
}

#[test]
fn none_has_no_body() {
    let none = r#""result": "none", "whenEmpty": 404"#;
    assert_eq!(answer(none, &[Affected(1)]), (204, None));
    assert_eq!(answer(none, &[Affected(0)]), (404, None));
    assert_eq!(answer(none, &TWO), (204, None));
}

#[test]
fn results_of_another_form_end_the_command_with_the_cure() {
    for (definition, events, cure) in [
        (r#""result": "row""#, &TWO[..], "TOP (1)"),
        (r#""result": "value""#, &TWO[..], "2 columns"),
        (
            r#""result": "value""#,
            &[Columns(&["a"]), Row(&[Cell::Null]), Row(&[Cell::Null])],
            "more than one row",
        ),
        (r#""result": "rows""#, &[Columns(&["a"]), Columns(&["a"])], "resultSets"),
        (r#""result": "rows""#, &[Columns(&["a", ""])], "column 2 has no name"),
        (r#""result": "row""#, &[Columns(&["a", "a"])], "two columns are called `a`"),
        (r#""result": "rowsAffected""#, &[Columns(&["a"])], "result set"),
        (r#""result": "row""#, &[Affected(1)], "no result set; let it SELECT"),
    ] {
        let sentence = shape(definition, events).unwrap_err().to_string();
        assert!(sentence.contains(cure), "{sentence}");
    }
}

#[test]
fn a_restart_forgets_everything() {
    let function = http(r#"{ "commandText": "SELECT 1", "result": "rows" }"#, "").unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, &TWO[..2]).unwrap();
    // The fault came within a row.
    sink.begin_row().unwrap();
    sink.cell(Cell::Integer(9)).unwrap();

    assert!(sink.restart());

    push(&mut sink, &TWO[..2]).unwrap();
    assert_eq!(sink.finish().body, body(r#"[{"Id":1,"Na\"me":"a"}]"#));
}

#[test]
fn debug_shows_no_result() {
    let function = http(r#"{ "commandText": "SELECT 1", "result": "rows" }"#, "").unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, &[Columns(&["a"]), Row(&[Cell::Text("canary")])]).unwrap();
    assert!(!format!("{sink:?}").contains("canary"));
    assert!(!format!("{:?}", sink.finish()).contains("canary"));
}
