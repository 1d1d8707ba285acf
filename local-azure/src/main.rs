//! The program `local-azure`: each stand-in alone, for programs in any language.

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run()
}
