//! Values of a message become parameters; what the message may have forged does not.

use serde_json::value::to_raw_value;
use serde_json::{Value as Json, json};

use super::message;
use crate::functions::AppServiceAuthentication;
use crate::invocation::{Decimal, Message, Metadata, Payload, SqlValue, TimerEvent, TriggerInput};

fn sent(payload: &str, metadata: &[(&str, Json)]) -> TriggerInput {
    TriggerInput::Message(Message { payload: Payload::Text(payload.to_owned()), metadata: said(metadata) })
}

fn said(metadata: &[(&str, Json)]) -> Metadata {
    metadata.iter().map(|(name, value)| (name, to_raw_value(value).unwrap())).collect()
}

/// The value of a queue function's only parameter, or why there is none.
fn value(definition: &str, input: &TriggerInput) -> Result<SqlValue, String> {
    let function = message(r#""type": "queueTrigger""#, "", &format!(r#"{{ "@a": {definition} }}"#)).unwrap();
    let plan = function.plan().unwrap();
    match plan.bind("id", input, AppServiceAuthentication::Off).map(|bound| bound.parameters) {
        Ok(parameters) => Ok(parameters[0].value.clone()),
        Err(problem) => {
            assert_eq!(problem.status, 400);
            Err(problem.violations.first().map_or(problem.detail.clone(), |first| first.message.clone()))
        }
    }
}

fn from(path: &str, sql_type: &str, input: &TriggerInput) -> Result<SqlValue, String> {
    value(&format!(r#"{{ "from": "{path}", "type": "{sql_type}" }}"#), input)
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

#[test]
fn a_whole_message_is_its_text_or_the_scalar_that_it_is() {
    let json = r#"{"a": 1.10}"#;
    assert_eq!(from("message", "nvarchar(max)", &sent(json, &[])), Ok(text(json)));
    assert_eq!(from("message", "nvarchar(50)", &sent("hello", &[])), Ok(text("hello")));
    assert_eq!(from("message", "int", &sent("5", &[])), Ok(SqlValue::Integer(5)));
    assert_eq!(from("message", "bit", &sent("true", &[])), Ok(SqlValue::Bit(true)));
    assert_eq!(from("message", "varbinary(max)", &sent("3q0=", &[])), Ok(SqlValue::Binary(vec![0xde, 0xad])));
    assert!(from("message", "int", &sent("CANARY", &[])).is_err_and(|sentence| !sentence.contains("CANARY")));
    assert_eq!(from("message", "nvarchar(50)", &sent("", &[])), Ok(text("")));
    let empty = TriggerInput::Message(Message::default());
    assert_eq!(from("message", "nvarchar(50)", &empty), Ok(SqlValue::Null));
    assert_eq!(from("message.a", "int", &empty), Ok(SqlValue::Null));
    assert_eq!(from("message.a", "int", &sent("", &[])), Ok(SqlValue::Null));
}

#[test]
fn bytes_stay_bytes() {
    let parameters = r#"{ "@a": { "from": "message", "type": "varbinary(max)" } }"#;
    let function = message(r#""type": "blobTrigger", "dataType": "binary""#, "", parameters).unwrap();
    let plan = function.plan().unwrap();
    let payload = Payload::Bytes(vec![0, 0xff]);
    let input = TriggerInput::Message(Message { payload, metadata: Metadata::default() });
    assert_eq!(
        plan.bind("id", &input, AppServiceAuthentication::Off).unwrap().parameters[0].value,
        SqlValue::Binary(vec![0, 0xff])
    );
}

#[test]
fn properties_are_read_as_those_of_a_body() {
    let input =
        sent(r#"{"order":{"id":7,"total":12345678901234567890.10},"note":null,"items":[1,2.50]}"#, &[]);
    assert_eq!(from("message.order.id", "int", &input), Ok(SqlValue::Integer(7)));
    let total = Decimal { unscaled: 1_234_567_890_123_456_789_010, scale: 2 };
    assert_eq!(from("message.order.total", "decimal(24,2)", &input), Ok(SqlValue::Decimal(total)));
    assert_eq!(from("message.items", "nvarchar(max)", &input), Ok(text("[1,2.50]")));
    assert_eq!(from("message.note", "int", &input), Ok(SqlValue::Null));
    assert_eq!(from("message.order.name.first", "int", &input), Ok(SqlValue::Null));
    assert_eq!(
        from("message.order.id.x", "int", &input),
        Err("can't be found: message.order.id must be a JSON object".to_owned())
    );
    assert_eq!(
        from("message.a", "int", &sent("[]", &[])),
        Err("can't be found: message must be a JSON object".to_owned())
    );
    let no_json = from("message.a", "int", &sent("CANARY", &[])).unwrap_err();
    assert!(no_json.starts_with("The message is not valid JSON: see line 1, column 1."), "{no_json}");
}

#[test]
fn the_hosts_metadata_is_converted_leniently_for_it_is_the_hosts() {
    let input = sent(
        "hello",
        &[
            ("Id", json!("800ae4b3")),
            ("DequeueCount", json!(2)),
            ("InsertionTime", json!("2019-10-09T17:58:31.1234567+02:00")),
            ("sys", json!({ "MethodName": "Work" })),
        ],
    );
    assert_eq!(from("metadata.id", "varchar(40)", &input), Ok(text("800ae4b3")));
    assert_eq!(from("metadata.DequeueCount", "int", &input), Ok(SqlValue::Integer(2)));
    assert_eq!(from("metadata.DequeueCount", "nvarchar(9)", &input), Ok(text("2")));
    let Ok(SqlValue::DateTime(moment)) = from("metadata.InsertionTime", "datetime2(0)", &input) else {
        panic!("not a datetime2");
    };
    assert_eq!(moment.to_string(), "2019-10-09 15:58:31");
    assert_eq!(from("metadata.sys.MethodName", "nvarchar(50)", &input), Ok(text("Work")));
    assert_eq!(from("metadata.sys", "nvarchar(max)", &input), Ok(text(r#"{"MethodName":"Work"}"#)));
    assert_eq!(from("metadata.PopReceipt", "nvarchar(50)", &input), Ok(SqlValue::Null));
    assert_eq!(from("metadata.RetryContext.RetryCount", "int", &input), Ok(SqlValue::Null));
}

#[test]
fn metadata_that_the_message_may_have_forged_is_refused() {
    let id = r#"{ "from": "metadata.Id", "type": "varchar(40)", "default": "none" }"#;
    for payload in [r#"{"Id":"forged"}"#, r#"{"a":1,"iD":null}"#, r#" {"I\u0064":{}}"#] {
        let sentence = value(id, &sent(payload, &[("Id", json!("forged"))])).unwrap_err();
        assert!(sentence.starts_with("can't be trusted: the message has a top-level property"), "{sentence}");
    }
    let lenient = value(id, &sent("{Id:'forged'}", &[("Id", json!("forged"))])).unwrap_err();
    assert!(lenient.starts_with("can't be trusted: the message looks like a JSON object"), "{lenient}");
    let retries = r#"{ "from": "metadata.RetryContext.RetryCount", "type": "int" }"#;
    assert!(value(retries, &sent(r#"{"RetryContext":{"RetryCount":0}}"#, &[])).is_err());
    // Other names and deeper ones are the message's own affair.
    let honest = sent(r#"{"order":{"Id":"x"},"OrderId":1}"#, &[("Id", json!("800ae4b3"))]);
    assert_eq!(value(id, &honest), Ok(text("800ae4b3")));
}

#[test]
fn a_timer_tells_the_hosts_retries() {
    let function =
        super::timer(r#"{ "@a": { "from": "metadata.RetryContext.RetryCount", "type": "int" } }"#).unwrap();
    let metadata = said(&[("RetryContext", json!({ "RetryCount": 2 }))]);
    let input = TriggerInput::Timer(TimerEvent { data: json!({}), metadata });
    assert_eq!(
        function.plan().unwrap().bind("id", &input, AppServiceAuthentication::Off).unwrap().parameters[0]
            .value,
        SqlValue::Integer(2)
    );
}
