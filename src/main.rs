//! The program `azsql-worker`: hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    azsql_worker::run()
}
