//! What is given by hand, read in the form of the trigger's service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::facts;
use crate::functions::app::{MessageSource, ServiceTrigger};
use crate::functions::envelope::{Fact, Message, json_text};

/// One message, or the several of a trigger with the cardinality `many`: what one run gets.
#[derive(Clone, Debug)]
pub(in crate::functions) struct Batch {
    trigger: ServiceTrigger,
    /// As given.
    input: String,
    /// Each as text; one unless the cardinality is `many`.
    messages: Vec<String>,
    id: uuid::Uuid,
    arrived: DateTime<Utc>,
}

impl Batch {
    /// Reads an input: a text, or, for a trigger with the cardinality `many`, a JSON array of texts and objects.
    ///
    /// # Errors
    /// What the service's trigger can't read, and what to send.
    pub(in crate::functions) fn read(trigger: &ServiceTrigger, input: String) -> Result<Self, &'static str> {
        let json = serde_json::from_str::<Value>(&input).ok();
        let messages = match trigger.service {
            MessageSource::EventGrid if !is_event(json.as_ref(), trigger.many) => {
                return Err(
                    "the input of an eventGridTrigger is the JSON text of an event, an object; with the cardinality many an array of them",
                );
            }
            MessageSource::CosmosDb | MessageSource::Sql if !json.as_ref().is_some_and(Value::is_array) => {
                return Err("the input of this trigger is the JSON text of an array of documents or changes");
            }
            _ if trigger.many => match json {
                Some(Value::Array(items)) => items.iter().map(text_of).collect(),
                _ => vec![input.clone()],
            },
            _ => vec![input.clone()],
        };
        Ok(Self { trigger: trigger.clone(), input, messages, id: uuid::Uuid::new_v4(), arrived: Utc::now() })
    }

    /// As given.
    pub(super) fn input(&self) -> &str {
        &self.input
    }

    /// What the function gets at a delivery; the first is number 1.
    pub(in crate::functions) fn message(&self, delivery: u32) -> Message {
        Message {
            data: self.data(),
            facts: self.facts(delivery),
            named: facts::named_by_path(&self.trigger),
            text: self.overlaid_text(),
        }
    }

    /// The value of the trigger's binding (`ScriptInvocationContextExtensions.cs`, `GetHttpScriptInvocationContextValue`).
    fn data(&self) -> Value {
        let ServiceTrigger { service, many, binary, .. } = self.trigger;
        if service == MessageSource::EventGrid {
            // A JObject nests, an array of them doesn't.
            return serde_json::from_str(&self.input).map_or(Value::Null, |event| json_text(&event));
        }
        let one = |text: &String| {
            if binary { Value::String(STANDARD.encode(text)) } else { Value::from(text.as_str()) }
        };
        if many && takes_many(service) {
            return json_text(&Value::Array(self.messages.iter().map(one).collect()));
        }
        // Bytes are base64 and nothing more. Changes of Cosmos DB and SQL come as ONE text that holds an array.
        let value = one(&self.input);
        if binary { value } else { json_text(&value) }
    }

    fn facts(&self, delivery: u32) -> Vec<(&'static str, Fact)> {
        let message = facts::Arrival { id: self.id, arrived: self.arrived, delivery, text: &self.input };
        let several = self.trigger.many.then_some(self.messages.len());
        match (self.trigger.service, several) {
            (MessageSource::Queue, _) => facts::of_queue(&message),
            (MessageSource::ServiceBus, None) => facts::of_service_bus(&message),
            (MessageSource::ServiceBus, Some(count)) => facts::of_service_bus_batch(&message, count),
            (MessageSource::EventHub, None) => facts::of_event_hub(&message, &self.trigger.source),
            (MessageSource::EventHub, Some(count)) => {
                facts::of_event_hub_batch(&message, &self.trigger.source, count)
            }
            (MessageSource::EventGrid, _) => facts::of_event_grid(&self.input),
            (MessageSource::Blob, _) => facts::of_blob(&message, &self.trigger),
            (MessageSource::CosmosDb | MessageSource::Sql | MessageSource::Other, _) => Vec::new(),
        }
    }

    /// Only a value that is a string is looked into.
    fn overlaid_text(&self) -> Option<String> {
        let is_text = !self.trigger.binary
            && self.trigger.service != MessageSource::EventGrid
            && !(self.trigger.many && takes_many(self.trigger.service));
        is_text.then(|| self.input.clone())
    }
}

fn takes_many(service: MessageSource) -> bool {
    matches!(service, MessageSource::EventHub | MessageSource::ServiceBus | MessageSource::Other)
}

fn is_event(json: Option<&Value>, many: bool) -> bool {
    match json {
        Some(Value::Array(events)) => many && events.iter().all(Value::is_object),
        Some(event) => !many && event.is_object(),
        None => false,
    }
}

fn text_of(item: &Value) -> String {
    item.as_str().map_or_else(|| item.to_string(), str::to_owned)
}
