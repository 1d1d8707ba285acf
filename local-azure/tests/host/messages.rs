//! Functions that are not started by HTTP or a timer: what they get, and what becomes of a message that fails.

use local_azure::functions::FunctionsHost;
use serde_json::{Value, json};

use crate::app::{TestApp, client, eventually, logged, url};
use crate::fake_worker::Reply;

/// An app with the function `Take`, whose trigger `item` has these keys.
fn app_with(trigger: &Value) -> TestApp {
    app_with_top(trigger, &json!({}))
}

fn app_with_top(trigger: &Value, top: &Value) -> TestApp {
    let app = TestApp::new();
    let mut binding = json!({ "name": "item", "direction": "in" });
    binding.as_object_mut().unwrap().extend(trigger.as_object().unwrap().clone());
    let mut function = json!({ "bindings": [binding] });
    function.as_object_mut().unwrap().extend(top.as_object().unwrap().clone());
    app.function("Take", &function);
    app
}

async fn give(host: &FunctionsHost, input: &str) -> u16 {
    let body = json!({ "input": input }).to_string();
    client().post(url(host, "/admin/functions/Take")).body(body).send().await.unwrap().status().as_u16()
}

async fn runs(app: &TestApp, count: usize) -> Vec<Value> {
    eventually("the runs", || Some(app.envelopes("Take")).filter(|runs| runs.len() >= count)).await
}

/// What the function gets for an input.
async fn envelope(trigger: &Value, input: &str) -> Value {
    let app = app_with(trigger);
    let host = app.start().await;
    assert_eq!(give(&host, input).await, 202);
    let run = runs(&app, 1).await.remove(0);
    host.stop().await;
    run
}

/// JSON text in a string, as everything that is neither object nor bytes nor date arrives.
fn text(value: &Value) -> Value {
    Value::String(value.to_string())
}

fn names(metadata: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = metadata.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn is_date(value: &Value, zone: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 19 + zone.len() && text.ends_with(zone) && &text[10..11] == "T")
}

#[tokio::test]
async fn a_queue_message_is_json_text_and_carries_its_facts() {
    let run = envelope(&json!({ "type": "queueTrigger", "queueName": "orders" }), "hello").await;

    assert_eq!(run["Data"]["item"], text(&json!("hello")));
    let metadata = &run["Metadata"];
    assert_eq!(
        names(metadata),
        ["DequeueCount", "ExpirationTime", "Id", "InsertionTime", "NextVisibleTime", "PopReceipt", "sys"]
    );
    assert_eq!(metadata["DequeueCount"], "1");
    assert_eq!(metadata["Id"].as_str().unwrap().len(), 38);
    for date in ["ExpirationTime", "InsertionTime", "NextVisibleTime"] {
        assert!(is_date(&metadata[date], "+00:00"), "{date}: {}", metadata[date]);
    }
}

#[tokio::test]
async fn the_properties_of_a_json_message_are_laid_over_its_facts_but_for_arrays_and_null() {
    let message = json!({ "Id": "forged", "dequeuecount": 99, "sys": "mine", "list": [1], "none": null, "o": { "a": 1 } });
    let run = envelope(&json!({ "type": "queueTrigger", "queueName": "orders" }), &message.to_string()).await;

    assert_eq!(run["Data"]["item"], text(&json!(message.to_string())));
    let metadata = &run["Metadata"];
    assert_eq!(
        (&metadata["Id"], &metadata["DequeueCount"], &metadata["sys"], &metadata["o"]),
        (&json!("\"forged\""), &json!("\"99\""), &json!("\"mine\""), &json!({ "a": 1 }))
    );
    assert_eq!((metadata.get("list"), metadata.get("none")), (None, None));
}

#[tokio::test]
async fn a_binary_message_is_base64_and_nothing_is_laid_over_its_facts() {
    let trigger = json!({ "type": "queueTrigger", "queueName": "orders", "dataType": "binary" });
    let run = envelope(&trigger, r#"{"Id":1}"#).await;

    assert_eq!(run["Data"]["item"], "eyJJZCI6MX0=");
    assert_ne!(run["Metadata"]["Id"], "\"1\"");
}

#[tokio::test]
async fn a_service_bus_message_carries_its_facts() {
    let run = envelope(&json!({ "type": "serviceBusTrigger", "queueName": "orders" }), "hello").await;

    assert_eq!(run["Data"]["item"], text(&json!("hello")));
    let metadata = &run["Metadata"];
    assert_eq!((&metadata["DeliveryCount"], &metadata["SequenceNumber"]), (&json!("1"), &json!("1")));
    assert_eq!(metadata["MessageId"].as_str().unwrap().len(), 34);
    assert_eq!((&metadata["ApplicationProperties"], &metadata["MessageReceiver"]), (&json!({}), &json!({})));
    assert!(is_date(&metadata["EnqueuedTimeUtc"], "") && is_date(&metadata["EnqueuedTime"], "+00:00"));
    assert_eq!(metadata.get("ContentType"), None);
}

#[tokio::test]
async fn several_service_bus_messages_are_one_text_and_their_facts_are_arrays() {
    let trigger = json!({ "type": "serviceBusTrigger", "queueName": "orders", "cardinality": "many" });
    let run = envelope(&trigger, r#"["a",{"Id":1}]"#).await;

    assert_eq!(run["Data"]["item"], text(&json!(["a", "{\"Id\":1}"])));
    let metadata = &run["Metadata"];
    assert_eq!(
        (&metadata["DeliveryCountArray"], &metadata["ToArray"]),
        (&json!("[1,1]"), &json!("[null,null]"))
    );
    assert_eq!((metadata.get("MessageId"), metadata.get("Id")), (None, None));
}

#[tokio::test]
async fn an_event_of_a_hub_carries_its_facts_and_several_are_one_text_of_texts() {
    let one = envelope(&json!({ "type": "eventHubTrigger", "eventHubName": "hub" }), r#"{"kind":"a"}"#).await;
    let many = json!({ "type": "eventHubTrigger", "eventHubName": "hub", "cardinality": "Many" });
    let several = envelope(&many, r#"[{"kind":"a"},"b"]"#).await;

    assert_eq!(one["Data"]["item"], text(&json!(r#"{"kind":"a"}"#)));
    let metadata = &one["Metadata"];
    assert_eq!(metadata["PartitionContext"]["EventHubName"], "hub");
    assert_eq!((&metadata["Offset"], &metadata["SequenceNumber"]), (&json!("\"0\""), &json!("0")));
    assert!(is_date(&metadata["EnqueuedTimeUtc"], ""));
    assert_eq!((&metadata["SystemProperties"]["Offset"], &metadata["kind"]), (&json!(0), &json!("\"a\"")));
    assert_eq!(several["Data"]["item"], text(&json!([r#"{"kind":"a"}"#, "b"])));
    let metadata = &several["Metadata"];
    assert_eq!(
        names(metadata),
        [
            "EnqueuedTimeUtcArray",
            "OffsetArray",
            "OffsetStringArray",
            "PartitionContext",
            "PartitionKeyArray",
            "PropertiesArray",
            "SequenceNumberArray",
            "SystemPropertiesArray",
            "sys"
        ]
    );
    assert_eq!(
        (&metadata["SequenceNumberArray"], &metadata["OffsetArray"]),
        (&json!("[0,1]"), &json!(r#"["0","64"]"#))
    );
}

#[tokio::test]
async fn several_binary_events_are_one_text_of_base64() {
    let trigger = json!({ "type": "eventHubTrigger", "eventHubName": "hub", "cardinality": "many", "dataType": "binary" });
    let run = envelope(&trigger, r#"["a","b"]"#).await;
    assert_eq!(run["Data"]["item"], text(&json!(["YQ==", "Yg=="])));
}

#[tokio::test]
async fn an_event_of_the_grid_nests_and_only_its_data_is_metadata() {
    let event = json!({ "id": "1", "subject": "s", "data": { "a": 1 } });
    let run = envelope(&json!({ "type": "eventGridTrigger" }), &event.to_string()).await;
    let several =
        envelope(&json!({ "type": "eventGridTrigger", "cardinality": "many" }), &json!([event]).to_string())
            .await;

    assert_eq!(run["Data"]["item"], event);
    assert_eq!(
        (names(&run["Metadata"]), &run["Metadata"]["data"]),
        (vec!["data", "sys"], &json!({ "a": 1 }))
    );
    assert_eq!(several["Data"]["item"], text(&json!([event])));
    assert_eq!(several["Metadata"]["data"], text(&json!([{ "a": 1 }])));
}

#[tokio::test]
async fn a_blob_is_text_or_base64_and_carries_its_address_and_the_names_in_its_path() {
    let trigger = json!({ "type": "blobTrigger", "path": "samples/{name}.csv" });
    let run = envelope(&trigger, "a;b").await;
    let binary =
        envelope(&json!({ "type": "blobTrigger", "path": "samples/{name}", "dataType": "binary" }), "a")
            .await;

    assert_eq!((&run["Data"]["item"], &binary["Data"]["item"]), (&text(&json!("a;b")), &json!("YQ==")));
    let metadata = &run["Metadata"];
    assert_eq!(names(metadata), ["Metadata", "Properties", "Uri", "name", "sys"]);
    assert_eq!(metadata["name"], "\"local\"");
    assert_eq!(metadata["Uri"], "\"https://local.blob.core.windows.net/samples/local.csv\"");
    assert_eq!((&metadata["Properties"]["ContentLength"], &metadata["Metadata"]), (&json!(3), &json!({})));
}

#[tokio::test]
async fn changes_of_cosmos_db_and_sql_are_one_text_that_holds_an_array() {
    let changes = json!([{ "id": "1", "Id": 2 }]).to_string();
    for kind in ["cosmosDBTrigger", "sqlTrigger"] {
        let run = envelope(&json!({ "type": kind }), &changes).await;
        // Encoded twice: public Go handlers of Cosmos DB triggers decode twice.
        assert_eq!(run["Data"]["item"], text(&json!(changes)), "{kind}");
        assert_eq!(names(&run["Metadata"]), ["sys"], "{kind}");
    }
}

#[tokio::test]
async fn an_input_that_the_trigger_can_not_read_is_a_400() {
    for (trigger, input) in [
        (json!({ "type": "eventGridTrigger" }), "hello"),
        (json!({ "type": "eventGridTrigger" }), "[{}]"),
        (json!({ "type": "eventGridTrigger", "cardinality": "many" }), "{}"),
        (json!({ "type": "cosmosDBTrigger" }), "{}"),
        (json!({ "type": "sqlTrigger" }), "hello"),
    ] {
        let app = app_with(&trigger);
        let host = app.start().await;
        assert_eq!(give(&host, input).await, 400, "{trigger} {input}");
        host.stop().await;
    }
}

#[tokio::test]
async fn a_queue_message_that_fails_comes_again_and_is_moved_to_the_poison_queue() {
    let mut app = app_with(&json!({ "type": "queueTrigger", "queueName": "orders" }));
    app.replies("Take", [Reply { status: 500, ..Reply::default() }]);
    let host = app.start().await;

    give(&host, "bad").await;

    let poison = eventually("the poison message", || host.poison_messages().pop()).await;
    assert_eq!(
        (&*poison.function, &*poison.queue, &*poison.message, poison.deliveries),
        ("Take", "orders-poison", "bad", 5)
    );
    let runs = runs(&app, 5).await;
    let counts: Vec<&str> =
        runs.iter().map(|run| run["Metadata"]["DequeueCount"].as_str().unwrap()).collect();
    assert_eq!(counts, ["1", "2", "3", "4", "5"]);
    // It stays the same message.
    assert!(runs.iter().all(|run| run["Metadata"]["Id"] == runs[0]["Metadata"]["Id"]));
    assert!(logged(
        &host,
        "Message has reached MaxDequeueCount of 5. Moving message to queue 'orders-poison'."
    ));
    host.stop().await;
}

#[tokio::test]
async fn a_queue_message_that_succeeds_in_the_end_is_not_poison_and_host_json_says_how_often_it_comes() {
    let mut app = app_with(&json!({ "type": "queueTrigger", "queueName": "orders" }));
    app.host_json(
        &json!({ "extensions": { "queues": { "maxDequeueCount": 2, "visibilityTimeout": "00:00:00.01" } } }),
    );
    let fails = Reply { status: 500, times: Some(1), ..Reply::default() };
    app.replies(
        "Take",
        [fails.clone(), Reply { times: Some(1), ..Reply::default() }, Reply { times: None, ..fails }],
    );
    let host = app.start().await;

    give(&host, "good at last").await;
    eventually("the success", || logged(&host, "Executed 'Functions.Take' (Succeeded").then_some(())).await;
    assert_eq!((app.seen("Take").len(), host.poison_messages()), (2, Vec::new()));
    give(&host, "bad").await;

    let poison = eventually("the poison message", || host.poison_messages().pop()).await;
    assert_eq!((&*poison.message, poison.deliveries, app.seen("Take").len()), ("bad", 2, 4));
    host.stop().await;
}

#[tokio::test]
async fn a_service_bus_message_that_fails_ends_among_the_dead_letters() {
    let mut app =
        app_with(&json!({ "type": "serviceBusTrigger", "topicName": "t", "subscriptionName": "s" }));
    app.replies("Take", [Reply { status: 500, ..Reply::default() }]);
    let host = app.start().await;

    give(&host, "bad").await;

    let dead = eventually("the dead letter", || host.poison_messages().pop()).await;
    assert_eq!((&*dead.queue, dead.deliveries), ("t/$DeadLetterQueue", 10));
    assert_eq!(runs(&app, 10).await[9]["Metadata"]["DeliveryCount"], "10");
    host.stop().await;
}

#[tokio::test]
async fn a_failed_event_of_a_hub_is_gone_unless_a_retry_policy_repeats_it() {
    let trigger = json!({ "type": "eventHubTrigger", "eventHubName": "hub" });
    let retry =
        json!({ "retry": { "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:00.01" } });
    for (top, expected) in [(json!({}), 1), (retry, 3)] {
        let mut app = app_with_top(&trigger, &top);
        app.replies("Take", [Reply { status: 500, ..Reply::default() }]);
        let host = app.start().await;

        give(&host, "lost").await;

        eventually("the loss", || logged(&host, "The checkpoint moves on").then_some(())).await;
        let retries: Vec<Value> = app
            .envelopes("Take")
            .iter()
            .map(|run| run["Metadata"]["RetryContext"]["RetryCount"].clone())
            .collect();
        assert_eq!(retries.len(), expected);
        assert_eq!(retries.iter().filter(|count| count.is_number()).count(), expected - 1);
        assert!(host.poison_messages().is_empty());
        host.stop().await;
    }
}

#[tokio::test]
async fn a_message_that_the_host_leaves_behind_is_not_poison() {
    let mut app = app_with(&json!({ "type": "queueTrigger", "queueName": "orders" }));
    app.replies("Take", [Reply { exit_code: Some(3), ..Reply::default() }]);
    let host = app.start().await;

    give(&host, "too much for the worker").await;

    // The third crash is the end of the host, before the fifth delivery.
    host.stopped().await;
    eventually("the end of the last run", || {
        let failed = |line: &local_azure::functions::LogLine| line.text.contains("(Failed");
        (host.logs().iter().filter(|line| failed(line)).count() == 3).then_some(())
    })
    .await;
    assert_eq!((app.seen("Take").len(), host.poison_messages()), (3, Vec::new()));
    host.stop().await;
}
