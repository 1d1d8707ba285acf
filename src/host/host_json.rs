//! What the worker must know of `host.json`: how long the host lets a function run, and how it passes HTTP requests on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;

use crate::invocation::without_comments;
use crate::settings::Lookup;

/// The host's own limit when nothing is set: 5 minutes on Consumption, the shortest of all plans.
const DEFAULT_FUNCTION_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Azure's front end cuts an HTTP request at 230 s, whatever the host allows.
const FRONT_END_LIMIT: Duration = Duration::from_secs(230);

/// We end this much earlier, so that our answer still gets through: at the function timeout the host kills the
/// process and with it every invocation in flight.
const MARGIN: Duration = Duration::from_secs(5);

/// A `host.json` that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostJsonError {
    /// It is missing or unreadable.
    #[error(
        "host.json can't be read ({0}): the script root is the folder that holds it; name it with --functions"
    )]
    Unreadable(std::io::ErrorKind),
    /// It is not JSON.
    #[error("host.json is not valid JSON: line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// `functionTimeout` is no time span.
    #[error(
        "functionTimeout in host.json (or AzureFunctionsJobHost__functionTimeout) must be \"hh:mm:ss\" or \"-1\""
    )]
    FunctionTimeout,
    /// A key has another form than the host reads.
    #[error("{key} in host.json (or the variable that overrides it) must be {expected}")]
    Value {
        /// The key with its parents.
        key: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

/// How long an invocation may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a function with an HTTP trigger.
    pub http: Duration,
    /// Of any other.
    pub other: Duration,
}

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

/// The route prefix when host.json has none (azure-webjobs-sdk-extensions, `HttpOptions.cs`).
const DEFAULT_ROUTE_PREFIX: &str = "api";

/// The environment variables that override host.json begin with this; `__` stands for the dots.
const OVERRIDE: &str = "AzureFunctionsJobHost__";

/// Reads `host.json` under `script_root`, or beside it: a source tree may keep its functions in a folder of their own,
/// as ours does. A variable `AzureFunctionsJobHost__functionTimeout`, `AzureFunctionsJobHost__customHandler__...` or
/// `AzureFunctionsJobHost__extensions__http__routePrefix` wins over the file, as it does for the host.
///
/// # Errors
/// When the file can't be read or a value has another form.
pub fn read(script_root: &Path, lookup: Lookup<'_>) -> Result<HostSettings, HostJsonError> {
    let text = std::fs::read_to_string(path(script_root))
        .map_err(|error| HostJsonError::Unreadable(error.kind()))?;
    let json: Json = serde_json::from_str(&without_comments(text.trim_start_matches('\u{feff}')))
        .map_err(|error| HostJsonError::Syntax { line: error.line(), column: error.column() })?;
    let keys = Keys { json: &json, lookup };
    let http_mode = if keys.flag("customHandler.enableProxyingHttpRequest")? {
        HttpMode::Proxying
    } else if keys.flag("customHandler.enableForwardingHttpRequest")? {
        HttpMode::Forwarding
    } else {
        HttpMode::Enveloped
    };
    let prefix = keys.text("extensions.http.routePrefix")?;
    Ok(HostSettings {
        limits: limits(keys.text("functionTimeout")?.as_deref())?,
        http_mode,
        route_prefix: prefix.as_deref().unwrap_or(DEFAULT_ROUTE_PREFIX).trim_matches('/').to_owned(),
    })
}

/// Looks keys up as the host does: first the variable that overrides, then the file, names without regard to case.
struct Keys<'a> {
    json: &'a Json,
    lookup: Lookup<'a>,
}

impl Keys<'_> {
    fn text(&self, key: &'static str) -> Result<Option<String>, HostJsonError> {
        if let Some(text) = (self.lookup)(&format!("{OVERRIDE}{}", key.replace('.', "__"))) {
            return Ok(Some(text));
        }
        let found = key.split('.').try_fold(self.json, |json, name| {
            json.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        });
        match found {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Bool(flag)) => Ok(Some(flag.to_string())),
            Some(Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                Err(HostJsonError::Value { key, expected: "a string, true or false" })
            }
        }
    }

    fn flag(&self, key: &'static str) -> Result<bool, HostJsonError> {
        match self.text(key)?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(HostJsonError::Value { key, expected: "true or false" }),
        }
    }
}

/// Where `host.json` is for a script root.
#[must_use]
pub fn path(script_root: &Path) -> PathBuf {
    let inside = script_root.join("host.json");
    let beside = script_root.join("..").join("host.json");
    if !inside.exists() && beside.exists() { beside } else { inside }
}

fn limits(function_timeout: Option<&str>) -> Result<Limits, HostJsonError> {
    let host = match function_timeout {
        None => Some(DEFAULT_FUNCTION_TIMEOUT),
        Some("-1") => None,
        Some(text) => Some(parse_time_span(text).ok_or(HostJsonError::FunctionTimeout)?),
    };
    // A day stands for "unlimited"; below twice the margin, half of the limit is what is left to work with.
    let own = |limit: Duration| limit.saturating_sub(MARGIN).max(limit / 2);
    let other = host.map_or(Duration::from_secs(24 * 3600), own);
    Ok(Limits { http: other.min(own(FRONT_END_LIMIT)), other })
}

/// `hh:mm:ss`, more than 0.
fn parse_time_span(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok().filter(|m| *m < 60)?;
    let seconds: u64 = parts.next()?.parse().ok().filter(|s| *s < 60)?;
    if parts.next().is_some() || hours > 24 * 365 {
        return None;
    }
    Some(Duration::from_secs(hours * 3600 + minutes * 60 + seconds)).filter(|span| !span.is_zero())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn settings(host_json: &str, variables: &[(&str, &str)]) -> Result<HostSettings, HostJsonError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("host.json"), host_json).unwrap();
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
    fn a_value_of_another_form_is_refused_with_its_key() {
        let wrong =
            settings(r#"{ "customHandler": { "enableProxyingHttpRequest": "yes" } }"#, &[]).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "customHandler.enableProxyingHttpRequest in host.json (or the variable that overrides it) must be true or false"
        );
    }

    #[test]
    fn an_invocation_ends_before_the_host_kills_the_process() {
        assert_eq!(limits(Some("00:01:00")).unwrap().other, Duration::from_secs(55));
        assert_eq!(limits(Some("00:00:04")).unwrap().other, Duration::from_secs(2));
        assert_eq!(limits(None).unwrap().other, Duration::from_secs(295));
    }

    #[test]
    fn an_http_invocation_ends_before_the_front_end_cuts_it() {
        assert_eq!(limits(Some("-1")).unwrap().http, Duration::from_secs(225));
        assert_eq!(limits(Some("00:30:00")).unwrap().http, Duration::from_secs(225));
        assert_eq!(limits(Some("00:01:00")).unwrap().http, Duration::from_secs(55));
    }

    #[test]
    fn a_wrong_time_span_is_refused() {
        for text in ["", "5", "00:00:00", "00:61:00", "1:2", "1:2:3:4", "-00:01:00"] {
            assert_eq!(limits(Some(text)), Err(HostJsonError::FunctionTimeout), "{text}");
        }
    }
}
