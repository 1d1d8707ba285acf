//! All functions below a script root, whether they can be called or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use super::definition::{self, DefinitionError, ForwardedRoute};
use super::forwarding::Unreachable;
use super::plan::{Function, NumberSettings, Work};
use super::trigger::Trigger;
use crate::invocation::{Mistake, Severity};

/// The functions of a script root by name, in the folders' case. A wrong definition is kept as its mistakes: it fails
/// that function alone.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By the folder's name.
    pub functions: BTreeMap<String, Result<Arc<Function>, DefinitionError>>,
}

impl Catalogue {
    /// The functions that can be called.
    pub fn valid(&self) -> impl Iterator<Item = &Function> {
        self.functions.values().filter_map(|function| function.as_ref().ok().map(Arc::as_ref))
    }

    /// The functions that can't, by name, with all that is wrong with each.
    pub fn invalid(&self) -> impl Iterator<Item = (&str, &DefinitionError)> {
        self.functions.iter().filter_map(|(name, function)| Some((name.as_str(), function.as_ref().err()?)))
    }

    /// Lets all functions write numbers as the settings say, where their definitions don't.
    pub fn follow(&mut self, settings: NumberSettings) {
        for function in self.functions.values_mut().filter_map(|function| function.as_mut().ok()) {
            if let Work::Command(plan) = &mut Arc::make_mut(function).work {
                plan.follow(settings);
            }
        }
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// How requests reach each function in forwarding and proxying mode.
    pub(super) fn forwarded_routes(&self) -> impl Iterator<Item = (&str, ForwardedRoute)> {
        self.functions.iter().map(|(name, function)| {
            let forwarded = match function {
                Ok(function) => forwarded(&function.trigger),
                Err(error) => error.forwarded().clone(),
            };
            (name.as_str(), forwarded)
        })
    }

    /// Takes functions out of service that can't be called, or not safely, in forwarding and proxying mode.
    pub fn refuse(&mut self, unreachable: &[Unreachable]) {
        for Unreachable { function: name, sentence } in unreachable {
            let Some(entry) = self.functions.get_mut(&**name) else { continue };
            let mistake = Mistake {
                file: format!("{name}/function.json"),
                line: None,
                key: "bindings".to_owned(),
                message: sentence.clone(),
                severity: Severity::Error,
            };
            match entry {
                Err(error) => error.mistakes.push(mistake),
                Ok(function) => {
                    let output = match &function.trigger {
                        Trigger::Http(http) => Some(http.output.clone()),
                        Trigger::Timer(_) | Trigger::Message(_) => None,
                    };
                    *entry = Err(DefinitionError::later(mistake, output, forwarded(&function.trigger)));
                }
            }
        }
    }

    /// The function of this name, which the host matches without case; one that matches exactly goes first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Result<Arc<Function>, DefinitionError>> {
        self.functions.get(name).or_else(|| {
            self.functions.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, found)| found)
        })
    }
}

fn forwarded(trigger: &Trigger) -> ForwardedRoute {
    match trigger {
        Trigger::Http(http) if http.is_forwarded => {
            ForwardedRoute::Known { methods: http.methods.clone(), route: http.route.clone() }
        }
        Trigger::Http(_) | Trigger::Timer(_) | Trigger::Message(_) => ForwardedRoute::None,
    }
}

/// Reads every immediate sub-folder of the script root that holds a `function.json`.
///
/// # Errors
/// Only when the root itself can't be read.
pub fn load(script_root: &Path) -> io::Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    for entry in fs::read_dir(script_root)? {
        let folder = entry?.path();
        if !folder.join("function.json").is_file() {
            continue;
        }
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let function = definition::read(&name, &folder).map(Arc::new);
        catalogue.functions.insert(name, function);
    }
    Ok(catalogue)
}
