//! The invocation as the Functions host posts it: `{"Data": {...}, "Metadata": {...}}`.
//!
//! Values are read from `Data.<trigger>` only: `Metadata` can be overlaid by the payload's own properties. Facts from
//! azure-functions-host, `src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::invocation::{Body, HttpRequest, TimerEvent, TriggerInput};

/// Why a request is no invocation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or not an object with `Data`.
    #[error(
        "the request is not an invocation of the Functions host: line {line}, column {column} of its JSON"
    )]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// `Data` lacks the trigger.
    #[error(
        "the invocation has no `Data.{binding}`: the trigger's name in function.json must be the one that the host loaded"
    )]
    NoTrigger {
        /// The trigger's name.
        binding: String,
    },
    /// The trigger's data has another form.
    #[error("`Data.{binding}.{field}` of the invocation must be {expected}")]
    Field {
        /// The trigger's name.
        binding: String,
        /// The field.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

/// A parsed envelope. It holds all that the caller sent, the function key too, so it has no `Debug`.
#[derive(Deserialize)]
pub struct Envelope {
    #[serde(rename = "Data")]
    data: Map<String, Json>,
}

/// The fields of an HTTP trigger's data that we read. `Url` holds the function key, so it isn't even parsed.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HttpData {
    query: Json,
    headers: Json,
    params: Json,
    body: Json,
}

impl Envelope {
    /// Parses a request's body.
    ///
    /// # Errors
    /// When it is not an envelope; the error holds a position and nothing of the content.
    pub fn parse(body: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(body)
            .map_err(|error| EnvelopeError::Syntax { line: error.line(), column: error.column() })
    }

    /// The data of the HTTP trigger `binding`.
    ///
    /// # Errors
    /// When it isn't there or has another form.
    pub fn into_http(mut self, binding: &str) -> Result<TriggerInput, EnvelopeError> {
        let wrong = |field, expected| EnvelopeError::Field { binding: binding.to_owned(), field, expected };
        let trigger = self.take(binding)?;
        let data: HttpData = serde_json::from_value(trigger)
            .map_err(|_| wrong("Method", "part of an object with Query, Headers, Params and Body"))?;
        let mut query = text_map(nested(data.query).ok_or_else(|| wrong("Query", "an object"))?);
        query.remove("code");
        let headers: BTreeMap<String, String> =
            text_map(nested(data.headers).ok_or_else(|| wrong("Headers", "an object"))?)
                .into_iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect();
        let body = match text(data.body) {
            None => Body::Empty,
            Some(text) if headers.get("content-type").is_some_and(|kind| Body::is_binary(kind)) => {
                Body::bytes(
                    STANDARD.decode(text).map_err(|_| wrong("Body", "base64, as its content type has it"))?,
                )
            }
            Some(text) => Body::text(text),
        };
        Ok(TriggerInput::Http(HttpRequest {
            route: text_map(nested(data.params).ok_or_else(|| wrong("Params", "an object"))?),
            query,
            headers,
            body,
        }))
    }

    /// The data of the timer trigger `binding`.
    ///
    /// # Errors
    /// When it isn't there or has another form.
    pub fn into_timer(mut self, binding: &str) -> Result<TriggerInput, EnvelopeError> {
        let trigger = self.take(binding)?;
        let data = nested(trigger).ok_or_else(|| EnvelopeError::Field {
            binding: binding.to_owned(),
            field: "ScheduleStatus",
            expected: "part of an object",
        })?;
        Ok(TriggerInput::Timer(TimerEvent { data: Json::Object(data) }))
    }

    fn take(&mut self, binding: &str) -> Result<Json, EnvelopeError> {
        self.data.remove(binding).ok_or_else(|| EnvelopeError::NoTrigger { binding: binding.to_owned() })
    }
}

/// An object that may also come as JSON text in a string, as `Query` did before September 2020; absent is empty.
fn nested(value: Json) -> Option<Map<String, Json>> {
    match value {
        Json::Object(map) => Some(map),
        Json::Null => Some(Map::new()),
        Json::String(text) if text.is_empty() => Some(Map::new()),
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(Json::Object(map)) => Some(map),
            _ => None,
        },
        Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    }
}

/// Null values (an optional route value that was not given) have no entry; arrays are joined as HTTP joins headers.
fn text_map(map: Map<String, Json>) -> BTreeMap<String, String> {
    map.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

fn text(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        Json::Array(values) => Some(values.into_iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::*;

    fn http(data: &str) -> HttpRequest {
        let body = format!(r#"{{"Data":{{"req":{data}}},"Metadata":{{}}}}"#);
        match Envelope::parse(body.as_bytes()).unwrap().into_http("req").unwrap() {
            TriggerInput::Http(request) => request,
            other => panic!("an HTTP request was expected, not {other:?}"),
        }
    }

    #[test]
    fn query_is_read_as_an_object_and_as_the_old_string() {
        for form in [r#"{"city":"Oslo","code":"k"}"#, r#""{\"city\":\"Oslo\",\"code\":\"k\"}""#] {
            let request = http(&format!(r#"{{"Method":"GET","Query":{form}}}"#));
            assert_eq!(request.query.into_iter().collect::<Vec<_>>(), [("city".into(), "Oslo".into())]);
        }
    }

    #[test]
    fn an_absent_optional_route_value_has_no_entry() {
        let request = http(r#"{"Params":{"id":null,"name":"x"}}"#);
        assert_eq!(request.route.keys().collect::<Vec<_>>(), ["name"]);
    }

    #[test]
    fn header_arrays_are_joined_under_lower_case_names() {
        let request = http(r#"{"Headers":{"X-Tag":["a","b"]}}"#);
        assert_eq!(request.headers["x-tag"], "a, b");
    }

    #[test]
    fn an_absent_body_is_none_and_a_text_body_is_kept_as_it_is() {
        assert_eq!(http(r#"{"Method":"GET"}"#).body, Body::Empty);
        assert_eq!(http(r#"{"Body":"{\"a\": 1}"}"#).body, Body::Text(r#"{"a": 1}"#.into()));
    }

    #[test]
    fn a_body_of_bytes_comes_as_base64() {
        for kind in ["application/octet-stream", "Multipart/form-data; boundary=x"] {
            let request = http(&format!(r#"{{"Headers":{{"Content-Type":["{kind}"]}},"Body":"3q0="}}"#));
            assert_eq!(request.body, Body::Bytes(vec![0xde, 0xad]), "{kind}");
        }
        let text = http(r#"{"Headers":{"Content-Type":["text/plain"]},"Body":"3q0="}"#);
        assert_eq!(text.body, Body::Text("3q0=".into()));
    }

    #[test]
    fn an_error_holds_a_position_and_nothing_of_the_content() {
        for body in ["", "CANARY", "{\"CANARY\":1}", "[\"CANARY\"]", "{\"Data\":\"CANARY\"}"] {
            let error = Envelope::parse(body.as_bytes()).err().unwrap();
            assert!(!error.to_string().contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn debug_of_a_request_shows_no_values() {
        let request = http(r#"{"Query":{"q":"CANARY"},"Body":"CANARY","Headers":{"h":["CANARY"]}}"#);
        assert!(!format!("{request:?}").contains("CANARY"));
    }
}
