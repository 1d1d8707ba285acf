//! An outage of the server and its return, under load: what it costs callers and the server.
//!
//! The worker is a process of its own under a steady load; the local SQL endpoint is stopped and started again on its port. With
//! `--blackhole` something accepts connections meanwhile and never answers.
//!
//! ```sh
//! cargo bench --bench outage -- --seconds 60
//! cargo bench --bench outage -- --seconds 60 --blackhole
//! ```
//!
//! It ends with an error when the server saw more logins at its return than the pool has places; times are printed beside
//! what they should be, because machines differ.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark is a program that prints and may end"
)]

mod load;
mod outage;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The worker is this very program, called by itself.
    if std::env::var_os(worker::ROLE).is_some() {
        worker::play();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments
        .iter()
        .position(|argument| argument == "--seconds")
        .and_then(|place| arguments.get(place + 1)?.parse().ok())
        .unwrap_or(60);
    let is_silent = arguments.iter().any(|argument| argument == "--blackhole");
    outage::run(seconds, is_silent)
}
