//! Reads `{"Outputs", "Logs", "ReturnValue"}`.

use serde_json::{Map, Value};

/// The reply's three parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::functions) struct InvocationResult {
    /// `None` if absent or null.
    pub(in crate::functions) outputs: Option<Map<String, Value>>,
    pub(in crate::functions) logs: Vec<String>,
    pub(in crate::functions) return_value: Option<Value>,
}

/// A 2xx reply, read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::functions) enum ReadReply {
    /// As it should be.
    Result(InvocationResult),
    /// Nothing, or `null`: `DefaultHttpWorkerService.cs` then sets neither a result nor an error, and the invocation
    /// stays open until the function timeout.
    NeverCompletes,
    /// The host's "Invalid `HttpResponseMessage`". The text doesn't repeat the body, which the real host's does.
    Invalid(String),
}

/// Reads a reply by content type and body.
pub(in crate::functions) fn read_reply(content_type: Option<&str>, body: &[u8]) -> ReadReply {
    // A body of no length is null for `ReadAsAsync`, whatever its type.
    if body.is_empty() {
        return ReadReply::NeverCompletes;
    }
    let media_type =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // The media types of .NET's JsonMediaTypeFormatter; `ReadAsAsync` finds no formatter for another one.
    if !matches!(media_type.as_str(), "application/json" | "text/json") {
        return invalid(&format!("the content type is '{media_type}'; it must be application/json"));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return ReadReply::NeverCompletes;
    }
    match serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)) {
        Ok(Value::Null) => ReadReply::NeverCompletes,
        Ok(Value::Object(properties)) => {
            read_properties(&properties).map_or_else(|problem| invalid(&problem), ReadReply::Result)
        }
        Ok(_) => invalid("the body must be a JSON object with Outputs, Logs and ReturnValue"),
        Err(error) => {
            invalid(&format!("the body is not JSON (line {}, column {})", error.line(), error.column()))
        }
    }
}

fn invalid(problem: &str) -> ReadReply {
    ReadReply::Invalid(format!("Invalid HttpResponseMessage: {problem}"))
}

fn read_properties(properties: &Map<String, Value>) -> Result<InvocationResult, String> {
    let outputs = match property(properties, "Outputs") {
        None | Some(Value::Null) => None,
        Some(Value::Object(outputs)) => Some(outputs.clone()),
        Some(_) => return Err("Outputs must be an object".to_owned()),
    };
    let logs = match property(properties, "Logs") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(logs)) => logs
            .iter()
            .map(|log| log.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or("each entry of Logs must be a string")?,
        Some(_) => return Err("Logs must be an array of strings".to_owned()),
    };
    let return_value = property(properties, "ReturnValue").filter(|value| !value.is_null()).cloned();
    Ok(InvocationResult { outputs, logs, return_value })
}

/// Newtonsoft.Json finds a property of a class without regard to case, the exact spelling first. (The names INSIDE
/// `Outputs` are the keys of a dictionary, and do depend on case.)
pub(super) fn property<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    properties
        .get(name)
        .or_else(|| properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
