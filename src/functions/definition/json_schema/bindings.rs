//! What the worker reads of `bindings` and of the host's `retry`. Everything else in a binding is the host's, and free.

use serde_json::{Value as Json, json};

use super::super::bindings::{METHODS, trigger_names};
use super::super::message_trigger::{CARDINALITIES, DATA_TYPES};
use super::words::{any_case, any_case_pattern};
use crate::functions::message_trigger::MessageKind;
use crate::functions::trigger::AuthLevel;

/// A binding's name: the host takes no other.
const NAME: &str = r"^(?:[A-Za-z][A-Za-z0-9]{0,127}|\$return)$";

pub(super) fn schema() -> Json {
    let trigger = format!("{}$", any_case_pattern("trigger"));
    json!({
        "type": "array",
        "minItems": 1,
        "items": binding(),
        "contains": { "properties": { "type": { "pattern": trigger } }, "required": ["type"] },
        "minContains": 1,
        "maxContains": 1,
    })
}

fn binding() -> Json {
    let trigger = format!("{}$", any_case_pattern("trigger"));
    let known: Vec<&str> =
        trigger_names().chain(["http", "queue", "blob", "serviceBus", "eventHub"]).collect();
    let is_out = json!({
        "properties": { "direction": { "pattern": format!("^{}$", any_case_pattern("out")) } },
        "required": ["direction"],
    });
    let of_type = |names: &[&str], then: Json| {
        let names: Vec<String> = names.iter().map(|name| any_case_pattern(name)).collect();
        let pattern = format!("^(?:{})$", names.join("|"));
        json!({ "if": { "properties": { "type": { "pattern": pattern } }, "required": ["type"] }, "then": then })
    };
    let http = json!({
        "properties": {
            "methods": {
                "description": "The methods that it takes; without the key, all.",
                "type": "array",
                "items": any_case(METHODS),
            },
            "route": {
                "description": "The route template below the route prefix of host.json; without the key, the function's name.",
                "type": "string",
                "pattern": "^(?![/~])",
            },
            "authLevel": {
                "description": "Which key a caller must have: anonymous = none, function = one of the function's or the app's, \
                                admin = the master key.",
                "default": AuthLevel::default().name(),
                "allOf": [any_case(AuthLevel::ALL.map(AuthLevel::name))],
            },
        },
    });
    let timer = json!({
        "properties": {
            "schedule": {
                "description": "NCRONTAB with six fields, such as `0 0 2 * * *`, or a time span, or `%SETTING%`.",
                "type": "string",
                "minLength": 1,
            },
        },
        "required": ["schedule"],
    });
    let message = json!({
        "properties": {
            "cardinality": {
                "description": "`many`: the function gets an array of messages at once.",
                "allOf": [any_case(CARDINALITIES)],
            },
            "dataType": {
                "description": "`binary`: the message is bytes, for varbinary(max).",
                "allOf": [any_case(DATA_TYPES)],
            },
        },
    });
    let messages: Vec<&str> = MessageKind::names().collect();
    let conditions = [
        json!({
            "if": is_out,
            "then": { "properties": { "type": { "not": { "pattern": trigger } } } },
            "else": { "properties": { "type": any_case(trigger_names()) } },
        }),
        of_type(&["httpTrigger"], http),
        of_type(&["timerTrigger"], timer),
        of_type(&messages, message),
    ];
    json!({
        "type": "object",
        "properties": {
            "type": {
                "description": "What kind of trigger or output it is.",
                "type": "string",
                "anyOf": [{ "enum": known }, { "pattern": "." }],
            },
            "direction": {
                "description": "`in` for a trigger, `out` for an output.",
                "allOf": [any_case(["in", "out"])],
            },
            "name": {
                "description": "The binding's name, a letter, then letters and digits, or `$return`.",
                "type": "string",
                "pattern": NAME,
            },
        },
        "required": ["type", "name"],
        "allOf": conditions,
    })
}

pub(super) fn retry() -> Json {
    let with = |strategy: &str, keys: [&str; 2]| {
        let pattern = format!("^{}$", any_case_pattern(strategy));
        json!({
            "if": { "properties": { "strategy": { "pattern": pattern } } },
            "then": { "required": keys },
        })
    };
    let span = || json!({ "$ref": "#/$defs/timeSpan" });
    json!({
        "type": ["object", "null"],
        "properties": {
            "strategy": any_case(["fixedDelay", "exponentialBackoff"]),
            "maxRetryCount": {
                "description": "How often it is tried again; -1 = as often as it takes.",
                "type": "integer",
                "minimum": -1,
            },
            "delayInterval": span(),
            "minimumInterval": span(),
            "maximumInterval": span(),
        },
        "required": ["strategy", "maxRetryCount"],
        "allOf": [
            with("fixedDelay", ["maxRetryCount", "delayInterval"]),
            with("exponentialBackoff", ["minimumInterval", "maximumInterval"]),
        ],
    })
}
