//! How much memory the worker takes to stream a million rows, in each format.
//!
//! The worker is a process of its own below the local Functions host in proxying mode, on the local SQL endpoint; each format
//! has a worker of its own, whose peak of resident memory the system keeps (`VmHWM` in proc(5)). Beside it stands what the worker
//! takes when it has answered one small call, and how long the answer is. Ends with 1 when a peak is above the aim or an
//! answer isn't whole.
//!
//! ```sh
//! cargo bench --bench stream_memory                       # 1,000,000 rows of 6 columns
//! cargo bench --bench stream_memory -- --rows 50000
//! cargo bench --profile dev --bench stream_memory         # without optimisation: quick to build, slow to run
//! ```

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a benchmark is a program that prints and may end"
)]

mod measure;
mod stage;

use std::process::ExitCode;

use measure::Measure;

/// The most memory that the worker may take, in MiB.
const AIM: f64 = 64.0;

/// Unless `--rows` says otherwise.
const ROWS: u64 = 1_000_000;

fn main() -> ExitCode {
    let Some(rows) = rows(std::env::args().skip(1)) else {
        eprintln!("usage: cargo bench --bench stream_memory -- [--rows 1..{}]", stage::MOST_ROWS);
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{rows} rows of 6 columns through proxying mode; resident memory of the worker in MiB");
    println!("| format | answer | seconds | before | peak | aim | verdict |\n|---|---|---|---|---|---|---|");
    let mut holds = true;
    for accept in ["application/json", "application/x-ndjson", "text/csv"] {
        let Measure { rows: seen, bytes, seconds, before, peak } =
            runtime.block_on(measure::run(accept, rows));
        let is_whole = seen == rows;
        let verdict = match (is_whole, peak <= AIM) {
            (true, true) => "holds",
            (true, false) => "ABOVE THE AIM",
            (false, _) => "NOT ALL ROWS",
        };
        holds &= is_whole && peak <= AIM;
        let answer = bytes as f64 / 1024.0 / 1024.0;
        println!(
            "| {accept} | {answer:.1} | {seconds:.1} | {before:.1} | {peak:.1} | {AIM:.0} | {verdict} |"
        );
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many rows are asked for; None when the arguments say nothing that this program knows.
fn rows(arguments: impl Iterator<Item = String>) -> Option<u64> {
    // cargo adds `--bench`.
    let arguments: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [] => Some(ROWS),
        [name, rows] if name == "--rows" => {
            rows.parse().ok().filter(|rows| (1..=stage::MOST_ROWS).contains(rows))
        }
        _ => None,
    }
}
