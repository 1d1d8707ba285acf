//! Calls with a key whose COMMIT meets a fault: the effect is there once, and the answer is the one of the try that committed.

use std::time::Duration;

use local_azure::sql::faults::{CutBy, Fault, RequestFault, RequestKind, Until, at_statement};
use serde_json::{Value as Json, json};

use super::{KEYS, PAY, PAYMENTS, SEED, desk, is_replay};
use crate::support::script_root::FunctionFolder;
use crate::support::{Desk, eventually};

const PATH: &str = "/api/pay?key=CANARY-1&amount=5";

fn at_commit(fault: RequestFault) -> Fault {
    Fault::at(RequestKind::Commit, fault)
}

/// A desk whose function has one try, so that the caller has to repeat.
async fn desk_of_one_try() -> Desk {
    let sql = json!({
        "idempotencyKey": "query.key",
        "parameters": { "@amount": { "from": "query.amount", "type": "int", "required": true } },
        "result": "row",
        "status": 201,
        "faults": { "tries": 1 },
    });
    Desk::builder().seed(SEED).function(FunctionFolder::http("Pay", "get", "pay", sql, PAY)).start().await
}

/// Waits for a try that failed.
async fn a_failed_try(desk: &Desk) {
    let failed = |event: &Json| event["message"].as_str().is_some_and(|text| text.starts_with("try failed"));
    desk.events("a failed try", 1, failed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_own_repeat_finds_what_was_committed() {
    for fault in [
        RequestFault::RunThenCut(CutBy::Reset),
        RequestFault::RunThenCut(CutBy::Fin),
        RequestFault::RunThenFail(at_statement(40197)),
    ] {
        let desk = desk().await;
        let armed = desk.sql().faults().arm(at_commit(fault.clone()));

        let answer = desk.get(PATH).await;

        assert_eq!(answer.json(201), json!({ "Id": 1, "Amount": 5 }), "{fault:?}");
        assert!(is_replay(&answer), "{fault:?}: the answer is the one that was stored");
        assert_eq!((armed.struck(), desk.number(PAYMENTS).await), (1, 1), "{fault:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_own_repeat_does_what_was_not_committed() {
    for fault in [RequestFault::Cut(CutBy::Reset), RequestFault::Fail(at_statement(41325))] {
        let desk = desk().await;
        let armed = desk.sql().faults().arm(at_commit(fault.clone()));

        let answer = desk.get(PATH).await;

        assert_eq!(answer.json(201)["Amount"], 5, "{fault:?}");
        assert!(!is_replay(&answer), "{fault:?}");
        assert_eq!((armed.struck(), desk.number(PAYMENTS).await), (1, 1), "{fault:?}");
        desk.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_told_nothing_certain_repeats_and_gets_the_stored_answer() {
    let desk = desk_of_one_try().await;
    desk.sql().faults().arm(at_commit(RequestFault::RunThenCut(CutBy::Reset)));

    let first = desk.get(PATH).await;
    let again = desk.get(PATH).await;

    let problem = first.problem_for_caller(503, "outcome-unknown");
    assert!(problem["detail"].as_str().unwrap().contains("same idempotency key"), "{problem}");
    assert!(first.header("retry-after").is_some(), "a repeat is safe, so it is invited");
    assert_eq!(again.json(201), json!({ "Id": 1, "Amount": 5 }));
    assert!(is_replay(&again));
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_told_nothing_certain_repeats_and_the_effect_happens_now() {
    let desk = desk_of_one_try().await;
    desk.sql().faults().arm(at_commit(RequestFault::Cut(CutBy::Reset)));

    desk.get(PATH).await.problem_for_caller(503, "outcome-unknown");
    let again = desk.get(PATH).await;

    assert_eq!(again.json(201)["Amount"], 5);
    assert!(!is_replay(&again));
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_waits_for_a_commit_that_is_late_and_gets_its_answer() {
    let desk = desk().await;
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::Released };
    let armed = desk.sql().faults().arm(at_commit(late));

    let release = async {
        // The orphan holds the key while the repeat is on its way to claim it.
        a_failed_try(&desk).await;
        eventually("the orphan", async || (desk.sql().faults().orphans() == 1).then_some(())).await;
        desk.sql().faults().release_stalled();
    };
    let (answer, ()) = tokio::join!(desk.get(PATH), release);

    assert_eq!(answer.json(201), json!({ "Id": 1, "Amount": 5 }));
    assert!(is_replay(&answer));
    assert_eq!((armed.struck(), desk.number(PAYMENTS).await), (1, 1));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_repeats_while_the_first_call_commits_late_gets_its_answer() {
    let desk = desk_of_one_try().await;
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::For(Duration::from_millis(500)) };
    desk.sql().faults().arm(at_commit(late));

    desk.get(PATH).await.problem_for_caller(503, "outcome-unknown");
    let again = desk.get(PATH).await;

    assert_eq!(again.json(201), json!({ "Id": 1, "Amount": 5 }));
    assert!(is_replay(&again));
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_held_for_longer_than_a_repeat_waits_answers_that_the_call_still_runs() {
    let desk = desk_of_one_try().await;
    let late = RequestFault::CutThenRun { by: CutBy::Reset, until: Until::Released };
    desk.sql().faults().arm(at_commit(late));

    desk.get(PATH).await.problem_for_caller(503, "outcome-unknown");
    let held = desk.get(PATH).await;
    desk.sql().faults().release_stalled();
    eventually("the orphan's end", async || (desk.sql().faults().orphans() == 0).then_some(())).await;
    let at_last = desk.get(PATH).await;

    held.problem_for_caller(409, "in-progress");
    assert!(held.header("retry-after").is_some());
    assert!(is_replay(&at_last));
    assert_eq!((desk.number(PAYMENTS).await, desk.number(KEYS).await), (1, 1));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_is_unknown_stays_so_when_the_next_try_fails_before_it_has_the_key() {
    let desk = desk().await;
    let faults = desk.sql().faults();
    faults.arm(Fault::at(RequestKind::Commit, RequestFault::RunThenCut(CutBy::Fin)));
    // The log is full: nothing that another try would mend, and nothing that tells of the first.
    let full = RequestFault::Fail(at_statement(9002));
    faults
        .arm(Fault::at(RequestKind::Statement, full).containing("INSERT INTO dbo.AzsqlIdempotency").after(1));

    let first = desk.get(PATH).await;

    let problem = first.problem_for_caller(503, "outcome-unknown");
    assert!(problem["detail"].as_str().unwrap().contains("same idempotency key"), "{problem}");
    desk.sql().faults().clear();
    assert!(is_replay(&desk.get(PATH).await), "the first try was committed");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_claimed_the_key_tells_its_own_end_whatever_became_of_the_one_before() {
    let desk = desk().await;
    let faults = desk.sql().faults();
    faults.arm(Fault::at(RequestKind::Commit, RequestFault::Cut(CutBy::Fin)));
    let refused = RequestFault::Fail(at_statement(2627));
    faults.arm(Fault::at(RequestKind::Statement, refused).containing("INSERT INTO dbo.Payments").after(1));

    desk.get(PATH).await.problem_for_caller(409, "conflict");

    assert_eq!(desk.number(PAYMENTS).await, 0);
    desk.finish().await;
}
