//! Laws of the worker as a web server: whatever well-formed request comes, there is an answer that the host can read,
//! and the process goes on.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};

use super::wire::{Framing, Request};
use super::{captures, fixtures};
use crate::support::mode::Mode;

/// Requests of each law: enough to meet every kind of request and body, few enough for a debug build.
const CASES: u32 = 300;

/// Starts a worker with a function for each capture and the samples, and checks that each request gets an answer.
///
/// The local Functions host starts a worker that ends again on the same port, so the process is asked for its id.
fn check(mode: Mode, requests: impl Strategy<Value = Request>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (desk, port, pid) = runtime.block_on(async {
        let desk = captures::desk(&captures::all()).with_samples().in_mode(mode).start().await;
        let port = desk.worker_port().await;
        let pid = desk.worker_pid();
        (desk, port, pid)
    });

    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&requests, |request| {
        answered(&request, port, mode)?;
        prop_assert_eq!(desk.host().worker_pid(), Some(pid), "another process answers now");
        Ok(())
    });

    // Arbitrary text can hold what the other tests take for a leak.
    desk.forget_what_was_written();
    runtime.block_on(desk.finish());
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The law itself.
fn answered(request: &Request, port: u16, mode: Mode) -> Result<(), TestCaseError> {
    let response = request.send(port).map_err(TestCaseError::fail)?;
    // A caller's own request can end without a body; an invocation by envelope never does.
    if response.status == 204 && mode != Mode::Enveloped {
        return Ok(());
    }
    // A redirect would be followed by the host.
    prop_assert!(matches!(response.status, 200..=299 | 400..=599), "{response:?}");
    let content_type = response.header("content-type").unwrap_or_default();
    let is_json = ["application/json", "application/problem+json"]
        .into_iter()
        .any(|json| content_type.split(';').next() == Some(json));
    prop_assert!(is_json, "{response:?}");
    if request.method != "HEAD" {
        // An envelope is answered by an object; a caller gets what the function selects, an array of rows for one.
        let body = serde_json::from_slice::<Json>(&response.body);
        let expected = body.is_ok_and(|body| mode != Mode::Enveloped || body.is_object());
        prop_assert!(expected, "{response:?}");
    }
    Ok(())
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
            .prop_map(str::to_owned),
        // Any token is a method (RFC 9110, 9.1), but the HTTP library under us refuses those with # $ % & ' in them by
        // an empty 400. The host itself only posts; where it passes a caller's method on, it takes an empty 400 well.
        "[A-Z!*+.^_`|~a-z0-9-]{1,20}",
    ]
}

fn function_name() -> impl Strategy<Value = String> {
    let mut names: Vec<String> = captures::all().iter().map(captures::Capture::name).collect();
    names.extend(["GetPerson", "CreatePerson", "nightlysummary", "NoSuchFunction"].map(str::to_owned));
    select(names)
}

/// Paths of functions at the host, which are the worker's own in proxying mode.
const PATHS: &[&str] =
    &["/api/persons/1", "/api/persons", "/api/http-2", "/api/foo/a/b", "/api/hello/x", "/api/endpoint"];

/// Targets in origin form: RFC 3986 path characters, percent-encoded bytes of any kind, a query.
fn target() -> impl Strategy<Value = String> {
    let segment = "(([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}){0,12}/?)";
    let query = "(\\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}){0,20})?";
    prop_oneof![
        4 => (function_name(), query).prop_map(|(name, query)| format!("/{name}{query}")),
        3 => (select(PATHS), query).prop_map(|(path, query)| format!("{path}{query}")),
        3 => (vec(segment, 0..5), query).prop_map(|(segments, query)| format!("/{}{query}", segments.concat())),
    ]
}

/// Fields other than those of the framing (RFC 9110, 5.5: visible characters, blanks and bytes above).
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = "([!-~]([ -~éß\u{4e2d}]{0,30}[!-~])?)?";
    let name = prop_oneof![
        select(vec![
            "x-azure-functions-invocationid",
            "content-type",
            "accept-encoding",
            "traceparent",
            "cookie"
        ])
        .prop_map(str::to_owned),
        "X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}",
    ];
    vec((name, value), 0..6)
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(Framing::Length), (1..200_usize).prop_map(Framing::Chunked)]
}

/// JSON of any shape, with numbers, texts and names that mean something to somebody.
pub(super) fn any_json() -> impl Strategy<Value = Json> {
    let number = select(vec![
        "0",
        "-0",
        "1e400",
        "-1E-400",
        "0.1",
        "123456789012345678901234567890",
        "9007199254740993",
    ])
    .prop_map(|text| serde_json::from_str::<Json>(text).unwrap());
    let text = prop_oneof![
        any::<String>(),
        // JSON text in a string, as the host wraps values.
        select(vec![
            "\"hello\"",
            "5",
            "[1,2]",
            "{\"a\":1}",
            "\"{\\\"a\\\":1}\"",
            "null",
            "{",
            "AQID",
            "2026-01-31"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(|number| json!(number)),
        number,
        text.prop_map(Json::from),
    ];
    let name = prop_oneof![
        select(vec![
            "Data",
            "Metadata",
            "req",
            "Query",
            "Headers",
            "Params",
            "Body",
            "Schedule",
            "ScheduleStatus",
            "Id",
            "sys",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::from),
            vec((name.clone(), inner), 0..6).prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// What happens to one value of an envelope.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Json),
    /// As the host wraps some values: their JSON text in a string.
    Wrap,
    Remove,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![3 => any_json().prop_map(Mutation::Replace), 1 => Just(Mutation::Wrap), 1 => Just(Mutation::Remove)]
}

/// Applies a mutation to the value number `which`, counted from the root in document order.
fn mutate(json: &mut Json, which: &mut usize, mutation: &Mutation) -> bool {
    if *which == 0 {
        *json = match mutation {
            Mutation::Replace(other) => other.clone(),
            Mutation::Wrap => json.to_string().into(),
            Mutation::Remove => Json::Null,
        };
        return true;
    }
    *which -= 1;
    match json {
        Json::Array(values) => values.iter_mut().any(|value| mutate(value, which, mutation)),
        Json::Object(entries) => {
            let mut remove = None;
            let done = entries.iter_mut().any(|(name, value)| {
                if *which == 0 && matches!(mutation, Mutation::Remove) {
                    remove = Some(name.clone());
                    return true;
                }
                mutate(value, which, mutation)
            });
            remove.is_some_and(|name| entries.remove(&name).is_some()) || done
        }
        _ => false,
    }
}

fn size(json: &Json) -> usize {
    1 + match json {
        Json::Array(values) => values.iter().map(size).sum(),
        Json::Object(entries) => entries.values().map(size).sum(),
        _ => 0,
    }
}

/// A capture, posted to its own function with some of its values changed.
fn mutated_capture() -> impl Strategy<Value = Request> {
    let captures: Vec<(String, Json)> = captures::all()
        .iter()
        .map(|capture| (capture.name(), serde_json::from_str(&fixtures::read(capture.file)).unwrap()))
        .collect();
    (select(captures), vec((any::<Index>(), mutation()), 1..4), framing()).prop_map(
        |((name, mut envelope), mutations, framing)| {
            for (index, mutation) in mutations {
                let mut which = index.index(size(&envelope));
                mutate(&mut envelope, &mut which, &mutation);
            }
            post(&name, envelope.to_string().into_bytes(), framing)
        },
    )
}

fn post(function: &str, body: Vec<u8>, framing: Framing) -> Request {
    let headers = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
    Request { method: "POST".to_owned(), target: format!("/{function}"), headers, body, framing }
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        any_json().prop_map(|json| json.to_string().into_bytes()),
        Just(Vec::new()),
    ]
}

fn any_well_formed_request(mode: Mode) {
    let request = (method(), target(), headers(), any_body(), framing()).prop_map(
        |(method, target, headers, body, framing)| Request { method, target, headers, body, framing },
    );
    check(mode, request);
}

#[test]
fn any_well_formed_request_is_answered_with_json_and_the_process_goes_on() {
    any_well_formed_request(Mode::Enveloped);
}

#[test]
fn in_proxying_mode_too_any_well_formed_request_is_answered_with_json() {
    any_well_formed_request(Mode::Proxying);
}

#[test]
fn any_json_posted_to_any_function_is_answered_with_json_and_the_process_goes_on() {
    let binding = select(vec!["req", "httpPayload", "timer", "inMsg", "queue", "documents"]);
    let envelope = (binding, any_json(), any_json()).prop_map(|(binding, data, metadata)| {
        let data = Map::from_iter([(binding.to_owned(), data)]);
        json!({ "Data": data, "Metadata": metadata })
    });
    let body = prop_oneof![3 => envelope, 1 => any_json()];
    let request = (function_name(), body, framing())
        .prop_map(|(function, body, framing)| post(&function, body.to_string().into_bytes(), framing));
    check(Mode::Enveloped, request);
}

#[test]
fn any_change_of_a_real_envelope_is_answered_with_json_and_the_process_goes_on() {
    check(Mode::Enveloped, mutated_capture());
}
