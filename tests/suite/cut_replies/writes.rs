//! Sessions that write: what was acknowledged is there once, what is told as failed is not there, and of what nobody knows
//! there is nothing twice and nothing by half.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::recording::Reply;
use super::stage::{Call, History, Lane, Opening, Seen, Session, Stage};
use crate::support::Desk;
use crate::support::script_root::FunctionFolder;

/// No key: what happens twice is there twice.
const SEED: &str = "CREATE TABLE dbo.Written (Id int NOT NULL, Part int NOT NULL);";
const ONE: &str = "INSERT INTO dbo.Written (Id, Part) OUTPUT INSERTED.Id AS id VALUES (@id, 1)";
const TWO: &str = "INSERT INTO dbo.Written (Id, Part) VALUES (@id, 1);
    INSERT INTO dbo.Written (Id, Part) VALUES (@id, 2);
    SELECT @id AS id";

struct Write {
    command: &'static str,
    is_keyed: bool,
}

impl Session for Write {
    fn function(&self) -> FunctionFolder {
        let mut sql = json!({
            "parameters": { "@id": { "from": "body.id", "type": "int", "required": true } },
            "result": "row",
            "status": 201,
            "faults": { "tries": 1 },
        });
        if self.is_keyed {
            sql["idempotencyKey"] = "header.idempotency-key".into();
        }
        FunctionFolder::http("Write", "post", "writes", sql, self.command)
    }

    fn call(&self, number: i32) -> Call {
        let key = self.is_keyed.then(|| ("idempotency-key", format!("key {number}")));
        Call {
            method: Method::POST,
            path: "/api/writes".to_owned(),
            headers: key.into_iter().collect(),
            body: Some(json!({ "id": number })),
        }
    }

    fn answer(&self, number: i32) -> Json {
        json!({ "id": number })
    }

    /// Keys that have expired are deleted.
    fn follows_the_first(&self) -> Option<&'static str> {
        self.is_keyed.then_some("DELETE TOP")
    }
}

/// Whether this cut leaves the whole last answer.
fn is_whole(reply: &Reply, after: u64) -> bool {
    reply.is_last && after == reply.bytes()
}

/// How often each part of each write is there.
async fn written(desk: &Desk) -> BTreeMap<i32, Vec<i32>> {
    let rows = desk.sql_client().await.numbers("SELECT Id, Part FROM dbo.Written ORDER BY Id, Part").await;
    let mut written: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for row in rows {
        written.entry(row[0]).or_default().push(row[1]);
    }
    written
}

/// Holds what callers were told against what is there; how many writes of an unknown outcome happened, and how many did not.
async fn settle(desk: &Desk, history: &History, whole: &[i32]) -> (usize, usize) {
    let written = written(desk).await;
    let (mut happened, mut did_not) = (0, 0);
    for (number, seen) in history {
        let there = written.get(number).map_or(&[][..], Vec::as_slice);
        match seen {
            Seen::Answer(_) => assert_eq!(there, whole, "acknowledged: {number}"),
            Seen::Failed => assert_eq!(there, [0; 0], "told as failed: {number}"),
            Seen::Unknown | Seen::Aborted if there.is_empty() => did_not += 1,
            Seen::Unknown | Seen::Aborted => {
                assert_eq!(there, whole, "nobody knows: {number}");
                happened += 1;
            }
        }
    }
    (happened, did_not)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_one_statement_cut_at_every_byte_is_there_once_or_told_as_unknown() {
    let mut stage = Stage::new(Write { command: ONE, is_keyed: false }, SEED, Lane::ONLY).await;

    stage
        .cut_everything(Opening::Cut, async |_, reply: &Reply, after, seen| {
            // After its last byte the connection is cut behind it, and nobody knows what became of what is sent then.
            let is_sent = !reply.is_of_opening || after == reply.bytes();
            match seen {
                Seen::Answer(_) => assert!(is_whole(reply, after), "{}, {after}", reply.name()),
                Seen::Failed => assert!(reply.is_of_opening, "{}, {after}", reply.name()),
                Seen::Unknown => assert!(is_sent, "{}, {after}", reply.name()),
                Seen::Aborted => {}
            }
        })
        .await;

    let (happened, _) = settle(&stage.desk, &stage.history, &[1]).await;
    let tally = stage.finish("one write").await;
    assert!(tally.answers == 1 && tally.failed > 100 && tally.unknown > 50, "{tally:?}");
    assert!(happened > 50, "an answer that is cut belongs to a write that happened: {happened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_cut_at_every_byte_is_there_whole_and_once_or_not_at_all() {
    let mut stage = Stage::new(Write { command: TWO, is_keyed: false }, SEED, Lane::ONLY).await;

    stage
        .cut_everything(Opening::LeftAlone, async |_, reply: &Reply, after, seen| match seen {
            Seen::Answer(_) => assert!(is_whole(reply, after), "{}, {after}", reply.name()),
            Seen::Failed => assert!(!reply.is_last, "{}, {after}: COMMIT was sent", reply.name()),
            // Behind the last answer before it, COMMIT is sent into a connection that is cut.
            Seen::Unknown => assert!(
                reply.is_last || after == reply.bytes(),
                "{}, {after}: COMMIT was not sent",
                reply.name()
            ),
            Seen::Aborted => {}
        })
        .await;

    let (happened, _) = settle(&stage.desk, &stage.history, &[1, 2]).await;
    let tally = stage.finish("a transaction").await;
    assert!(tally.answers == 1 && tally.failed > 100 && tally.unknown > 10, "{tally:?}");
    assert!(happened > 10, "{happened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_write_cut_at_every_byte_is_there_once_when_its_caller_repeats_it() {
    let mut stage = Stage::new(Write { command: TWO, is_keyed: true }, SEED, Lane::ONLY).await;

    stage
        .cut_everything(Opening::LeftAlone, async |stage, reply: &Reply, after, seen| {
            if !matches!(seen, Seen::Answer(_)) {
                let again = stage.ask_again().await;
                assert!(matches!(again, Seen::Answer(_)), "{}, {after}: {again:?}", reply.name());
            }
        })
        .await;

    let written = written(&stage.desk).await;
    for (number, seen) in &stage.history {
        if matches!(seen, Seen::Answer(_)) {
            assert_eq!(written.get(number), Some(&vec![1, 2]), "{number}");
        }
    }
    let tally = stage.finish("a keyed write").await;
    assert!(tally.answers == 1 && tally.failed > 200, "{tally:?}");
}
