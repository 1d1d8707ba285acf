//! What an HTTP caller gets for each kind of reply.

use serde_json::{Value, json};

use crate::app::{TestApp, client, get, url};
use crate::fake_worker::Reply;

fn reply(body: &Value) -> Reply {
    Reply { body: body.to_string(), ..Reply::default() }
}

/// Calls the function once per reply: status, content type and body of each answer.
async fn answers(replies: Vec<Reply>) -> Vec<(u16, Option<String>, String)> {
    let mut app = TestApp::hello();
    let count = replies.len();
    app.replies("Hello", replies.into_iter().map(|reply| Reply { times: Some(1), ..reply }));
    let host = app.start().await;
    let mut answers = Vec::new();
    for _ in 0..count {
        let response = client().get(url(&host, "/api/hello")).send().await.unwrap();
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        answers.push((response.status().as_u16(), content_type, response.text().await.unwrap()));
    }
    host.stop().await;
    answers
}

#[tokio::test]
async fn status_headers_and_a_string_body_reach_the_caller_unchanged() {
    let output = json!({ "statusCode": "201", "headers": { "Content-Type": "application/json", "x-mine": "1" }, "body": "{\"a\":1.10}" });
    let mut app = TestApp::hello();
    app.replies_json("Hello", &json!({ "Outputs": { "res": output } }));
    let host = app.start().await;

    let response = client().get(url(&host, "/api/hello")).send().await.unwrap();

    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"], &response.headers()["x-mine"]),
        (201, &"application/json".parse().unwrap(), &"1".parse().unwrap())
    );
    assert_eq!(response.text().await.unwrap(), "{\"a\":1.10}");
    host.stop().await;
}

#[tokio::test]
async fn a_string_is_plain_text_and_an_object_is_indented_json_unless_the_header_says_else() {
    let text = reply(&json!({ "Outputs": { "res": { "body": "hi" } } }));
    let object = reply(&json!({ "Outputs": { "res": { "body": { "a": 1 } } } }));
    assert_eq!(
        answers(vec![text, object]).await,
        [
            (200, Some("text/plain; charset=utf-8".to_owned()), "hi".to_owned()),
            (200, Some("application/json; charset=utf-8".to_owned()), "{\n  \"a\": 1\n}".to_owned()),
        ]
    );
}

#[tokio::test]
async fn whatever_is_no_valid_reply_is_an_empty_500() {
    let good = Reply::default();
    let with_type = |content_type: Option<&str>| Reply {
        headers: content_type
            .map(|value| ("content-type".to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        ..good.clone()
    };
    let replies = vec![
        Reply { status: 500, ..good.clone() },
        Reply { status: 404, ..good.clone() },
        Reply { status: 302, ..good.clone() },
        with_type(None),
        with_type(Some("text/plain")),
        Reply { body: "{".to_owned(), ..good.clone() },
        reply(&json!([1])),
        reply(&json!({ "Outputs": [] })),
        reply(&json!({ "Outputs": { "res": "hello" } })),
        reply(&json!({ "Outputs": { "res": { "body": "x" } }, "Logs": [{ "level": "Error" }] })),
        reply(&json!({ "Outputs": { "res": { "body": "x", "headers": { "x-null": null } } } })),
        reply(&json!({ "Outputs": { "res": { "body": "x", "headers": { "bad name": "x" } } } })),
        reply(&json!({ "Outputs": { "res": { "body": "x", "statusCode": 99 } } })),
    ];
    for (number, answer) in answers(replies).await.into_iter().enumerate() {
        assert_eq!(answer, (500, None, String::new()), "reply {number}");
    }
}

#[tokio::test]
async fn a_followed_302_becomes_a_get_and_a_307_stays_a_post() {
    let mut app = TestApp::hello();
    let redirect = |status: u16| Reply {
        status,
        headers: [("location".to_owned(), format!("/To{status}"))].into(),
        times: Some(1),
        ..Reply::default()
    };
    app.replies("Hello", [redirect(302), redirect(307)]);
    let host = app.start().await;

    get(&host, "/api/hello").await;
    get(&host, "/api/hello").await;

    assert_eq!(app.seen("To302")[0].method, "GET");
    assert_eq!(app.seen("To307")[0].method, "POST");
    assert_eq!(app.envelopes("To307")[0]["Data"]["req"]["Method"], "GET");
    host.stop().await;
}

#[tokio::test]
async fn logs_of_the_reply_are_printed_before_the_end_of_the_run() {
    let mut app = TestApp::hello();
    app.replies_json("Hello", &json!({ "Outputs": { "res": { "body": "x" } }, "Logs": ["one", "two"] }));
    let host = app.start().await;

    get(&host, "/api/hello").await;

    let texts: Vec<String> = host.logs().iter().map(|line| line.text.clone()).collect();
    let position = |text: &str| texts.iter().position(|line| line.starts_with(text)).unwrap();
    let order = [
        "Executing 'Functions.Hello' (Reason='This function was programmatically called via the host APIs.', Id=",
        "one",
        "two",
        "Executed 'Functions.Hello' (Succeeded, Id=",
    ];
    let found = order.map(position);
    assert!(found.is_sorted(), "{texts:#?}");
    host.stop().await;
}

#[tokio::test]
async fn an_output_for_a_queue_is_kept_and_base64_looking_text_decoded() {
    use local_azure::functions::OutputValue;
    let mut app = TestApp::new();
    let queue = |name: &str, more: &Value| {
        let mut binding = json!({ "type": "queue", "direction": "out", "name": name, "queueName": "q" });
        binding.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        binding
    };
    app.function("Send", &json!({ "bindings": [
        { "type": "httpTrigger", "direction": "in", "name": "req" },
        { "type": "http", "direction": "out", "name": "res" },
        queue("first", &json!({})), queue("second", &json!({ "dataType": "binary" })), queue("$return", &json!({})),
    ] }));
    app.replies_json("Send", &json!({ "Outputs": { "first": "test", "second": "test", "res": { "body": "sent" } }, "ReturnValue": { "a": 1 } }));
    let host = app.start().await;

    assert_eq!(get(&host, "/api/Send").await, (200, "sent".to_owned()));

    let outputs: Vec<_> = host.outputs().into_iter().map(|output| (output.binding, output.value)).collect();
    let expected = [
        ("first".to_owned(), OutputValue::Bytes(vec![0xb5, 0xeb, 0x2d])),
        ("second".to_owned(), OutputValue::Json(json!("test"))),
        ("$return".to_owned(), OutputValue::Json(json!({ "a": 1 }))),
    ];
    assert_eq!(outputs, expected);
    host.stop().await;
}
