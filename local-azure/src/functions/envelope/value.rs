//! How a value that isn't an HTTP request is written into the envelope.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

/// An object nests; anything else becomes JSON text inside a string, so `hello` arrives as `"\"hello\""`
/// (`ScriptInvocationContextExtensions.cs`, `GetHttpScriptInvocationContextValue`: `JObject.FromObject` throws for
/// what isn't an object, and the fallback is `JsonConvert.SerializeObject`).
pub(in crate::functions) fn json_text(value: &Value) -> Value {
    match value {
        Value::Object(_) => value.clone(),
        other => Value::String(other.to_string()),
    }
}

/// A property of a JSON payload as binding data: an object stays one, an array too, a scalar becomes a .NET string, and
/// null is left out (`Utility.cs`, `ApplyBindingData`).
pub(super) fn binding_data(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(_) | Value::Array(_) => Some(value.clone()),
        Value::Bool(true) => Some(Value::from("True")),
        Value::Bool(false) => Some(Value::from("False")),
        Value::Number(number) => Some(Value::String(number.to_string())),
        Value::String(text) => Some(Value::String(reparsed_date(text).unwrap_or_else(|| text.clone()))),
    }
}

/// Newtonsoft.Json turns a string that looks like an ISO date and time into a date, which then is written as text again,
/// in the invariant culture.
fn reparsed_date(text: &str) -> Option<String> {
    const INVARIANT: &str = "%m/%d/%Y %H:%M:%S";
    if text.len() < 19 || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc().format(INVARIANT).to_string());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .ok()
        .map(|time| time.format(INVARIANT).to_string())
}
