//! A soak: minutes of open-loop load on the real worker while the database misbehaves, and what must hold all the same.
//!
//! The worker is a process of its own (`serve`, as the Functions host starts it); this program plays the host, the
//! identity endpoint and the SQL endpoint, makes the faults, and keeps a ledger of what the callers were told. At the
//! end it prints what it measured beside the law for it, and ends with 1 if a law was broken.
//!
//! ```sh
//! cargo bench --bench soak                                             # ten minutes, 200 requests/s, 5 % faults
//! cargo bench --bench soak -- --seconds 60 --seed 7                    # the short form
//! # What CI runs: without optimisation, quick to build; where others work on the machine, time is only reported.
//! cargo bench --profile dev --bench soak -- --seconds 60 --rate 50 --shared-machine
//! ```
//!
//! The same seed makes the same requests and faults at the same moments; what meets what is up to the machine.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a benchmark is a program that prints and may end"
)]

mod app;
mod faults;
mod ledger;
mod load;
mod options;
mod parts;
mod process;
mod report;
mod request;
mod samples;

use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match options::Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    // The endpoints have threads of their own, so that their work doesn't delay the clock of the load.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let run = runtime.block_on(load::run(&options));
    report::print(&options, &run);
    let holds = |law: &report::Law| law.holds() || (options.shared_machine && law.is_of_time());
    if run.laws().iter().all(holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
