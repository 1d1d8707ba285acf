//! A steady load: a call every 20 ms, whether or not the others have been answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two calls: 50 a second.
const PACE: Duration = Duration::from_millis(20);

/// One call and its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

/// What the caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Rows,
    /// A problem at once: the breaker is open.
    Refused,
    OtherProblem,
}

/// The calls that were answered so far.
pub(crate) type Calls = Arc<Mutex<Vec<Call>>>;

/// Calls until it is dropped.
pub(crate) async fn run(port: u16, calls: Calls) {
    let client = reqwest::Client::new();
    let mut pace = tokio::time::interval(PACE);
    for number in 0_u64.. {
        pace.tick().await;
        tokio::spawn(call(client.clone(), port, number % 200 + 1, Arc::clone(&calls)));
    }
}

async fn call(client: reqwest::Client, port: u16, id: u64, calls: Calls) {
    let envelope = serde_json::json!({
        "Data": { "req": {
            "Url": format!("http://localhost:7071/api/persons/{id}"),
            "Method": "GET",
            "Query": {},
            "Headers": { "Accept": ["*/*"], "Host": ["localhost:7071"], "User-Agent": ["bench"] },
            "Params": { "id": id.to_string() },
            "Identities": [],
        } },
        "Metadata": { "id": id.to_string(), "Query": {}, "sys": { "MethodName": "GetPerson" } },
    });
    let sent = Instant::now();
    let request = client
        .post(format!("http://127.0.0.1:{port}/GetPerson"))
        .header("x-azure-functions-invocationid", "00000000-0000-0000-0000-000000000000")
        .json(&envelope);
    // The worker is killed at the end, with calls under way.
    let Ok(reply) = request.send().await else { return };
    let Ok(body) = reply.text().await else { return };
    let outcome = if body.contains("\"statusCode\":200") {
        Outcome::Rows
    } else if body.contains("looks again every second") {
        Outcome::Refused
    } else {
        Outcome::OtherProblem
    };
    let call = Call { sent, took: sent.elapsed(), outcome };
    calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
}
