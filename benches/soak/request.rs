//! One request as the Functions host posts it, and what the caller is told.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::app::Function;

/// No answer comes later than this after the deadline, or the invocation hangs.
pub(crate) const HANGS_AFTER: Duration = Duration::from_secs(10);

/// What a caller knows after its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It happened.
    Done,
    /// It did not happen.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) function: Function,
    pub(crate) ticket: i32,
    pub(crate) told: Told,
    /// Status and, of a problem, its kind; or why there was no answer.
    pub(crate) answer: String,
    /// From the moment at which it was due to be sent.
    pub(crate) latency: Duration,
    /// By how much it was sent after that moment: what the machine, and not the worker, adds.
    pub(crate) delay: Duration,
    /// By how much the answer came after the deadline, counted from when it was sent.
    pub(crate) late: Duration,
    /// Whether no answer came at all.
    pub(crate) hung: bool,
}

/// Sends one request that was due at `due`.
pub(crate) async fn send(
    client: &reqwest::Client,
    port: u16,
    function: Function,
    ticket: i32,
    due: Instant,
) -> Ended {
    let name = function.name();
    let envelope = json!({
        "Data": { "req": {
            "Url": format!("http://localhost:7071/api/{name}?ticket={ticket}"),
            "Method": "POST",
            "Query": { "ticket": ticket.to_string() },
            "Headers": {
                "Accept": ["*/*"],
                "Host": ["localhost:7071"],
                "User-Agent": ["soak"],
                "Idempotency-Key": [format!("ticket-{ticket}")],
            },
            "Params": {},
            "Identities": [],
        } },
        "Metadata": { "Query": { "ticket": ticket.to_string() }, "sys": { "MethodName": name } },
    });
    let sent = Instant::now();
    let exchange = async {
        let reply = client
            .post(format!("http://127.0.0.1:{port}/{name}"))
            .header("x-azure-functions-invocationid", uuid::Uuid::new_v4().to_string())
            .json(&envelope)
            .send()
            .await?;
        reply.json::<Json>().await
    };
    let answer = tokio::time::timeout(function.timeout() + HANGS_AFTER, exchange).await;
    let ended = Instant::now();
    let (told, hung, answer) = match answer {
        Ok(Ok(reply)) => {
            let (told, answer) = read(&reply);
            (told, false, answer)
        }
        Ok(Err(error)) => {
            let why = if error.is_connect() { "no connection" } else { "broken off" };
            (Told::Unknown, false, why.to_owned())
        }
        Err(_) => (Told::Unknown, true, "no answer".to_owned()),
    };
    Ended {
        function,
        ticket,
        told,
        answer,
        latency: ended - due,
        delay: sent - due,
        late: (ended - sent).saturating_sub(function.timeout()),
        hung,
    }
}

/// What the host's reply tells its caller.
fn read(reply: &Json) -> (Told, String) {
    let output = &reply["Outputs"]["res"];
    let status = output["statusCode"].as_u64().or_else(|| output["statusCode"].as_str()?.parse().ok());
    let Some(status) = status else { return (Told::Unknown, "no status".to_owned()) };
    if (200..300).contains(&status) {
        return (Told::Done, status.to_string());
    }
    let problem: Json =
        output["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let kind =
        problem["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or("no problem").to_owned();
    let told = match kind.as_str() {
        "outcome-unknown" | "deadline" | "cancelled" | "results" | "defect" | "answer-lost"
        | "no problem" => Told::Unknown,
        _ => Told::Refused,
    };
    let number = problem["sqlError"].as_u64().map(|number| format!(" ({number})")).unwrap_or_default();
    (told, format!("{status} {kind}{number}"))
}
