//! Idempotency keys: the effect happens once, and every repeat gets the first answer.

use local_azure::sql::faults::{CutBy, Fault, RequestFault, RequestKind, at_statement};
use serde_json::{Value as Json, json};

use crate::support::principal::{HEADER, SWITCH, with_claims};
use crate::support::script_root::FunctionFolder;
use crate::support::{Answer, Desk, eventually};

/// The table of keys stands in the sample database.
const SEED: &str = "CREATE TABLE dbo.Payments (Id int IDENTITY PRIMARY KEY, Amount int NOT NULL);";
const PAYMENTS: &str = "SELECT COUNT(*) FROM dbo.Payments";
const PAY: &str = "IF @amount > 1000 THROW 50422, 'too much', 1;
    INSERT INTO dbo.Payments (Amount) OUTPUT inserted.Id, inserted.Amount VALUES (@amount)";

fn pay(name: &str, route: &str) -> FunctionFolder {
    let sql = json!({
        "idempotencyKey": "query.key",
        "parameters": { "@amount": { "from": "query.amount", "type": "int", "required": true } },
        "result": "row",
        "status": 201,
    });
    FunctionFolder::http(name, "get", route, sql, PAY)
}

async fn desk() -> Desk {
    Desk::builder().seed(SEED).function(pay("Pay", "pay")).function(pay("PayAgain", "again")).start().await
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_has_one_effect_and_the_same_answer() {
    let desk = desk().await;
    let first = desk.get("/api/pay?key=CANARY-1&amount=5").await;
    let again = desk.get("/api/pay?key=CANARY-1&amount=5").await;
    assert_eq!(first.json(201), again.json(201));
    assert_eq!((is_replay(&first), is_replay(&again)), (false, true));
    assert_eq!(desk.number(PAYMENTS).await, 1);
    // No key reaches a log: `finish` looks for the canary.
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_with_one_key_have_one_effect() {
    let desk = desk().await;
    let path = "/api/pay?key=k&amount=5";
    let answers = tokio::join!(desk.get(path), desk.get(path), desk.get(path), desk.get(path));
    let bodies = [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.json(201));
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_input_with_the_same_key_is_refused() {
    let desk = desk().await;
    desk.get("/api/pay?key=k&amount=5").await.json(201);
    desk.get("/api/pay?key=k&amount=6").await.problem(422, "key-reused");
    assert_eq!(desk.number(PAYMENTS).await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_commands_is_not_stored() {
    let desk = desk().await;
    for _ in 0..2 {
        desk.get("/api/pay?key=k&amount=5000").await.problem(422, "thrown");
    }
    desk.get("/api/pay?key=k&amount=5").await.json(201);
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.AzsqlIdempotency").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letter_case_blanks_and_the_function_make_another_key() {
    let desk = desk().await;
    for path in ["pay?key=k", "pay?key=K", "pay?key=k%20", "again?key=k"] {
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
        desk.get_with("/api/pay?key=k&amount=5", &headers).await
    };
    assert!(!is_replay(&call("ada").await));
    assert!(!is_replay(&call("bob").await));
    assert!(is_replay(&call("ada").await));
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_empty_or_too_long_is_a_violation() {
    let desk = desk().await;
    let long = format!("key={}&", "k".repeat(256));
    for key in ["", "key=&", long.as_str()] {
        let problem = desk.get(&format!("/api/pay?{key}amount=5")).await.problem(400, "invalid-parameters");
        assert_eq!(problem["violations"][0]["parameter"], "idempotencyKey");
    }
    assert_eq!(desk.number(PAYMENTS).await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_the_same_key_is_taken_once() {
    let trigger: Json =
        json!({ "type": "queueTrigger", "direction": "in", "name": "m", "queueName": "payments" });
    let sql = json!({
        "idempotencyKey": "message.id",
        "parameters": {
            "@amount": { "from": "message.amount", "type": "int" },
            "@count": { "from": "metadata.DequeueCount", "type": "int" }
        },
        "result": "none",
    });
    let command = "INSERT INTO dbo.Payments (Amount) VALUES (@amount + ISNULL(@count, 0) * 0)";
    let desk =
        Desk::builder().seed(SEED).function(FunctionFolder::on("Take", &json!([trigger]), sql, command));
    let desk = desk.start().await;
    for id in ["a", "a", "b"] {
        desk.send("Take", &json!({ "id": id, "amount": 1 }).to_string()).await;
    }
    desk.events("three that succeeded", 3, |event| {
        event.to_string().contains("the invocation succeeded") && event.to_string().contains("Take")
    })
    .await;
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_keys_go_and_can_be_used_again() {
    let desk = desk().await;
    let expire = "UPDATE dbo.AzsqlIdempotency SET ExpiresAt = DATEADD(hour, -1, SYSUTCDATETIME()); SELECT 1";
    desk.get("/api/again?key=old&amount=5").await.json(201);
    assert_eq!(desk.number(expire).await, 1);
    assert!(!is_replay(&desk.get("/api/again?key=old&amount=6").await), "an expired key is free");
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_deleted_behind_a_call() {
    let seed = format!(
        "{SEED} INSERT INTO dbo.AzsqlIdempotency VALUES (0x01, N'Pay', 0x01, NULL, '2020-01-01', '2020-01-02');"
    );
    let desk = Desk::builder().seed(&seed).function(pay("Pay", "pay")).start().await;
    desk.get("/api/pay?key=k&amount=5").await.json(201);
    eventually("the expired key gone", async || {
        (desk.number("SELECT COUNT(*) FROM dbo.AzsqlIdempotency").await == 1).then_some(())
    })
    .await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_table_the_answer_names_the_script() {
    let desk = Desk::builder()
        .seed(&format!("{SEED} DROP TABLE dbo.AzsqlIdempotency;"))
        .function(pay("Pay", "pay"))
        .start()
        .await;
    let problem = desk.get("/api/pay?key=k&amount=5").await.problem(500, "database");
    assert!(problem["detail"].as_str().unwrap().contains("azsql-worker check"), "{problem}");
    assert_eq!(desk.number(PAYMENTS).await, 0);
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

    let first = desk.get("/api/pay?key=k&amount=5").await;

    let problem = first.problem_for_caller(503, "outcome-unknown");
    assert!(problem["detail"].as_str().unwrap().contains("same idempotency key"), "{problem}");
    desk.sql().faults().clear();
    assert!(is_replay(&desk.get("/api/pay?key=k&amount=5").await), "the first try was committed");
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

    desk.get("/api/pay?key=k&amount=5").await.problem_for_caller(409, "conflict");

    assert_eq!(desk.number(PAYMENTS).await, 0);
    desk.finish().await;
}
