//! What the worker must know of `host.json`: how long the host lets a function run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::invocation::without_comments;

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
}

/// How long an invocation may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a function with an HTTP trigger.
    pub http: Duration,
    /// Of any other.
    pub other: Duration,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct HostJson {
    function_timeout: Json,
}

/// Reads `host.json` under `script_root`, or beside it: a source tree may keep its functions in a folder of their own,
/// as ours does. `overriding` is the value of `AzureFunctionsJobHost__functionTimeout`.
///
/// # Errors
/// When the file can't be read or `functionTimeout` is no time span.
pub fn read(script_root: &Path, overriding: Option<&str>) -> Result<Limits, HostJsonError> {
    let text = std::fs::read_to_string(path(script_root))
        .map_err(|error| HostJsonError::Unreadable(error.kind()))?;
    let host_json: HostJson = serde_json::from_str(&without_comments(text.trim_start_matches('\u{feff}')))
        .map_err(|error| HostJsonError::Syntax { line: error.line(), column: error.column() })?;
    let own = match &host_json.function_timeout {
        Json::Null => None,
        Json::String(text) => Some(text.as_str()),
        _ => return Err(HostJsonError::FunctionTimeout),
    };
    limits(overriding.or(own))
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
