//! Several result sets, JSON that the command made, and the names that columns need.

use super::definitions::{mistakes, only};
use super::http;
use super::shaping::{Event, answer, body, push, shape};
use crate::database::{Cell, ResultSink, SinkError};
use crate::functions::{JsonSink, Shaped};

use Event::{Affected, Column, Columns, Row};

/// The name of the column that FOR JSON makes.
const FOR_JSON: &str = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B";

const RESULT_SETS: &str = r#""result": "resultSets""#;

#[test]
fn result_sets_are_arrays_of_arrays_and_empty_ones_are_kept() {
    let events = [
        Columns(&["Id", "Name"]),
        Row(&[Cell::Integer(1), Cell::Text("a")]),
        Row(&[Cell::Integer(2), Cell::Null]),
        Affected(3),
        Columns(&["Id"]),
        Columns(&["Total"]),
        Row(&[Cell::Integer(5)]),
    ];
    assert_eq!(
        answer(RESULT_SETS, &events),
        (
            200,
            body(
                r#"{"resultSets":[[{"Id":1,"Name":"a"},{"Id":2,"Name":null}],[],[{"Total":5}]],"rowsAffected":3}"#
            )
        )
    );
    assert_eq!(
        answer(RESULT_SETS, &[Columns(&["Id"])]),
        (200, body(r#"{"resultSets":[[]],"rowsAffected":0}"#))
    );
    assert_eq!(answer(RESULT_SETS, &[Affected(1)]), (200, body(r#"{"resultSets":[],"rowsAffected":1}"#)));
}

#[test]
fn no_row_and_no_change_is_an_empty_result_of_several_sets() {
    let definition = format!(r#"{RESULT_SETS}, "whenEmpty": 404"#);
    assert_eq!(answer(&definition, &[Columns(&["Id"]), Affected(0)]), (404, None));
    assert_eq!(answer(&definition, &[Affected(1)]).0, 200);
    assert_eq!(answer(&definition, &[Columns(&["Id"]), Row(&[Cell::Null])]).0, 200);
}

#[test]
fn every_result_set_needs_names() {
    for (events, cure) in [
        ([Columns(&["a"]), Columns(&["a", ""])], "column 2 has no name"),
        ([Columns(&["a"]), Columns(&["b", "b"])], "two columns are called `b`"),
    ] {
        let sentence = shape(RESULT_SETS, &events).unwrap_err().to_string();
        assert!(sentence.contains(cure), "{sentence}");
    }
}

/// What a command of the form `json` answers when it returns this.
fn json(command: &str, definition: &str, events: &[Event<'_>]) -> Result<Shaped, SinkError> {
    let sql = format!(r#"{{ "commandFile": "query.sql", "result": "json"{definition} }}"#);
    let function = http(&sql, command).unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, events)?;
    sink.complete()?;
    Ok(sink.finish())
}

const PATH: &str = "SELECT Id FROM t FOR JSON PATH";

#[test]
fn json_is_the_text_of_all_rows_as_it_came() {
    let events = [
        Column(FOR_JSON, "nvarchar"),
        Row(&[Cell::Text("[{\"Id\":1.00, ")]),
        Row(&[Cell::Text("\"Id\":\"a\\")]),
        Row(&[Cell::Text("\"Zoë\"}]")]),
    ];
    let shaped = json(PATH, "", &events).unwrap();
    assert_eq!((shaped.status, shaped.body), (200, body(r#"[{"Id":1.00, "Id":"a\"Zoë"}]"#)));
}

#[test]
fn one_row_of_any_text_column_may_be_json() {
    for column in ["", "Document"] {
        let events = [Column(column, "varchar"), Row(&[Cell::Text("{\"a\":1}")])];
        assert_eq!(json("SELECT Document FROM t", "", &events).unwrap().body, body(r#"{"a":1}"#));
    }
}

#[test]
fn json_without_rows_has_the_form_that_the_text_tells() {
    let unwrapped = "SELECT Id FROM t FOR JSON PATH, WITHOUT_ARRAY_WRAPPER";
    let rooted = "SELECT Id FROM t FOR JSON PATH, ROOT('ids')";
    for (command, expected) in [(PATH, "[]"), (unwrapped, "null"), (rooted, r#"{"ids":[]}"#)] {
        for events in [&[Column(FOR_JSON, "nvarchar")][..], &[Column("", "nvarchar"), Row(&[Cell::Null])]] {
            assert_eq!(json(command, "", events).unwrap().body, body(expected), "{command}");
            let missing = json(command, r#", "whenEmpty": 404"#, events).unwrap();
            assert_eq!((missing.status, missing.body), (404, None), "{command}");
        }
    }
}

#[test]
fn what_is_no_json_text_ends_the_command_with_the_cure() {
    let text = |text: &'static str| -> [Cell<'static>; 1] { [Cell::Text(text)] };
    let (cut, two, name) = (text("[{\"Id\":1}"), text("{\"Id\":1},{\"Id\":2}"), text("Zoë"));
    for (events, cure) in [
        (&[Column(FOR_JSON, "nvarchar"), Row(&cut)][..], "FOR JSON PATH"),
        (&[Column(FOR_JSON, "nvarchar"), Row(&two)], "WITHOUT_ARRAY_WRAPPER"),
        (&[Column("Name", "nvarchar"), Row(&name)], "is not JSON"),
        (&[Column("Id", "int")], "no text"),
        (&[Columns(&["a", "b"])], "2 columns"),
        (&[Column("a", "nvarchar"), Row(&[Cell::Text("1")]), Row(&[Cell::Text("2")])], "more than one row"),
        (&[Column(FOR_JSON, "nvarchar"), Row(&[Cell::Null]), Row(&[Cell::Text("1")])], "is not JSON"),
        (&[Column(FOR_JSON, "nvarchar"), Row(&[Cell::Text("1")]), Row(&[Cell::Null])], "is not JSON"),
        (&[Column(FOR_JSON, "nvarchar"), Column(FOR_JSON, "nvarchar")], "second result set"),
        (&[Affected(1)], "no result set"),
    ] {
        let sentence = json(PATH, "", events).unwrap_err().to_string();
        assert!(sentence.contains(cure) && !sentence.contains("Zoë"), "{sentence}");
    }
}

#[test]
fn a_restart_forgets_a_half_read_json_text() {
    let function = http(r#"{ "commandText": "SELECT 1 AS a FOR JSON PATH", "result": "json" }"#, "").unwrap();
    let mut sink = JsonSink::new(function.plan().unwrap());
    push(&mut sink, &[Column(FOR_JSON, "nvarchar"), Row(&[Cell::Text("[{\"a")])]).unwrap();

    assert!(sink.restart());

    push(&mut sink, &[Column(FOR_JSON, "nvarchar"), Row(&[Cell::Text("[1]")])]).unwrap();
    sink.complete().unwrap();
    assert_eq!(sink.finish().body, body("[1]"));
}

#[test]
fn each_form_is_stored_and_replayed_as_it_was() {
    let key = r#""idempotencyKey": "header.idempotency-key""#;
    let text = [Cell::Text("[1]")];
    let json = [Column(FOR_JSON, "nvarchar"), Row(&text)];
    for (definition, events) in [
        (format!(r#"{RESULT_SETS}, {key}"#), &[Columns(&["a"]), Affected(1)][..]),
        (format!(r#""result": "json", {key}"#), &json),
        (format!(r#""result": "json", "whenEmpty": 404, {key}"#), &json[..1]),
    ] {
        let sql = format!(r#"{{ "commandText": "SELECT 1 AS one", {definition} }}"#);
        let function = http(&sql, "").unwrap();
        let plan = function.plan().unwrap();
        let mut first = JsonSink::new(plan);
        push(&mut first, events).unwrap();
        first.complete().unwrap();
        let stored = first.answer_to_store().unwrap();
        let mut second = JsonSink::new(plan);
        second.replay(&stored).unwrap();

        let (first, second) = (first.finish(), second.finish());

        assert!(!first.replayed && second == Shaped { replayed: true, ..first }, "{definition}");
    }
}

#[test]
fn forms_are_sent_to_outputs_as_a_whole_or_not_at_all() {
    for form in ["resultSets", "json"] {
        let read = super::read(
            &format!(
                r#"{{ "bindings": [{{ "type": "httpTrigger", "name": "req" }},
                                   {{ "type": "http", "direction": "out", "name": "res" }},
                                   {{ "type": "queue", "direction": "out", "name": "orders" }}],
                      "sql": {{ "commandText": "SELECT 1 AS one", "result": "{form}", "outputs": {{ "orders": "rows" }} }} }}"#
            ),
            "",
        );
        only(read, "sql.outputs.orders", "write `body`");
    }
}

#[test]
fn numbers_of_a_text_that_the_command_made_are_its_own() {
    let read = http(r#"{ "commandFile": "query.sql", "result": "json", "numbers": "string" }"#, PATH);
    only(read, "sql.numbers", "has no effect on `json`");
}

#[test]
fn columns_without_a_name_of_their_own_are_refused_where_the_text_shows_them() {
    for form in ["rows", "row", "resultSets"] {
        let definition = format!(r#"{{ "commandFile": "query.sql", "result": "{form}" }}"#);
        let found = mistakes(http(&definition, "SELECT Id,\n  COUNT(*), Id\nFROM t GROUP BY Id"));
        let messages: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "column 2 of the SELECT in line 2 has no name; write `AS count` after it",
                "the SELECT in line 1 has two columns called `Id`; name one of them otherwise, with `AS` after it",
            ]
        );
        let error = http(&definition, "SELECT 1;\nSELECT 2 AS two").unwrap_err();
        assert!(error.to_string().contains("Work/query.sql:1: column 1"), "{error}");
    }
    only(
        http(r#"{ "commandText": "SELECT 1", "result": "row" }"#, ""),
        "sql.commandText",
        "column 1 of the SELECT",
    );
    for form in ["value", "rowsAffected", "json", "none"] {
        let definition =
            format!(r#"{{ "commandText": "SELECT COUNT(*), 1, 1 FROM t", "result": "{form}" }}"#);
        assert!(http(&definition, "").is_ok(), "{form} has no names");
    }
}
