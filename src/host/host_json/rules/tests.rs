//! Files of every kind of mistake, and the sentence that each gets.

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
    assert_eq!(lines(include_str!("../../../../host.json")), Vec::<String>::new());
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
    let file = |handler: &str| lines(&format!("{{ \"version\": \"2.0\",\n\"customHandler\": {handler} }}"));
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
    only(&handler(r#""colour": 1"#), "host.json:4: warning: customHandler.colour:", "there are description");
    let handler = r#""customHandler": { "description": { "defaultExecutablePath": "w" } }"#;
    only(
        &lines(&format!("{{ \"version\": \"2.0\", {handler},\n\"functionTimeOuts\": \"00:01:00\" }}")),
        "host.json:2: warning: functionTimeOuts:",
        "did you mean `functionTimeout`?",
    );
    assert_eq!(lines(&format!("{{ \"version\": \"2.0\", {handler}, \"mine\": 1 }}")), Vec::<String>::new());
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
    let names = [&TOP_LEVEL[..], &CUSTOM_HANDLER, &DESCRIPTION, &["routePrefix", "routes", "id"]].concat();
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
