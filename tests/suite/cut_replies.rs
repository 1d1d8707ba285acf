//! Answers of the SQL server cut at every single byte: the HTTP caller sees the right rows, a problem or an aborted body,
//! never shorter JSON that parses; and a write that was acknowledged is there once.
//!
//! Each session is recorded first: what it was asked, and how many bytes each answer had. Then every answer of a few hundred
//! bytes is cut after each of its bytes, from before the first to after the last, by FIN and by RST in turn. An answer of many
//! packets is cut round the ends of its packets and at every 997th byte between: all of them would take minutes, since each cut
//! costs a login over TLS.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use local_azure::sql::faults::{
    Armed, CutBy, Fault, LoginFault, ReplyFault, ReplyRecord, RequestFault, RequestKind, Share, Strike,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::support::Desk;
use crate::support::script_root::FunctionFolder;
use crate::support::secrets::FUNCTION_KEY;

/// How many requests are under way at once; each fault strikes one of them.
const AT_ONCE: usize = 8;
/// Answers up to this long are cut at every byte.
const EVERY_BYTE_UP_TO: u64 = 1_200;
/// The size of packets that are not negotiated.
const PACKET: u64 = 4_096;

const SEED: &str = "
CREATE TABLE dbo.Kinds (id int NOT NULL PRIMARY KEY, name nvarchar(50) NULL, price decimal(18,4) NULL, made datetime2(3) NULL, raw varbinary(20) NULL, note nvarchar(max) NULL);
INSERT INTO dbo.Kinds VALUES (1, N'første', 12.3400, '2024-05-06T07:08:09.123', 0x0102, N'ein Text'), (2, NULL, NULL, NULL, NULL, NULL), (3, N'last', -0.0001, '1999-12-31', 0xFF, N'');
CREATE TABLE dbo.Written (id int NOT NULL);";

fn read_few() -> FunctionFolder {
    let sql = json!({ "result": "rows", "repeatable": true });
    FunctionFolder::http("ReadFew", "get", "few", sql, "SELECT * FROM dbo.Kinds ORDER BY id")
}

fn read_many() -> FunctionFolder {
    let sql = json!({ "result": "rows", "repeatable": true });
    let command =
        "SELECT id, name, REPLICATE(CAST(N'äß' AS nvarchar(max)), 5000) AS long FROM dbo.Kinds ORDER BY id";
    FunctionFolder::http("ReadMany", "get", "many", sql, command)
}

fn write(name: &str, route: &str, command: &str) -> FunctionFolder {
    let sql = json!({
        "parameters": { "@id": { "from": "body.id", "type": "int", "required": true } },
        "result": "row",
        "status": 201,
    });
    FunctionFolder::http(name, "post", route, sql, command)
}

async fn desk() -> Arc<Desk> {
    let desk = Desk::builder()
        .function(read_few())
        .function(read_many())
        .function(write("WriteOne", "one", "INSERT INTO dbo.Written (id) OUTPUT INSERTED.id VALUES (@id)"))
        .function(write(
            "WriteTwo",
            "two",
            "INSERT INTO dbo.Written (id) VALUES (@id); INSERT INTO dbo.Written (id) VALUES (-@id); SELECT @id AS id",
        ))
        .seed(SEED)
        .setting("AZSQL_RETRY_BUDGET_SECONDS", "5")
        .start()
        .await;
    Arc::new(desk)
}

/// What a caller saw.
#[derive(Debug)]
enum Seen {
    /// A status of success and a whole body.
    Answer(Json),
    /// A problem.
    Problem,
    /// The body broke off.
    Aborted,
}

async fn ask(desk: &Desk, method: Method, path: &str, body: Option<Json>) -> Seen {
    let url = format!("{}{path}", desk.host().base_url());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    let mut request = client.request(method, url).header("x-functions-key", FUNCTION_KEY);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let Ok(text) = response.text().await else {
        return Seen::Aborted;
    };
    if status.is_success() {
        return Seen::Answer(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
    }
    let problem: Json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(status >= StatusCode::BAD_REQUEST && problem["type"].is_string(), "{status}: {text}");
    Seen::Problem
}

/// The answers that the server gives to the worker while `act` runs, one of each kind and text.
async fn recorded(desk: &Desk, act: impl AsyncFnOnce()) -> Vec<ReplyRecord> {
    let before = desk.sql().faults().replies().len();
    act().await;
    let mut seen = BTreeSet::new();
    let replies = desk.sql().faults().replies().into_iter().skip(before);
    replies.filter(|reply| seen.insert((format!("{:?}", reply.request), reply.text.clone()))).collect()
}

/// Where an answer of this length is cut.
fn places(bytes: u64) -> Vec<u64> {
    if bytes <= EVERY_BYTE_UP_TO {
        return (0..=bytes).collect();
    }
    let near_the_end_of_a_packet = |place: u64| (place + 4) % PACKET < 16;
    (0..=bytes)
        .filter(|place| place % 997 == 0 || near_the_end_of_a_packet(*place) || bytes - place < 4)
        .collect()
}

/// Puts a cut in line for each place of an answer. Behind them every other statement loses its connection, or a pool of good
/// connections would see no login any more, nor what follows one.
fn arm(desk: &Desk, reply: &ReplyRecord) -> Vec<Armed> {
    let cuts = places(reply.bytes).into_iter().map(|after| {
        let by = if after % 2 == 0 { CutBy::Fin } else { CutBy::Reset };
        let cut = ReplyFault::Cut { after, by };
        let fault = match reply.request {
            None => Fault::new(LoginFault::Reply(cut)),
            Some(kind) => Fault::new(Strike::Request(kind, RequestFault::Reply(cut))).containing(&reply.text),
        };
        desk.sql().faults().arm(fault.of_application(&reply.application))
    });
    let cuts = cuts.collect();
    let broken = Fault::at(RequestKind::Statement, RequestFault::Cut(CutBy::Fin)).always();
    let broken = broken.of_application(&reply.application).for_share(Share::percent(50.0).unwrap());
    desk.sql().faults().arm(broken);
    cuts
}

/// Asks until every cut has struck; the answers. No fault is left.
async fn until_all_struck<F: Future<Output = Seen>>(
    desk: &Desk,
    cuts: &[Armed],
    ask: impl Fn(usize) -> F,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut asked = 0;
    while let Some(left) = cuts.iter().find(|cut| cut.struck() == 0) {
        let next = asked..asked + AT_ONCE;
        asked = next.end;
        assert!(asked < 20_000, "it never struck: {left:?}");
        let answers: Vec<Seen> =
            futures_util::stream::iter(next.map(&ask)).buffer_unordered(AT_ONCE).collect().await;
        seen.extend(answers);
    }
    desk.sql().faults().clear();
    seen
}

/// Cuts all answers of the sessions that a GET needs; it must give `expected` or fail.
async fn cut_a_read(path: &'static str, packets: u64) {
    let desk = desk().await;
    let mut expected = Json::Null;
    let replies = recorded(&desk, async || {
        let Seen::Answer(answer) = ask(&desk, Method::GET, path, None).await else { panic!("no answer") };
        expected = answer;
    })
    .await;
    assert!(replies.iter().any(|reply| reply.request.is_none()), "no login: {replies:?}");
    let longest = replies.iter().map(|reply| reply.bytes).max().unwrap();
    assert_eq!(longest.div_ceil(PACKET) > 1, packets > 1, "{longest} bytes");
    let (mut right, mut failed) = (0, 0);
    for reply in &replies {
        let cuts = arm(&desk, reply);
        for seen in until_all_struck(&desk, &cuts, |_| ask(&desk, Method::GET, path, None)).await {
            match seen {
                Seen::Answer(answer) => {
                    assert_eq!(answer, expected, "shorter or other rows");
                    right += 1;
                }
                Seen::Problem | Seen::Aborted => failed += 1,
            }
        }
    }
    assert!(right > 0, "{right} right, {failed} failed");
    let Seen::Answer(after) = ask(&desk, Method::GET, path, None).await else { panic!("no answer") };
    assert_eq!(after, expected);
    Arc::try_unwrap(desk).ok().unwrap().finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_read_of_a_few_rows_is_cut_at_every_byte() {
    cut_a_read("/api/few", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_packets_is_cut_round_their_ends_and_between() {
    cut_a_read("/api/many", 20).await;
}

/// Cuts all answers of the sessions that a POST needs; each acknowledged write is there once, each other at most once.
async fn cut_a_write(path: &'static str, written_each: i32) {
    let desk = desk().await;
    let post = |id: i32| ask(&desk, Method::POST, path, Some(json!({ "id": id })));
    let replies = recorded(&desk, async || {
        assert!(matches!(post(1).await, Seen::Answer(_)));
    })
    .await;
    assert!(replies.iter().any(|reply| reply.request == Some(RequestKind::Statement)), "{replies:?}");
    let mut id = 1;
    let mut acknowledged = vec![1];
    for reply in replies.iter().filter(|reply| reply.request.is_some()) {
        let cuts = arm(&desk, reply);
        let first = id + 1;
        let seen = until_all_struck(&desk, &cuts, |place| {
            let id = first + i32::try_from(place).unwrap();
            let post = &post;
            async move {
                match post(id).await {
                    Seen::Answer(answer) => {
                        assert_eq!(answer, json!({ "id": id }));
                        Seen::Answer(json!(id))
                    }
                    other => other,
                }
            }
        })
        .await;
        id += i32::try_from(seen.len()).unwrap();
        acknowledged.extend(seen.iter().filter_map(|seen| match seen {
            Seen::Answer(id) => id.as_i64().and_then(|id| i32::try_from(id).ok()),
            Seen::Problem | Seen::Aborted => None,
        }));
    }
    let mut client = desk.sql_client().await;
    let doubled =
        "SELECT COUNT(*) FROM (SELECT id FROM dbo.Written GROUP BY id HAVING COUNT(*) > 1) AS doubled";
    assert_eq!(client.number(doubled).await, 0);
    let halves = format!(
        "SELECT COUNT(*) FROM (SELECT ABS(id) AS whole FROM dbo.Written GROUP BY ABS(id) HAVING COUNT(*) <> {written_each}) AS halves"
    );
    assert_eq!(client.number(&halves).await, 0, "a transaction left half of itself");
    for id in acknowledged {
        let there = format!("SELECT COUNT(*) FROM dbo.Written WHERE id = {id}");
        assert_eq!(client.number(&there).await, 1, "the acknowledged write {id} is lost");
    }
    drop(client);
    Arc::try_unwrap(desk).ok().unwrap().finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_write_of_one_statement_is_cut_at_every_byte() {
    cut_a_write("/api/one", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_transaction_of_two_writes_is_cut_at_every_byte() {
    cut_a_write("/api/two", 2).await;
}
