//! Built-in functions through the worker, with a stand-in for what they do.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use serde_json::{Value as Json, json};

use crate::functions::{BuiltIn, BuiltInAnswer, BuiltInFunctions};
use crate::host::enveloped;
use crate::host::worker::Worker;
use crate::invocation::{HttpRequest, Invocation, Problem};

/// A doctor of whom a query parameter tells what he does.
struct Double;

impl BuiltInFunctions for Double {
    fn run(
        &self,
        which: BuiltIn,
        invocation: Invocation,
        request: HttpRequest,
    ) -> BoxFuture<'_, Result<BuiltInAnswer, Problem>> {
        let body = json!({ "which": which.name(), "id": &*invocation.id }).to_string();
        match request.query.get("do").map(String::as_str) {
            Some("hang") => pending().boxed(),
            Some("fail") => ready(Err(Problem::new(500, "identity", "No token", "No token."))).boxed(),
            Some("red") => ready(Ok(BuiltInAnswer { status: 503, body })).boxed(),
            _ => ready(Ok(BuiltInAnswer { status: 200, body })).boxed(),
        }
    }
}

/// A worker whose settings are wrong and whose database can't be reached, with one built-in function.
fn worker() -> Worker {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("host.json"), r#"{ "version": "2.0", "functionTimeout": "00:00:01" }"#)
        .unwrap();
    fs::create_dir(root.path().join("Health")).unwrap();
    let definition = r#"{ "bindings": [
            { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "authLevel": "admin" },
            { "type": "http", "direction": "out", "name": "res" } ],
        "sql": { "builtIn": "doctor" } }"#;
    fs::write(root.path().join("Health/function.json"), definition).unwrap();
    let wrong = |name: &str| (name == "AZSQL_POOL_MAX_SIZE").then(|| "x".to_owned());
    crate::startup::worker(root.path(), &wrong, Err(std::io::ErrorKind::Other.into()))
}

/// What the caller gets of it: status and body.
fn call(worker: &Worker, what: &str) -> (u64, Json) {
    let envelope = json!({ "Data": { "req": { "Method": "GET", "Query": { "do": what } } }, "Metadata": {} });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let reply =
        runtime.block_on(enveloped::invoke(worker, "Health", "an-id", envelope.to_string().into_bytes()));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply: Json = serde_json::from_str(&reply.body).unwrap();
    let output = &reply["Outputs"]["res"];
    (output["statusCode"].as_u64().unwrap(), serde_json::from_str(output["body"].as_str().unwrap()).unwrap())
}

#[test]
fn a_built_in_function_answers_with_its_own_status_even_when_the_settings_are_wrong() {
    let worker = worker().with_built_in(Arc::new(Double));
    let body = json!({ "which": "doctor", "id": "an-id" });
    assert_eq!(call(&worker, "well"), (200, body.clone()));
    assert_eq!(call(&worker, "red"), (503, body));
    let (status, problem) = call(&worker, "fail");
    assert_eq!((status, &problem["type"]), (500, &json!("urn:azsql-worker:problem:identity")));
}

#[test]
fn a_built_in_function_ends_at_the_deadline() {
    let (status, problem) = call(&worker().with_built_in(Arc::new(Double)), "hang");
    assert_eq!((status, &problem["type"]), (504, &json!("urn:azsql-worker:problem:deadline")));
}

#[test]
fn a_program_without_built_in_functions_says_so() {
    // A program of a user's own, which the worker's start does not put together.
    let worker = Worker { built_in: None, ..worker() };
    let (status, problem) = call(&worker, "well");
    assert_eq!((status, &problem["type"]), (500, &json!("urn:azsql-worker:problem:not-configured")));
    assert!(problem["detail"].as_str().unwrap().contains("`doctor`"), "{problem}");
}
