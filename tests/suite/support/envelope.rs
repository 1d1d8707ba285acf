//! Invocations as the host posts them, for tests that talk to the worker itself.

use serde_json::{Value as Json, json};

/// The envelope of an HTTP invocation.
pub(crate) fn http(method: &str, params: &Json, query: &Json, body: Option<&str>) -> String {
    let mut request = json!({
        "Url": "http://localhost/api/test?code=CANARY-KEY",
        "Method": method,
        "Query": query,
        "Headers": { "Host": ["localhost"], "x-functions-key": ["CANARY-KEY"], "x-test": ["CANARY-HEADER"] },
        "Params": params,
        "Identities": [],
    });
    if let Some(body) = body {
        request["Body"] = body.into();
    }
    json!({ "Data": { "req": request }, "Metadata": { "code": "CANARY-KEY" } }).to_string()
}

/// The invocation of the sample GetPerson.
pub(crate) fn get_person(id: i32) -> String {
    http("GET", &json!({ "id": id.to_string() }), &json!({}), None)
}

/// What the worker's reply holds for the caller: status and body.
#[track_caller]
pub(crate) fn http_output(reply: &str) -> (u64, String) {
    let reply: Json = serde_json::from_str(reply).unwrap_or_else(|error| panic!("{error}: {reply}"));
    let output = &reply["Outputs"]["res"];
    let status = output["statusCode"].as_u64().unwrap_or_else(|| panic!("no statusCode in {reply}"));
    (status, output["body"].as_str().unwrap_or_default().to_owned())
}
