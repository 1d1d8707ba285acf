//! Reads a function's folder: `function.json` and the command it names, compiled into a [`Function`].

mod bindings;
mod command;
mod error;
mod forwarded;
mod message_trigger;
mod outputs;
mod parameter;
mod retry;
mod section;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

pub(crate) use error::Mistakes;
pub use error::{DefinitionError, Mistake, Severity};
pub(super) use forwarded::ForwardedRoute;

use bindings::Bindings;
use command::CommandSection;
use section::Section;

use crate::invocation::without_comments;

use super::plan::Function;
use crate::invocation::nearest;

/// Reads the definition in `folder`.
///
/// # Errors
/// All mistakes of the definition.
pub(super) fn read(function: &str, folder: &Path) -> Result<Function, DefinitionError> {
    let mut mistakes = Mistakes::new(format!("{function}/function.json"));
    if let Err(message) = check_name(function) {
        mistakes.add("", message);
    }
    let read =
        read_json(folder, &mut mistakes).and_then(|json| compile(function, folder, &json, &mut mistakes));
    mistakes.finish(read)
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

fn read_json(folder: &Path, mistakes: &mut Mistakes) -> Option<Json> {
    let text = fs::read_to_string(folder.join("function.json"))
        .map_err(|error| mistakes.add("", format!("can't be read: {error}")))
        .ok()?;
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str(&without_comments(text)) {
        Ok(json) => {
            mistakes.set_text(text);
            Some(json)
        }
        Err(error) => {
            mistakes.add_at(error.line(), "", format!("is not JSON: {error}"));
            None
        }
    }
}

fn compile(function: &str, folder: &Path, json: &Json, mistakes: &mut Mistakes) -> Option<Function> {
    let forwarded = ForwardedRoute::read(function, json);
    let is_forwarded = matches!(forwarded, ForwardedRoute::Known { .. });
    mistakes.set_forwarded(forwarded);
    let Json::Object(keys) = json else {
        mistakes.add("", "must be an object {...}");
        return None;
    };
    let file = Section::new("", keys);
    if let Some(script) = file.text("scriptFile", mistakes).filter(|script| !folder.join(script).is_file()) {
        mistakes.add("scriptFile", format!("`{script}` does not exist; leave the key out"));
    }
    mistakes.set_http_output(bindings::http_output(file.get("bindings")));
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
    let plan = CommandSection { section, folder, function }.read(&bindings, mistakes);
    Some(Function { name: function.into(), trigger: bindings.trigger?, plan: plan? })
}
