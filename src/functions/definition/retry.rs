//! Checks the host's own `retry`, at the top level of a definition.
//!
//! The host reads it and not the worker, but a function whose failures would be lost without it, or on which it has no
//! effect, is told so (`RetryOptions` in azure-functions-host, `src/WebJobs.Script/Description/`).

use std::time::Duration;

use serde_json::Value as Json;

use super::section::Section;
use crate::functions::message_trigger::HostRetry;
use crate::functions::trigger::Trigger;
use crate::invocation::{Mistakes, time_span};

const EXAMPLE: &str =
    r#""retry": { "strategy": "fixedDelay", "maxRetryCount": 5, "delayInterval": "00:00:05" }"#;

/// Notes what is wrong with `retry` for this trigger.
pub(super) fn check(retry: Option<&Json>, trigger: &Trigger, mistakes: &mut Mistakes) {
    let (name, effect) = match trigger {
        Trigger::Http(_) => ("httpTrigger", HostRetry::None),
        Trigger::Timer(_) => ("timerTrigger", HostRetry::Works),
        Trigger::Message(message) => (message.kind.name, message.kind.retry),
    };
    let Some(retry) = retry.filter(|retry| !retry.is_null()) else {
        if effect == HostRetry::Needed {
            let message = format!(
                "is missing: without it a failure moves the checkpoint on and the events are lost; add {EXAMPLE} \
                 beside bindings"
            );
            mistakes.add("retry", message);
        }
        return;
    };
    if effect == HostRetry::None {
        let instead = match trigger {
            Trigger::Http(_) => "the caller decides whether to try again",
            _ => "the service delivers a failed message again, by a count of its own",
        };
        mistakes.add("retry", format!("has no effect on a {name}: {instead}; leave it out"));
        return;
    }
    let Some(retry) = Section::of("retry", retry, mistakes) else { return };
    match retry.get("maxRetryCount").map(Json::as_i64) {
        Some(Some(0)) if effect == HostRetry::Needed => mistakes.add(
            retry.path_of("maxRetryCount"),
            "is 0: a failure moves the checkpoint on and the events are lost; write how often to try again, or -1 for as \
             often as it takes",
        ),
        Some(Some(-1..)) => {}
        _ => mistakes
            .add(retry.path_of("maxRetryCount"), "must be a whole number, or -1 for as often as it takes"),
    }
    let strategy = retry.text("strategy", mistakes).unwrap_or_default().to_ascii_lowercase();
    match strategy.as_str() {
        "fixeddelay" => {
            span(&retry, "delayInterval", mistakes);
        }
        "exponentialbackoff" => {
            let shortest = span(&retry, "minimumInterval", mistakes);
            let longest = span(&retry, "maximumInterval", mistakes);
            if let (Some(shortest), Some(longest)) = (shortest, longest)
                && shortest >= longest
            {
                mistakes.add(retry.path_of("minimumInterval"), "must be shorter than maximumInterval");
            }
        }
        _ => mistakes.add(
            retry.path_of("strategy"),
            format!("must be \"fixedDelay\" or \"exponentialBackoff\", such as {EXAMPLE}"),
        ),
    }
}

/// A time span; a mistake when there is none.
fn span(retry: &Section<'_>, key: &str, mistakes: &mut Mistakes) -> Option<Duration> {
    let span = retry.get(key).and_then(Json::as_str).and_then(time_span);
    if span.is_none() {
        mistakes.add(retry.path_of(key), "must be a time span hh:mm:ss, such as \"00:00:05\"");
    }
    span
}
