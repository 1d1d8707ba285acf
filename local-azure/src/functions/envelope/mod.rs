//! The enveloped invocation request: `{"Data": {...}, "Metadata": {...}}`.
//!
//! Facts: `ScriptInvocationContextExtensions.cs` and `HttpRequestExtensions.cs` of azure-functions-host (how the parts are
//! written), `HttpTriggerAttributeBindingProvider.cs` of azure-webjobs-sdk-extensions (what is among the metadata).

mod http_request;
mod metadata;
mod value;

use serde_json::{Map, Value, json};

pub(super) use http_request::IncomingRequest;
pub(super) use metadata::{Metadata, RetryContext};

use super::app::{FunctionDefinition, Trigger};
use super::routes::RouteValues;
use super::timers::ScheduleStatus;

/// What starts an invocation.
#[derive(Clone, Debug)]
pub(super) enum TriggerInput {
    /// An HTTP request that a route took.
    Http { request: IncomingRequest, route: RouteValues },
    /// A timer that is due, or was started by hand.
    Timer { adjust_for_dst: bool, status: Option<ScheduleStatus>, is_past_due: bool },
    /// The message of a queue-like trigger.
    Message(String),
}

/// The body of the invocation request.
pub(super) fn envelope(
    function: &FunctionDefinition,
    input: &TriggerInput,
    retry: Option<&RetryContext>,
) -> Value {
    let mut metadata = Metadata::default();
    let data = match input {
        TriggerInput::Http { request, route } => {
            let template = match &function.trigger {
                Trigger::Http(http) => Some(&http.route),
                Trigger::Timer(_) | Trigger::Other => None,
            };
            metadata.add_request(request, route, |name| template.map(|template| template.value_type(name)));
            request.data(route)
        }
        TriggerInput::Timer { adjust_for_dst, status, is_past_due } => json!({
            "Schedule": { "AdjustForDST": adjust_for_dst },
            "ScheduleStatus": status.as_ref().map(ScheduleStatus::to_json),
            "IsPastDue": is_past_due,
        }),
        TriggerInput::Message(message) => {
            metadata.overlay_payload(message);
            value::json_text(&Value::String(message.clone()))
        }
    };
    if let Some(retry) = retry {
        metadata.add_retry(retry);
    }
    metadata.add_system(&function.name);
    let mut named = Map::new();
    named.insert(function.trigger_name.clone(), data);
    json!({ "Data": named, "Metadata": metadata.into_json() })
}
