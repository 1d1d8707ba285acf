//! The answer in the form that the Functions host reads: `{"Outputs": ..., "Logs": [...], "ReturnValue": ...}`.
//!
//! Never empty (the host would wait until the function's timeout), always JSON with a Content-Type. The HTTP body is
//! a string that is already JSON: the host would write an object anew, with its own indentation and doubles.
//! Facts from azure-functions-host, `src/WebJobs.Script/Workers/Http/`.

use serde_json::Value as Json;

use super::outputs::written;
use crate::functions::{Format, Function, Plan, Shaped, ShapedOutput};
use crate::invocation::Problem;

/// The header of an answer that an idempotency key had already.
pub const REPLAYED: &str = "Idempotency-Replayed";

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
    /// Text of the content type; None for no body.
    pub body: Option<String>,
    /// Such as `application/json`.
    pub content_type: &'static str,
    /// Another header Accept might have had another format: the header `Vary: Accept`.
    pub varies: bool,
    /// Seconds for `Retry-After`.
    pub retry_after_seconds: Option<u64>,
    /// An earlier call with the same idempotency key did the work: the header `Idempotency-Replayed: true`.
    pub is_replayed: bool,
}

impl HttpAnswer {
    /// What a 401 must say beside its status (RFC 9110, section 11.6.1): the worker knows callers by the token that App
    /// Service authentication takes. None for every other status.
    #[must_use]
    pub fn challenge(&self) -> Option<&'static str> {
        (self.status == 401).then_some("Bearer")
    }

    /// A result as JSON.
    #[must_use]
    pub fn json(status: u16, body: Option<String>) -> Self {
        Self { body, ..Self::head(status, Format::Json) }
    }

    /// A result without its body, which follows.
    #[must_use]
    pub fn head(status: u16, format: Format) -> Self {
        Self {
            status,
            body: None,
            content_type: format.content_type(),
            varies: false,
            retry_after_seconds: None,
            is_replayed: false,
        }
    }

    /// What a command came to.
    pub(super) fn of(shaped: Shaped, format: Format, invocation_id: &str) -> Self {
        let answer = match &shaped.problem {
            Some(problem) => Self::problem(problem, invocation_id),
            None => Self { body: shaped.body, ..Self::head(shaped.status, format) },
        };
        Self { is_replayed: shaped.replayed, ..answer }
    }

    /// The same as an answer of this function, which may have formats to choose from.
    pub(super) fn for_function(self, function: &Function) -> Self {
        let formats = function.plan().map(Plan::formats).unwrap_or_default();
        Self { varies: formats.len() > 1, ..self }
    }

    /// A problem.
    #[must_use]
    pub fn problem(problem: &Problem, invocation_id: &str) -> Self {
        Self {
            status: problem.status,
            body: Some(problem.to_json(invocation_id)),
            content_type: "application/problem+json; charset=utf-8",
            varies: false,
            retry_after_seconds: problem.retry_after_seconds,
            is_replayed: false,
        }
    }
}

impl HostReply {
    /// The invocation of an HTTP function is over, well or not: the caller gets `answer` through the http output
    /// `binding`, which the host looks up by this very name, and other bindings get `outputs`.
    #[must_use]
    pub fn http(binding: &str, answer: HttpAnswer, outputs: &[ShapedOutput], logs: &[String]) -> Self {
        let mut headers = serde_json::Map::new();
        if answer.body.is_some() {
            headers.insert("Content-Type".into(), answer.content_type.into());
        }
        if let Some(seconds) = answer.retry_after_seconds {
            headers.insert("Retry-After".into(), seconds.to_string().into());
        }
        if let Some(challenge) = answer.challenge() {
            headers.insert("WWW-Authenticate".into(), challenge.into());
        }
        if answer.is_replayed {
            headers.insert(REPLAYED.into(), "true".into());
        }
        if answer.varies {
            headers.insert("Vary".into(), "Accept".into());
        }
        // Each text is dropped once the next one holds it: a large body is not there more often than it must be.
        let body = Json::from(answer.body.unwrap_or_default()).to_string();
        // `status` alone is never read by the host.
        let output = format!(
            "{{\"statusCode\":{},\"headers\":{},\"body\":{body}}}",
            answer.status,
            Json::Object(headers)
        );
        drop(body);
        let mut values = Values::default();
        values.add(binding, output);
        values.add_all(outputs);
        values.reply(logs)
    }

    /// The invocation of a function without an HTTP caller succeeded.
    #[must_use]
    pub fn success(outputs: &[ShapedOutput], logs: &[String]) -> Self {
        let mut values = Values::default();
        values.add_all(outputs);
        values.reply(logs)
    }

    /// The invocation failed and no HTTP caller can be told: the host takes any status but 2xx for a failure.
    #[must_use]
    pub fn failure(problem: &Problem, invocation_id: &str) -> Self {
        Self { status: problem.status, body: problem.to_json(invocation_id) }
    }
}

/// The values of a reply, as JSON text: a number that was read and written again could lose digits.
struct Values {
    /// The reply as far as it is written: up to a member of `Outputs`.
    reply: String,
    return_value: Option<String>,
}

/// The beginning of every reply.
const BEGIN: &str = "{\"Outputs\":{";

impl Default for Values {
    fn default() -> Self {
        Self { reply: BEGIN.to_owned(), return_value: None }
    }
}

impl Values {
    fn add(&mut self, binding: &str, json: String) {
        if binding == "$return" {
            self.return_value = Some(json);
            return;
        }
        if self.reply.len() > BEGIN.len() {
            self.reply.push(',');
        }
        self.reply.push_str(&Json::from(binding).to_string());
        self.reply.push(':');
        self.reply.push_str(&json);
    }

    fn add_all(&mut self, outputs: &[ShapedOutput]) {
        for output in outputs {
            self.add(&output.output.binding, written(output));
        }
    }

    fn reply(self, logs: &[String]) -> HostReply {
        let Self { mut reply, return_value } = self;
        reply.push_str("},\"Logs\":");
        reply.push_str(&Json::from(logs).to_string());
        reply.push_str(",\"ReturnValue\":");
        reply.push_str(return_value.as_deref().unwrap_or("null"));
        reply.push('}');
        HostReply { status: 200, body: reply }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;
    use crate::functions::{Output, OutputContent, OutputForm, Receiver};

    fn output(binding: &str, receiver: Receiver, content: OutputContent) -> ShapedOutput {
        let binding = binding.to_owned();
        ShapedOutput { output: Output { binding, form: OutputForm::Row, receiver, binary: false }, content }
    }

    #[test]
    fn other_outputs_stand_beside_the_answer_and_keep_their_digits() {
        let outputs = [
            output("queue", Receiver::Messages, OutputContent::Json("{\"a\":1.50}".into())),
            output("doc\"s", Receiver::Objects, OutputContent::Json("{\"a\":1.50}".into())),
            output("$return", Receiver::Stream, OutputContent::Text("x".into())),
        ];
        let answer = HttpAnswer::json(200, Some("{}".into()));
        let reply = HostReply::http("res", answer, &outputs, &["info: x".into()]);
        let body: Json = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["Outputs"]["queue"], json!(["{\"a\":1.50}"]));
        assert_eq!(body["Outputs"]["doc\"s"].to_string(), "{\"a\":1.50}");
        assert_eq!(body["Outputs"]["res"]["statusCode"], 200);
        assert_eq!(body["ReturnValue"], "x");

        let reply = HostReply::success(&[], &[]);
        assert_eq!(reply.body, r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#);
    }

    #[test]
    fn the_http_body_is_a_string_under_the_bindings_own_name() {
        let reply = HostReply::http(
            "Res",
            HttpAnswer::json(201, Some("{\"a\":1.50}".into())),
            &[],
            &["info: x".into()],
        );
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
        let reply = HostReply::http("$return", HttpAnswer::json(200, Some("1".into())), &[], &[]);
        let body: Json = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["ReturnValue"]["statusCode"], 200);
    }
}
