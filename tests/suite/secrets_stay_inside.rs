//! The check for leaks, checked: it finds what it should, and a desk at trace level gives it something to read.

use serde_json::json;

use crate::support::secrets::Secrets;
use crate::support::{Desk, Mode};

#[test]
fn the_check_finds_a_marker_a_token_and_a_secret() {
    for text in [
        "the value was CANARY-7",
        "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
        "half a token: c2lnbmF0dXJl",
        "Password=open-sesame",
    ] {
        let secrets = Secrets::new();
        secrets.add("open-sesame");
        secrets.add_token("header.claims.c2lnbmF0dXJl");

        secrets.saw("an innocent line");
        secrets.saw(text);

        assert_eq!(secrets.leaks(), [text]);
    }
}

#[test]
#[should_panic(expected = "a secret or a caller's value was written")]
fn a_leak_fails_the_test() {
    let secrets = Secrets::new();
    secrets.saw("CANARY");
    secrets.assert_kept();
}

#[test]
fn a_secret_that_is_known_only_later_is_found_in_earlier_lines() {
    let secrets = Secrets::new();
    secrets.saw("the token abc was issued");
    secrets.add("abc");
    assert_eq!(secrets.leaks().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_reads_what_the_worker_writes_at_trace_level() {
    let desk = Desk::start().await;
    let before = desk.secrets().seen();

    desk.get("/api/persons?city=CANARY").await;

    // The worker's own debug events only exist below the level `info`.
    desk.events("an event at debug level", 1, |event| event["level"] == "DEBUG").await;
    assert!(desk.secrets().seen() > before);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_worker_printed_would_be_found() {
    // A function's name is written in the log, so a canary there is what a leak looks like.
    let desk = Desk::builder().in_mode(Mode::Enveloped).start().await;
    desk.post_to_worker("/CANARY", "{}").await;
    desk.events("the invocation in the log", 1, |event| {
        event["function"].as_str().is_some_and(|name| name.starts_with("CANARY"))
    })
    .await;

    let leaks = desk.secrets().leaks();

    assert!(leaks.iter().any(|line| line.contains("\"level\"")), "{leaks:?}");
    desk.forget_what_was_written();
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_written_when_everything_goes_wrong_at_once() {
    let desk = Desk::start().await;
    let body = json!({ "name": "CANARY", "city": "CANARY", "balance": 12.5 });

    for number in [2627, 547, 8115, 2628, 40613, 40197, 1205, 50_404] {
        let text = "The server repeats the value: CANARY.";
        desk.sql().faults().fail_statements_with(local_azure::sql::reply::SqlError::new(number, text), 1);
        let answer = desk.post("/api/persons?x=CANARY", &body).await;
        // What T-SQL's author throws is meant for the caller; it is not to be logged, though.
        if number == 50_404 {
            assert_eq!(answer.status, 404);
            desk.forget_answer(&answer);
        }
    }

    desk.finish().await;
}
