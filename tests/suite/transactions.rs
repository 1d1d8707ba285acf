//! Everything but a read and a single statement is one transaction: all of it is there, or nothing.

use std::time::Duration;

use local_azure::sql::faults::{Fault, RequestFault, RequestKind, Until, at_statement};
use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;
use crate::support::wait::within;

const TABLES: &str = "CREATE TABLE dbo.Ledger (Id int NOT NULL PRIMARY KEY);";

const COUNT: &str = "SELECT COUNT(*) FROM dbo.Ledger";

fn function(name: &str, sql: Json, command: &str) -> FunctionFolder {
    FunctionFolder::http(name, "post", &name.to_lowercase(), sql, command)
}

fn entered(desk: &Desk) -> impl Future<Output = i32> {
    desk.number(COUNT)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_before_one_that_fails_leave_nothing() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); INSERT INTO dbo.Ledger (Id) VALUES (1);";
    let twice = function("Twice", json!({ "result": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(twice).start().await;

    for _ in 0..3 {
        let problem = desk.post("/api/twice", &json!({})).await.problem_for_caller(409, "conflict");
        assert_eq!(problem["sqlError"], 2627);
    }

    assert_eq!(entered(&desk).await, 0);
    assert_eq!(desk.worker_logins().len(), 1, "a conflict that was rolled back costs no connection");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_after_a_raised_error_leave_nothing_though_they_ran() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); RAISERROR('no', 16, 1); INSERT INTO dbo.Ledger (Id) VALUES (2);";
    let raises = function("Raises", json!({ "result": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(raises).start().await;

    let problem = desk.post("/api/raises", &json!({})).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 50_000);
    assert_eq!(entered(&desk).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_all_succeed_are_all_there() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); INSERT INTO dbo.Ledger (Id) VALUES (2);";
    let both = function("Both", json!({ "result": "rowsAffected" }), command);
    let desk = Desk::builder().seed(TABLES).function(both).start().await;

    let answer = desk.post("/api/both", &json!({})).await;

    assert_eq!(answer.json(200), json!({ "rowsAffected": 2 }));
    assert_eq!(entered(&desk).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_in_the_middle_rolls_back_and_says_so() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); WAITFOR DELAY '00:00:30'; INSERT INTO dbo.Ledger (Id) VALUES (2);";
    let slow = function("Slow", json!({ "result": "none", "timeout": "00:00:02" }), command);
    let desk = Desk::builder().seed(TABLES).function(slow).start().await;

    let problem = desk.post("/api/slow", &json!({})).await.problem_for_caller(504, "deadline");

    assert!(problem["detail"].as_str().unwrap().contains("rolled back"), "{problem}");
    within(Duration::from_secs(5), "the session ends", async || {
        (desk.sql().connections() == 0).then_some(())
    })
    .await;
    assert_eq!(entered(&desk).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_transaction_what_was_done_before_the_error_stays() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); INSERT INTO dbo.Ledger (Id) VALUES (1);";
    let loose = function("Loose", json!({ "result": "none", "transaction": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(loose).start().await;

    desk.post("/api/loose", &json!({})).await.problem_for_caller(409, "conflict");

    assert_eq!(entered(&desk).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolation_level_holds_for_its_function_and_no_longer() {
    // The server refuses to change to snapshot in a transaction that began at another level (error 3951).
    let command = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT COUNT(*) AS n FROM dbo.Ledger";
    let snapshot = function("Snapshot", json!({ "result": "value", "transaction": "snapshot" }), command);
    let usual = function("Usual", json!({ "result": "value" }), command);
    let desk = Desk::builder().seed(TABLES).function(snapshot).function(usual).start().await;

    for _ in 0..2 {
        assert_eq!(desk.post("/api/snapshot", &json!({})).await.json(200), 0);
        let problem = desk.post("/api/usual", &json!({})).await.problem_for_caller(500, "database");
        assert_eq!(problem["sqlError"], 3951);
    }

    assert_eq!(desk.worker_logins().len(), 1, "all on one connection");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_manages_transactions_is_refused_at_the_start_with_its_line_and_the_cure() {
    let managing = function("Managing", json!({ "result": "none" }), "DELETE FROM dbo.Ledger;\nCOMMIT;");
    let desk = Desk::builder().seed(TABLES).function(managing).start().await;

    let answer = desk.post("/api/managing", &json!({})).await;

    assert_eq!(answer.status, 500, "{}", answer.text);
    assert!(answer.text.contains("line 2") && answer.text.contains("none"), "{}", answer.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_returns_no_result_set_where_rows_are_wanted_leaves_nothing() {
    let silent = "INSERT INTO dbo.Ledger (Id) VALUES (1); INSERT INTO dbo.Ledger (Id) VALUES (2);";
    for (result, key) in [("row", None), ("rows", None), ("value", None), ("row", Some("query.key"))] {
        let mut sql = json!({ "result": result });
        if let Some(key) = key {
            sql["idempotencyKey"] = key.into();
        }
        let desk = Desk::builder().seed(TABLES).function(function("Silent", sql, silent)).start().await;

        for _ in 0..2 {
            let answer = desk.post("/api/silent?key=CANARY", &json!({})).await;

            let problem = answer.problem_for_caller(500, "results");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("no result set; let it SELECT"), "{result}: {detail}");
            assert!(detail.ends_with("What the command did was rolled back."), "{result}: {detail}");
        }
        assert_eq!(entered(&desk).await, 0, "{result}");
        assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.AzsqlIdempotency").await, 0, "{result}");
        assert_eq!(desk.worker_logins().len(), 1, "{result}: what was read to its end can be used again");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_a_refused_command_left_open_is_rolled_back_and_its_connection_serves_on() {
    // RAISERROR ends nothing, so the command's own transaction is open still.
    let command = "BEGIN TRANSACTION; INSERT INTO dbo.Ledger (Id) VALUES (1); RAISERROR('no', 16, 1);";
    let open = function("Open", json!({ "result": "none", "transaction": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(open).start().await;

    for _ in 0..2 {
        let problem = desk.post("/api/open", &json!({})).await.problem_for_caller(500, "database");
        assert_eq!(problem["sqlError"], 50_000);
    }

    assert_eq!(entered(&desk).await, 0);
    assert_eq!(desk.worker_logins().len(), 1, "what was rolled back costs no connection");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_without_ending_its_transaction_is_told_so_and_leaves_nothing() {
    let command = "BEGIN TRANSACTION; INSERT INTO dbo.Ledger (Id) VALUES (1);";
    let open = function("Open", json!({ "result": "none", "transaction": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(open).start().await;

    for _ in 0..2 {
        desk.post("/api/open", &json!({})).await.problem_for_caller(500, "open-transaction");
    }

    assert_eq!(entered(&desk).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_call_ends_the_workers_transaction_is_told_that_nobody_knows_what_took_effect() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (@id); EXEC sp_executesql N'COMMIT TRANSACTION';";
    let id = json!({ "@id": { "from": "body.id", "type": "int" } });
    let ends = function("Ends", json!({ "result": "none", "parameters": id }), command);
    let desk = Desk::builder().seed(TABLES).function(ends).start().await;

    desk.post("/api/ends", &json!({ "id": 1 })).await.problem_for_caller(500, "ended-transaction");
    // SQL Server raises 266 then, for a transaction too few and for one too many.
    let mismatch = RequestFault::RunThenFail(at_statement(266));
    desk.sql().faults().arm(Fault::at(RequestKind::Statement, mismatch).containing("COMMIT TRANSACTION"));
    desk.post("/api/ends", &json!({ "id": 2 })).await.problem_for_caller(500, "ended-transaction");

    assert_eq!(entered(&desk).await, 2, "each took effect once");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolation_level_does_not_reach_a_command_without_a_transaction_after_it() {
    let strict = function("Strict", json!({ "result": "value", "transaction": "snapshot" }), COUNT);
    // The server refuses to change to snapshot in a transaction that began at another level (error 3951).
    let command = "BEGIN TRANSACTION; SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT COUNT(*) AS n FROM dbo.Ledger; COMMIT";
    let loose = function("Loose", json!({ "result": "value", "transaction": "none" }), command);
    let desk = Desk::builder().seed(TABLES).function(strict).function(loose).start().await;

    desk.post("/api/strict", &json!({})).await.json(200);
    let problem = desk.post("/api/loose", &json!({})).await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 3951);
    assert_eq!(desk.worker_logins().len(), 1, "all on one connection");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_meets_the_commit_is_told_as_unknown() {
    let command = "INSERT INTO dbo.Ledger (Id) VALUES (1); INSERT INTO dbo.Ledger (Id) VALUES (2);";
    let both = function("Both", json!({ "result": "none", "timeout": "00:00:02" }), command);
    let desk = Desk::builder().seed(TABLES).function(both).start().await;
    let commit =
        desk.sql().faults().arm(Fault::at(RequestKind::Commit, RequestFault::Stall(Until::Released)));

    let problem = desk.post("/api/both", &json!({})).await.problem_for_caller(504, "deadline");

    assert_eq!(commit.struck(), 1, "sent once");
    assert!(problem["detail"].as_str().unwrap().contains("look before you repeat it"), "{problem}");
    desk.finish().await;
}
