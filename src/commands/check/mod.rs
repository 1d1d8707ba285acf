//! `azsql-worker check`: what is wrong with definitions and `host.json`, before the host or a caller finds it.

mod across;
mod callers;
mod connections;
mod descriptions;
mod inspection;
mod live;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value as Json, json};

use super::terminal::{say, tell};
use super::{EXIT_MISTAKES, EXIT_NO_INPUT, default_functions, local_settings};
use crate::database::idempotency::SCRIPT;
use crate::functions;
use crate::host::host_json;
use crate::invocation::Mistake;
use crate::settings::environment;
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
    /// Ask the server too: it describes every command without running it, with the connections of the environment and of
    /// local.settings.json
    #[arg(long)]
    live: bool,
    /// Store what the server says of each command in schema.json beside it; reviews and checks without a server see changes
    #[arg(long, requires = "live")]
    write_schema: bool,
}

/// Prints every mistake, one a line. 0 = there is none (warnings don't count), else [`EXIT_MISTAKES`], or
/// [`EXIT_NO_INPUT`] when the script root can't be read.
pub(super) fn run(options: &CheckOptions) -> ExitCode {
    let script_root = options.functions.clone().unwrap_or_else(default_functions);
    // First, since it may write descriptions, which are then inspected.
    let looked = match options.live.then(|| look_live(&script_root, options.write_schema)).transpose() {
        Ok(looked) => looked,
        Err(sentence) => {
            tell(&sentence);
            return ExitCode::from(EXIT_NO_INPUT);
        }
    };
    let mut inspection = match inspect(&script_root) {
        Ok(inspection) => inspection,
        Err(error) => {
            tell(&unreadable(&script_root, &error));
            return ExitCode::from(EXIT_NO_INPUT);
        }
    };
    if let Some(looked) = &looked {
        inspection.add(&script_root, &looked.mistakes);
    }
    if options.json {
        let mut found = as_json(&inspection.mistakes);
        found.extend(inspection.needs_key_table.as_deref().map(key_table_as_json));
        say(&format!("{:#}", Json::Array(found)));
    } else {
        inspection.mistakes.iter().for_each(|mistake| say(&mistake.to_string()));
        if let Some(looked) = &looked {
            looked.written.iter().for_each(|file| say(&format!("wrote {file}")));
            say(&format!("the server described {} of {} commands", looked.described, looked.commands));
        }
        say(&inspection.summary());
        if inspection.needs_key_table.is_some() {
            say(&format!("\n{KEY_TABLE}\n\n{SCRIPT}"));
        }
    }
    if inspection.has_errors() { ExitCode::from(EXIT_MISTAKES) } else { ExitCode::SUCCESS }
}

/// Asks the server, with the settings of the environment and of the desk.
fn look_live(script_root: &Path, writes: bool) -> Result<live::Looked, String> {
    let unread = |error: std::io::Error| unreadable(script_root, &error);
    let catalogue = functions::load(script_root).map_err(unread)?;
    let host_json = host_json::path(script_root);
    let folder = host_json.parent().unwrap_or(Path::new("."));
    let local = local_settings::read(folder, |name| std::env::var_os(name).is_some(), |_| ())?;
    let settings = |name: &str| environment(name).or_else(|| local.get(name).cloned());
    live::look(script_root, &catalogue, &settings, writes)
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
