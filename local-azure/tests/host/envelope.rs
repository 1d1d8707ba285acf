//! What the worker is sent.

use serde_json::{Value, json};

use crate::app::{TestApp, client, get, url};

#[tokio::test]
async fn a_request_arrives_as_a_chunked_post_to_the_functions_name() {
    let app = TestApp::hello();
    let host = app.start().await;

    assert_eq!(get(&host, "/api/hello").await, (200, "hello".to_owned()));

    let seen = app.seen("Hello").remove(0);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/Hello"));
    assert_eq!(seen.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(seen.headers["transfer-encoding"], "chunked");
    assert!(seen.headers["user-agent"].starts_with("Azure-Functions-Host/4."));
    assert!(seen.headers["x-azure-functions-hostversion"].starts_with("4."));
    assert_eq!(seen.headers["x-azure-functions-invocationid"].len(), 36);
    host.stop().await;
}

#[tokio::test]
async fn data_holds_url_method_query_headers_params_and_body() {
    let app = TestApp::new();
    app.http_function("Person", &json!({ "route": "persons/{id:int}/{part?}" }));
    let host = app.start().await;

    let request = client().put(url(&host, "/api/persons/5?city=K%C3%B6ln+Ost&tag=a&TAG=b&code=canary-key"));
    request
        .header("x-one", "1")
        .header("x-one", "2")
        .header("content-type", "application/json")
        .body(r#"{"name":"Ann"}"#)
        .send()
        .await
        .unwrap();

    let data = &app.envelopes("Person")[0]["Data"]["req"];
    assert_eq!(data["Url"], url(&host, "/api/persons/5?city=K%C3%B6ln+Ost&tag=a&TAG=b&code=canary-key"));
    assert_eq!(data["Method"], "PUT");
    assert_eq!(data["Query"], json!({ "city": "Köln Ost", "tag": "a,b", "code": "canary-key" }));
    assert_eq!(data["Headers"]["x-one"], json!(["1", "2"]));
    assert_eq!(data["Headers"]["Content-Type"], json!(["application/json"]));
    assert_eq!(data["Params"], json!({ "id": "5", "part": null }));
    assert_eq!(data["Body"], r#"{"name":"Ann"}"#);
    assert_eq!(data["Identities"][0]["IsAuthenticated"], false);
    // Neither the query nor the key is in the log.
    assert!(!format!("{:?}", host.logs()).contains("canary-key"));
    host.stop().await;
}

#[tokio::test]
async fn there_is_no_body_when_it_is_empty_or_came_in_chunks_and_no_params_without_route_values() {
    let app = TestApp::hello();
    let host = app.start().await;

    client().post(url(&host, "/api/hello")).body("").send().await.unwrap();
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("{\"lost\":1}")]);
    client().post(url(&host, "/api/hello")).body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();

    for envelope in app.envelopes("Hello") {
        assert_eq!(envelope["Data"]["req"].get("Body"), None);
        assert_eq!(envelope["Data"]["req"].get("Params"), None);
        assert_eq!(envelope["Metadata"].get("lost"), None);
    }
    assert_eq!(app.seen("Hello").len(), 2);
    host.stop().await;
}

#[tokio::test]
async fn a_binary_body_is_base64_and_any_other_is_text() {
    let app = TestApp::hello();
    let host = app.start().await;

    for (content_type, body) in [
        ("application/octet-stream", b"\xff\x00".to_vec()),
        ("multipart/form-data; boundary=x", b"ab".to_vec()),
        ("text/plain", "ä".into()),
    ] {
        client()
            .post(url(&host, "/api/hello"))
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
    }

    let bodies: Vec<Value> =
        app.envelopes("Hello").iter().map(|envelope| envelope["Data"]["req"]["Body"].clone()).collect();
    assert_eq!(bodies, ["/wA=", "YWI=", "ä"]);
    host.stop().await;
}

#[tokio::test]
async fn metadata_holds_system_values_query_route_and_body_as_json_text() {
    let app = TestApp::new();
    app.http_function("Person", &json!({ "route": "persons/{id:int}/{name}" }));
    let host = app.start().await;

    let body = r#"{"age":30,"ok":true,"none":null,"nested":{"a":1},"list":[1,2],"city":"from body","name":"from body"}"#;
    client()
        .post(url(&host, "/api/persons/5/Ann?city=Bonn&code=secret&eventTrigger=x"))
        .body(body)
        .send()
        .await
        .unwrap();

    let metadata = app.envelopes("Person")[0]["Metadata"].clone();
    assert_eq!(metadata["sys"]["MethodName"], "Person");
    assert!(metadata["sys"]["UtcNow"].is_string() && metadata["sys"]["RandGuid"].is_string());
    // The query wins over the body, the route over both; a constrained value is a number, text is quoted.
    assert_eq!(
        (&metadata["city"], &metadata["name"], &metadata["id"]),
        (&json!("\"Bonn\""), &json!("\"Ann\""), &json!("5"))
    );
    assert_eq!((&metadata["age"], &metadata["ok"]), (&json!("\"30\""), &json!("\"True\"")));
    assert_eq!((&metadata["nested"], &metadata["list"]), (&json!({ "a": 1 }), &json!("[1,2]")));
    assert_eq!(metadata["Query"]["city"], "Bonn");
    assert_eq!(metadata["Headers"]["Content-Length"], body.len().to_string());
    for absent in ["code", "none", "eventTrigger"] {
        assert_eq!(metadata.get(absent), None, "{absent}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_body_property_shadows_the_hosts_own_metadata() {
    let app = TestApp::hello();
    let host = app.start().await;

    let body = json!({ "sys": "mine", "Query": { "a": 1 }, "headers": "mine" }).to_string();
    client().post(url(&host, "/api/hello?b=2")).body(body).send().await.unwrap();

    let metadata = app.envelopes("Hello")[0]["Metadata"].clone();
    assert_eq!(
        (&metadata["sys"], &metadata["Query"], &metadata["headers"]),
        (&json!("\"mine\""), &json!({ "a": 1 }), &json!("\"mine\""))
    );
    assert_eq!(metadata.get("Headers"), None);
    host.stop().await;
}

#[tokio::test]
async fn a_body_above_100_mib_is_refused_with_413() {
    let app = TestApp::hello();
    let host = app.start().await;

    let response = client().post(url(&host, "/api/hello")).body(vec![b'x'; 104_857_601]).send().await;

    // The host answers without reading on, so the client may see the closed connection first.
    assert!(response.map_or(true, |response| response.status() == 413));
    assert!(app.seen("Hello").is_empty());
    host.stop().await;
}
