//! An answer that is kept until it is complete has a limit, behind which it is a problem and its command is undone.

use serde_json::json;

use crate::support::mode::Mode;
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk};

const SEED: &str = "CREATE TABLE dbo.Marks (Id int IDENTITY PRIMARY KEY, Mark int NOT NULL);";

const MEBIBYTE: usize = 1024 * 1024;

/// A text of so many bytes in each of so many rows.
fn texts(rows: usize, bytes: usize) -> String {
    format!("SELECT TOP ({rows}) REPLICATE(CAST('x' AS varchar(max)), {bytes}) AS t FROM dbo.Persons")
}

fn function(name: &str, sql: serde_json::Value, command: &str) -> FunctionFolder {
    FunctionFolder::http(name, "get", &name.to_lowercase(), sql, command)
}

async fn desk(mode: Mode, functions: impl IntoIterator<Item = FunctionFolder>) -> Desk {
    let builder = Desk::builder().in_mode(mode).seed(SEED).setting("AZSQL_MAX_ANSWER_MB", "1");
    functions.into_iter().fold(builder, |builder, function| builder.function(function)).start().await
}

#[track_caller]
fn is_refused(answer: &Answer) -> String {
    let problem = answer.problem_for_caller(413, "answer-too-large");
    let detail = problem["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("more than 1 MiB") && detail.contains("AZSQL_MAX_ANSWER_MB"), "{detail}");
    detail
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_above_the_limit_is_a_413_where_it_must_be_whole() {
    // `[{"t":"…"}]` is ten bytes more than its text.
    let (most, more) = (texts(1, MEBIBYTE - 10), texts(1, MEBIBYTE));
    for mode in [Mode::Enveloped, Mode::Forwarding] {
        let reads = json!({ "result": "rows", "repeatable": true });
        let functions = [
            function("Most", reads.clone(), &most),
            function("More", reads.clone(), &more),
            function("Many", reads, &texts(200, 10_000)),
        ];
        let desk = desk(mode, functions).await;

        let whole = desk.get("/api/most").await;
        for accept in ["application/json", "text/csv"] {
            is_refused(&desk.get_with("/api/many", &[("accept", accept)]).await);
        }

        assert!((whole.status, whole.text.len()) == (200, MEBIBYTE), "{mode:?}: {}", whole.status);
        is_refused(&desk.get("/api/more").await);
        assert!(desk.get("/api/most").await.status == 200, "{mode:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_streams_has_no_limit_but_that_of_a_row() {
    let reads = json!({ "result": "rows", "repeatable": true });
    let functions = [
        function("Many", reads.clone(), &texts(200, 10_000)),
        function("Row", json!({ "result": "row", "repeatable": true }), &texts(1, 2 * MEBIBYTE)),
        function("Wide", reads, &texts(1, 2 * MEBIBYTE)),
    ];
    let desk = desk(Mode::Proxying, functions).await;

    let many = desk.get("/api/many").await;

    assert_eq!(many.json(200).as_array().map(Vec::len), Some(200));
    is_refused(&desk.get("/api/row").await);
    is_refused(&desk.get("/api/wide").await);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_did_before_its_answer_grew_too_large_is_rolled_back() {
    let write = "INSERT INTO dbo.Marks (Mark) VALUES (1);";
    let command = format!("{write} {}", texts(200, 10_000));
    for mode in [Mode::Enveloped, Mode::Proxying] {
        let desk = desk(mode, [function("Write", json!({ "result": "rows" }), &command)]).await;

        let detail = is_refused(&desk.get("/api/write").await);

        assert!(detail.contains("rolled back"), "{detail}");
        assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Marks").await, 0, "{mode:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_caller_fails_by_it() {
    let bindings = json!([
        { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 3 * * *" },
        { "type": "queue", "direction": "out", "name": "texts", "queueName": "texts" },
    ]);
    let sql = json!({ "result": "none", "outputs": { "texts": "rows" } });
    let timer = FunctionFolder::on("Nightly", &bindings, sql, &texts(200, 10_000));
    let desk = desk(Mode::Enveloped, [timer]).await;

    let reply = desk
        .post_to_worker(
            "/Nightly",
            json!({ "Data": { "timer": { "IsPastDue": false } }, "Metadata": {} }).to_string(),
        )
        .await;

    assert_eq!(reply.status, 413, "{}", reply.text);
    assert!(reply.text.contains("answer-too-large"), "{}", reply.text);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_gets_an_answer_of_the_size_of_the_limit_with_all_that_must_be_escaped() {
    // Each quote is two bytes of JSON, and four in the reply's string.
    let command = "SELECT REPLICATE(CAST('\"' AS varchar(max)), 524000) AS t";
    let desk = desk(Mode::Enveloped, [function("Quotes", json!({ "result": "row" }), command)]).await;

    let answer = desk.get("/api/quotes").await;

    assert_eq!(answer.json(200)["t"].as_str().map(str::len), Some(524_000));
    desk.finish().await;
}
