//! The admin endpoints.

use serde_json::{Value, json};

use crate::app::{TestApp, client, eventually, get, url};

async fn start_by_hand(host: &local_azure::functions::FunctionsHost, name: &str, body: &str) -> u16 {
    client()
        .post(url(host, &format!("/admin/functions/{name}")))
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn the_functions_are_listed_with_address_and_configuration() {
    let app = TestApp::hello();
    let host = app.start().await;

    let (status, body) = get(&host, "/admin/functions").await;
    let all: Value = serde_json::from_str(&body).unwrap();

    assert_eq!((status, all.as_array().unwrap().len()), (200, 1));
    assert_eq!(all[0]["name"], "Hello");
    assert_eq!(all[0]["invoke_url_template"], format!("{}/api/hello", host.base_url()));
    assert_eq!(all[0]["config"]["bindings"][0]["type"], "httpTrigger");
    let one: Value = serde_json::from_str(&get(&host, "/admin/functions/hello").await.1).unwrap();
    assert_eq!(one, all[0]);
    assert_eq!(get(&host, "/admin/functions/nobody").await.0, 404);
    host.stop().await;
}

#[tokio::test]
async fn a_timer_started_by_hand_gets_a_timer_payload() {
    let app = TestApp::new();
    app.function("Nightly", &json!({ "bindings": [{ "type": "timerTrigger", "name": "t", "direction": "in", "schedule": "0 0 3 1 1 *" }] }));
    let host = app.start().await;

    assert_eq!(start_by_hand(&host, "nightly", r#"{"input":""}"#).await, 202);

    let run = eventually("the run", || app.envelopes("Nightly").pop()).await;
    assert_eq!(run["Data"]["t"]["IsPastDue"], false);
    assert!(run["Data"]["t"]["ScheduleStatus"]["Next"].is_string());
    host.stop().await;
}

#[tokio::test]
async fn the_input_of_a_queue_function_is_its_message_encoded_twice_and_its_properties_are_metadata() {
    let app = TestApp::new();
    app.function("Take", &json!({ "bindings": [{ "type": "queueTrigger", "name": "item", "direction": "in", "queueName": "q" }] }));
    let host = app.start().await;

    for input in ["hello", r#"{"Id":7,"kind":"order"}"#] {
        let count = app.seen("Take").len();
        assert_eq!(start_by_hand(&host, "Take", &json!({ "input": input }).to_string()).await, 202);
        eventually("the run", || (app.seen("Take").len() > count).then_some(())).await;
    }

    let runs = app.envelopes("Take");
    assert_eq!(runs[0]["Data"]["item"], "\"hello\"");
    assert_eq!(runs[1]["Data"]["item"], json!(r#"{"Id":7,"kind":"order"}"#).to_string());
    assert_eq!(
        (&runs[1]["Metadata"]["Id"], &runs[1]["Metadata"]["kind"]),
        (&json!("\"7\""), &json!("\"order\""))
    );
    host.stop().await;
}

#[tokio::test]
async fn the_input_of_an_http_function_is_the_body_of_a_request() {
    let app = TestApp::hello();
    let host = app.start().await;

    assert_eq!(start_by_hand(&host, "Hello", &json!({ "input": "{\"a\":1}" }).to_string()).await, 202);

    let run = eventually("the run", || app.envelopes("Hello").pop()).await;
    assert_eq!(
        (&run["Data"]["req"]["Method"], &run["Data"]["req"]["Body"]),
        (&json!("POST"), &json!("{\"a\":1}"))
    );
    host.stop().await;
}

#[tokio::test]
async fn an_input_that_is_no_string_is_a_400_and_an_unknown_function_a_404() {
    let app = TestApp::hello();
    let host = app.start().await;
    let statuses = [
        start_by_hand(&host, "Hello", r#"{"input":{"a":1}}"#).await,
        start_by_hand(&host, "Hello", "hello").await,
        start_by_hand(&host, "Nobody", r#"{"input":""}"#).await,
    ];
    assert_eq!(statuses, [400, 400, 404]);
    assert!(app.seen("Hello").is_empty());
    host.stop().await;
}

#[tokio::test]
async fn the_status_says_that_the_host_is_running() {
    let app = TestApp::hello();
    let host = app.start().await;
    let status: Value = serde_json::from_str(&get(&host, "/admin/host/status").await.1).unwrap();
    assert_eq!(status["state"], "Running");
    assert_eq!(get(&host, "/admin/host/ping").await.0, 200);
    host.stop().await;
}
