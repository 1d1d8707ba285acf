//! `Metadata`: what the host knows about a trigger.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Message;
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

/// Something that the host knows of a message.
#[derive(Clone, Debug)]
pub(in crate::functions) enum Fact {
    /// Encoded by the rule for every value.
    Value(Value),
    /// A date: written as it is, to the second (`ScriptInvocationContextExtensions.cs` reads its `ToString()` again).
    Time(DateTime<Utc>, Zone),
}

/// Which of .NET's two types a date has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum Zone {
    /// `DateTimeOffset`: `2026-01-31T07:08:09+00:00`.
    Offset,
    /// `DateTime` of no kind: `2026-01-31T07:08:09`.
    Unspecified,
}

impl Fact {
    fn into_json(self) -> Value {
        match self {
            Self::Value(value) => json_text(&value),
            Self::Time(time, zone) => Value::String(zone.written(time)),
        }
    }
}

impl Zone {
    fn written(self, time: DateTime<Utc>) -> String {
        let seconds = time.format("%Y-%m-%dT%H:%M:%S");
        match self {
            Self::Offset => format!("{seconds}+00:00"),
            Self::Unspecified => seconds.to_string(),
        }
    }
}

/// The binding data of an invocation; names are found without regard to case, and the first spelling stays.
#[derive(Debug, Default)]
pub(in crate::functions) struct Metadata {
    values: Vec<(String, Fact)>,
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
            self.overlay_payload(body, |_| true);
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
    fn overlay_payload(&mut self, payload: &str, taken: impl Fn(&Value) -> bool) {
        if let Ok(Value::Object(properties)) = serde_json::from_str(payload) {
            for (name, value) in properties.iter().filter(|(_, value)| taken(value)) {
                if let Some(value) = binding_data(value) {
                    self.set(name, value);
                }
            }
        }
    }

    /// A message's: what the service says of it, over that what its text says.
    pub(super) fn add_message(&mut self, message: &Message) {
        for (name, fact) in &message.facts {
            self.set_fact(name, fact.clone());
        }
        for (name, value) in &message.named {
            self.set(name, Value::from(value.as_str()));
        }
        if let Some(text) = &message.text {
            // `Utility.cs` of azure-functions-host, `ApplyBindingData`: arrays are left out.
            self.overlay_payload(text, |value| !value.is_array());
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
        Value::Object(kept.map(|(name, fact)| (name, fact.into_json())).collect())
    }

    fn set(&mut self, name: &str, value: Value) {
        self.set_fact(name, Fact::Value(value));
    }

    fn set_fact(&mut self, name: &str, fact: Fact) {
        match self.values.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            Some((_, slot)) => *slot = fact,
            None => self.values.push((name.to_owned(), fact)),
        }
    }

    fn set_if_absent(&mut self, name: &str, value: Value) {
        if !self.values.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
            self.set(name, value);
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
