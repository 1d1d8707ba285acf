//! What else must be true of `host.json`, so that the host starts the worker and calls it as it was meant.

use serde_json::Value as Json;

use super::keys::member;
use super::time_limits::{CONSUMPTION_LIMIT, FunctionTimeout, parse_time_span};
use crate::functions::route::RouteTemplate;
use crate::invocation::{Mistakes, nearest};

/// The top-level keys of the host's schema (`host.json` reference of Azure Functions 2.x and later). The host ignores
/// any other, so only a slip of the finger is worth a word.
const TOP_LEVEL: [&str; 18] = [
    "version",
    "aggregator",
    "applicationInsights",
    "concurrency",
    "configurationProfile",
    "customHandler",
    "extensionBundle",
    "extensions",
    "functionTimeout",
    "functions",
    "healthMonitor",
    "logging",
    "managedDependency",
    "retry",
    "singleton",
    "telemetryMode",
    "watchDirectories",
    "watchFiles",
];

/// The keys of `customHandler` (azure-functions-host, `CustomHandlerOptions.cs`).
const CUSTOM_HANDLER: [&str; 6] = [
    "description",
    "enableForwardingHttpRequest",
    "enableProxyingHttpRequest",
    "initializationTimeout",
    "port",
    "http",
];

/// The keys of `customHandler.description`.
const DESCRIPTION: [&str; 3] = ["defaultExecutablePath", "workingDirectory", "arguments"];

/// What to write where the description is missing.
const DESCRIPTION_CURE: &str =
    r#""description": { "defaultExecutablePath": "azsql-worker", "arguments": ["serve"] }"#;

/// Notes whatever is wrong beside the values that the worker itself reads.
pub(super) fn check(json: &Json, mistakes: &mut Mistakes) {
    let Json::Object(top) = json else {
        mistakes.add("", "must be an object {...}");
        return;
    };
    version(json, mistakes);
    for key in top.keys() {
        if key.eq_ignore_ascii_case("httpWorker") {
            mistakes.add(key, "is the name that the preview had; write `customHandler`");
        } else if !is_known(key, &TOP_LEVEL)
            && let Some(meant) = nearest(key, TOP_LEVEL)
        {
            mistakes.warn(key, format!("is not a key of the host's; did you mean `{meant}`?"));
        }
    }
    plan_limits(json, mistakes);
    route_prefix(json, mistakes);
    extension_bundle(json, mistakes);
    match member(json, "customHandler") {
        None | Some(Json::Null) => mistakes.add(
            "customHandler",
            format!(
                "is missing: the host would start no worker; add \"customHandler\": {{ {DESCRIPTION_CURE} }}"
            ),
        ),
        Some(handler @ Json::Object(_)) => custom_handler(handler, mistakes),
        Some(_) => mistakes.add("customHandler", format!("must be an object {{ {DESCRIPTION_CURE} }}")),
    }
}

/// `HostJsonFileConfigurationSource.cs` of azure-functions-host refuses any other.
fn version(json: &Json, mistakes: &mut Mistakes) {
    match member(json, "version").map(Json::as_str) {
        Some(Some("2.0")) => {}
        Some(_) => mistakes.add("version", "must be \"2.0\", a string: the host takes no other"),
        None => mistakes.add("version", "is missing; add \"version\": \"2.0\", without which no host starts"),
    }
}

fn plan_limits(json: &Json, mistakes: &mut Mistakes) {
    let written = member(json, "functionTimeout").and_then(Json::as_str).and_then(FunctionTimeout::parse);
    let what = match written {
        Some(FunctionTimeout::Unlimited) => "\"-1\" (no limit)",
        Some(FunctionTimeout::After(limit)) if limit > CONSUMPTION_LIMIT => "more than 00:10:00",
        _ => return,
    };
    mistakes.warn(
        "functionTimeout",
        format!(
            "{what} is refused on the Consumption plan, whose host then does not start; other plans take it"
        ),
    );
}

fn route_prefix(json: &Json, mistakes: &mut Mistakes) {
    const KEY: &str = "extensions.http.routePrefix";
    let http = member(json, "extensions").and_then(|extensions| member(extensions, "http"));
    let Some(prefix) = http.and_then(|http| member(http, "routePrefix")).and_then(Json::as_str) else {
        return;
    };
    if let Err(error) = RouteTemplate::parse(prefix.trim_matches('/')) {
        mistakes.add(KEY, error.to_string());
    } else if prefix.contains(['?', '#', '\\']) || prefix.contains(char::is_whitespace) {
        mistakes.add(KEY, "must be segments of a path such as \"api\" or \"api/v1\", or \"\" for none");
    } else if prefix.starts_with('/') || prefix.ends_with('/') {
        mistakes.warn(KEY, "needs no `/` at its ends");
    }
}

fn extension_bundle(json: &Json, mistakes: &mut Mistakes) {
    let Some(bundle) = member(json, "extensionBundle") else { return };
    for key in ["id", "version"] {
        if member(bundle, key).and_then(Json::as_str).is_none_or(str::is_empty) {
            mistakes.add(
                format!("extensionBundle.{key}"),
                "is missing; write { \"id\": \"Microsoft.Azure.Functions.ExtensionBundle\", \"version\": \"[4.*, 5.0.0)\" }",
            );
        }
    }
}

fn custom_handler(handler: &Json, mistakes: &mut Mistakes) {
    unknown_keys(handler, "customHandler", &CUSTOM_HANDLER, mistakes);
    match member(handler, "description") {
        None | Some(Json::Null) => mistakes.add(
            "customHandler.description",
            format!("is missing: the host would start no worker; add {DESCRIPTION_CURE}"),
        ),
        Some(described @ Json::Object(_)) => description(described, mistakes),
        Some(_) => mistakes.add("customHandler.description", "must be an object {...}"),
    }
    let is_on = |name| match member(handler, name) {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let forwarding = "customHandler.enableForwardingHttpRequest";
    match (is_on("enableForwardingHttpRequest"), is_on("enableProxyingHttpRequest")) {
        (true, true) => mistakes.add(
            forwarding,
            "is on beside enableProxyingHttpRequest, which wins; leave this one out",
        ),
        (true, false) => mistakes.warn(
            forwarding,
            "loses bodies that a caller sends in chunks, and the worker can't notice a caller that leaves; use \
             enableProxyingHttpRequest instead",
        ),
        (false, _) => {}
    }
    if let Some(timeout) = member(handler, "initializationTimeout")
        && timeout.as_str().and_then(parse_time_span).is_none()
    {
        mistakes.add(
            "customHandler.initializationTimeout",
            "must be \"hh:mm:ss\" and more than nothing, such as \"00:00:30\"",
        );
    }
    if member(handler, "http").is_some_and(|http| member(http, "routes").is_some()) {
        mistakes.add(
            "customHandler.http.routes",
            "is not supported: with it the host reads no function.json, and these are what the worker runs; leave it out",
        );
    }
}

fn description(described: &Json, mistakes: &mut Mistakes) {
    unknown_keys(described, "customHandler.description", &DESCRIPTION, mistakes);
    let key = "customHandler.description.defaultExecutablePath";
    match member(described, "defaultExecutablePath") {
        Some(Json::String(path)) if !path.trim().is_empty() => {}
        Some(Json::String(_)) => {
            mistakes.add(key, "is empty; write the worker's file, such as \"azsql-worker\"");
        }
        None => mistakes.add(key, "is missing; write the worker's file, such as \"azsql-worker\""),
        Some(_) => mistakes.add(key, "must be a string, such as \"azsql-worker\""),
    }
    let key = "customHandler.description.arguments";
    let arguments = match member(described, "arguments") {
        None => return,
        Some(Json::Array(arguments)) => arguments,
        Some(_) => {
            mistakes.add(key, "must be an array of strings, such as [\"serve\"]");
            return;
        }
    };
    for (index, argument) in arguments.iter().enumerate() {
        let key = format!("{key}[{index}]");
        match argument.as_str() {
            Some(text) if text.is_empty() || text.contains(char::is_whitespace) => mistakes.add(
                key,
                "must hold no blank and not be empty: the host joins all arguments with blanks and quotes none; write \
                 each word as an argument of its own",
            ),
            Some(_) => {}
            None => mistakes.add(key, "must be a string"),
        }
    }
}

/// The host ignores a key that it doesn't know, and with it what it should have done.
fn unknown_keys(json: &Json, path: &str, known: &[&'static str], mistakes: &mut Mistakes) {
    for key in json.as_object().into_iter().flat_map(|members| members.keys()) {
        if is_known(key, known) {
            continue;
        }
        let path = format!("{path}.{key}");
        match nearest(key, known.iter().copied()) {
            Some(meant) => mistakes.add(path, format!("is not a key; did you mean `{meant}`?")),
            None => mistakes.warn(path, format!("is not a key; there are {}", known.join(", "))),
        }
    }
}

fn is_known(key: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests;
