//! `azsql-worker check`: what is wrong with definitions and `host.json`, before the host or a caller finds it.

mod across;
mod callers;
mod connections;
mod inspection;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value as Json, json};

use super::terminal::{say, tell};
use super::{EXIT_MISTAKES, EXIT_NO_INPUT, default_functions};
use crate::database::idempotency::SCRIPT;
use crate::invocation::Mistake;
pub(super) use inspection::{Inspection, inspect, inspect_copy};

/// Options of `check`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CheckOptions {
    /// The script root: the folder with a folder for each function; host.json is in it or beside it [default:
    /// function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Print an array of objects with file, line, key, severity and message
    #[arg(long)]
    json: bool,
}

/// Prints every mistake, one a line. 0 = there is none (warnings don't count), else [`EXIT_MISTAKES`], or
/// [`EXIT_NO_INPUT`] when the script root can't be read.
pub(super) fn run(options: &CheckOptions) -> ExitCode {
    let script_root = options.functions.clone().unwrap_or_else(default_functions);
    let inspection = match inspect(&script_root) {
        Ok(inspection) => inspection,
        Err(error) => {
            tell(&unreadable(&script_root, &error));
            return ExitCode::from(EXIT_NO_INPUT);
        }
    };
    if options.json {
        say(&format!("{:#}", as_json(&inspection.mistakes)));
    } else {
        inspection.mistakes.iter().for_each(|mistake| say(&mistake.to_string()));
        say(&inspection.summary());
        if inspection.needs_key_table {
            say(
                "\nThe table that `idempotencyKey` needs in the functions' database; running the script again changes nothing:\n",
            );
            say(SCRIPT);
        }
    }
    if inspection.has_errors() { ExitCode::from(EXIT_MISTAKES) } else { ExitCode::SUCCESS }
}

/// Why nothing could be inspected.
pub(super) fn unreadable(script_root: &Path, error: &std::io::Error) -> String {
    format!(
        "the script root {} can't be read ({}): name the folder of your functions with --functions",
        script_root.display(),
        error.kind()
    )
}

/// Mistakes as scripts read them.
pub(super) fn as_json(mistakes: &[Mistake]) -> Json {
    let object = |mistake: &Mistake| {
        json!({
            "file": mistake.file,
            "line": mistake.line,
            "key": mistake.key,
            "severity": mistake.severity.name(),
            "message": mistake.message,
        })
    };
    mistakes.iter().map(object).collect()
}
