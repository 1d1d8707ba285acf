//! A timer function fires by its schedule.

use serde_json::json;

use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_each_second_and_writes() {
    let sql = json!({
        "parameters": { "@pastDue": { "from": "timer.isPastDue", "type": "bit" } },
        "result": "none",
    });
    let command = "INSERT INTO dbo.Ticks (PastDue) VALUES (@pastDue)";
    let desk = Desk::builder()
        .seed("CREATE TABLE dbo.Ticks (Id int IDENTITY PRIMARY KEY, PastDue bit NOT NULL);")
        .function(FunctionFolder::timer("Tick", "* * * * * *", sql, command))
        .start()
        .await;
    let mut client = desk.sql_client().await;

    let count = "SELECT COUNT(*) FROM dbo.Ticks WHERE PastDue = 0";
    eventually("two ticks", async || (client.number(count).await >= 2).then_some(())).await;

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_fails_is_a_failed_run_for_the_host_and_fires_again() {
    let command = "INSERT INTO dbo.NoSuchTable (A) VALUES (1)";
    let desk = Desk::builder()
        .function(FunctionFolder::timer("Broken", "* * * * * *", json!({ "result": "none" }), command))
        .start()
        .await;

    eventually("two failed runs", async || {
        let failed = desk.function_lines("Broken").iter().filter(|line| line.contains("(Failed")).count();
        (failed >= 2).then_some(())
    })
    .await;

    desk.finish().await;
}
