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
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::super::{FILE, check as check_folder};
    use super::{CUSTOM_HANDLER, DESCRIPTION, TOP_LEVEL};

    fn lines(host_json: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), host_json).unwrap();
        check_folder(folder.path()).iter().map(ToString::to_string).collect()
    }

    /// A file with this section `customHandler` beside a description.
    fn handler(members: &str) -> Vec<String> {
        lines(&format!(
            "{{ \"version\": \"2.0\",\n\"customHandler\": {{\n\"description\": {{ \"defaultExecutablePath\": \"w\" }},\n{members} }} }}"
        ))
    }

    #[track_caller]
    fn only(lines: &[String], beginning: &str, part: &str) {
        let [line] = lines else { panic!("not one mistake: {lines:#?}") };
        assert!(line.starts_with(beginning), "{line}");
        assert!(line.contains(part), "{line}");
    }

    #[test]
    fn the_samples_host_json_has_no_mistake() {
        assert_eq!(lines(include_str!("../../../host.json")), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_is_no_json_is_told_with_its_line() {
        only(&lines("{\n  // one\n  \"version\" \"2.0\" }"), "host.json:3: is not JSON:", "line 3 column");
        only(&lines("[]"), "host.json:1: must be an object", "");
    }

    #[test]
    fn an_empty_object_lacks_its_version_and_its_worker() {
        let lines = lines("{}");
        assert!(lines[0].starts_with("host.json:1: version: is missing"), "{lines:#?}");
        assert!(lines[1].starts_with("host.json:1: customHandler: is missing"), "{lines:#?}");
        assert_eq!(lines.len(), 2, "{lines:#?}");
    }

    #[test]
    fn a_worker_that_the_host_can_not_start_is_refused() {
        let file =
            |handler: &str| lines(&format!("{{ \"version\": \"2.0\",\n\"customHandler\": {handler} }}"));
        only(&file("5"), "host.json:2: customHandler:", "must be an object");
        only(&file("{}"), "host.json:2: customHandler.description: is missing", "defaultExecutablePath");
        let place = "host.json:2: customHandler.description.defaultExecutablePath:";
        only(&file(r#"{ "description": {} }"#), place, "is missing");
        only(&file(r#"{ "description": { "defaultExecutablePath": "" } }"#), place, "is empty");
    }

    #[test]
    fn arguments_that_the_host_would_tear_apart_are_refused() {
        let file = |arguments: &str| {
            lines(&format!(
                "{{ \"version\": \"2.0\", \"customHandler\": {{ \"description\": {{ \"defaultExecutablePath\": \"w\",\n\"arguments\": {arguments} }} }} }}"
            ))
        };
        only(&file("\"serve\""), "host.json:2: customHandler.description.arguments:", "an array");
        only(
            &file("[\"serve\",\n\"--functions my folder\"]"),
            "host.json:3: customHandler.description.arguments[1]:",
            "blank",
        );
        only(&file("[1]"), "host.json:2: customHandler.description.arguments[0]:", "a string");
        assert_eq!(file("[\"serve\", \"--functions\", \"here\"]"), Vec::<String>::new());
    }

    #[test]
    fn the_two_modes_do_not_go_together_and_forwarding_is_warned_of() {
        let both = r#""enableForwardingHttpRequest": true, "enableProxyingHttpRequest": true"#;
        only(&handler(both), "host.json:4: customHandler.enableForwardingHttpRequest: is on beside", "");
        only(
            &handler(r#""enableForwardingHttpRequest": true"#),
            "host.json:4: warning: customHandler.enableForwardingHttpRequest: loses",
            "chunks",
        );
        assert_eq!(handler(r#""enableProxyingHttpRequest": true"#), Vec::<String>::new());
    }

    #[test]
    fn a_slip_of_the_finger_is_found() {
        only(
            &handler(r#""enableProxingHttpRequest": true"#),
            "host.json:4: customHandler.enableProxingHttpRequest: is not a key",
            "did you mean `enableProxyingHttpRequest`?",
        );
        only(
            &handler(r#""colour": 1"#),
            "host.json:4: warning: customHandler.colour:",
            "there are description",
        );
        let handler = r#""customHandler": { "description": { "defaultExecutablePath": "w" } }"#;
        only(
            &lines(&format!("{{ \"version\": \"2.0\", {handler},\n\"functionTimeOuts\": \"00:01:00\" }}")),
            "host.json:2: warning: functionTimeOuts:",
            "did you mean `functionTimeout`?",
        );
        assert_eq!(
            lines(&format!("{{ \"version\": \"2.0\", {handler}, \"mine\": 1 }}")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn routes_in_host_json_are_refused_as_they_hide_the_functions() {
        only(
            &handler(r#""http": { "routes": [ { "route": "{*path}" } ] }"#),
            "host.json:4: customHandler.http.routes: is not supported",
            "function.json",
        );
        assert_eq!(handler(r#""http": { "defaultAuthorizationLevel": "anonymous" }"#), Vec::<String>::new());
    }

    #[test]
    fn times_are_of_the_hosts_form_and_within_the_shortest_plan() {
        only(
            &handler(r#""initializationTimeout": "30""#),
            "host.json:4: customHandler.initializationTimeout:",
            "hh:mm:ss",
        );
        let with = |timeout: &str| {
            lines(&format!(
                "{{ \"version\": \"2.0\", \"customHandler\": {{ \"description\": {{ \"defaultExecutablePath\": \"w\" }} }},\n\"functionTimeout\": {timeout} }}"
            ))
        };
        only(&with("\"00:10\""), "host.json:2: functionTimeout: must be", "hh:mm:ss");
        only(&with("300"), "host.json:2: functionTimeout: must be", "a string");
        only(&with("\"00:10:01\""), "host.json:2: warning: functionTimeout:", "Consumption");
        only(&with("\"-1\""), "host.json:2: warning: functionTimeout:", "Consumption");
        assert_eq!(with("\"00:10:00\""), Vec::<String>::new());
    }

    #[test]
    fn a_route_prefix_is_a_route_template() {
        let with = |prefix: &str| {
            lines(&format!(
                "{{ \"version\": \"2.0\", \"customHandler\": {{ \"description\": {{ \"defaultExecutablePath\": \"w\" }} }},\n\"extensions\": {{ \"http\": {{ \"routePrefix\": \"{prefix}\" }} }} }}"
            ))
        };
        for prefix in ["a b", "{version", "a?b", "a//b"] {
            only(&with(prefix), "host.json:2: extensions.http.routePrefix: ", "");
        }
        only(&with("/api"), "host.json:2: warning: extensions.http.routePrefix:", "no `/`");
        for prefix in ["", "api", "api/v1.0", "{tenant}/api"] {
            assert_eq!(with(prefix), Vec::<String>::new(), "{prefix}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        only(
            &handler("\"port\": 1,\n\"port\": 2"),
            "host.json:5: customHandler.port: is there twice",
            "leave one of the two out",
        );
    }

    /// JSON whose keys the rules look for, with values of any kind.
    fn any_file() -> impl Strategy<Value = Json> {
        let names =
            [&TOP_LEVEL[..], &CUSTOM_HANDLER, &DESCRIPTION, &["routePrefix", "routes", "id"]].concat();
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            "[-a-z0-9:./{} ]{0,9}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 24, 5, move |inner| {
            let member = (prop::sample::select(names.clone()), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Json::from),
                prop::collection::vec(member, 0..5).prop_map(|members| {
                    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_file_is_judged_and_every_mistake_has_a_line_and_a_sentence(json in any_file()) {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(FILE), format!("{json:#}")).unwrap();
            for mistake in check_folder(folder.path()) {
                prop_assert!(mistake.line.is_some(), "{}", mistake);
                prop_assert!(mistake.message.len() > 10, "{}", mistake);
            }
        }
    }
}
