//! Authorities that are slow, fail, lie or recover, and networks that lead nowhere.

use std::time::Duration;

use local_azure::identity::{IdentityFaults, IdentityOptions, ReplyFault};

use super::certificates;
use super::service_principals::{pipeline, pod};
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

/// What each way over HTTP says of each fault, whoever's endpoint it is. `endpoint` is whose switches are set.
async fn tells(method: &str, stage: impl AsyncFn() -> Stage, endpoint: impl Fn(&Stage) -> IdentityFaults) {
    for (fault, expected) in [
        (ReplyFault::Status(503), "(HTTP 503)"),
        (ReplyFault::Throttled { retry_after: Duration::from_secs(120) }, "(HTTP 429)"),
        (ReplyFault::Html { status: 200 }, "the reply is not JSON; look for a proxy or portal"),
        (ReplyFault::Html { status: 403 }, "(HTTP 403)"),
        (ReplyFault::Garbage, "the reply is not JSON"),
        (ReplyFault::Empty, "the reply is not JSON"),
        (ReplyFault::Truncated, "the connection was cut off; try again later"),
    ] {
        let stage = stage().await;
        endpoint(&stage).reply_with(Some(fault));

        let sentence = stage.token(method).await.failure();

        assert!(sentence.contains(expected), "{method}: {fault:?}: {sentence}");

        endpoint(&stage).clear();
        stage.token(method).await.json();
    }
}

fn authority(stage: &Stage) -> IdentityFaults {
    stage.authority.faults().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_principals_secret_meets_each_fault() {
    let stage = async || Stage::new().await.with_service_principal();
    tells("ActiveDirectoryServicePrincipal", stage, authority).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_meets_each_fault() {
    let (certificate, key) = certificates::certificate();
    let both = format!("{certificate}{key}");
    let stage =
        async || certificates::stage(&certificate).await.with_file("AZURE_CLIENT_CERTIFICATE_PATH", &both);
    tells("ActiveDirectoryServicePrincipal", stage, authority).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_identity_meets_each_fault() {
    tells("ActiveDirectoryWorkloadIdentity", async || pod().await, authority).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_meets_each_fault_of_entra_and_of_azure_devops() {
    const PIPELINES: &str = "ActiveDirectoryAzurePipelines";
    tells(PIPELINES, async || pipeline().await, authority).await;
    tells(PIPELINES, async || pipeline().await, |stage| stage.authority.pipeline_faults().clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managed_identities_meet_each_fault_of_both_endpoints() {
    let endpoint = local_azure::identity::start(IdentityOptions::default()).await.unwrap();
    let app = async || {
        let stage = Stage::new().await.set("IDENTITY_ENDPOINT", &endpoint.url());
        stage.set("IDENTITY_HEADER", endpoint.secret())
    };
    tells("ActiveDirectoryMSI", app, |_| endpoint.faults().clone()).await;
    let machine =
        async || Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &endpoint.metadata_host());
    tells("ActiveDirectoryMSI", machine, |_| endpoint.faults().clone()).await;
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
