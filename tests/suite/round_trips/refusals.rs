//! A value that the driver would lose digits of, or whose type it can't read, is an error that names the cure.

use serde_json::json;

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn selects(name: &str, select: &str) -> FunctionFolder {
    let sql = json!({ "result": "row", "repeatable": true });
    FunctionFolder::http(name, "get", &name.to_lowercase(), sql, select)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_would_lose_something_is_refused_with_the_cure() {
    let cases = [
        ("Money", "SELECT CAST(549755813888.0008 AS money) AS Value", "CAST(... AS decimal(19,4))"),
        (
            "MoneyInVariant",
            "SELECT CAST(CAST(-549755813888.0008 AS money) AS sql_variant) AS Value",
            "CAST(... AS decimal(19,4))",
        ),
        ("Node", "SELECT CAST('/1/2/' AS hierarchyid) AS Value", "`Value.ToString() AS Value`"),
    ];
    let functions = cases.iter().map(|(name, select, _)| selects(name, select));
    let desk = functions.fold(Desk::builder(), |desk, function| desk.function(function)).start().await;

    for (name, _, cure) in cases {
        let answer = desk.get(&format!("/api/{}", name.to_lowercase())).await;
        assert_eq!(answer.status, 500, "{name}: {}", answer.text);
        let told = desk.function_lines(name).join("\n") + &answer.text;
        assert!(told.contains(cure), "{name}: {told}");
    }

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cure_for_money_keeps_all_its_digits() {
    let largest = "SELECT CAST(CAST(922337203685477.5807 AS money) AS decimal(19,4)) AS Value";
    let desk = Desk::builder().function(selects("Largest", largest)).start().await;

    assert_eq!(desk.get("/api/largest").await.text, r#"{"Value":922337203685477.5807}"#);

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_xml_is_refused_as_the_callers_own() {
    let sql = json!({ "parameters": { "@xml": { "from": "body.xml", "type": "xml" } }, "result": "value" });
    let keep = FunctionFolder::http("Keep", "post", "keep", sql, "SELECT @xml AS Value");
    let desk = Desk::builder().function(keep).start().await;

    let answer = desk.post("/api/keep", &json!({ "xml": "<a>" })).await;
    assert_eq!(
        answer.problem(422, "unprocessable")["sqlError"].as_u64().map(|number| number / 100),
        Some(94)
    );

    desk.finish().await;
}
