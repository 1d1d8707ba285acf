//! What each service says of a message: the names and types are the real ones, the values are made up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::functions::app::{MessageSource, ServiceTrigger};
use crate::functions::envelope::{Fact, Zone};

/// What stands in the place of each `{name}` in a blob's path.
const BLOB_NAME: &str = "local";

/// A message on its way to a function.
pub(super) struct Arrival<'a> {
    pub(super) id: uuid::Uuid,
    pub(super) arrived: DateTime<Utc>,
    /// 1 at the first delivery.
    pub(super) delivery: u32,
    pub(super) text: &'a str,
}

type Facts = Vec<(&'static str, Fact)>;

fn value(value: impl Into<Value>) -> Fact {
    Fact::Value(value.into())
}

fn offset(time: DateTime<Utc>) -> Fact {
    Fact::Time(time, Zone::Offset)
}

fn unspecified(time: DateTime<Utc>) -> Fact {
    Fact::Time(time, Zone::Unspecified)
}

fn later(time: DateTime<Utc>, days: i64, minutes: i64) -> DateTime<Utc> {
    let span = TimeDelta::minutes(minutes.saturating_add(days.saturating_mul(24 * 60)));
    time.checked_add_signed(span).unwrap_or(time)
}

/// `QueueTriggerBinding.cs`.
pub(super) fn of_queue(message: &Arrival<'_>) -> Facts {
    let now = Utc::now();
    vec![
        ("QueueTrigger", value(message.text)),
        ("DequeueCount", value(message.delivery)),
        ("ExpirationTime", offset(later(message.arrived, 7, 0))),
        ("Id", value(message.id.to_string())),
        ("InsertionTime", offset(message.arrived)),
        ("NextVisibleTime", offset(later(now, 0, 10))),
        ("PopReceipt", value(STANDARD.encode(uuid::Uuid::new_v4().as_bytes()))),
    ]
}

/// `ServiceBusTriggerBindingStrategy.cs`, one message. The handles to the .NET client come out as objects, most of them without
/// content.
pub(super) fn of_service_bus(message: &Arrival<'_>) -> Facts {
    let expires = later(message.arrived, 14, 0);
    let mut facts = handles();
    facts.extend([
        ("DeliveryCount", value(message.delivery)),
        ("LockToken", value(uuid::Uuid::new_v4().to_string())),
        ("ExpiresAtUtc", unspecified(expires)),
        ("ExpiresAt", offset(expires)),
        ("EnqueuedTimeUtc", unspecified(message.arrived)),
        ("EnqueuedTime", offset(message.arrived)),
        ("MessageId", value(message.id.simple().to_string())),
        ("SequenceNumber", value(1)),
        ("ApplicationProperties", value(json!({}))),
        ("UserProperties", value(json!({}))),
    ]);
    facts
}

/// The same for several messages.
pub(super) fn of_service_bus_batch(message: &Arrival<'_>, count: usize) -> Facts {
    let expires = later(message.arrived, 14, 0);
    let ids: Vec<String> = (0..count).map(|number| format!("{}-{number}", message.id.simple())).collect();
    let tokens: Vec<String> = (0..count).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let mut facts = handles();
    facts.extend([
        ("DeliveryCountArray", value(vec![message.delivery; count])),
        ("DeadLetterSourceArray", nothing(count)),
        ("LockTokenArray", value(tokens)),
        ("ExpiresAtUtcArray", value(vec![date(expires, ""); count])),
        ("ExpiresAtArray", value(vec![date(expires, "+00:00"); count])),
        ("EnqueuedTimeUtcArray", value(vec![date(message.arrived, ""); count])),
        ("EnqueuedTimeArray", value(vec![date(message.arrived, "+00:00"); count])),
        ("MessageIdArray", value(ids)),
        ("ContentTypeArray", nothing(count)),
        ("ReplyToArray", nothing(count)),
        ("SequenceNumberArray", value((1..=count).collect::<Vec<_>>())),
        ("ToArray", nothing(count)),
        ("SubjectArray", nothing(count)),
        ("LabelArray", nothing(count)),
        ("CorrelationIdArray", nothing(count)),
        ("ApplicationPropertiesArray", value(vec![json!({}); count])),
        ("UserPropertiesArray", value(vec![json!({}); count])),
        ("SessionIdArray", nothing(count)),
        ("ReplyToSessionIdArray", nothing(count)),
        ("PartitionKeyArray", nothing(count)),
        ("TransactionPartitionKeyArray", nothing(count)),
    ]);
    facts
}

fn handles() -> Facts {
    let empty = ["MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"];
    let mut facts: Facts = empty.map(|name| (name, value(json!({})))).to_vec();
    let client = json!({
        "FullyQualifiedNamespace": "local.servicebus.windows.net",
        "IsClosed": false,
        "TransportType": 0,
        "Identifier": "local.servicebus.windows.net-local",
    });
    facts.push(("Client", value(client)));
    facts
}

/// `EventHubTriggerBindingStrategy.cs`, one event.
pub(super) fn of_event_hub(message: &Arrival<'_>, hub: &str) -> Facts {
    vec![
        ("PartitionContext", value(partition(hub))),
        ("Offset", value("0")),
        ("OffsetString", value("0")),
        ("SequenceNumber", value(0)),
        ("EnqueuedTimeUtc", unspecified(message.arrived)),
        ("Properties", value(json!({}))),
        ("SystemProperties", value(system_properties(message.arrived, 0))),
    ]
}

/// The same for several events.
pub(super) fn of_event_hub_batch(message: &Arrival<'_>, hub: &str, count: usize) -> Facts {
    let numbers = || 0..count;
    let offsets: Vec<String> = numbers().map(|number| offset_of(number).to_string()).collect();
    vec![
        ("PartitionContext", value(partition(hub))),
        ("PartitionKeyArray", nothing(count)),
        ("OffsetArray", value(offsets.clone())),
        ("OffsetStringArray", value(offsets)),
        ("SequenceNumberArray", value(numbers().collect::<Vec<_>>())),
        ("EnqueuedTimeUtcArray", value(vec![date(message.arrived, ""); count])),
        ("PropertiesArray", value(vec![json!({}); count])),
        (
            "SystemPropertiesArray",
            value(numbers().map(|number| system_properties(message.arrived, number)).collect::<Vec<_>>()),
        ),
    ]
}

fn partition(hub: &str) -> Value {
    json!({
        "FullyQualifiedNamespace": "local.servicebus.windows.net",
        "EventHubName": hub,
        "ConsumerGroup": "$Default",
        "PartitionId": "0",
    })
}

fn offset_of(number: usize) -> usize {
    number.saturating_mul(64)
}

fn system_properties(arrived: DateTime<Utc>, number: usize) -> Value {
    json!({
        "SequenceNumber": number,
        "Offset": offset_of(number),
        "OffsetString": offset_of(number).to_string(),
        "PartitionKey": null,
        "EnqueuedTimeUtc": date(arrived, ""),
    })
}

/// `EventGridTriggerAttributeBindingProvider.cs`: the property `data` of the event, or of each of them.
pub(super) fn of_event_grid(input: &str) -> Facts {
    let data = match serde_json::from_str(input) {
        Ok(Value::Array(events)) => Value::Array(events.iter().map(|event| event["data"].clone()).collect()),
        Ok(Value::Object(event)) => event.get("data").cloned().unwrap_or_default(),
        Ok(_) | Err(_) => Value::Null,
    };
    if data.is_null() { Vec::new() } else { vec![("data", value(data))] }
}

/// `BlobTriggerBinding.cs`.
pub(super) fn of_blob(message: &Arrival<'_>, trigger: &ServiceTrigger) -> Facts {
    let path = pattern_parts(&trigger.source)
        .into_iter()
        .map(|part| match part {
            PatternPart::Text(text) => text,
            PatternPart::Name(_) => BLOB_NAME,
        })
        .collect::<String>();
    let properties = json!({
        "LastModified": date(message.arrived, "+00:00"),
        "CreatedOn": date(message.arrived, "+00:00"),
        "Metadata": {},
        "BlobType": 0,
        "ContentLength": message.text.len(),
        "ContentType": "application/octet-stream",
        "ETag": format!("\"{}\"", message.id.simple()),
    });
    vec![
        ("BlobTrigger", value(path.clone())),
        ("Uri", value(format!("https://local.blob.core.windows.net/{path}"))),
        ("Properties", value(properties)),
        ("Metadata", value(json!({}))),
    ]
}

/// The names in a blob's path and what stands for them (`BlobPathSource.cs`).
pub(super) fn named_by_path(trigger: &ServiceTrigger) -> Vec<(String, String)> {
    if trigger.service != MessageSource::Blob {
        return Vec::new();
    }
    let names = pattern_parts(&trigger.source).into_iter().filter_map(|part| match part {
        PatternPart::Name(name) => Some(name.to_owned()),
        PatternPart::Text(_) => None,
    });
    names.map(|name| (name, BLOB_NAME.to_owned())).collect()
}

enum PatternPart<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pattern_parts(pattern: &str) -> Vec<PatternPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        parts.extend([PatternPart::Text(before), PatternPart::Name(name)]);
        rest = behind;
    }
    parts.push(PatternPart::Text(rest));
    parts
}

fn nothing(count: usize) -> Fact {
    value(vec![Value::Null; count])
}

/// A date inside an array or object.
fn date(time: DateTime<Utc>, zone: &str) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{}{zone}", text.trim_end_matches('Z'))
}
