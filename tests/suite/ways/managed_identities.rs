//! Managed identities: the platform's endpoint, and the metadata service of a machine.

use std::time::Duration;

use local_azure::identity::{self, IdentityEndpoint, IdentityOptions, ManagedIdentity, ReplyFault};

use super::stage::Stage;

const METHOD: &str = "ActiveDirectoryMSI";
const FIRST: &str = "11111111-1111-4111-8111-111111111111";

async fn endpoint() -> IdentityEndpoint {
    let options = IdentityOptions {
        user_assigned: vec![ManagedIdentity::user_assigned(FIRST)],
        ..IdentityOptions::default()
    };
    identity::start(options).await.unwrap()
}

async fn with_endpoint(endpoint: &IdentityEndpoint) -> Stage {
    let stage = Stage::new().await.set("IDENTITY_ENDPOINT", &endpoint.url());
    // No proxy stands between a process and its platform; one that is not there would be noticed.
    stage
        .set("IDENTITY_HEADER", endpoint.secret())
        .set("HTTP_PROXY", "http://127.0.0.1:9")
        .set("http_proxy", "http://127.0.0.1:9")
        .set("ALL_PROXY", "http://127.0.0.1:9")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_endpoint_gives_a_token_past_any_proxy() {
    let endpoint = endpoint().await;
    let stage = with_endpoint(&endpoint).await;

    let shown = stage.token(METHOD).await.json();

    assert_eq!(shown["way"], "managed identity");
    assert_eq!(endpoint.faults().requests(), 1);

    let shown = with_endpoint(&endpoint).await.set("AZURE_CLIENT_ID", FIRST).token(METHOD).await.json();
    assert_eq!((&shown["clientId"], endpoint.faults().requests_for(FIRST)), (&FIRST.into(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_default_takes_it_too() {
    let endpoint = endpoint().await;

    let shown = with_endpoint(&endpoint).await.token("ActiveDirectoryDefault").await.json();

    assert_eq!(shown["way"], "managed identity");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_told_by_how_it_fails() {
    let throttled = ReplyFault::Throttled { retry_after: Duration::from_secs(120) };
    for (fault, expected) in [
        (ReplyFault::Status(500), "HTTP 500); the fault is its own"),
        (throttled, "HTTP 429); the fault is its own"),
        (ReplyFault::Html { status: 200 }, "the reply is not JSON"),
        (ReplyFault::Garbage, "the reply is not JSON"),
    ] {
        let endpoint = endpoint().await;
        endpoint.faults().reply_with(Some(fault));

        let sentence = with_endpoint(&endpoint).await.token(METHOD).await.failure();

        assert!(sentence.contains(expected), "{fault:?}: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_service_is_asked_at_the_address_that_the_environment_gives() {
    let endpoint = endpoint().await;
    let stage = Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &endpoint.metadata_host());

    let shown = stage.token(METHOD).await.json();
    assert_eq!((&shown["way"], endpoint.faults().requests()), (&"managed identity".into(), 1));

    let throttled = ReplyFault::Throttled { retry_after: Duration::from_secs(120) };
    endpoint.faults().reply_with(Some(throttled));
    let sentence = stage.token(METHOD).await.failure();
    assert!(sentence.contains("HTTP 429"), "{sentence}");
    assert_eq!(endpoint.faults().requests(), 2, "it is left alone when it says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_an_identity_is_told_as_a_machine() {
    let options = IdentityOptions { system_assigned: None, ..IdentityOptions::default() };
    let endpoint = identity::start(options).await.unwrap();
    for (client_id, expected) in
        [("", "assigned to this virtual machine"), (FIRST, "this virtual machine and that User Id")]
    {
        let stage = Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &endpoint.metadata_host());

        let sentence = stage.set("AZURE_CLIENT_ID", client_id).token(METHOD).await.failure();

        assert!(sentence.contains(expected), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_default_never_asks_the_metadata_service() {
    let endpoint = endpoint().await;
    let stage = Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &endpoint.metadata_host());

    let sentence = stage.token("ActiveDirectoryDefault").await.failure();

    assert!(sentence.contains("metadata service is only asked with ActiveDirectoryMSI"), "{sentence}");
    assert_eq!(endpoint.faults().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_metadata_service_answers_that_is_told_at_once() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let stage = Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &closed);

    let sentence = stage.token(METHOD).await.failure();

    assert!(sentence.contains("no metadata service answers"), "{sentence}");
}
