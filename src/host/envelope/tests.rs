//! Each form of the contract's section 3, and what is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{EnvelopeError, read};
use crate::functions::route::RouteTemplate;
use crate::functions::{AuthLevel, HttpTrigger, MessageKind, MessageTrigger, TimerTrigger, Trigger};
use crate::invocation::{Body, HttpRequest, Message, Payload, TriggerInput};

fn http_trigger() -> Trigger {
    Trigger::Http(HttpTrigger {
        binding: "req".to_owned(),
        output: "res".to_owned(),
        methods: Vec::new(),
        auth_level: AuthLevel::default(),
        route: RouteTemplate::parse("x").unwrap(),
        is_forwarded: false,
    })
}

fn http(data: &str) -> HttpRequest {
    let body = format!(r#"{{"Data":{{"req":{data}}},"Metadata":{{}}}}"#);
    match read(body.as_bytes(), &http_trigger(), []).unwrap() {
        TriggerInput::Http(request) => request,
        other => panic!("an HTTP request was expected, not {other:?}"),
    }
}

fn trigger(kind: &str) -> MessageTrigger {
    let kind = MessageKind::find(kind).unwrap();
    MessageTrigger { binding: "m".to_owned(), kind, batch: false, binary: false, path_names: Vec::new() }
}

fn message(trigger: MessageTrigger, envelope: &str) -> Message {
    let names = trigger.metadata_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match read(envelope.as_bytes(), &Trigger::Message(trigger), names).unwrap() {
        TriggerInput::Message(message) => message,
        other => panic!("a message was expected, not {other:?}"),
    }
}

fn payload(trigger: MessageTrigger, data: &str) -> Payload {
    message(trigger, &format!(r#"{{"Data":{{"m":{data}}}}}"#)).payload
}

fn text(text: &str) -> Payload {
    Payload::Text(text.to_owned())
}

#[test]
fn query_is_read_as_an_object_and_as_the_old_string() {
    for form in [r#"{"city":"Oslo","Code":"k"}"#, r#""{\"city\":\"Oslo\",\"code\":\"k\"}""#] {
        let request = http(&format!(r#"{{"Method":"GET","Query":{form}}}"#));
        assert_eq!(request.query.into_iter().collect::<Vec<_>>(), [("city".into(), "Oslo".into())]);
    }
}

#[test]
fn repeated_query_keys_arrive_joined_and_stay_so() {
    assert_eq!(http(r#"{"Query":{"tag":"a,b"}}"#).query["tag"], "a,b");
}

#[test]
fn an_absent_optional_route_value_has_no_entry() {
    let request = http(r#"{"Params":{"id":null,"name":"x"}}"#);
    assert_eq!(request.route.keys().collect::<Vec<_>>(), ["name"]);
    assert!(http(r#"{"Method":"GET"}"#).route.is_empty());
}

#[test]
fn headers_that_differ_in_case_alone_are_joined_too() {
    let request = http(r#"{"Headers":{"X-Tag":["b"],"x-tag":["a"],"X-TAG":"c","x-other":"d"}}"#);
    assert_eq!(request.headers["x-tag"], "c, b, a");
    assert_eq!(request.headers.len(), 2);
}

#[test]
fn header_arrays_are_joined_under_lower_case_names() {
    let request = http(r#"{"Headers":{"X-Tag":["a","b"]}}"#);
    assert_eq!(request.headers["x-tag"], "a, b");
}

#[test]
fn an_absent_body_is_none_and_a_text_body_is_kept_as_it_is() {
    assert_eq!(http(r#"{"Method":"GET"}"#).body, Body::Empty);
    assert_eq!(http(r#"{"Body":""}"#).body, Body::Empty);
    assert_eq!(http(r#"{"Body":"{\"a\": 1}"}"#).body, Body::Text(r#"{"a": 1}"#.into()));
}

#[test]
fn a_body_of_bytes_comes_as_base64() {
    for kind in ["application/octet-stream", "Multipart/form-data; boundary=x"] {
        let request = http(&format!(r#"{{"Headers":{{"Content-Type":["{kind}"]}},"Body":"3q0="}}"#));
        assert_eq!(request.body, Body::Bytes(vec![0xde, 0xad]), "{kind}");
    }
    let text = http(r#"{"Headers":{"Content-Type":["text/plain"]},"Body":"3q0="}"#);
    assert_eq!(text.body, Body::Text("3q0=".into()));
}

#[test]
fn a_timer_nests_as_an_object_or_comes_as_its_text() {
    let trigger = Trigger::Timer(TimerTrigger { binding: "timer".to_owned() });
    let timer = r#"{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":true}"#;
    for data in [timer.to_owned(), Json::from(timer).to_string()] {
        let body = format!(
            r#"{{"Data":{{"timer":{data}}},"Metadata":{{"RetryContext":{{"RetryCount":2}},"sys":{{}}}}}}"#
        );
        let TriggerInput::Timer(event) = read(body.as_bytes(), &trigger, ["RetryContext"]).unwrap() else {
            panic!("not a timer");
        };
        assert_eq!(event.data["IsPastDue"], true);
        assert_eq!(event.metadata.get("retrycontext").unwrap().get(), r#"{"RetryCount":2}"#);
        assert!(event.metadata.get("sys").is_none(), "nobody asked for it");
    }
    let error = read(br#"{"Data":{"timer":"x"}}"#, &trigger, []).unwrap_err();
    assert_eq!(error, EnvelopeError::form("timer", "a small object with ScheduleStatus"));
}

#[test]
fn text_is_a_json_string_in_a_string_and_an_undecodable_string_is_its_own_text() {
    let queue = || trigger("queueTrigger");
    assert_eq!(payload(queue(), r#""\"hello\"""#), text("hello"));
    assert_eq!(payload(queue(), r#""5""#), text("5"));
    assert_eq!(payload(queue(), r#""\"5\"""#), text("5"));
    assert_eq!(payload(queue(), r#""[1.10, 2]""#), text("[1.10, 2]"));
    // As the documentation's example has it.
    assert_eq!(payload(queue(), r#""{ message: \"sent\" }""#), text(r#"{ message: "sent" }"#));
    assert_eq!(payload(queue(), r#""\"half""#), text("\"half"));
    assert_eq!(payload(queue(), r#""\"a\"\"b\"""#), text(r#""a""b""#));
    assert_eq!(payload(queue(), r#""\"\"""#), text(""));
}

#[test]
fn a_json_payload_keeps_its_own_text() {
    let sent = r#"{"a": 1.10, "b":12345678901234567890}"#;
    let twice = Json::from(Json::from(sent).to_string()).to_string();
    for data in [sent.to_owned(), Json::from(sent).to_string(), twice] {
        assert_eq!(payload(trigger("eventGridTrigger"), &data), text(sent), "{data}");
    }
}

#[test]
fn null_is_empty() {
    for data in ["null", r#""null""#] {
        assert_eq!(payload(trigger("queueTrigger"), data), Payload::Empty);
    }
    assert_eq!(payload(trigger("queueTrigger"), r#""\"null\"""#), text("null"));
}

#[test]
fn bytes_are_base64_where_the_binding_says_binary_whatever_they_look_like() {
    let binary = || MessageTrigger { binary: true, ..trigger("blobTrigger") };
    assert_eq!(payload(binary(), r#""3q0=""#), Payload::Bytes(vec![0xde, 0xad]));
    assert_eq!(payload(binary(), r#""3q0\u003d""#), Payload::Bytes(vec![0xde, 0xad]));
    assert_eq!(payload(binary(), r#""1234""#), Payload::Bytes(vec![0xd7, 0x6d, 0xf8]));
    assert_eq!(payload(binary(), r#""""#), Payload::Bytes(Vec::new()));
    assert_eq!(payload(binary(), "null"), Payload::Empty);
    assert_eq!(payload(trigger("blobTrigger"), r#""1234""#), text("1234"));
    let error = read(br#"{"Data":{"m":"CANARY!"}}"#, &Trigger::Message(binary()), []).unwrap_err();
    assert_eq!(error.to_string(), "`Data.m` of the invocation must be base64, as its dataType has it");
}

#[test]
fn the_messages_of_a_batch_stand_in_one_array_as_what_they_are() {
    let batch = |kind| MessageTrigger { batch: true, ..trigger(kind) };
    let events = json!([" {\"a\": 1.10}", "[1]", "plain", "{not json}", "5", 5]).to_string();
    let expected = text(r#"[{"a": 1.10},[1],"plain","{not json}","5",5]"#);
    for data in [events.clone(), Json::from(events).to_string()] {
        assert_eq!(payload(batch("eventHubTrigger"), &data), expected);
    }
    let documents = r#"[{"id": 12345678901234567890.10, "text": "{\"a\":1}"}]"#;
    for kind in ["cosmosDBTrigger", "sqlTrigger"] {
        assert_eq!(payload(batch(kind), &Json::from(documents).to_string()), text(documents));
    }
    assert_eq!(payload(batch("serviceBusTrigger"), r#""[]""#), text("[]"));
    let one = read(br#"{"Data":{"m":"{}"}}"#, &Trigger::Message(batch("eventHubTrigger")), []).unwrap_err();
    assert!(one.to_string().contains("must be a JSON array"), "{one}");
}

#[test]
fn metadata_is_decoded_and_found_in_any_case() {
    let envelope = r#"{
        "Metadata": { "DequeueCount": "2", "id": "\"800ae4b3\"", "InsertionTime": "2019-10-09T17:58:31+00:00",
                      "PopReceipt": "raw", "Other": {"a": [1]}, "sys": {"MethodName": "F"} },
        "Data": { "other": {"x": [1, "y"]}, "m": "\"hello\"" } }"#;
    let message = message(trigger("queueTrigger"), envelope);
    assert_eq!(message.payload, text("hello"));
    for (name, value) in [
        ("dequeuecount", Some(json!(2))),
        ("Id", Some(json!("800ae4b3"))),
        ("InsertionTime", Some(json!("2019-10-09T17:58:31+00:00"))),
        ("PopReceipt", Some(json!("raw"))),
        ("sys", Some(json!({ "MethodName": "F" }))),
        ("NextVisibleTime", None),
        ("Other", None),
    ] {
        let said = message.metadata.get(name).map(|raw| serde_json::from_str::<Json>(raw.get()).unwrap());
        assert_eq!(said, value, "{name}");
    }
}

#[test]
fn metadata_that_the_payload_may_have_laid_over_the_hosts_is_left_out() {
    let envelope = r#"{
        "Metadata": { "Uri": {"forged": [1, 2]}, "Properties": {"a": 1} },
        "Data": { "m": "{\"uri\": {\"forged\": [1, 2]}}" } }"#;
    let taken = message(trigger("blobTrigger"), envelope);
    assert!(taken.metadata.get("Uri").is_none());
    assert_eq!(taken.metadata.get("Properties").unwrap().get(), r#"{"a": 1}"#);
    // What looks like an object and is no JSON may have laid anything over anything.
    let lenient = envelope.replace(r#"{\"uri\""#, "{uri");
    assert!(message(trigger("blobTrigger"), &lenient).metadata.get("Properties").is_none());
}

#[test]
fn what_is_small_from_the_host_is_refused_when_it_is_large() {
    let many = vec![0; super::value::MAX_SMALL / 2];
    let timer = Trigger::Timer(TimerTrigger { binding: "timer".to_owned() });
    for (trigger, data, path) in [
        (timer, json!({ "timer": { "ScheduleStatus": many } }), "timer"),
        (http_trigger(), json!({ "req": { "Query": { "a": many } } }), "req.Query"),
        (http_trigger(), json!({ "req": { "Headers": { "a": many } } }), "req.Headers"),
        (http_trigger(), json!({ "req": { "Params": { "a": many } } }), "req.Params"),
    ] {
        let error = read(json!({ "Data": data }).to_string().as_bytes(), &trigger, []).unwrap_err();
        assert!(matches!(&error, EnvelopeError::Form { path: wrong, .. } if wrong == path), "{error}");
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let queue = Trigger::Message(trigger("queueTrigger"));
    for (body, what) in [
        (r#"{"Data":{"m":"CANARY"},"Data":{"m":"CANARY"}}"#, "`Data`"),
        (r#"{"Data":{"m":"CANARY","\u006d":"CANARY"}}"#, "`Data.m`"),
        (r#"{"Data":{"m":"1"},"Metadata":{},"Metadata":{}}"#, "`Metadata`"),
        (r#"{"Metadata":{"Id":"CANARY","ID":"CANARY"},"Data":{"m":"1"}}"#, "`Metadata.Id`"),
    ] {
        let error = read(body.as_bytes(), &queue, ["Id"]).unwrap_err();
        assert_eq!(error, EnvelopeError::Twice(what.to_owned()), "{body}");
    }
    // What nobody takes may be there as often as it likes.
    assert!(read(br#"{"Metadata":{"A":1,"A":2},"Data":{"x":1,"x":2,"m":"1"}}"#, &queue, ["Id"]).is_ok());
    let body = read(br#"{"Data":{"req":{"Body":"a","Body":"b"}}}"#, &http_trigger(), []).unwrap_err();
    assert!(matches!(body, EnvelopeError::Form { .. }), "{body}");
}

#[test]
fn an_error_holds_a_position_or_a_name_and_nothing_of_the_content() {
    for body in [
        "",
        "CANARY",
        "{\"CANARY\":1}",
        "[\"CANARY\"]",
        "{\"Data\":\"CANARY\"}",
        "{\"Data\":{\"CANARY\":1}}",
        "{\"Data\":{\"req\":\"CANARY\"}}",
        "{\"Data\":{\"req\":{}}} CANARY",
        "{\"Data\":{\"req\":{}},\"Metadata\":\"CANARY\"}",
    ] {
        let error = read(body.as_bytes(), &http_trigger(), []).unwrap_err();
        assert!(!error.to_string().contains("CANARY"), "{error}");
    }
    let missing = read(br#"{"Data":{"other":{}}}"#, &http_trigger(), []).unwrap_err();
    assert_eq!(missing, EnvelopeError::NoTrigger { binding: "req".to_owned() });
}

#[test]
fn debug_of_a_request_shows_no_values() {
    let request = http(r#"{"Query":{"q":"CANARY"},"Body":"CANARY","Headers":{"h":["CANARY"]}}"#);
    assert!(!format!("{request:?}").contains("CANARY"));
}

/// The host's encoding of a value that is no object (`JsonConvert.SerializeObject` into a string).
fn encoded(value: &Json) -> String {
    Json::from(value.to_string()).to_string()
}

/// Texts of which many look like something else: JSON, base64, names of JSON's own values.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[\"\\[\\]{}:,0-9a\\\\]{0,12}",
        "[A-Za-z0-9+/]{4}",
        "null|true|\"\"|\"a\"|[0-9]{1,3}"
    ]
}

proptest! {
    #[test]
    fn any_text_that_the_host_encodes_arrives_as_itself(sent in any_text()) {
        let data = encoded(&Json::from(sent.as_str()));
        prop_assert_eq!(payload(trigger("queueTrigger"), &data), Payload::Text(sent));
    }

    #[test]
    fn any_bytes_that_the_host_encodes_arrive_as_themselves(sent: Vec<u8>) {
        let binary = MessageTrigger { binary: true, ..trigger("blobTrigger") };
        let data = Json::from(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &sent));
        prop_assert_eq!(payload(binary, &data.to_string()), Payload::Bytes(sent));
    }

    #[test]
    fn every_message_of_a_batch_is_in_its_array_as_itself_or_as_the_json_that_it_holds(sent in vec(any_text(), 0..5)) {
        let batch = MessageTrigger { batch: true, ..trigger("eventHubTrigger") };
        let Payload::Text(array) = payload(batch, &encoded(&json!(sent))) else { panic!("no text") };
        let array: Vec<Json> = serde_json::from_str(&array).unwrap();
        prop_assert_eq!(array.len(), sent.len());
        for (element, sent) in array.iter().zip(&sent) {
            let nested = || serde_json::from_str::<Json>(sent).is_ok_and(|json| json == *element);
            let is_itself = element.as_str().is_some_and(|text| text == sent);
            prop_assert!(is_itself || (nested() && (element.is_object() || element.is_array())));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_any_message_too(body: Vec<u8>, data in "\\PC{0,40}") {
        let triggers = [http_trigger(), Trigger::Message(trigger("queueTrigger"))];
        for trigger in &triggers {
            // Either way without a panic.
            let _read = read(&body, trigger, ["Id"]);
            let envelope = format!(r#"{{"Data":{{"req":{data},"m":{data}}},"Metadata":{{"Id":{data}}}}}"#);
            let _read = read(envelope.as_bytes(), trigger, ["Id"]);
        }
    }
}
