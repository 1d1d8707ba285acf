//! `json`: the text that a command made of its rows itself.

use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn json_of(name: &str, command: &str) -> FunctionFolder {
    FunctionFolder::http(name, "get", name, json!({ "result": "json" }), command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_of_for_json_is_put_together() {
    let desk = Desk::builder()
        .function(json_of("Persons", "SELECT Id, Name, Balance FROM dbo.Persons ORDER BY Id FOR JSON PATH"))
        .start()
        .await;

    let answer = desk.get("/api/Persons").await;

    let persons = answer.json(200);
    assert_eq!(persons.as_array().map(Vec::len), Some(240));
    assert_eq!(persons[0], json!({ "Id": 1, "Name": "Zoë Müller", "Balance": 45179.8305 }));
    assert!(answer.text.len() > 10_000, "too short to come in several rows: {}", answer.text.len());
    assert!(answer.text.contains(r#""Balance":12345678901234.5678"#), "all digits");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_has_the_form_that_the_command_asks_for() {
    let none = "SELECT Id FROM dbo.Persons WHERE Id = -1 FOR JSON PATH";
    let whole = "SELECT (SELECT Id FROM dbo.Persons WHERE Id = -1 FOR JSON PATH) AS Persons";
    let missing = json!({ "result": "json", "whenEmpty": 404 });
    let desk = Desk::builder()
        .function(json_of("Array", none))
        .function(json_of("Object", &format!("{none}, WITHOUT_ARRAY_WRAPPER")))
        .function(json_of("Root", &format!("{none}, ROOT('persons')")))
        .function(json_of("Null", whole))
        .function(FunctionFolder::http("Missing", "get", "Missing", missing, none))
        .start()
        .await;

    for (function, text) in
        [("Array", "[]"), ("Object", "null"), ("Root", r#"{"persons":[]}"#), ("Null", "[]")]
    {
        let answer = desk.get(&format!("/api/{function}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, text), "{function}");
    }
    desk.get("/api/Missing").await.problem_for_caller(404, "not-found");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_text_of_a_column_leaves_as_it_is() {
    let desk = Desk::builder()
        .function(json_of("Document", r#"SELECT N'{ "a": 1.00, "a": [true, null, "\u0045"] }' AS Document"#))
        .start()
        .await;

    let answer = desk.get("/api/Document").await;

    assert_eq!(answer.text, r#"{ "a": 1.00, "a": [true, null, "\u0045"] }"#);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_a_problem_and_never_a_broken_body() {
    let desk = Desk::builder()
        .function(json_of("Text", "SELECT N'CANARY' AS Document"))
        .function(json_of("Half", r#"SELECT N'[{"CANARY":1}' AS Document"#))
        .function(json_of("Number", "SELECT 1 AS Document"))
        .function(json_of("Several", "SELECT City FROM dbo.Persons WHERE Id <= 2"))
        .start()
        .await;

    for (function, part) in [
        ("Text", "is not JSON; let it end in FOR JSON PATH"),
        ("Half", "is not JSON"),
        ("Number", "a column that is no text"),
        ("Several", "is not JSON"),
    ] {
        let problem: Json = desk.get(&format!("/api/{function}")).await.problem_for_caller(500, "results");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
    }
    desk.finish().await;
}
