//! Reads a function's folder: `function.json` and the command it names, compiled into a [`Function`].

mod bindings;
mod built_in;
mod command;
mod error;
mod faults;
mod forwarded;
mod idempotency;
mod json_schema;
mod message_trigger;
mod outputs;
mod parameter;
mod procedure;
mod replica;
mod retry;
mod section;
mod session_context;
mod table_type;
mod transaction;

use std::path::Path;

use serde_json::Value as Json;

pub use error::DefinitionError;
pub(super) use forwarded::ForwardedRoute;
pub use json_schema::definition_schema;

use bindings::Bindings;
use command::CommandSection;
use section::Section;

use super::plan::{Function, Work};
use crate::invocation::{Mistakes, nearest};

/// Reads the definition in `folder`.
///
/// # Errors
/// All mistakes of the definition.
pub(super) fn read(function: &str, folder: &Path) -> Result<Function, DefinitionError> {
    let mut mistakes = Mistakes::new(format!("{function}/function.json"));
    if let Err(message) = check_name(function) {
        mistakes.add("", message);
    }
    let json = mistakes.read_json(&folder.join("function.json"), "; the worker must be allowed to read it");
    // Until the file was read, nobody knows what the host finds in it.
    let forwarded =
        json.as_ref().map_or(ForwardedRoute::Unknown, |json| ForwardedRoute::read(function, json));
    let is_forwarded = matches!(forwarded, ForwardedRoute::Known { .. });
    let read = json.as_ref().and_then(|json| compile(function, folder, json, is_forwarded, &mut mistakes));
    match read {
        Some(read) if mistakes.is_empty() => Ok(read),
        _ => {
            let http_output = json.and_then(|json| bindings::http_output(json.get("bindings")));
            Err(DefinitionError { mistakes: mistakes.into_list(), http_output, forwarded })
        }
    }
}

/// The host's rule (azure-functions-host, `Utility.IsValidFunctionName`).
fn check_name(name: &str) -> Result<(), &'static str> {
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    let legal = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !begins || !legal || name.len() > 128 {
        return Err(
            "the folder's name must be a letter, then letters, digits, _ or -, 128 at most: the host takes no other",
        );
    }
    if name.eq_ignore_ascii_case("host") {
        return Err("the folder must not be called host: the host keeps that name for itself");
    }
    Ok(())
}

fn compile(
    function: &str,
    folder: &Path,
    json: &Json,
    is_forwarded: bool,
    mistakes: &mut Mistakes,
) -> Option<Function> {
    let Json::Object(keys) = json else {
        mistakes.add("", "must be an object {...}");
        return None;
    };
    let file = Section::new("", keys);
    if let Some(script) = file.text("scriptFile", mistakes).filter(|script| !folder.join(script).is_file()) {
        mistakes.add("scriptFile", format!("`{script}` does not exist; leave the key out"));
    }
    let bindings = match file.list("bindings", mistakes) {
        Some(list) if !list.is_empty() => bindings::read(function, list, is_forwarded, mistakes),
        Some(_) => {
            mistakes.add("bindings", "is empty; add a trigger, and an http output for an HTTP function");
            Bindings::default()
        }
        None => {
            if !file.has("bindings") {
                mistakes
                    .add("bindings", "is missing; add a trigger, and an http output for an HTTP function");
            }
            Bindings::default()
        }
    };
    if let Some(trigger) = &bindings.trigger {
        retry::check(file.get("retry"), trigger, mistakes);
    }
    let Some(sql) = file.get("sql") else {
        let meant = nearest("sql", keys.keys().map(String::as_str));
        let meant = meant.map(|key| format!(" (there is `{key}`)")).unwrap_or_default();
        mistakes
            .add("sql", format!("is missing{meant}; add the section with the command and its parameters"));
        return None;
    };
    let section = Section::of("sql", sql, mistakes)?;
    let work = if section.has(built_in::KEY) {
        built_in::read(&section, &bindings, mistakes).map(Work::BuiltIn)
    } else {
        let plan = CommandSection { section, folder, function }.read(&bindings, mistakes);
        plan.map(|plan| Work::Command(Box::new(plan)))
    };
    Some(Function { name: function.into(), trigger: bindings.trigger?, work: work? })
}
