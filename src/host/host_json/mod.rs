//! `host.json`: what the worker must know of it (how long the host lets a function run, how it passes HTTP requests
//! on), and what is wrong with it.

mod keys;
mod rules;
mod time_limits;

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value as Json;

use crate::invocation::{Mistake, Mistakes};
use crate::settings::Lookup;

use keys::Keys;
use time_limits::FunctionTimeout;
pub use time_limits::Limits;

/// The file's name, here and in mistakes.
pub(crate) const FILE: &str = "host.json";

/// The route prefix when host.json has none (azure-webjobs-sdk-extensions, `HttpOptions.cs`).
const DEFAULT_ROUTE_PREFIX: &str = "api";

/// A `host.json` that can't be used: all that is wrong with what the worker reads there. `Display` writes one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostJsonError {
    /// In the order of the file; at least one. The file of a mistake in a variable that overrides `host.json` is the
    /// variable's name.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for HostJsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for HostJsonError {}

/// How the host passes an HTTP request on to the worker. It applies to functions with exactly one `httpTrigger` and
/// one `http` output; every other function gets the envelope in each mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpMode {
    /// As an envelope, posted to `/{FunctionName}`.
    #[default]
    Enveloped,
    /// As it came, but read to its end first (`customHandler.enableForwardingHttpRequest`).
    Forwarding,
    /// As it comes, streaming (`customHandler.enableProxyingHttpRequest`); wins over forwarding.
    Proxying,
}

/// What the worker knows of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// How long an invocation may run.
    pub limits: Limits,
    /// How HTTP requests come.
    pub http_mode: HttpMode,
    /// `extensions.http.routePrefix` without slashes at its ends; may be empty.
    pub route_prefix: String,
}

/// Reads `host.json` under `script_root`, or beside it: a source tree may keep its functions in a folder of their own,
/// as ours does. A variable `AzureFunctionsJobHost__functionTimeout`, `AzureFunctionsJobHost__customHandler__...` or
/// `AzureFunctionsJobHost__extensions__http__routePrefix` wins over the file, as it does for the host.
///
/// # Errors
/// When the file can't be read or a value that the worker needs has another form. What else may be wrong with the file
/// is for [`check`] to find: a worker that runs was started by it.
pub fn read(script_root: &Path, lookup: Lookup<'_>) -> Result<HostSettings, HostJsonError> {
    let mut mistakes = Mistakes::new(FILE);
    load(script_root, &mut mistakes)
        .and_then(|json| settings(&Keys { json: &json, lookup }, &mut mistakes))
        .ok_or_else(|| HostJsonError { mistakes: mistakes.into_list() })
}

/// Everything that is wrong with the `host.json` of a script root, in the order of the file. Variables that override it
/// are left out: they are the Function App's, not the file's.
#[must_use]
pub fn check(script_root: &Path) -> Vec<Mistake> {
    let mut mistakes = Mistakes::new(FILE);
    if let Some(json) = load(script_root, &mut mistakes) {
        settings(&Keys { json: &json, lookup: &|_| None }, &mut mistakes);
        rules::check(&json, &mut mistakes);
    }
    mistakes.into_list()
}

/// The JSON of a script root's `host.json`.
///
/// # Errors
/// When it can't be read or is not JSON.
pub(crate) fn json(script_root: &Path) -> Result<Json, HostJsonError> {
    let mut mistakes = Mistakes::new(FILE);
    load(script_root, &mut mistakes).ok_or_else(|| HostJsonError { mistakes: mistakes.into_list() })
}

/// Where `host.json` is for a script root: in it, or beside it.
#[must_use]
pub fn path(script_root: &Path) -> PathBuf {
    let inside = script_root.join(FILE);
    // The parent of `.` or `..` can't be read off its name.
    let beside = match script_root.components().next_back() {
        Some(Component::Normal(_)) => script_root.with_file_name(FILE),
        _ => script_root.join("..").join(FILE),
    };
    if !inside.exists() && beside.exists() { beside } else { inside }
}

fn load(script_root: &Path, mistakes: &mut Mistakes) -> Option<Json> {
    let cure = ": the script root is the folder that holds it; name it with --functions";
    mistakes.read_json(&path(script_root), cure)
}

/// What the worker needs; None when any of it has another form.
fn settings(keys: &Keys<'_>, mistakes: &mut Mistakes) -> Option<HostSettings> {
    let function_timeout = function_timeout(keys);
    let proxying = keys.flag("customHandler.enableProxyingHttpRequest");
    let forwarding = keys.flag("customHandler.enableForwardingHttpRequest");
    let prefix = keys.text("extensions.http.routePrefix");

    let function_timeout = function_timeout.map_err(|wrong| wrong.note(mistakes)).ok();
    let proxying = proxying.map_err(|wrong| wrong.note(mistakes)).ok();
    let forwarding = forwarding.map_err(|wrong| wrong.note(mistakes)).ok();
    let prefix = prefix.map_err(|wrong| wrong.note(mistakes)).ok();
    Some(HostSettings {
        limits: Limits::under(function_timeout?),
        http_mode: match (proxying?, forwarding?) {
            (true, _) => HttpMode::Proxying,
            (false, true) => HttpMode::Forwarding,
            (false, false) => HttpMode::Enveloped,
        },
        route_prefix: prefix?.as_deref().unwrap_or(DEFAULT_ROUTE_PREFIX).trim_matches('/').to_owned(),
    })
}

fn function_timeout(keys: &Keys<'_>) -> Result<Option<FunctionTimeout>, keys::Wrong> {
    const KEY: &str = "functionTimeout";
    let Some(text) = keys.text(KEY)?.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    match FunctionTimeout::parse(&text) {
        Some(function_timeout) => Ok(Some(function_timeout)),
        None => Err(keys.wrong(KEY, "\"hh:mm:ss\" and more than nothing, or \"-1\"")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::time::Duration;

    use super::*;

    fn settings(host_json: &str, variables: &[(&str, &str)]) -> Result<HostSettings, HostJsonError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), host_json).unwrap();
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        read(folder.path(), &lookup)
    }

    #[test]
    fn the_mode_and_the_prefix_are_the_hosts() {
        let plain = settings("{}", &[]).unwrap();
        assert_eq!((plain.http_mode, plain.route_prefix.as_str()), (HttpMode::Enveloped, "api"));
        let both = r#"{ "customHandler": { "enableForwardingHttpRequest": true, "enableProxyingHttpRequest": "True" },
                        "Extensions": { "HTTP": { "RoutePrefix": "/v1/" } } }"#;
        let both = settings(both, &[]).unwrap();
        assert_eq!((both.http_mode, both.route_prefix.as_str()), (HttpMode::Proxying, "v1"));
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let file =
            r#"{ "functionTimeout": "00:10:00", "customHandler": { "enableProxyingHttpRequest": true } }"#;
        let overridden = settings(
            file,
            &[
                ("AzureFunctionsJobHost__functionTimeout", "00:01:00"),
                ("AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest", "false"),
                ("AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest", "true"),
                ("AzureFunctionsJobHost__extensions__http__routePrefix", ""),
            ],
        )
        .unwrap();
        assert_eq!(overridden.limits.other, Duration::from_secs(55));
        assert_eq!((overridden.http_mode, overridden.route_prefix.as_str()), (HttpMode::Forwarding, ""));
    }

    #[test]
    fn values_of_another_form_are_refused_with_their_lines_and_keys() {
        let file = "{ \"functionTimeout\": \"5 minutes\",\n \"customHandler\": { \"enableProxyingHttpRequest\": \"yes\" } }";
        let wrong = settings(file, &[]).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "host.json:1: functionTimeout: must be \"hh:mm:ss\" and more than nothing, or \"-1\"\n\
             host.json:2: customHandler.enableProxyingHttpRequest: must be true or false"
        );
    }

    #[test]
    fn a_wrong_variable_is_named_instead_of_the_file() {
        let wrong = settings("{}", &[("AzureFunctionsJobHost__functionTimeout", "CANARY")]).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "AzureFunctionsJobHost__functionTimeout: must be \"hh:mm:ss\" and more than nothing, or \"-1\""
        );
    }

    #[test]
    fn a_function_timeout_of_nothing_is_none_and_hides_the_files() {
        let variable = [("AzureFunctionsJobHost__functionTimeout", "")];
        for file in ["{}", r#"{ "functionTimeout": "00:10:00" }"#] {
            let limits = settings(file, &variable).unwrap().limits;
            assert_eq!(limits.other, Duration::from_secs(295), "{file}");
        }
    }

    #[test]
    fn what_only_check_minds_stops_no_worker() {
        assert!(settings(r#"{ "version": "3.0", "version": "1.0" }"#, &[]).is_ok());
    }

    #[test]
    fn the_file_is_found_in_the_script_root_or_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("functions");
        std::fs::create_dir(&root).unwrap();
        assert_eq!(path(&root), root.join(FILE));
        std::fs::write(folder.path().join(FILE), "{}").unwrap();
        assert_eq!(path(&root), folder.path().join(FILE));
        std::fs::write(root.join(FILE), "{}").unwrap();
        assert_eq!(path(&root), root.join(FILE));
    }
}
