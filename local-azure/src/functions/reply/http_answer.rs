//! What an HTTP caller gets.

use serde_json::Value;

use super::reserialise::reserialised;

/// Status, headers and body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct HttpAnswer {
    pub(in crate::functions) status: u16,
    pub(in crate::functions) headers: Vec<(String, String)>,
    /// `None` when the answer has no content at all.
    pub(in crate::functions) content_type: Option<String>,
    pub(in crate::functions) body: Vec<u8>,
}

impl HttpAnswer {
    /// No content of any kind: an empty 500, 404, 204 and so on.
    pub(in crate::functions) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), content_type: None, body: Vec::new() }
    }

    /// An answer with the body that `ScriptObjectResult.cs` and MVC's formatters write: a string as it is, anything else
    /// re-serialised with indentation, null as nothing.
    pub(super) fn with_body(status: u16, headers: Vec<(String, String)>, body: &Value) -> Self {
        let (content_type, bytes) = match body {
            Value::Null => (None, Vec::new()),
            Value::String(text) => (Some("text/plain; charset=utf-8"), text.clone().into_bytes()),
            other => {
                let other = reserialised(other);
                // Writing a `Value` into memory can't fail.
                let text = serde_json::to_string_pretty(&other).unwrap_or_else(|_| other.to_string());
                (Some("application/json; charset=utf-8"), text.into_bytes())
            }
        };
        Self { status, headers, content_type: content_type.map(str::to_owned), body: bytes }
    }
}
