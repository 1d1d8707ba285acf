//! Checks the host's own `retry`, at the top level of a definition.
//!
//! The host reads it and not the worker, but a function whose failures would be lost without it, or on which it has no
//! effect, is told so (`RetryOptions` in azure-functions-host, `src/WebJobs.Script/Description/`).

use serde_json::Value as Json;

use super::section::Section;
use crate::functions::message_trigger::HostRetry;
use crate::functions::trigger::Trigger;
use crate::invocation::Mistakes;

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

/// The seconds of a time span; a mistake when there is none.
fn span(retry: &Section<'_>, key: &str, mistakes: &mut Mistakes) -> Option<u64> {
    let seconds = retry.get(key).and_then(Json::as_str).and_then(seconds);
    if seconds.is_none() {
        mistakes.add(retry.path_of(key), "must be a time span hh:mm:ss, such as \"00:00:05\"");
    }
    seconds
}

/// .NET's `TimeSpan` as its documentation writes it: `hh:mm:ss`, with days before a point.
fn seconds(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (number(days, 5, u64::MAX)?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hours, minutes, seconds) = (number(hours, 2, 23)?, number(minutes, 2, 59)?, number(seconds, 2, 59)?);
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

/// So many digits at the most.
fn number(text: &str, digits: usize, most: u64) -> Option<u64> {
    let legal = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if legal { text.parse().ok().filter(|number| *number <= most) } else { None }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn time_spans_are_read_as_the_host_reads_them() {
        for (text, expected) in [
            ("00:00:05", Some(5)),
            ("1:00:00", Some(3600)),
            ("1.00:00:01", Some(86_401)),
            ("24:00:00", None),
            ("00:60:00", None),
            ("5", None),
            ("-00:00:05", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
