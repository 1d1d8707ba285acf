//! Triggers that bring a payload, and the host's own `retry`: what is wrong with a definition of them.

use std::sync::Arc;

use super::definitions::{mistakes, only};
use super::{http, message, read, timer};
use crate::functions::{DefinitionError, Function, Trigger};

const QUEUE: &str = r#""type": "queueTrigger""#;
const RETRY: &str =
    r#""retry": { "strategy": "fixedDelay", "maxRetryCount": 5, "delayInterval": "00:00:05" },"#;

/// A queue function with one parameter from this path.
fn from(path: &str, sql_type: &str) -> Result<Arc<Function>, DefinitionError> {
    message(QUEUE, "", &format!(r#"{{ "@a": {{ "from": "{path}", "type": "{sql_type}" }} }}"#))
}

#[test]
fn every_trigger_that_brings_a_payload_is_taken() {
    for kind in [
        "queueTrigger",
        "QUEUETRIGGER",
        "serviceBusTrigger",
        "eventGridTrigger",
        "blobTrigger",
        "cosmosDBTrigger",
        "sqlTrigger",
        "mysqlTrigger",
        "kafkaTrigger",
        "rabbitMQTrigger",
        "redisListTrigger",
    ] {
        let function = message(&format!(r#""type": "{kind}", "direction": "in""#), "", "{}").unwrap();
        assert!(matches!(function.trigger, Trigger::Message(_)), "{kind}");
    }
}

#[test]
fn an_unknown_trigger_is_told_with_the_nearest_one() {
    only(message(r#""type": "queueTriger""#, "", "{}"), "bindings[0].type", "did you mean `queueTrigger`?");
    only(
        message(r#""type": "eventhubsTrigger""#, "", "{}"),
        "bindings[0].type",
        "did you mean `eventHubTrigger`?",
    );
    only(message(r#""type": "orchestrationTrigger""#, "", "{}"), "bindings[0].type", "there are httpTrigger");
    only(
        message(r#""type": "queueTrigger", "direction": "out""#, "", "{}"),
        "bindings[0].direction",
        "must be \"in\"",
    );
}

#[test]
fn only_metadata_that_the_host_owns_is_taken() {
    for path in
        ["metadata.Id", "metadata.dequeueCount", "metadata.RetryContext.RetryCount", "metadata.sys.UtcNow"]
    {
        assert!(from(path, "nvarchar(50)").is_ok(), "{path}");
    }
    let key = "sql.parameters.@a.from";
    only(from("metadata.CustomerId", "int"), key, "there are DequeueCount, ExpirationTime, Id");
    only(from("metadata.DequeCount", "int"), key, "did you mean `metadata.DequeueCount`?");
    only(from("metadata.MessageId", "int"), key, "no metadata `MessageId` of its own for a queueTrigger");
    only(from("metadata", "int"), key, "names nothing");
    only(from("metadata.sys..x", "int"), key, "empty name");
    let blob = |path: &str| {
        message(
            r#""type": "blobTrigger", "path": "orders/{customer}/{name}.json""#,
            "",
            &format!(r#"{{ "@a": {{ "from": "{path}", "type": "nvarchar(50)" }} }}"#),
        )
    };
    assert!(blob("metadata.customer").is_ok());
    only(blob("metadata.order"), key, "there are Uri, Properties, Metadata, customer, name");
}

#[test]
fn a_path_fits_a_message() {
    let key = "sql.parameters.@a.from";
    only(from("body.a", "int"), key, "does not exist in a function that takes messages");
    only(from("timer.isPastDue", "bit"), key, "a path begins with message, metadata, invocation");
    only(from("mesage.a", "int"), key, "did you mean `message`?");
    only(from("message.items[0]", "int"), key, "OPENJSON");
    only(from("message.", "int"), key, "names nothing");
    only(
        timer(r#"{ "@a": { "from": "message.a", "type": "int" } }"#),
        key,
        "does not exist in a timer function",
    );
    only(timer(r#"{ "@a": { "from": "metadata.Id", "type": "int" } }"#), key, "there are RetryContext, sys");
    let of_http = http(
        r#"{ "commandText": "SELECT @a", "result": "none", "parameters": { "@a": { "from": "metadata.Id", "type": "int" } } }"#,
        "",
    );
    only(of_http, key, "does not exist in an HTTP function");
}

#[test]
fn bytes_and_batches_fit_their_types_only() {
    let binary = |path: &str, sql_type: &str| {
        message(
            r#""type": "blobTrigger", "dataType": "binary""#,
            "",
            &format!(r#"{{ "@a": {{ "from": "{path}", "type": "{sql_type}" }} }}"#),
        )
    };
    assert!(binary("message", "varbinary(max)").is_ok());
    only(binary("message", "nvarchar(max)"), "sql.parameters.@a.type", "varbinary(max)");
    only(binary("message.a", "int"), "sql.parameters.@a.from", "bytes have no properties");
    let batch = |path: &str, sql_type: &str| {
        message(
            r#""type": "serviceBusTrigger", "cardinality": "many""#,
            "",
            &format!(r#"{{ "@a": {{ "from": "{path}", "type": "{sql_type}" }} }}"#),
        )
    };
    assert!(batch("message", "nvarchar(max)").is_ok());
    assert!(batch("metadata.MessageIdArray", "nvarchar(max)").is_ok());
    only(batch("message", "nvarchar(4000)"), "sql.parameters.@a.type", "nvarchar(max)");
    only(batch("message.a", "int"), "sql.parameters.@a.from", "OPENJSON");
    only(
        batch("metadata.MessageId", "int"),
        "sql.parameters.@a.from",
        "did you mean `metadata.MessageIdArray`?",
    );
    only(
        message(r#""type": "queueTrigger", "cardinality": "many""#, "", "{}"),
        "bindings[0].cardinality",
        "one message at a time",
    );
    only(
        message(r#""type": "serviceBusTrigger", "cardinality": "meny""#, "", "{}"),
        "bindings[0].cardinality",
        "did you mean `many`?",
    );
    for data_type in ["bytes", "stream"] {
        let function = message(&format!(r#""type": "blobTrigger", "dataType": "{data_type}""#), "", "{}");
        only(function, "bindings[0].dataType", "must be one of string, binary");
    }
}

#[test]
fn several_messages_at_once_are_no_bytes() {
    for trigger in [r#""type": "serviceBusTrigger", "cardinality": "many""#, r#""type": "cosmosDBTrigger""#] {
        let function = message(&format!(r#"{trigger}, "dataType": "binary""#), "", "{}");
        only(function, "bindings[0].dataType", "an array of texts");
    }
}

#[test]
fn an_event_hub_needs_the_hosts_retry() {
    let hub = |retry: &str| message(r#""type": "eventHubTrigger""#, retry, "{}");
    assert!(hub(RETRY).is_ok());
    assert!(
        hub(r#""retry": { "strategy": "exponentialBackoff", "maxRetryCount": -1,
                          "minimumInterval": "00:00:05", "maximumInterval": "00:15:00" },"#)
        .is_ok()
    );
    only(hub(""), "retry", "the events are lost; add \"retry\"");
    only(hub(r#""retry": null,"#), "retry", "is missing");
    for (retry, key, sentence) in [
        ("5", "retry", "must be an object"),
        (r#"{ "maxRetryCount": 5, "delayInterval": "00:00:05" }"#, "retry.strategy", "fixedDelay"),
        (r#"{ "strategy": "fixedDelay", "maxRetryCount": 5 }"#, "retry.delayInterval", "hh:mm:ss"),
        (
            r#"{ "strategy": "fixedDelay", "maxRetryCount": 5, "delayInterval": "5" }"#,
            "retry.delayInterval",
            "hh:mm:ss",
        ),
        (
            r#"{ "strategy": "fixedDelay", "delayInterval": "00:00:05" }"#,
            "retry.maxRetryCount",
            "whole number",
        ),
        (
            r#"{ "strategy": "fixedDelay", "maxRetryCount": -2, "delayInterval": "00:00:05" }"#,
            "retry.maxRetryCount",
            "-1",
        ),
        (
            r#"{ "strategy": "fixedDelay", "maxRetryCount": 0, "delayInterval": "00:00:05" }"#,
            "retry.maxRetryCount",
            "the events are lost",
        ),
        (
            r#"{ "strategy": "exponentialBackoff", "maxRetryCount": 5, "minimumInterval": "00:00:05", "maximumInterval": "00:00:05" }"#,
            "retry.minimumInterval",
            "shorter",
        ),
    ] {
        only(hub(&format!(r#""retry": {retry},"#)), key, sentence);
    }
}

#[test]
fn a_retry_without_effect_is_told() {
    for kind in ["queueTrigger", "serviceBusTrigger", "blobTrigger"] {
        let function = message(&format!(r#""type": "{kind}""#), RETRY, "{}");
        only(function, "retry", &format!("no effect on a {kind}"));
    }
    let of_http = read(
        &format!(
            r#"{{ "bindings": [{{ "type": "httpTrigger", "name": "req" }}, {{ "type": "http", "direction": "out", "name": "res" }}],
                  {RETRY} "sql": {{ "commandText": "SELECT 1", "result": "none" }} }}"#
        ),
        "",
    );
    only(of_http, "retry", "the caller decides");
    let of_timer = |retry: &str| {
        read(
            &format!(
                r#"{{ "bindings": [{{ "type": "timerTrigger", "name": "t", "schedule": "0 0 2 * * *" }}],
                      {retry} "sql": {{ "commandText": "SELECT 1", "result": "none" }} }}"#
            ),
            "",
        )
    };
    assert!(of_timer(RETRY).is_ok());
    assert!(of_timer("").is_ok());
    assert_eq!(mistakes(of_timer(r#""retry": {},"#)).len(), 2);
}

#[test]
fn a_message_function_has_no_caller_to_answer() {
    let function = read(
        r#"{ "bindings": [{ "type": "queueTrigger", "name": "m" }, { "type": "http", "direction": "out", "name": "res" }],
             "sql": { "commandText": "SELECT 1", "result": "none" } }"#,
        "",
    );
    only(function, "bindings[1]", "a queueTrigger has no caller");
}
