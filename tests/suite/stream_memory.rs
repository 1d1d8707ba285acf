//! What streams takes memory for what the caller is behind, and none for how long the answer is.
//!
//! The whole of a million rows is `cargo bench --bench stream_memory`.

use futures_util::StreamExt;
use serde_json::json;

use crate::support::Desk;
use crate::support::mode::Mode;
use crate::support::process::peak_memory;
use crate::support::script_root::FunctionFolder;

const ROWS: usize = 30_000;

/// What a worker may take more than it took for a small call, in MiB. An answer of the test has 28 MiB.
const MOST: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_mebibytes_takes_few_of_the_workers_memory_in_each_format() {
    let long = format!(
        "SELECT TOP ({ROWS}) a.Id AS A, b.Id AS B, REPLICATE('x', 1000) AS long
         FROM dbo.Persons AS a CROSS JOIN dbo.Persons AS b"
    );
    let sql = json!({ "result": "rows", "repeatable": true });
    let long = FunctionFolder::http("Long", "get", "long", sql, &long);
    let desk = Desk::builder().in_mode(Mode::Proxying).function(long).with_samples();
    let desk = desk.setting("AZSQL_LOG", "info").start().await;
    desk.get("/api/persons/1").await.json(200);
    let before = peak_memory(desk.worker_pid());

    for accept in ["application/json", "application/x-ndjson", "text/csv"] {
        let url = format!("{}/api/long", desk.host().base_url());
        let answer = reqwest::Client::new().get(url).header("accept", accept).send().await.unwrap();
        let mut body = answer.bytes_stream();
        let (mut bytes, mut digits) = (0, 0);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.unwrap();
            bytes += chunk.len();
            digits += chunk.iter().filter(|byte| **byte == b'x').count();
        }

        assert_eq!(digits, ROWS * 1000, "{accept}");
        assert!(bytes > 28 * 1024 * 1024, "{accept}: {bytes}");
        let peak = peak_memory(desk.worker_pid());
        assert!(peak <= before + MOST, "{accept}: {before} MiB before, {peak} MiB at the most");
    }
    desk.finish().await;
}
