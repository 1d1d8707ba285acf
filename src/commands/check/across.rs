//! Mistakes that no file has alone: two functions in each other's way, a trigger whose extension `host.json` lacks.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::functions::{Catalogue, Forwarding, HttpTrigger, Trigger, Unreachable};
use crate::host::host_json::{self, HostSettings, HttpMode};
use crate::invocation::{JsonPlaces, Mistake, Severity, without_comments};

/// The binding types that the host has built in; every other comes with the extension bundle.
const BUILT_IN: [&str; 3] = ["httpTrigger", "http", "timerTrigger"];

/// A second function of this name, were it not for the case: the host matches names without it.
pub(super) fn same_name(name: &str, functions: &[String]) -> Option<Mistake> {
    let earlier = functions
        .iter()
        .take_while(|other| other.as_str() != name)
        .find(|other| other.eq_ignore_ascii_case(name))?;
    let message = format!(
        "the folder differs from {earlier} in case alone, which the host takes for the same function"
    );
    Some(mistake(format!("{name}/function.json"), None, "", message))
}

/// An earlier function that takes a request of this one's.
pub(super) fn same_route(script_root: &Path, name: &str, catalogue: &Catalogue) -> Option<Mistake> {
    let http = |name: &str| {
        let function = catalogue.functions.get(name)?.as_ref().ok()?;
        if let Trigger::Http(http) = &function.trigger { Some(http) } else { None }
    };
    let own = http(name)?;
    let earlier = catalogue.names().take_while(|other| *other != name);
    let (other, method) =
        earlier.filter_map(|other| Some((other, shared_method(http(other)?, own)?))).next()?;
    let (key, line) = trigger_place(script_root, name).unwrap_or_default();
    let message = format!(
        "the route `{}` is that of {other} too, and both take {method}: the host calls one of the two; change a route \
         or the methods",
        own.route.text()
    );
    Some(mistake(format!("{name}/function.json"), line, &key, message))
}

/// A method that both functions take on the same route template; the host compares templates without case.
fn shared_method(one: &HttpTrigger, other: &HttpTrigger) -> Option<String> {
    let template = |http: &HttpTrigger| http.route.text().trim_matches('/').to_lowercase();
    if template(one) != template(other) {
        return None;
    }
    match (one.methods.first(), other.methods.first()) {
        (None, None) => Some("every method".to_owned()),
        (None, Some(method)) | (Some(method), None) => Some(method.to_uppercase()),
        (Some(_), Some(_)) => one
            .methods
            .iter()
            .find(|method| other.methods.contains(method))
            .map(|method| method.to_uppercase()),
    }
}

/// Functions that can't be called, or not safely, because of others' routes.
///
/// In forwarding and proxying mode the worker takes them out of service.
pub(super) fn unreachable(
    script_root: &Path,
    catalogue: &Catalogue,
    host: &HostSettings,
) -> Vec<(Arc<str>, Mistake)> {
    // A prefix that is no template is told as a mistake of host.json.
    let Ok(forwarding) = Forwarding::new(catalogue, &host.route_prefix) else { return Vec::new() };
    let unreachable = match host.http_mode {
        HttpMode::Enveloped => forwarding.shadowed(),
        HttpMode::Forwarding => forwarding.with_rewritten_paths().unreachable(catalogue),
        HttpMode::Proxying => forwarding.unreachable(catalogue),
    };
    unreachable
        .into_iter()
        .map(|Unreachable { function, sentence }| {
            let (key, line) = trigger_place(script_root, &function).unwrap_or_default();
            let mistake = mistake(format!("{function}/function.json"), line, &key, sentence);
            (function, mistake)
        })
        .collect()
}

/// In proxying mode, a function whose request may have no body, and which does more than read: the host sends such a
/// request again when its connection broke, also because the worker was killed after the command had run
/// (azure-functions-host, `RetryProxyHandler.cs`).
pub(super) fn sent_twice(
    script_root: &Path,
    name: &str,
    catalogue: &Catalogue,
    host: &HostSettings,
) -> Option<Mistake> {
    let function = catalogue.functions.get(name)?.as_ref().ok()?;
    let Trigger::Http(http) = &function.trigger else { return None };
    let is_read = function.plan().is_none_or(|plan| plan.unit().is_repeatable());
    let bodyless = |method: &String| matches!(method.as_str(), "get" | "head" | "delete" | "options");
    let method = http.methods.iter().find(|method| bodyless(method));
    if host.http_mode != HttpMode::Proxying
        || !http.is_forwarded
        || is_read
        || (method.is_none() && !http.methods.is_empty())
    {
        return None;
    }
    let method = method.map_or_else(|| "request without a body".to_owned(), |method| method.to_uppercase());
    let (key, line) = trigger_place(script_root, name).unwrap_or_default();
    let message = format!(
        "a {method} can run twice in proxying mode: the host sends it again when the worker dies under it; declare \
         `repeatable` if the command only reads, else see that a second run does no harm"
    );
    let mistake = mistake(format!("{name}/function.json"), line, &key, message);
    Some(Mistake { severity: Severity::Warning, ..mistake })
}

/// Where the route of a function's trigger stands, or the trigger when it has none: key and line.
fn trigger_place(script_root: &Path, name: &str) -> Option<(String, Option<usize>)> {
    let (text, json) = definition(script_root, name)?;
    let bindings = json.get("bindings")?.as_array()?;
    let is_trigger =
        |binding: &Json| kind(binding).is_some_and(|kind| kind.to_ascii_lowercase().ends_with("trigger"));
    let index = bindings.iter().position(is_trigger)?;
    let has_route = bindings.get(index).is_some_and(|trigger| trigger.get("route").is_some());
    let key = format!("bindings[{index}]{}", if has_route { ".route" } else { "" });
    let line = JsonPlaces::read(&text).line(&key);
    Some((key, line))
}

/// `host.json` without an extension bundle, when a function's binding comes from it.
pub(super) fn extension_bundle(script_root: &Path, functions: &[String]) -> Option<Mistake> {
    let host_json = host_json::json(script_root).ok()?;
    let has_bundle = host_json.as_object()?.keys().any(|key| key.eq_ignore_ascii_case("extensionBundle"));
    if has_bundle {
        return None;
    }
    let (name, kind) = functions.iter().find_map(|name| {
        let (_, json) = definition(script_root, name)?;
        let kinds = json.get("bindings")?.as_array()?.iter().filter_map(kind);
        let foreign =
            kinds.into_iter().find(|kind| !BUILT_IN.iter().any(|own| own.eq_ignore_ascii_case(kind)))?;
        Some((name, foreign.to_owned()))
    })?;
    let message = format!(
        "is missing, and the {kind} of {name} comes from it; add {{ \"id\": \
         \"Microsoft.Azure.Functions.ExtensionBundle\", \"version\": \"[4.*, 5.0.0)\" }}"
    );
    Some(mistake(host_json::FILE.to_owned(), None, "extensionBundle", message))
}

fn kind(binding: &Json) -> Option<&str> {
    binding.get("type")?.as_str().filter(|kind| !kind.is_empty())
}

/// A function's definition, as text and as JSON; None when it can't be read, which is told elsewhere.
fn definition(script_root: &Path, name: &str) -> Option<(String, Json)> {
    let text = fs::read_to_string(script_root.join(name).join("function.json")).ok()?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let json = serde_json::from_str(&without_comments(&text)).ok()?;
    Some((text, json))
}

fn mistake(file: String, line: Option<usize>, key: &str, message: String) -> Mistake {
    Mistake { file, line, key: key.to_owned(), message, severity: Severity::Error }
}
