//! The same for the columns of a table parameter, and the example of `docs/definitions.md`.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use super::values::{self, Case, Trip};
use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

/// Rows of one call; the last value is NULL.
const ROWS: usize = 16;

/// A column of a table type has any type but those that no parameter has.
fn cases() -> Vec<Case> {
    values::cases().into_iter().filter(|case| case.column == case.parameter).collect()
}

fn function(index: usize, case: &Case) -> FunctionFolder {
    let columns = json!({ "Place": { "type": "int", "required": true }, "Value": case.parameter });
    let rows = json!({ "from": "body", "type": format!("dbo.Rows{index}"), "columns": columns });
    FunctionFolder::http(
        &format!("Rows{index}"),
        "post",
        &format!("rows/{index}"),
        json!({ "parameters": { "@rows": rows }, "repeatable": true, "result": "rows" }),
        "SELECT Value FROM @rows ORDER BY Place",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_any_type_comes_back_through_a_table_parameter() {
    let cases = cases();
    // The columns of the type stand in another order than those of the definition.
    let types = cases.iter().enumerate().map(|(index, case)| {
        format!(
            "CREATE TYPE dbo.Rows{index} AS TABLE (Value {} NULL, Place int NOT NULL PRIMARY KEY);\nGO\n",
            case.column
        )
    });
    let functions = cases.iter().enumerate().map(|(index, case)| function(index, case));
    let desk = Desk::builder().seed(&types.collect::<String>());
    let desk = functions.fold(desk, |desk, function| desk.function(function)).start().await;

    let mut runner = TestRunner::default();
    for (index, case) in cases.iter().enumerate() {
        let trips: Vec<Trip> =
            (1..ROWS).map(|_| case.trips.new_tree(&mut runner).unwrap().current()).collect();
        let row = |(place, trip): (usize, &Trip)| json!({ "Place": place, "Value": trip.sent });
        let mut rows: Vec<Json> = trips.iter().enumerate().map(row).collect();
        rows.push(json!({ "Place": ROWS }));

        let returned = desk.post(&format!("/api/rows/{index}"), &Json::from(rows)).await.json(200);

        let name = case.name;
        let returned: Vec<&Json> = returned.as_array().unwrap().iter().map(|row| &row["Value"]).collect();
        assert_eq!(returned.len(), ROWS, "{name}");
        for (trip, returned) in trips.iter().zip(&returned) {
            assert_eq!(**returned, trip.returned, "{name}: {} came back otherwise", trip.sent);
        }
        assert_eq!(*returned[ROWS - 1], Json::Null, "{name}: NULL");
    }

    desk.finish().await;
}

/// The blocks of a section of the documentation, in order.
fn blocks(heading: &str) -> Vec<&'static str> {
    let documentation = include_str!("../../../docs/definitions.md");
    let section = documentation.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let fenced = section.split("\n```").enumerate().filter(|(index, _)| index % 2 == 1);
    fenced.filter_map(|(_, block)| block.split_once('\n')).map(|(_, block)| block).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_table_parameter_answers_what_it_says() {
    let blocks = blocks("Table parameters");
    let [create_type, definition, body, answer] = blocks.as_slice() else {
        panic!("not four blocks: {blocks:?}")
    };
    let desk =
        Desk::builder().seed(create_type).function(FunctionFolder::raw("Lines", definition)).start().await;

    let body: Json = serde_json::from_str(body).unwrap();
    assert_eq!(desk.post("/api/lines", &body).await.text, *answer);

    let wrong = json!({ "lines": [{ "Product": 1, "Quantity": 1 }, { "Product": 2 }] });
    let problem = desk.post("/api/lines", &wrong).await.problem_for_caller(400, "invalid-parameters");
    assert_eq!(problem["violations"][0]["from"], json!("body.lines[1].Quantity"));

    // What the type itself forbids.
    let twice = json!({ "lines": [{ "Product": 1, "Quantity": 1 }, { "Product": 1, "Quantity": 2 }] });
    assert_eq!(desk.post("/api/lines", &twice).await.status, 409);

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_table_parameter_are_no_changed_rows() {
    let seed = "CREATE TYPE dbo.Ids AS TABLE (Id int NOT NULL);\nGO\nCREATE TABLE dbo.Marked (Id int NOT NULL);\nGO\n";
    let mark = FunctionFolder::http(
        "Mark",
        "post",
        "mark",
        json!({
            "parameters": { "@ids": { "from": "body", "type": "dbo.Ids", "columns": { "Id": "int" } } },
            "result": "rowsAffected",
        }),
        "INSERT INTO dbo.Marked (Id)\nSELECT Id FROM @ids WHERE Id > 1",
    );
    let desk = Desk::builder().seed(seed).function(mark).start().await;

    assert_eq!(desk.post("/api/mark", &json!([1, 2, 3])).await.json(200), json!({ "rowsAffected": 2 }));
    assert_eq!(desk.post("/api/mark", &json!([])).await.json(200), json!({ "rowsAffected": 0 }));
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Marked").await, 2);

    desk.finish().await;
}
