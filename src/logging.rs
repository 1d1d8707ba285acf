//! Logs: one JSON line per event on stdout, with the invocation's function and id.
//!
//! Only the worker's own events are written. Other crates' targets stay off at every level, because what they print
//! can hold secrets: tiberius writes server messages (which hold values) at ERROR and rows at TRACE, hyper whole
//! headers (the identity header is one).

use std::io::Write;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::invocation::Problem;

/// The only target that is written.
const OWN_TARGET: &str = "azsql_worker";

/// Starts logging for this process. A second call changes nothing.
pub fn start(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        // It would complain on stderr, and panic where that is closed too.
        .log_internal_errors(false)
        .with_writer(std::io::stdout);
    let own = Targets::new().with_target(OWN_TARGET, level);
    // An error means that logging was started before, by a program that uses this library.
    let _started_before = tracing_subscriber::registry().with(own).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The payload may hold a value; the place tells enough.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: OWN_TARGET, place, "a task panicked; this is a defect of the worker");
    }));
}

/// Says on stderr why the process ends; the host shows its last three lines to the user.
pub fn say_why_it_ends(sentence: &str) {
    say(&format!("azsql-worker: {sentence}"));
}

/// Says on stderr why an invocation failed that has no caller who could be told. The host logs the line as an error, and
/// throws away everything else that a failed invocation answers.
pub fn say_that_an_invocation_failed(function: &str, id: &str, problem: &Problem) {
    let Problem { kind, violations, .. } = problem;
    let violations: Vec<String> = violations
        .iter()
        .map(|violation| format!("{} ({}) {}", violation.parameter, violation.from, violation.message))
        .collect();
    let why =
        if violations.is_empty() { problem.detail_for_logs().to_owned() } else { violations.join("; ") };
    say(&format!("azsql-worker: {function} failed ({id}): {kind}: {why}"));
}

/// One line, whatever is in it.
fn say(text: &str) {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Nobody is left to tell when stderr is closed.
    let _closed = writeln!(std::io::stderr(), "{line}");
}
