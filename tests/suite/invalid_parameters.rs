//! Parameters that don't fit are a 400 problem that lists all violations and repeats no value.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

/// A function with one parameter for each kind of rule.
fn everything() -> FunctionFolder {
    let parameters = json!({
        "@id": { "from": "route.id", "type": "tinyint" },
        "@size": { "from": "query.size", "type": "int", "min": 1, "max": 10 },
        "@color": { "from": "query.color", "type": "varchar(10)", "enum": ["red", "green"] },
        "@code": { "from": "query.code2", "type": "char(3)", "pattern": "^[A-Z]+$" },
        "@tag": { "from": "header.x-tag", "type": "uniqueidentifier" },
        "@name": { "from": "body.name", "type": "nvarchar(20)", "required": true, "maxLength": 8 },
        "@city": { "from": "body.address.city", "type": "nvarchar(5)" },
        "@price": { "from": "body.price", "type": "decimal(8,2)" },
        "@count": { "from": "body.count", "type": "bigint" },
        "@ratio": { "from": "body.ratio", "type": "float" },
        "@active": { "from": "body.active", "type": "bit" },
        "@day": { "from": "body.day", "type": "date" },
        "@at": { "from": "body.at", "type": "datetime2(3)" },
        "@bytes": { "from": "body.bytes", "type": "varbinary(4)" },
    });
    let command = "SELECT @id AS id, @size AS size, @color AS color, @code AS code, @tag AS tag, @name AS name, \
                   @city AS city, @price AS price, @count AS count, @ratio AS ratio, @active AS active, @day AS day, \
                   @at AS at, @bytes AS bytes";
    FunctionFolder::http(
        "Everything",
        "post",
        "everything/{id}",
        json!({ "parameters": parameters, "result": "row" }),
        command,
    )
}

/// Parameter and message of each violation.
#[track_caller]
fn violations(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.problem_for_caller(400, "invalid-parameters");
    assert!(!answer.text.contains("CANARY"), "{}", answer.text);
    let text = |violation: &Json, key: &str| violation[key].as_str().unwrap().to_owned();
    let list = problem["violations"].as_array().unwrap();
    assert!(problem["detail"].as_str().unwrap().starts_with(&list.len().to_string()), "{}", answer.text);
    list.iter().map(|violation| (text(violation, "parameter"), text(violation, "message"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_violation_is_listed_with_its_parameter_and_rule() {
    let desk = Desk::builder().function(everything()).start().await;
    let body = json!({
        "address": { "city": "CANARY-CITY" },
        "price": "CANARY",
        "count": "CANARY",
        "ratio": "CANARY",
        "active": "CANARY",
        "day": "CANARY",
        "at": "CANARY",
        "bytes": "CANARY*",
    });

    let answer = desk.post("/api/everything/CANARY?size=CANARY&color=CANARY&code2=CANARY", &body).await;

    let violations = violations(&answer);
    let expected = [
        ("@id", "must be a whole number from 0 to 255"),
        ("@size", "must be a whole number from -2147483648 to 2147483647"),
        ("@color", "must be one of \"red\", \"green\""),
        ("@code", "must be at most 3 characters long"),
        ("@name", "is required"),
        ("@city", "must be at most 5 characters long"),
        ("@price", "must be a number such as -12.5"),
        ("@count", "must be a whole number from -9223372036854775808 to 9223372036854775807"),
        ("@ratio", "must be a number"),
        ("@active", "must be true or false"),
        ("@bytes", "must be base64 with its padding"),
    ];
    for (parameter, message) in expected {
        let found = violations.iter().find(|(name, _)| name == parameter);
        assert_eq!(found.map(|(_, message)| message.as_str()), Some(message), "{parameter}");
    }
    for parameter in ["@day", "@at"] {
        assert!(violations.iter().any(|(name, _)| name == parameter), "{parameter}: {violations:?}");
    }
    // The header is absent and not required.
    assert_eq!(violations.len(), expected.len() + 2, "{violations:?}");
    assert!(desk.sql().logins().is_empty(), "the database was asked before the parameters were checked");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_violation_says_where_its_value_came_from() {
    let desk = Desk::start().await;

    let answer = desk.get("/api/persons?limit=101").await;

    let problem = answer.problem_for_caller(400, "invalid-parameters");
    let expected =
        json!([{ "parameter": "@limit", "from": "query.limit", "message": "must be at most 100" }]);
    assert_eq!(problem["violations"], expected);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_below_its_minimum_is_refused() {
    let desk = Desk::start().await;

    let answers = [desk.get("/api/persons/0").await, desk.get("/api/persons?offset=-1").await];

    assert_eq!(violations(&answers[0]), [("@id".to_owned(), "must be at least 1".to_owned())]);
    assert_eq!(violations(&answers[1]), [("@offset".to_owned(), "must be at least 0".to_owned())]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_longer_than_its_type_is_refused_and_not_cut() {
    let desk = Desk::start().await;
    let name = format!("CANARY{}", "x".repeat(95));

    let answer = desk.post("/api/persons", &json!({ "name": name })).await;

    assert_eq!(violations(&answer), [("@name".to_owned(), "must be at most 100 characters long".to_owned())]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn length_is_counted_in_utf_16_units_as_the_server_does() {
    let desk = Desk::start().await;
    // Each takes two units of the hundred.
    let name = "😀".repeat(51);

    let answer = desk.post("/api/persons", &json!({ "name": name })).await;

    assert_eq!(violations(&answer).len(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_blank_null_or_wrong_name_is_refused() {
    let desk = Desk::start().await;

    let mut messages = Vec::new();
    for body in [json!({}), json!({ "name": null }), json!({ "name": " " }), json!({ "name": 5 }), json!([])]
    {
        messages.push(violations(&desk.post("/api/persons", &body).await).swap_remove(0).1);
    }

    assert_eq!(
        messages,
        [
            "is required",
            "is required",
            "must match the pattern \\S",
            "must be a JSON string",
            "can't be found: body must be a JSON object",
        ]
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_at_all_misses_its_required_properties() {
    let desk = Desk::start().await;

    let answer = desk.request(Method::POST, "/api/persons", None).await;

    assert_eq!(violations(&answer), [("@name".to_owned(), "is required".to_owned())]);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_with_too_many_digits_is_refused_and_not_rounded() {
    let desk = Desk::start().await;

    let mut messages = Vec::new();
    for balance in ["0.00001", "123456789012345"] {
        let body = format!(r#"{{"name":"CANARY","balance":{balance}}}"#);
        let answer = desk.request(Method::POST, "/api/persons", Some(body)).await;
        messages.push(violations(&answer).swap_remove(0).1);
    }

    assert_eq!(
        messages,
        ["must have at most 4 digits after the point", "must have at most 14 digits before the point"]
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_told_with_line_and_column() {
    let desk = Desk::start().await;

    let body = "{\n  \"name\": CANARY\n}".to_owned();
    let answer = desk.request(Method::POST, "/api/persons", Some(body)).await;

    let problem = answer.problem_for_caller(400, "invalid-body");
    assert!(problem["detail"].as_str().unwrap().contains("line 2, column 11"), "{}", answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_keep_every_rule_pass() {
    let desk = Desk::builder().function(everything()).start().await;
    let body = r#"{"name":"CANARY","address":{"city":"Łódź"},"price":123456.70,"count":9007199254740993,
        "ratio":0.5,"active":true,"day":"2026-01-31","at":"2026-01-31T07:08:09.123","bytes":"AQI="}"#;

    let answer = desk
        .request(Method::POST, "/api/everything/255?size=10&color=green&code2=ABC", Some(body.to_owned()))
        .await;

    assert_eq!(
        answer.text,
        concat!(
            r#"{"id":255,"size":10,"color":"green","code":"ABC","tag":null,"name":"CANARY","city":"Łódź","#,
            r#""price":123456.70,"count":9007199254740993,"ratio":0.5,"active":true,"day":"2026-01-31","#,
            r#""at":"2026-01-31T07:08:09.123","bytes":"AQI="}"#,
        )
    );
    desk.finish().await;
}
