//! The answer in the form that the Functions host reads: `{"Outputs": ..., "Logs": [...], "ReturnValue": ...}`.
//!
//! Never empty (the host would wait until the function's timeout), always JSON with a Content-Type. The HTTP body is
//! a string that is already JSON: the host would write an object anew, with its own indentation and doubles.
//! Facts from azure-functions-host, `src/WebJobs.Script/Workers/Http/`.

use serde_json::{Value as Json, json};

use crate::invocation::Problem;

/// What the worker answers to the host's POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostReply {
    /// 200, or the status of a failed invocation, which makes the host throw the body away.
    pub status: u16,
    /// JSON, never empty.
    pub body: String,
}

/// What an HTTP caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The caller's status.
    pub status: u16,
    /// JSON text; None for no body.
    pub body: Option<String>,
    /// Such as `application/json`.
    pub content_type: &'static str,
    /// Seconds for `Retry-After`.
    pub retry_after_seconds: Option<u64>,
}

impl HttpAnswer {
    /// A result.
    #[must_use]
    pub fn json(status: u16, body: Option<String>) -> Self {
        Self { status, body, content_type: "application/json; charset=utf-8", retry_after_seconds: None }
    }

    /// A problem.
    #[must_use]
    pub fn problem(problem: &Problem, invocation_id: &str) -> Self {
        Self {
            status: problem.status,
            body: Some(problem.to_json(invocation_id)),
            content_type: "application/problem+json; charset=utf-8",
            retry_after_seconds: problem.retry_after_seconds,
        }
    }
}

impl HostReply {
    /// The invocation of an HTTP function is over, well or not: the caller gets `answer` through the http output
    /// `binding`, which the host looks up by this very name.
    #[must_use]
    pub fn http(binding: &str, answer: HttpAnswer, logs: &[String]) -> Self {
        let mut headers = serde_json::Map::new();
        if answer.body.is_some() {
            headers.insert("Content-Type".into(), answer.content_type.into());
        }
        if let Some(seconds) = answer.retry_after_seconds {
            headers.insert("Retry-After".into(), seconds.to_string().into());
        }
        // `status` alone is never read by the host.
        let mut output = serde_json::Map::new();
        output.insert("statusCode".into(), answer.status.into());
        output.insert("headers".into(), Json::Object(headers));
        output.insert("body".into(), answer.body.unwrap_or_default().into());
        if binding == "$return" {
            return Self::envelope(&json!({}), logs, &Json::Object(output));
        }
        let mut outputs = serde_json::Map::new();
        outputs.insert(binding.to_owned(), Json::Object(output));
        Self::envelope(&Json::Object(outputs), logs, &Json::Null)
    }

    /// The invocation of a function without an HTTP caller succeeded.
    #[must_use]
    pub fn success(logs: &[String]) -> Self {
        Self::envelope(&json!({}), logs, &Json::Null)
    }

    /// The invocation failed and no HTTP caller can be told: the host takes any status but 2xx for a failure.
    #[must_use]
    pub fn failure(problem: &Problem, invocation_id: &str) -> Self {
        Self { status: problem.status, body: problem.to_json(invocation_id) }
    }

    fn envelope(outputs: &Json, logs: &[String], return_value: &Json) -> Self {
        let body = json!({ "Outputs": outputs, "Logs": logs, "ReturnValue": return_value });
        Self { status: 200, body: body.to_string() }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_http_body_is_a_string_under_the_bindings_own_name() {
        let reply =
            HostReply::http("Res", HttpAnswer::json(201, Some("{\"a\":1.50}".into())), &["info: x".into()]);
        let body: Json = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(body["Outputs"]["Res"]["statusCode"], 201);
        assert_eq!(body["Outputs"]["Res"]["body"], "{\"a\":1.50}");
        assert_eq!(body["Outputs"]["Res"]["headers"]["Content-Type"], "application/json; charset=utf-8");
        assert_eq!(body["Logs"], json!(["info: x"]));
    }

    #[test]
    fn a_failure_without_a_caller_is_not_a_2xx_and_has_a_body() {
        let problem = Problem::new(503, "unavailable", "Unavailable", "The database is not available.");
        let reply = HostReply::failure(&problem, "id");
        assert_eq!(reply.status, 503);
        assert!(reply.body.contains("The database is not available."));
    }

    #[test]
    fn the_return_binding_answers_through_return_value() {
        let reply = HostReply::http("$return", HttpAnswer::json(200, Some("1".into())), &[]);
        let body: Json = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["ReturnValue"]["statusCode"], 200);
    }
}
