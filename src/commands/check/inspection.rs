//! Looks a script root over: every definition, `host.json`, and what holds across them.

use std::io;
use std::path::Path;

use super::{across, callers, connections, descriptions};
use crate::functions::{self, AppServiceAuthentication, Function};
use crate::host::host_json;
use crate::invocation::{Mistake, Severity};
use crate::settings::environment;

/// Where mistakes in app settings are said to be.
pub(super) const ENVIRONMENT: &str = "environment";

/// What was found in a script root.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Inspection {
    /// The functions' names, in order; wrong ones too.
    pub(in crate::commands) functions: Vec<String>,
    /// `host.json` first, then function by function. Files are named from the current folder, so that an editor finds
    /// them.
    pub(in crate::commands) mistakes: Vec<Mistake>,
    /// The definition of the first function with an idempotency key, which needs a table.
    pub(in crate::commands) needs_key_table: Option<String>,
}

/// Inspects the script root, and the connections that this process' environment has for it.
///
/// # Errors
/// Only when the folder itself can't be read.
pub(in crate::commands) fn inspect(script_root: &Path) -> io::Result<Inspection> {
    let mut inspection = inspect_copy(script_root, script_root)?;
    inspection.mistakes.extend(connections::mistakes(&functions::load(script_root)?, &environment));
    Ok(inspection)
}

/// Inspects a copy of a script root; mistakes name the files of the original.
///
/// # Errors
/// Only when the copy's folder itself can't be read.
pub(in crate::commands) fn inspect_copy(script_root: &Path, original: &Path) -> io::Result<Inspection> {
    let catalogue = functions::load(script_root)?;
    let functions: Vec<String> = catalogue.names().map(str::to_owned).collect();
    let mut mistakes = host_json::check(script_root);
    mistakes.extend(across::extension_bundle(script_root, &functions));
    // Variables that override it are the Function App's.
    let host = host_json::read(script_root, &|_| None).ok();
    let unreachable =
        host.as_ref().map(|host| across::unreachable(script_root, &catalogue, host)).unwrap_or_default();
    let authentication = AppServiceAuthentication::read(&environment);
    for name in &functions {
        match catalogue.functions.get(name) {
            Some(Err(error)) => mistakes.extend(error.mistakes.iter().cloned()),
            Some(Ok(function)) => {
                mistakes.extend(callers::warnings(function, authentication));
                mistakes.extend(descriptions::mistakes(function));
            }
            None => {}
        }
        mistakes.extend(across::same_name(name, &functions));
        let same_route = across::same_route(script_root, name, &catalogue);
        if same_route.is_none() {
            let own = unreachable.iter().filter(|(function, _)| **function == **name);
            mistakes.extend(own.map(|(_, mistake)| mistake.clone()));
        }
        mistakes.extend(same_route);
        mistakes
            .extend(host.as_ref().and_then(|host| across::sent_twice(script_root, name, &catalogue, host)));
    }
    for mistake in &mut mistakes {
        mistake.file = from_here(original, &mistake.file);
    }
    if functions.is_empty() {
        mistakes.push(Mistake {
            file: original.display().to_string(),
            line: None,
            key: String::new(),
            message: "holds no function: a function is a folder with a function.json; name the folder of yours with \
                      --functions"
                .to_owned(),
            severity: Severity::Error,
        });
    }
    let has_key = |function: &&Function| function.plan().is_some_and(|plan| plan.idempotency_key().is_some());
    let needs_key_table = catalogue
        .valid()
        .find(has_key)
        .map(|function| from_here(original, &format!("{}/function.json", function.name)));
    Ok(Inspection { functions, mistakes, needs_key_table })
}

impl Inspection {
    /// Whether anything does not work.
    pub(in crate::commands) fn has_errors(&self) -> bool {
        self.mistakes.iter().any(Mistake::is_error)
    }

    /// Adds what a look at the server found; what was found without one is not told twice.
    pub(super) fn add(&mut self, script_root: &Path, mistakes: &[Mistake]) {
        for mistake in mistakes {
            let here = Mistake { file: from_here(script_root, &mistake.file), ..mistake.clone() };
            let is_known = |other: &Mistake| {
                (&other.file, &other.key, &other.message) == (&here.file, &here.key, &here.message)
            };
            if !self.mistakes.iter().any(is_known) {
                self.mistakes.push(here);
            }
        }
    }

    /// `9 functions, host.json: no mistakes`
    pub(in crate::commands) fn summary(&self) -> String {
        let errors = self.mistakes.iter().filter(|mistake| mistake.is_error()).count();
        let warnings = self.mistakes.len() - errors;
        let found = match (errors, warnings) {
            (0, 0) => "no mistakes".to_owned(),
            (0, warnings) => format!("no mistakes, {}", counted(warnings, "warning")),
            (errors, 0) => counted(errors, "mistake"),
            (errors, warnings) => format!("{}, {}", counted(errors, "mistake"), counted(warnings, "warning")),
        };
        format!("{}, {}: {found}", counted(self.functions.len(), "function"), host_json::FILE)
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A file of the script root as it is named from the current folder.
fn from_here(script_root: &Path, file: &str) -> String {
    if file == ENVIRONMENT {
        return file.to_owned();
    }
    let path = if file == host_json::FILE { host_json::path(script_root) } else { script_root.join(file) };
    path.strip_prefix(".").unwrap_or(&path).display().to_string()
}
