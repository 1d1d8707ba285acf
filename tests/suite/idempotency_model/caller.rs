//! Callers: each asks, and repeats what wasn't acknowledged, until its patience is over.

use std::future::Future;

use super::account::{History, Told};
use super::schedule::Call;

/// Plays a caller; `ask` is one try.
pub(super) async fn play<F: Future<Output = Told>>(
    call: Call,
    number: usize,
    ask: impl Fn() -> F,
) -> History {
    tokio::time::sleep(call.begins).await;
    let mut told = Vec::new();
    for _ in 0..=call.repeats {
        let answer = ask().await;
        // Without a key an unknown outcome must not be repeated: nobody but the caller could tell whether it happened.
        let repeats = match (&answer, call.key) {
            (Told::Done { .. } | Told::OtherRequest, _) | (Told::Unknown(_), None) => false,
            (Told::Refused(_), _) | (Told::Unknown(_), Some(_)) => true,
        };
        told.push(answer);
        if !repeats {
            break;
        }
        tokio::time::sleep(call.pause).await;
    }
    History { key: call.key.ok_or(number), amount: call.amount, told }
}

/// What a status and a problem's kind tell.
pub(super) fn told_by_problem(status: u16, kind: &str, number: Option<u64>) -> Told {
    let number = number.map(|number| format!(" ({number})")).unwrap_or_default();
    let what = format!("{status} {kind}{number}");
    match kind {
        "outcome-unknown" | "deadline" | "cancelled" | "results" | "defect" | "answer-lost"
        | "no problem" => Told::Unknown(what),
        "key-reused" => Told::OtherRequest,
        _ => Told::Refused(what),
    }
}
