//! `resultSets`: all result sets of a command in one answer.

use serde_json::json;

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

fn sets(route: &str, more: &[(&str, serde_json::Value)], command: &str) -> FunctionFolder {
    let mut sql = json!({
        "parameters": { "@id": { "from": "query.id", "type": "int" } },
        "result": "resultSets",
    });
    for (key, value) in more {
        sql[key] = value.clone();
    }
    FunctionFolder::http(route, "get", route, sql, command)
}

const COMMAND: &str = "
UPDATE dbo.Persons SET City = N'Oslo' WHERE Id <= @id;
SELECT Id, City FROM dbo.Persons WHERE Id <= @id ORDER BY Id;
SELECT Id FROM dbo.Persons WHERE Id < 0;
SELECT CAST(1.50 AS decimal(9,2)) AS Price, NULL AS Nothing;";

#[tokio::test(flavor = "multi_thread")]
async fn every_result_set_is_an_array_and_empty_ones_are_kept_in_their_place() {
    let desk = Desk::builder().function(sets("Sets", &[], COMMAND)).start().await;

    let answer = desk.get("/api/Sets?id=2").await;

    assert_eq!(
        answer.text,
        r#"{"resultSets":[[{"Id":1,"City":"Oslo"},{"Id":2,"City":"Oslo"}],[],[{"Price":1.50,"Nothing":null}]],"rowsAffected":2}"#
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_found_and_changed_nothing_is_empty() {
    let nothing =
        "UPDATE dbo.Persons SET City = NULL WHERE Id = @id; SELECT Id FROM dbo.Persons WHERE Id = @id;";
    let desk = Desk::builder()
        .function(sets("Plain", &[], nothing))
        .function(sets("Missing", &[("whenEmpty", json!(404))], nothing))
        .start()
        .await;

    assert_eq!(desk.get("/api/Plain?id=-1").await.text, r#"{"resultSets":[[]],"rowsAffected":0}"#);
    desk.get("/api/Missing?id=-1").await.problem_for_caller(404, "not-found");
    assert_eq!(desk.get("/api/Missing?id=1").await.status, 200);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_without_a_name_undoes_what_the_command_did() {
    // The text doesn't show it, so the definition is taken.
    let command = "
        UPDATE dbo.Persons SET City = N'CANARY' WHERE Id = @id;
        DECLARE @text nvarchar(100) = N'SELECT 1';
        EXEC sp_executesql @text;";
    let desk = Desk::builder().function(sets("Unnamed", &[], command)).start().await;

    let problem = desk.get("/api/Unnamed?id=1").await.problem_for_caller(500, "results");

    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("column 1 has no name; write `AS name`"), "{detail}");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Persons WHERE City = N'CANARY'").await, 0);
    desk.finish().await;
}
