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

/// What the script is for that stands below it.
const KEY_TABLE: &str = "The table that `idempotencyKey` needs in the functions' database; running the script again changes nothing:";

/// Options of `check`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CheckOptions {
    /// The script root: the folder with a folder for each function; host.json is in it or beside it [default:
    /// function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Print an array of objects with file, line, key, severity and message; one with the severity "note" has the script of
    /// a table that the functions need
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
        let mut found = as_json(&inspection.mistakes);
        found.extend(inspection.needs_key_table.as_deref().map(key_table_as_json));
        say(&format!("{:#}", Json::Array(found)));
    } else {
        inspection.mistakes.iter().for_each(|mistake| say(&mistake.to_string()));
        say(&inspection.summary());
        if inspection.needs_key_table.is_some() {
            say(&format!("\n{KEY_TABLE}\n\n{SCRIPT}"));
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
pub(super) fn as_json(mistakes: &[Mistake]) -> Vec<Json> {
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

/// The table of keys as scripts read it; `file` is a definition that needs it.
fn key_table_as_json(file: &str) -> Json {
    json!({
        "file": file,
        "line": null,
        "key": "sql.idempotencyKey",
        "severity": "note",
        "message": KEY_TABLE,
        "script": SCRIPT,
    })
}
