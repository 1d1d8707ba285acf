//! `Metadata`: what the host knows about a trigger.

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::http_request::IncomingRequest;
use super::value::{binding_data, json_text};
use crate::functions::routes::{RouteValues, ValueType};

/// `RetryContext.cs`: a run that is a retry of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) struct RetryContext {
    /// 1 at the first retry.
    pub(in crate::functions) retry_count: u32,
    /// `None` = no limit, written as -1.
    pub(in crate::functions) max_retry_count: Option<u32>,
}

/// The binding data of an invocation; names are found without regard to case, and the first spelling stays.
#[derive(Debug, Default)]
pub(in crate::functions) struct Metadata {
    values: Map<String, Value>,
}

impl Metadata {
    /// An HTTP request's: the body's properties, over them the query, over that the route values; and then `Query` and
    /// `Headers`, which any of those SHADOWS if it has the same name.
    pub(super) fn add_request(
        &mut self,
        request: &IncomingRequest,
        route: &RouteValues,
        value_type: impl Fn(&str) -> Option<ValueType>,
    ) {
        if let Some(body) = request.text_body() {
            self.overlay_payload(body);
        }
        for (name, value) in &request.query {
            // The function key is no data.
            if !name.eq_ignore_ascii_case("code") {
                self.set(name, Value::from(value.as_str()));
            }
        }
        for (name, value) in route {
            if let Some(value) = value {
                self.set(name, converted(value, value_type(name)));
            }
        }
        self.set_if_absent("Query", request.query_json());
        self.set_if_absent("Headers", request.joined_headers_json());
    }

    /// The top-level properties of a JSON payload, laid over what is there already: a payload's `Id` replaces the
    /// message's own.
    pub(super) fn overlay_payload(&mut self, payload: &str) {
        if let Ok(Value::Object(properties)) = serde_json::from_str(payload) {
            for (name, value) in &properties {
                if let Some(value) = binding_data(value) {
                    self.set(name, value);
                }
            }
        }
    }

    pub(super) fn add_retry(&mut self, retry: &RetryContext) {
        let most = retry.max_retry_count.map_or(-1, i64::from);
        self.set("RetryContext", json!({ "RetryCount": retry.retry_count, "MaxRetryCount": most }));
    }

    /// `sys` (`SystemBindingData.cs`), unless a payload has a property of that name.
    pub(super) fn add_system(&mut self, function: &str) {
        self.set_if_absent(
            "sys",
            json!({
                "MethodName": function,
                "UtcNow": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
                "RandGuid": uuid::Uuid::new_v4().to_string(),
            }),
        );
    }

    /// The object in the envelope. A name that ends in "trigger" is left out (`ToHttpScriptInvocationContext`), since
    /// the host keeps the trigger's own value under such a name.
    pub(super) fn into_json(self) -> Value {
        let kept =
            self.values.into_iter().filter(|(name, _)| !name.to_ascii_lowercase().ends_with("trigger"));
        Value::Object(kept.map(|(name, value)| (name, json_text(&value))).collect())
    }

    fn set(&mut self, name: &str, value: Value) {
        let known = self.values.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name));
        match known {
            Some((_, slot)) => *slot = value,
            None => drop(self.values.insert(name.to_owned(), value)),
        }
    }

    fn set_if_absent(&mut self, name: &str, value: Value) {
        if !self.values.keys().any(|key| key.eq_ignore_ascii_case(name)) {
            self.values.insert(name.to_owned(), value);
        }
    }
}

/// A route value in the type that its constraint asks for.
fn converted(value: &str, value_type: Option<ValueType>) -> Value {
    match value_type {
        Some(ValueType::Number) => serde_json::from_str(value.trim()).unwrap_or_else(|_| Value::from(value)),
        Some(ValueType::Boolean) => Value::Bool(value.trim().eq_ignore_ascii_case("true")),
        Some(ValueType::Text) | None => Value::from(value),
    }
}
