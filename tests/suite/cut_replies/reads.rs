//! Sessions that read: a cut answer is never told as the whole one.
//!
//! In proxying mode rows stream: a cut behind the first chunk breaks the answer off, and one before it is a problem as ever.
//!
//! The driver decodes a packet when all of it is there, so an answer of one packet has all its rows or none. It is the one of
//! several whose first rows are known when the rest never comes.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::recording::{PACKET, Reply, is_everything};
use super::stage::{Call, Lane, Opening, Seen, Session, Stage, Tally};
use crate::support::Mode;
use crate::support::script_root::FunctionFolder;

/// Every kind of length that a value has on the wire: fixed, one byte, two bytes, chunks of an unknown total, NULL.
const SEED: &str = "
CREATE TABLE dbo.Kinds (id int NOT NULL PRIMARY KEY, name nvarchar(50) NULL, price decimal(18,4) NULL,
    made datetime2(3) NULL, raw varbinary(20) NULL, note nvarchar(max) NULL);
INSERT INTO dbo.Kinds VALUES (1, N'første', 12.3400, '2024-05-06T07:08:09.123', 0x0102, N'ein Text'),
    (2, NULL, NULL, NULL, NULL, NULL), (3, N'last', -0.0001, '1999-12-31', 0xFF, N'');";

/// How many stages share the cuts of every byte of a long answer.
const LANES: u64 = 4;

struct Read {
    command: &'static str,
    answer: Json,
}

/// A read whose rows stream, in a format.
struct StreamedRead {
    command: &'static str,
    accept: &'static str,
    answer: Json,
}

impl Session for StreamedRead {
    fn function(&self) -> FunctionFolder {
        let sql = json!({ "result": "rows", "repeatable": true, "faults": { "tries": 1 } });
        FunctionFolder::http("Read", "get", "rows", sql, self.command)
    }

    fn call(&self, _: i32) -> Call {
        let headers = vec![("accept", self.accept.to_owned())];
        Call { method: Method::GET, path: "/api/rows".to_owned(), headers, body: None }
    }

    fn answer(&self, _: i32) -> Json {
        self.answer.clone()
    }

    fn mode(&self) -> Option<Mode> {
        Some(Mode::Proxying)
    }

    /// Nothing in lines tells that some are missing, so all of their text counts.
    fn read(&self, text: &str) -> Json {
        match self.accept {
            "application/json" => {
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
            }
            _ => text.into(),
        }
    }
}

impl Session for Read {
    fn function(&self) -> FunctionFolder {
        let sql = json!({ "result": "rows", "repeatable": true, "faults": { "tries": 1 } });
        FunctionFolder::http("Read", "get", "rows", sql, self.command)
    }

    fn call(&self, _: i32) -> Call {
        Call { method: Method::GET, path: "/api/rows".to_owned(), headers: Vec::new(), body: None }
    }

    fn answer(&self, _: i32) -> Json {
        self.answer.clone()
    }
}

/// Cuts all answers of the session. The caller gets the rows only when the last one came whole.
async fn cut(what: &str, read: impl Session, opening: Opening, lane: Lane) -> (Tally, u64) {
    let mut stage = Stage::new(read, SEED, lane).await;
    let mut longest = 0;
    stage
        .cut_everything(opening, async |_, reply: &Reply, after, seen| {
            longest = longest.max(reply.bytes());
            if reply.is_last && after == reply.bytes() {
                assert!(matches!(seen, Seen::Answer(_)), "{}, whole: {seen:?}", reply.name());
            } else {
                assert!(matches!(seen, Seen::Failed | Seen::Aborted), "{}, {after}: {seen:?}", reply.name());
            }
        })
        .await;
    (stage.finish(what).await, longest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_a_few_rows_cut_at_every_byte_gives_all_rows_or_a_problem() {
    let command = "SELECT * FROM dbo.Kinds ORDER BY id";
    let answer = serde_json::from_str(
        r#"[
        { "id": 1, "name": "første", "price": 12.3400, "made": "2024-05-06T07:08:09.123", "raw": "AQI=", "note": "ein Text" },
        { "id": 2, "name": null, "price": null, "made": null, "raw": null, "note": null },
        { "id": 3, "name": "last", "price": -0.0001, "made": "1999-12-31T00:00:00.000", "raw": "/w==", "note": "" }
        ]"#,
    )
    .unwrap();

    let (tally, longest) = cut("a few rows", Read { command, answer }, Opening::Cut, Lane::ONLY).await;

    assert!(longest < PACKET);
    assert_eq!(tally.answers, 1, "{tally:?}");
    assert!(tally.failed > 500, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_several_packets_cut_in_each_of_them_gives_all_rows_or_a_problem() {
    let command =
        "SELECT id, REPLICATE(CAST(N'äß' AS nvarchar(max)), 2900) AS long FROM dbo.Kinds ORDER BY id";
    let long = "äß".repeat(2900);
    let answer: Json = (1..=3).map(|id| json!({ "id": id, "long": long })).collect();

    // Each lane has a desk of its own: a cut costs a login, and there are tens of thousands when every byte is cut.
    let of = if is_everything() { LANES } else { 1 };
    let lanes = (0..of).map(|number| {
        let read = Read { command, answer: answer.clone() };
        cut("several packets", read, Opening::LeftAlone, Lane { number, of })
    });
    let lanes = futures_util::future::join_all(lanes).await;

    assert!(lanes.iter().all(|(_, longest)| *longest > 2 * PACKET), "{lanes:?}");
    assert_eq!(lanes.iter().map(|(tally, _)| tally.answers).sum::<u64>(), 1, "{lanes:?}");
    assert!(lanes.iter().map(|(tally, _)| tally.failed).sum::<u64>() > 200, "{lanes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_streams_cut_in_each_of_its_packets_gives_all_rows_a_problem_or_a_broken_answer() {
    // Two rows fill the first chunk; the third one follows it.
    let command = "SELECT id, REPLICATE(CAST('x' AS varchar(max)), 33000) AS long FROM dbo.Kinds ORDER BY id";
    let long = "x".repeat(33_000);
    let json: Json = (1..=3).map(|id| json!({ "id": id, "long": long })).collect();
    let csv = (1..=3).map(|id| format!("{id},{long}\r\n")).collect::<String>();

    // The formats share the cuts; where every byte is cut, each of them is in each format.
    let answers = [("application/json", json), ("text/csv", format!("id,long\r\n{csv}").into())];
    let mut reads = Vec::new();
    for (number, (accept, answer)) in (0..).zip(answers) {
        let lanes = if is_everything() {
            (0..LANES).map(|number| Lane { number, of: LANES }).collect()
        } else {
            vec![Lane { number, of: 2 }]
        };
        for lane in lanes {
            let read = StreamedRead { command, accept, answer: answer.clone() };
            reads.push(cut(accept, read, Opening::LeftAlone, lane));
        }
    }
    let lanes = futures_util::future::join_all(reads).await;

    let sum = |number: fn(&Tally) -> u64| lanes.iter().map(|(tally, _)| number(tally)).sum::<u64>();
    assert_eq!(sum(|tally| tally.answers), if is_everything() { 2 } else { 1 }, "{lanes:?}");
    assert!(lanes.iter().all(|(tally, _)| tally.failed > 50), "cut before the first chunk: {lanes:?}");
    assert!(lanes.iter().all(|(tally, _)| tally.aborted > 25), "cut behind it: {lanes:?}");
}
