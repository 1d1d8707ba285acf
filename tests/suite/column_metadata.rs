//! `"meta": true`: with `?$meta=1` the columns of an answer come with it, as the server describes them.

use local_azure::sql::faults::{Fault, RequestFault, RequestKind, at_statement};
use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

const SEED: &str = "
CREATE TABLE dbo.Prices (Id int IDENTITY PRIMARY KEY, Name nvarchar(50) NOT NULL, Price decimal(18,4) NULL);
INSERT INTO dbo.Prices (Name, Price) VALUES (N'a', 1.5), (N'b', NULL);
";

fn function(name: &str, result: &str, command: &str) -> FunctionFolder {
    FunctionFolder::http(
        name,
        "get",
        name,
        json!({ "result": result, "meta": true, "repeatable": true }),
        command,
    )
}

async fn desk() -> Desk {
    Desk::builder()
        .seed(SEED)
        .function(function("Prices", "rows", "SELECT Id, Name, Price FROM dbo.Prices ORDER BY Id"))
        .function(function("First", "row", "SELECT TOP (1) Name FROM dbo.Prices ORDER BY Id"))
        .function(FunctionFolder::http(
            "Temporary",
            "get",
            "temporary",
            json!({ "result": "rows", "meta": true }),
            "CREATE TABLE #t (Id int); SELECT Id FROM #t",
        ))
        .function(FunctionFolder::http(
            "Plain",
            "get",
            "plain",
            json!({ "result": "rows" }),
            "SELECT Id FROM dbo.Prices ORDER BY Id",
        ))
        .start()
        .await
}

fn columns() -> Json {
    json!([
        { "name": "Id", "type": "int", "declared": "int", "nullable": false },
        { "name": "Name", "type": "nvarchar", "declared": "nvarchar(50)", "nullable": false, "length": 50 },
        { "name": "Price", "type": "decimal", "declared": "decimal(18,4)", "nullable": true, "precision": 18, "scale": 4 },
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_gets_the_columns_and_who_does_not_gets_the_rows_alone() {
    let desk = desk().await;

    let with = desk.get("/api/prices?$meta=1").await;
    let without = desk.get("/api/prices").await;

    assert_eq!(with.json(200)["columns"], columns());
    assert_eq!(with.json(200)["rows"], without.json(200));
    assert_eq!(without.json(200).as_array().unwrap().len(), 2);
    let first = desk.get("/api/first?$meta=true").await;
    assert_eq!(first.json(200)["row"], json!({ "Name": "a" }));
    assert_eq!(first.json(200)["columns"][0]["declared"], "nvarchar(50)");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_asked_once_and_not_for_each_call() {
    let desk = desk().await;
    desk.get("/api/prices?$meta=1").await;
    let refused = at_statement(40613);
    let fault = Fault::at(RequestKind::Statement, RequestFault::Fail(refused));
    let armed = desk.sql().faults().arm(fault.containing("sp_describe_first_result_set"));

    let again = desk.get("/api/prices?$meta=1").await;

    assert_eq!(again.json(200)["columns"], columns());
    assert_eq!(armed.struck(), 0);
    desk.sql().faults().clear();
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_can_not_describe_has_the_types_of_the_reply() {
    let desk = desk().await;

    let answer = desk.get("/api/temporary?$meta=1").await;

    assert_eq!(answer.json(200), json!({ "columns": [{ "name": "Id", "type": "int" }], "rows": [] }));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_does_not_offer_it_takes_no_notice() {
    let desk = desk().await;

    let answer = desk.get("/api/plain?$meta=1").await;

    assert_eq!(answer.json(200).as_array().unwrap().len(), 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_with_json_only() {
    let desk = desk().await;

    let answer = desk.get_with("/api/prices?$meta=1", &[("accept", "text/csv")]).await;

    answer.problem(406, "not-acceptable");
    desk.finish().await;
}
