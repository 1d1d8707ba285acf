//! Authorities that are slow, fail, lie or recover, and networks that lead nowhere.

use std::time::Duration;

use local_azure::identity::ReplyFault;

use super::stage::Stage;

const METHOD: &str = "ActiveDirectoryEnvironment";

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_fail_has_its_sentence_and_is_asked_no_more_often_than_it_may() {
    let throttled = ReplyFault::Throttled { retry_after: Duration::from_secs(120) };
    for (fault, expected, requests) in [
        (ReplyFault::Status(500), "HTTP 500", 3),
        (ReplyFault::Status(503), "HTTP 503", 3),
        (throttled, "(HTTP 429) (AADSTS90055); it wants to be asked less often", 1),
        (ReplyFault::Html { status: 200 }, "the reply is not JSON; look for a proxy", 1),
        (ReplyFault::Html { status: 403 }, "HTTP 403); the reply is not Entra's", 1),
        (ReplyFault::Garbage, "the reply is not JSON", 1),
        (ReplyFault::Empty, "the reply is not JSON", 1),
        (ReplyFault::Truncated, "the connection was cut off; try again later", 3),
    ] {
        let stage = Stage::new().await.with_service_principal();
        stage.authority.faults().reply_with(Some(fault));

        let sentence = stage.token(METHOD).await.failure();

        assert!(sentence.contains(expected), "{fault:?}: {sentence}");
        assert_eq!(stage.requests().len(), requests, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_fails_twice_is_asked_again_and_gives_its_token() {
    let stage = Stage::new().await.with_service_principal();
    stage.authority.faults().reply_next(2, ReplyFault::Status(500));

    stage.token(METHOD).await.json();

    assert_eq!(stage.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_authority_is_waited_for_and_a_silent_one_for_eight_seconds() {
    let stage = Stage::new().await.with_service_principal();
    stage.authority.faults().delay(Duration::from_secs(1));
    stage.token(METHOD).await.json();

    stage.authority.faults().stall(true);
    let sentence = stage.token(METHOD).await.failure();

    assert!(sentence.contains("no token within 8 s"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_not_there_is_told_by_what_failed() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("https://localhost:{}", listener.local_addr().unwrap().port())
    };
    for (host, expected) in
        [(closed.as_str(), "connection refused"), ("https://name.invalid", "its name is not found")]
    {
        let stage = Stage::new().await.with_service_principal().set("AZURE_AUTHORITY_HOST", host);

        let sentence = stage.token(METHOD).await.failure();

        assert!(sentence.contains(expected) && sentence.contains("HTTPS_PROXY"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_whose_certificate_is_not_trusted_gets_no_secret() {
    let stage = Stage::new().await.with_service_principal().set("AZSQL_TRUST_CA", "");

    let sentence = stage.token(METHOD).await.failure();

    assert!(
        sentence.contains("its certificate is not trusted") && sentence.contains("AZSQL_TRUST_CA"),
        "{sentence}"
    );
    assert_eq!(stage.requests(), []);
}
