//! The table of keys: what is in it, what goes when, and what is told where it is missing.

use azsql_worker::database::idempotency::SCRIPT;

use super::{KEYS, PAYMENTS, SEED, desk, is_replay, pay};
use crate::support::{Desk, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn expired_keys_go_and_can_be_used_again() {
    let desk = desk().await;
    let expire = "UPDATE dbo.AzsqlIdempotency SET ExpiresAt = DATEADD(hour, -1, SYSUTCDATETIME()); SELECT 1";
    desk.get("/api/again?key=CANARY-old&amount=5").await.json(201);
    assert_eq!(desk.number(expire).await, 1);
    assert!(!is_replay(&desk.get("/api/again?key=CANARY-old&amount=6").await), "an expired key is free");
    assert_eq!(desk.number(PAYMENTS).await, 2);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_deleted_behind_a_call() {
    let seed = format!(
        "{SEED} INSERT INTO dbo.AzsqlIdempotency VALUES (0x01, N'Pay', 0x01, NULL, '2020-01-01', '2020-01-02');"
    );
    let desk = Desk::builder().seed(&seed).function(pay("Pay", "pay")).start().await;
    desk.get("/api/pay?key=CANARY-k&amount=5").await.json(201);
    eventually("the expired key gone", async || (desk.number(KEYS).await == 1).then_some(())).await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_table_the_answer_names_the_script() {
    let desk = Desk::builder()
        .seed(&format!("{SEED} DROP TABLE dbo.AzsqlIdempotency;"))
        .function(pay("Pay", "pay"))
        .start()
        .await;
    let problem = desk.get("/api/pay?key=CANARY-k&amount=5").await.problem(500, "database");
    assert!(problem["detail"].as_str().unwrap().contains("azsql-worker check"), "{problem}");
    assert_eq!(desk.number(PAYMENTS).await, 0);
    // The script that is named there mends it, and a second run of it changes nothing.
    for _ in 0..2 {
        assert_eq!(desk.number(&format!("{SCRIPT} SELECT 1")).await, 1);
        desk.get("/api/pay?key=CANARY-k&amount=5").await.json(201);
    }
    assert_eq!((desk.number(PAYMENTS).await, desk.number(KEYS).await), (1, 1));
    desk.finish().await;
}
