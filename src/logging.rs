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
    let line: String = sentence.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    // Nobody is left to tell when stderr is closed.
    let _closed = writeln!(std::io::stderr(), "azsql-worker: {line}");
}
