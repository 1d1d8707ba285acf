//! Errors of the database that a caller's value brought about, and transactions that a command leaves open.

use serde_json::{Value as Json, json};

use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

const TABLES: &str = "
CREATE TABLE dbo.Shops (Id int NOT NULL PRIMARY KEY);
INSERT INTO dbo.Shops (Id) VALUES (1);
CREATE TABLE dbo.Orders (
    Code nvarchar(20) NOT NULL PRIMARY KEY,
    Quantity int NOT NULL CHECK (Quantity > 0),
    Note nvarchar(10) NULL,
    ShopId int NULL REFERENCES dbo.Shops (Id)
);
";

fn function(name: &str, sql: Json, command: &str) -> FunctionFolder {
    FunctionFolder::http(name, "post", &name.to_lowercase(), sql, command)
}

/// Takes anything, so that the database has to refuse it.
fn insert() -> FunctionFolder {
    let parameters = json!({
        "@code": { "from": "body.code", "type": "nvarchar(100)" },
        "@quantity": { "from": "body.quantity", "type": "bigint" },
        "@note": { "from": "body.note", "type": "nvarchar(100)" },
        "@shop": { "from": "body.shop", "type": "int" },
    });
    function(
        "Insert",
        json!({ "parameters": parameters, "result": "rowsAffected" }),
        "INSERT INTO dbo.Orders (Code, Quantity, Note, ShopId) VALUES (@code, @quantity, @note, @shop)",
    )
}

async fn insert_into(desk: &Desk, body: Json) -> Answer {
    desk.post("/api/insert", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_values_refusal_by_the_table_has_a_status_and_the_servers_number_but_not_its_words() {
    let desk = Desk::builder().seed(TABLES).function(insert()).start().await;
    let good = json!({ "code": "CANARY-1", "quantity": 1 });
    assert_eq!(insert_into(&desk, good.clone()).await.json(200), json!({ "rowsAffected": 1 }));

    for (body, status, kind, number) in [
        (good, 409, "conflict", 2627),
        (json!({ "code": "CANARY-2", "quantity": 0 }), 422, "unprocessable", 547),
        (json!({ "quantity": 1 }), 422, "unprocessable", 515),
        (json!({ "code": "CANARY-3", "quantity": 3_000_000_000_u64 }), 422, "unprocessable", 8115),
        (json!({ "code": "CANARY-4", "quantity": 1, "note": "CANARY-LONGER" }), 422, "unprocessable", 2628),
        (json!({ "code": "CANARY-5", "quantity": 1, "shop": 99 }), 409, "conflict", 547),
    ] {
        let answer = insert_into(&desk, body.clone()).await;

        let problem = answer.problem_for_caller(status, kind);
        assert_eq!(problem["sqlError"], number, "{body}: {problem}");
    }

    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Orders").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_survives_such_errors_and_none_of_them_is_tried_again() {
    let desk = Desk::builder().seed(TABLES).function(insert()).start().await;

    for _ in 0..5 {
        insert_into(&desk, json!({ "code": "CANARY", "quantity": -1 })).await.problem(422, "unprocessable");
    }
    insert_into(&desk, json!({ "code": "CANARY", "quantity": 1 })).await.json(200);

    assert_eq!(desk.worker_logins().len(), 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_command_cannot_convert_is_a_422() {
    let convert = function(
        "Convert",
        json!({ "parameters": { "@text": { "from": "body.text", "type": "nvarchar(50)" } }, "result": "value" }),
        "SELECT CAST(@text AS int)",
    );
    let desk = Desk::builder().function(convert).start().await;

    let problem = desk.post("/api/convert", &json!({ "text": "CANARY" })).await.problem(422, "unprocessable");

    assert_eq!(problem["sqlError"], 245);
    assert_eq!(desk.post("/api/convert", &json!({ "text": "42" })).await.json(200), 42);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_words_are_shown_where_the_operator_allows_it() {
    let desk = Desk::builder()
        .seed(TABLES)
        .function(insert())
        .setting("AZSQL_SHOW_DATABASE_ERRORS", "true")
        .start()
        .await;

    let answer = insert_into(&desk, json!({ "code": "plain", "quantity": 0 })).await;

    let detail = answer.detail();
    assert!(detail.contains("The server says:") && detail.contains("CHECK constraint"), "{detail}");
    desk.finish().await;
}

fn throwing(name: &str, number: u32, throw_status: bool) -> FunctionFolder {
    let command = format!("THROW {number}, 'There is no such order.', 1;");
    function(name, json!({ "result": "none", "throwStatus": throw_status }), &command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thrown_status_answers_with_its_own_sentence() {
    let desk = Desk::builder()
        .function(throwing("Missing", 50_404, true))
        .function(throwing("Later", 50_503, true))
        .function(throwing("Other", 50_000, true))
        .start()
        .await;

    let missing = desk.post("/api/missing", &json!({})).await.problem_for_caller(404, "thrown");
    let later = desk.post("/api/later", &json!({})).await.problem_for_caller(503, "thrown");
    let other = desk.post("/api/other", &json!({})).await.problem_for_caller(500, "database");

    assert_eq!(
        (&missing["detail"], &missing["sqlError"]),
        (&json!("There is no such order."), &json!(50_404))
    );
    assert_eq!(later["sqlError"], 50_503);
    assert_eq!(other["sqlError"], 50_000);
    assert!(desk.worker_events().iter().all(|event| event["try"].as_u64().unwrap_or(1) == 1), "tried again");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throw_status_false_keeps_a_thrown_number_from_becoming_a_status() {
    let desk = Desk::builder().function(throwing("Missing", 50_404, false)).start().await;

    let answer = desk.post("/api/missing", &json!({})).await;

    assert_eq!(answer.problem_for_caller(500, "database")["sqlError"], 50_404);
    assert!(!answer.text.contains("There is no such order"), "{}", answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_command_leaves_open_is_an_error_and_nothing_of_it_is_kept() {
    let open = function(
        "Open",
        json!({ "result": "none", "transaction": "none" }),
        "BEGIN TRANSACTION; INSERT INTO dbo.Shops (Id) VALUES (7);",
    );
    let closed = function(
        "Closed",
        json!({ "result": "none", "transaction": "none" }),
        "BEGIN TRANSACTION; INSERT INTO dbo.Shops (Id) VALUES (8); COMMIT;",
    );
    let desk = Desk::builder().seed(TABLES).function(open).function(closed).start().await;

    let answer = desk.post("/api/open", &json!({})).await;

    // COMMIT comes too late for SQL Server too: the error 266 says so before the worker does.
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text);
    assert!(answer.detail().contains("transaction"), "{}", answer.text);
    assert_eq!(desk.post("/api/closed", &json!({})).await.status, 204);
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Shops WHERE Id = 7").await, 0);
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Shops WHERE Id = 8").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_names_no_table_of_the_database_is_ours_to_mend() {
    let broken = function("Broken", json!({ "result": "rows" }), "SELECT A FROM dbo.NoSuchTable");
    let desk = Desk::builder().function(broken).start().await;

    let problem = desk.post("/api/broken", &json!({})).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 208);
    desk.finish().await;
}
