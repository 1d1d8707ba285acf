//! TLS is verified unless the connection string says otherwise.

use crate::support::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused_with_the_cure() {
    let desk = Desk::builder().without_setting("AZSQL_TRUST_CA").start().await;

    let answer = desk.get("/api/sql/ping").await;

    assert!(answer.status >= 500, "{}", answer.text);
    let detail = answer.detail();
    assert!(detail.contains("certificate is not trusted") && detail.contains("AZSQL_TRUST_CA"), "{detail}");
    assert!(desk.worker_logins().is_empty(), "a token was sent to a server that nobody trusts");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_not_tried_again() {
    let desk = Desk::builder().without_setting("AZSQL_TRUST_CA").start().await;

    desk.get("/api/sql/ping").await;

    let tries = desk.events("the failed try", 1, |event| !event["try"].is_null()).await;
    assert_eq!(tries.len(), 1, "{tries:?}");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_server_certificate_accepts_any() {
    let desk = Desk::builder()
        .without_setting("AZSQL_TRUST_CA")
        .connection(|port| {
            format!("Server=localhost,{port};Authentication=ActiveDirectoryMSI;TrustServerCertificate=true")
        })
        .start()
        .await;

    desk.get("/api/sql/ping").await.json(200);

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_in_the_certificate_must_be_the_expected_one() {
    let desk = Desk::builder()
        .connection(|port| {
            format!(
                "Server=localhost,{port};Authentication=ActiveDirectoryMSI;HostNameInCertificate=other.example"
            )
        })
        .start()
        .await;

    let answer = desk.get("/api/sql/ping").await;

    assert!(answer.status >= 500, "{}", answer.text);
    assert!(desk.worker_logins().is_empty());
    desk.finish().await;
}
