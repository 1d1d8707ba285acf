//! `azsql-worker schema`: the JSON Schema of `function.json`, with which editors complete and check definitions.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use super::EXIT_CANT_CREATE;
use super::terminal::{say, tell};
use crate::functions::definition_schema;

/// Options of `schema`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SchemaOptions {
    /// Write the schema to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// 0, or [`EXIT_CANT_CREATE`] when the file can't be written.
pub(super) fn run(options: &SchemaOptions) -> ExitCode {
    let text = format!("{:#}", definition_schema());
    match &options.output {
        None => say(&text),
        Some(file) => {
            if let Err(error) = fs::write(file, text + "\n") {
                tell(&format!("{} can't be written ({})", file.display(), error.kind()));
                return ExitCode::from(EXIT_CANT_CREATE);
            }
        }
    }
    ExitCode::SUCCESS
}
