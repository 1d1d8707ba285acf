//! Which paths an idempotency key can come from, and what it doesn't go with.

use std::sync::Arc;

use super::definitions::only;
use super::{http, message, read, timer_with};
use crate::database::{Isolation, Unit};
use crate::functions::{DefinitionError, Function};

const KEY: &str = "sql.idempotencyKey";

/// An HTTP function whose key comes from here; `more` goes beside it.
fn keyed(from: &str, more: &str) -> Result<Arc<Function>, DefinitionError> {
    let base = r#""commandText": "DELETE FROM dbo.Orders", "result": "none""#;
    http(&format!(r#"{{ {base}, "idempotencyKey": "{from}" {more} }}"#), "")
}

/// A function on this trigger whose key comes from here.
fn on(trigger: &str, from: &str) -> Result<Arc<Function>, DefinitionError> {
    read(
        &format!(
            r#"{{ "bindings": [{{ "name": "m", {trigger} }}],
                  "sql": {{ "commandText": "DELETE FROM dbo.Orders", "result": "none", "idempotencyKey": "{from}" }} }}"#
        ),
        "",
    )
}

#[test]
fn a_key_makes_even_a_single_statement_a_transaction_at_the_level_that_is_asked_for() {
    let unit = |more: &str| keyed("header.idempotency-key", more).unwrap().plan().unwrap().unit();
    assert_eq!(unit(""), Unit::Keyed(Isolation::Default));
    assert_eq!(unit(r#", "transaction": "auto""#), Unit::Keyed(Isolation::Default));
    assert_eq!(unit(r#", "transaction": "serializable""#), Unit::Keyed(Isolation::Serializable));
}

#[test]
fn what_a_caller_or_sender_says_the_same_again_is_a_key() {
    for from in ["header.idempotency-key", "query.key", "route.id", "body.order.id"] {
        assert_eq!(keyed(from, "").unwrap().plan().unwrap().idempotency_key(), Some(from));
    }
    for (trigger, from) in [
        (r#""type": "queueTrigger""#, "metadata.Id"),
        (r#""type": "queueTrigger""#, "message.order.id"),
        (r#""type": "serviceBusTrigger""#, "metadata.MessageId"),
    ] {
        assert!(on(trigger, from).is_ok(), "{from}");
    }
}

#[test]
fn what_differs_when_a_call_comes_again_or_says_nothing_of_one_is_no_key() {
    for (from, sentence) in [
        ("invocation.id", "new whenever the call comes again"),
        ("body", "too long"),
        ("principal.oid", "a caller calls more than once"),
    ] {
        only(keyed(from, ""), KEY, sentence);
    }
    for (trigger, from) in [
        (r#""type": "queueTrigger""#, "metadata.DequeueCount"),
        (r#""type": "queueTrigger""#, "metadata.dequeuecount"),
        (r#""type": "queueTrigger""#, "metadata.PopReceipt"),
        (r#""type": "queueTrigger""#, "metadata.sys.UtcNow"),
        (r#""type": "serviceBusTrigger""#, "metadata.DeliveryCount"),
    ] {
        only(on(trigger, from), KEY, "differs when the same message comes again");
    }
    only(on(r#""type": "queueTrigger""#, "message"), KEY, "too long");
    let timer = r#""result": "none", "idempotencyKey": "timer.scheduleStatus.last""#;
    only(timer_with(timer), KEY, "nothing that a timer says stays the same");
}

#[test]
fn a_path_of_another_trigger_or_of_no_kind_is_told_as_for_a_parameter() {
    only(keyed("message.id", ""), KEY, "message");
    only(keyed("headers.x", ""), KEY, "header");
    only(keyed("setting.X", ""), KEY, "not supported yet");
    only(on(r#""type": "queueTrigger""#, "header.x"), KEY, "header");
    let number = r#"{ "commandText": "DELETE FROM dbo.Orders", "result": "none", "idempotencyKey": 5 }"#;
    only(http(number, ""), KEY, "must be a string");
}

#[test]
fn without_a_transaction_a_key_promises_nothing() {
    only(keyed("query.key", r#", "transaction": "none""#), KEY, "does not go with `transaction` \"none\"");
    let read_only = r#"{ "commandText": "SELECT 1 AS a", "result": "none", "repeatable": true, "idempotencyKey": "query.key" }"#;
    only(http(read_only, ""), KEY, "does not go with `repeatable` true");
}

#[test]
fn a_built_in_function_has_no_key() {
    let function = r#"{ "bindings": [
        { "type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "authLevel": "admin" },
        { "type": "http", "direction": "out", "name": "res" }],
        "sql": { "builtIn": "doctor", "idempotencyKey": "query.key" } }"#;
    only(read(function, ""), KEY, "beside builtIn");
}

#[test]
fn a_key_that_is_read_beside_the_command_is_not_one_of_its_parameters() {
    let function = message(r#""type": "queueTrigger""#, "", "{}").unwrap();
    assert_eq!(function.plan().unwrap().idempotency_key(), None);
    let keyed = keyed("query.key", "").unwrap();
    assert_eq!(&**keyed.plan().unwrap().declarations(), "");
}
