//! Stored procedures by name: parameters in and out, return status, result sets, and what of them is undone.

use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

/// A ledger and the procedures that work on it, each in a batch of its own.
const SEED: &str = "
CREATE TABLE dbo.Ledger (Id int IDENTITY PRIMARY KEY, Name nvarchar(50) NOT NULL, Amount decimal(18,2) NOT NULL);
GO
CREATE PROCEDURE dbo.Enter
    @name nvarchar(50),
    @amount decimal(18,2) = 12.50,
    @id int OUTPUT,
    @entries int = NULL OUTPUT
AS
BEGIN
    INSERT INTO dbo.Ledger (Name, Amount) VALUES (@name, @amount);
    SET @id = SCOPE_IDENTITY();
    SET @entries = (SELECT COUNT(*) FROM dbo.Ledger);
    SELECT Id, Name, Amount FROM dbo.Ledger WHERE Id = @id;
    SELECT Id FROM dbo.Ledger WHERE Id < 0;
    RETURN 7;
END;
GO
CREATE PROCEDURE dbo.Entries @name nvarchar(50) = N'first' AS
SELECT Id, Name FROM dbo.Ledger WHERE Name = @name ORDER BY Id;
GO
CREATE PROCEDURE dbo.Twice @name nvarchar(50) AS
BEGIN
    INSERT INTO dbo.Ledger (Name, Amount) VALUES (@name, 1), (@name, 2);
    SELECT Id FROM dbo.Ledger;
END;
GO
CREATE PROCEDURE [dbo].[of all types]
    @exact decimal(38,10) OUTPUT,
    @unknown decimal(38,10) OUTPUT,
    @moment datetimeoffset(7) OUTPUT,
    @long nvarchar(max) OUTPUT,
    @flag bit OUTPUT,
    @big bigint OUTPUT
AS
BEGIN
    SET @exact = -@exact;
    SET @moment = '2026-01-31T07:08:09.1234567+05:30';
    SET @long = @long + @long;
    SET @flag = 1;
    SET @big = 9223372036854775807;
END;
GO
CREATE PROCEDURE dbo.LooksLikeTheEnd AS
BEGIN
    SELECT 5 AS [$returnStatus];
    SELECT 6 AS [$returnStatus];
    RETURN 1;
END;
GO
INSERT INTO dbo.Ledger (Name, Amount) VALUES (N'first', 1);
";

async fn desk(functions: impl IntoIterator<Item = FunctionFolder>) -> Desk {
    let desk = Desk::builder().seed(SEED);
    functions.into_iter().fold(desk, |desk, function| desk.function(function)).start().await
}

fn name() -> Json {
    json!({ "from": "query.name", "type": "nvarchar(50)" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_answers_its_rows_and_its_own_defaults_count() {
    let named = json!({ "parameters": { "@name": name() }, "result": "rows" });
    let desk = desk([
        FunctionFolder::procedure("Named", "get", "named", named, "dbo.Entries"),
        FunctionFolder::procedure("Default", "get", "default", json!({ "result": "row" }), "[dbo].Entries"),
        FunctionFolder::procedure("None", "get", "none", json!({ "result": "none" }), "Entries"),
    ])
    .await;

    assert_eq!(desk.get("/api/named?name=first").await.text, r#"[{"Id":1,"Name":"first"}]"#);
    assert_eq!(desk.get("/api/named?name=CANARY').").await.text, "[]");
    // A parameter that the definition has is sent, and NULL is a value.
    assert_eq!(desk.get("/api/named").await.text, "[]");
    assert_eq!(desk.get("/api/default").await.text, r#"{"Id":1,"Name":"first"}"#);
    assert_eq!(desk.get("/api/none").await.status, 204);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn result_sets_outputs_and_status_come_in_one_answer() {
    let sql = json!({
        "parameters": {
            "@name": name(),
            "@id": { "type": "int", "direction": "out" },
            "@entries": { "type": "int", "direction": "out" },
        },
        "result": "resultSets",
        "status": 201,
    });
    let desk = desk([FunctionFolder::procedure("Enter", "get", "enter", sql, "dbo.Enter")]).await;

    let answer = desk.get("/api/enter?name=second").await;

    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            201,
            r#"{"resultSets":[[{"Id":2,"Name":"second","Amount":12.50}],[]],"rowsAffected":1,"outputs":{"id":2,"entries":2},"returnStatus":7}"#
        )
    );
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Ledger").await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_parameters_keep_every_digit_and_every_character() {
    let out = |sql_type: &str| json!({ "type": sql_type, "direction": "out" });
    let sql = json!({
        "parameters": {
            "@exact": { "from": "query.exact", "type": "decimal(38,10)", "direction": "inout" },
            "@unknown": out("decimal(38,10)"),
            "@moment": out("datetimeoffset"),
            "@long": { "from": "body", "type": "nvarchar(max)", "direction": "inout" },
            "@flag": out("bit"),
            "@big": out("bigint"),
        },
        "result": "outputParameters",
    });
    let desk = desk([FunctionFolder::procedure("Types", "post", "types", sql, "dbo.[of all types]")]).await;
    let half = "Zoë 東京 ".repeat(3_000);

    let path = "/api/types?exact=1234567890123456789012345678.0000000001";
    let answer = desk.request(reqwest::Method::POST, path, Some(half.clone())).await;

    // A reader that goes through a double would round, so the text is compared.
    let expected = format!(
        r#"{{"exact":-1234567890123456789012345678.0000000001,"unknown":null,"moment":"2026-01-31T07:08:09.1234567+05:30","long":"{half}{half}","flag":true,"big":9223372036854775807,"returnStatus":0}}"#
    );
    assert!(answer.text == expected, "{} {:.300}", answer.status, answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_procedure_did_is_undone_when_its_results_do_not_fit() {
    let sql = json!({ "parameters": { "@name": name() }, "result": "row" });
    let desk = desk([FunctionFolder::procedure("Twice", "get", "twice", sql, "dbo.Twice")]).await;

    let problem = desk.get("/api/twice?name=CANARY").await.problem_for_caller(500, "results");

    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("more than one row") && detail.contains("was rolled back"), "{detail}");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Ledger").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procedures_effect_happens_once_for_each_key() {
    let sql = json!({
        "parameters": { "@name": name(), "@id": { "type": "int", "direction": "out" } },
        "result": "resultSets",
        "idempotencyKey": "header.idempotency-key",
    });
    let desk = desk([FunctionFolder::procedure("Enter", "get", "enter", sql, "dbo.Enter")]).await;

    let headers = [("idempotency-key", "CANARY-key")];
    let first = desk.get_with("/api/enter?name=once", &headers).await;
    let again = desk.get_with("/api/enter?name=once", &headers).await;

    assert_eq!(first.json(200)["outputs"], json!({ "id": 2 }));
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Ledger").await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_set_that_looks_like_the_calls_end_is_the_procedures_own() {
    let sets = json!({ "result": "resultSets" });
    let outputs = json!({ "result": "outputParameters" });
    let desk = desk([
        FunctionFolder::procedure("Sets", "get", "sets", sets, "dbo.LooksLikeTheEnd"),
        FunctionFolder::procedure("Outputs", "get", "outputs", outputs, "dbo.LooksLikeTheEnd"),
    ])
    .await;

    let answer = desk.get("/api/sets").await;
    let refused = desk.get("/api/outputs").await.problem_for_caller(500, "results");

    assert_eq!(
        answer.text,
        r#"{"resultSets":[[{"$returnStatus":5}],[{"$returnStatus":6}]],"rowsAffected":0,"outputs":{},"returnStatus":1}"#
    );
    assert!(refused["detail"].as_str().unwrap().contains("declare `resultSets`"), "{refused}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procedure_that_is_not_there_or_lacks_an_argument_is_a_problem_with_its_number() {
    let desk = desk([
        FunctionFolder::procedure("Missing", "get", "missing", json!({ "result": "none" }), "dbo.Missing"),
        FunctionFolder::procedure("Lacks", "get", "lacks", json!({ "result": "none" }), "dbo.Twice"),
    ])
    .await;

    assert_eq!(desk.get("/api/missing").await.problem_for_caller(500, "database")["sqlError"], 2812);
    assert_eq!(desk.get("/api/lacks").await.problem_for_caller(500, "database")["sqlError"], 201);
    desk.finish().await;
}
