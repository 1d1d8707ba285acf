//! The enveloped invocation request: `{"Data": {...}, "Metadata": {...}}`.
//!
//! Facts: `ScriptInvocationContextExtensions.cs` and `HttpRequestExtensions.cs` of azure-functions-host (how the parts are
//! written), `HttpTriggerAttributeBindingProvider.cs` of azure-webjobs-sdk-extensions (what is among the metadata).

mod http_request;
mod metadata;
mod value;

use serde_json::{Map, Value, json};

pub(super) use http_request::IncomingRequest;
pub(super) use metadata::{Fact, Metadata, RetryContext, Zone};
pub(super) use value::json_text;

use super::app::{FunctionDefinition, Trigger};
use super::routes::RouteValues;
use super::timers::ScheduleStatus;

/// A message as the host hands it to a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The value of the trigger's binding, encoded.
    pub(super) data: Value,
    /// What the service says of the message.
    pub(super) facts: Vec<(&'static str, Fact)>,
    /// Values that come from a path's pattern, such as `{name}`.
    pub(super) named: Vec<(String, String)>,
    /// The message as text, if it reaches the function as text: its JSON properties are laid over the facts.
    pub(super) text: Option<String>,
}

/// What starts an invocation.
#[derive(Clone, Debug)]
pub(super) enum TriggerInput {
    /// An HTTP request that a route took.
    Http { request: IncomingRequest, route: RouteValues },
    /// A timer that is due, or was started by hand.
    Timer { adjust_for_dst: bool, status: Option<ScheduleStatus>, is_past_due: bool },
    /// A message of a service that isn't here.
    Message(Message),
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
                Trigger::Timer(_) | Trigger::Service(_) => None,
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
            metadata.add_message(message);
            message.data.clone()
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
