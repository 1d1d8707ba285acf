//! Finds the functions under the script root.

use std::collections::BTreeMap;
use std::path::Path;

use super::function::FunctionDefinition;
use crate::functions::settings::{AppSettings, HostConfiguration, without_comments};

/// A function that can't run, and why. The others run all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct FunctionProblem {
    pub(in crate::functions) name: String,
    pub(in crate::functions) message: String,
}

/// Everything found under a script root.
#[derive(Debug, Default)]
pub(in crate::functions) struct FunctionApp {
    pub(in crate::functions) functions: Vec<FunctionDefinition>,
    pub(in crate::functions) problems: Vec<FunctionProblem>,
}

/// Reads every immediate sub-folder that holds a function.json, in the order of their names.
///
/// # Errors
/// What the system said when the script root itself can't be listed.
pub(in crate::functions) fn discover(
    script_root: &Path,
    host: &HostConfiguration,
    settings: &AppSettings,
) -> std::io::Result<FunctionApp> {
    let mut folders: Vec<_> = std::fs::read_dir(script_root)?.collect::<Result<Vec<_>, _>>()?;
    // The order in which the host tries routes: by name, without case (azure-functions-host, `FunctionMetadataManager.cs`).
    folders.sort_by_key(|folder| folder.file_name().to_string_lossy().to_lowercase());
    let mut app = FunctionApp::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for folder in folders {
        let path = folder.path();
        let file = path.join("function.json");
        if !file.is_file() {
            continue;
        }
        let name = folder.file_name().to_string_lossy().into_owned();
        let found = is_function_name(&name)
            .then_some(())
            .ok_or_else(|| format!("'{name}' is not a valid function name."))
            .and_then(|()| match seen.insert(name.to_ascii_lowercase(), name.clone()) {
                Some(other) => Err(format!(
                    "the function '{other}' has the same name but for case: rename one of the folders"
                )),
                None => Ok(()),
            })
            .and_then(|()| {
                std::fs::read_to_string(&file)
                    .map_err(|error| format!("function.json can't be read: {error}"))
            })
            .and_then(|text| {
                serde_json::from_str(&without_comments(&text))
                    .map_err(|error| format!("Unable to parse function.json: {error}"))
            })
            .and_then(|json| FunctionDefinition::from_json(&name, &path, json, host, settings));
        match found {
            Ok(function) => app.functions.push(function),
            Err(message) => app.problems.push(FunctionProblem { name, message }),
        }
    }
    refuse_duplicate_routes(&mut app);
    Ok(app)
}

/// `^[a-z][a-z0-9_\-]{0,127}$` ignoring case, and not `host` (Utility.cs: `IsValidFunctionName`).
fn is_function_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_' || character == '-')
        && !name.eq_ignore_ascii_case("host")
}

/// Two functions that answer the same template and method can't both be meant: the later one is refused.
fn refuse_duplicate_routes(app: &mut FunctionApp) {
    let mut taken: Vec<(String, Vec<String>, String)> = Vec::new();
    let mut kept = Vec::new();
    for function in std::mem::take(&mut app.functions) {
        if let Some(http) = function.http().filter(|_| !function.disabled) {
            let template = http.route.text().to_ascii_lowercase();
            let overlap = |methods: &[String]| {
                methods.is_empty()
                    || http.methods.is_empty()
                    || methods.iter().any(|method| http.methods.contains(method))
            };
            if let Some((_, _, other)) =
                taken.iter().find(|(route, methods, _)| *route == template && overlap(methods))
            {
                app.problems.push(FunctionProblem {
                    message: format!(
                        "the function '{other}' has the same route for the same method: change one of them"
                    ),
                    name: function.name,
                });
                continue;
            }
            taken.push((template, http.methods.clone(), function.name.clone()));
        }
        kept.push(function);
    }
    app.functions = kept;
}
