//! HTTP calls with a key: the same call again, another call, another caller, no key.

use super::{KEYS, PAYMENTS, SEED, desk, is_replay, pay};
use crate::support::Desk;
use crate::support::principal::{HEADER, SWITCH, with_claims};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_has_one_effect_and_the_same_answer() {
    let desk = desk().await;
    let first = desk.get("/api/pay?key=CANARY-1&amount=5").await;
    let again = desk.get("/api/pay?key=CANARY-1&amount=5").await;
    assert_eq!(first.json(201), again.json(201));
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_with_one_key_have_one_effect() {
    let desk = desk().await;
    let path = "/api/pay?key=CANARY-k&amount=5";
    let answers = tokio::join!(desk.get(path), desk.get(path), desk.get(path), desk.get(path));
    let bodies = [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.json(201));
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_input_with_the_same_key_is_refused() {
    let desk = desk().await;
    desk.get("/api/pay?key=CANARY-k&amount=5").await.json(201);
    desk.get("/api/pay?key=CANARY-k&amount=6").await.problem(422, "key-reused");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_commands_is_not_stored() {
    let desk = desk().await;
    for _ in 0..2 {
        desk.get("/api/pay?key=CANARY-k&amount=5000").await.problem(422, "thrown");
    }
    desk.get("/api/pay?key=CANARY-k&amount=5").await.json(201);
    assert_eq!(desk.number(KEYS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letter_case_blanks_and_the_function_make_another_key() {
    let desk = desk().await;
    for path in ["pay?key=CANARY-k", "pay?key=CANARY-K", "pay?key=CANARY-k%20", "again?key=CANARY-k"] {
        assert!(!is_replay(&desk.get(&format!("/api/{path}&amount=5")).await), "{path}");
    }
    assert_eq!(desk.number(PAYMENTS).await, 4);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_caller() {
    let desk = Desk::builder().setting(SWITCH, "True").seed(SEED).function(pay("Pay", "pay")).start().await;
    let principal = with_claims(&[("oid", "x")]);
    let call = async |id: &str| {
        let headers = [(HEADER, principal.as_str()), ("x-ms-client-principal-id", id)];
        desk.get_with("/api/pay?key=CANARY-k&amount=5", &headers).await
    };
    assert!(!is_replay(&call("CANARY-ada").await));
    assert!(!is_replay(&call("CANARY-bob").await));
    assert!(is_replay(&call("CANARY-ada").await));
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_empty_or_too_long_is_a_violation() {
    let desk = desk().await;
    let long = format!("key={}&", "CANARY".repeat(43));
    for key in ["", "key=&", long.as_str()] {
        let problem = desk.get(&format!("/api/pay?{key}amount=5")).await.problem(400, "invalid-parameters");
        assert_eq!(problem["violations"][0]["parameter"], "idempotencyKey");
    }
    assert_eq!(desk.number(PAYMENTS).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_key_nor_what_it_is_stored_as_is_written_anywhere() {
    let desk = desk().await;
    let path = "/api/pay?key=CANARY-1&amount=5";
    desk.get(path).await.json(201);
    desk.get(path).await.json(201);
    desk.get("/api/pay?key=CANARY-1&amount=6").await.problem(422, "key-reused");

    // A key of few possibilities could be guessed from its hash: its bytes, as a dump of the protocol would show them.
    let hash = desk.sql_client().await.bytes("SELECT Id FROM dbo.AzsqlIdempotency").await;
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let list: Vec<String> = hash.iter().map(u8::to_string).collect();
    for shown in [hex.clone(), hex.to_uppercase(), list.join(", ")] {
        desk.secrets().add(&shown);
    }
    assert!(desk.secrets().seen() > 10, "the worker wrote nothing that could be searched");
    desk.finish().await;
}
