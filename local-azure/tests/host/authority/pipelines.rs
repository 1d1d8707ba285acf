//! A job of Azure Pipelines asks for its assertion and signs in with it.

use local_azure::authority::{self, Application, Authority, AuthorityOptions, Pipeline};
use local_azure::identity::ReplyFault;

use super::client::{CLIENT, Reply, SCOPE, ask, client, read};

const CONNECTION: &str = "5e000000-0000-4000-8000-000000000005";
const ACCESS_TOKEN: &str = "the job's own access token";
const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzYzovL29yZy9wcm9qZWN0L3NlcnZpY2UifQ.c2ln";

async fn start() -> Authority {
    let options = AuthorityOptions {
        applications: vec![Application::new(CLIENT).with_federated_assertion(ASSERTION)],
        pipeline: Some(Pipeline {
            service_connection_id: CONNECTION.to_owned(),
            system_access_token: ACCESS_TOKEN.into(),
            assertion: ASSERTION.into(),
        }),
        ..AuthorityOptions::default()
    };
    authority::start(options).await.unwrap()
}

/// Asks as azure_identity does.
async fn job(authority: &Authority, query: &str, token: &str, suppress: bool) -> Reply {
    let mut request = client(authority)
        .post(format!("{}?{query}", authority.oidc_request_uri()))
        .bearer_auth(token)
        .header("content-length", "0");
    if suppress {
        request = request.header("x-tfs-fedauthredirect", "Suppress");
    }
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_assertion_of_the_job_earns_a_token() {
    let authority = start().await;
    let query = format!("api-version=7.1&serviceConnectionId={CONNECTION}");

    let reply = job(&authority, &query, ACCESS_TOKEN, true).await;
    let assertion = reply.json()["oidcToken"].as_str().unwrap().to_owned();
    let token = ask(
        &authority,
        &[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("scope", SCOPE),
        ],
    )
    .await
    .token();

    assert_eq!(authority.verifier().verify(&token).unwrap().appid, CLIENT);
    let request = &authority.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.fields["serviceConnectionId"].as_str()),
        ("POST", CONNECTION)
    );
    assert!(request.other_headers.contains("authorization"));
    assert!(!format!("{request:?} {authority:?}").contains(ACCESS_TOKEN));
    authority.stop().await;
}

#[tokio::test]
async fn a_job_without_the_right_token_is_refused_or_sent_to_sign_in() {
    let authority = start().await;
    let query = format!("api-version=7.1&serviceConnectionId={CONNECTION}");
    let refused = job(&authority, &query, "another", true).await;
    assert_eq!(refused.status, 401);
    assert!(refused.headers.contains_key("x-vss-e2eid") && refused.headers.contains_key("x-msedge-ref"));
    let redirected = job(&authority, &query, "another", false).await;
    assert_eq!(redirected.status, 302);
    assert!(redirected.headers["location"].to_str().unwrap().ends_with("/_signin"));
    assert_eq!(
        job(&authority, &format!("serviceConnectionId={CONNECTION}"), ACCESS_TOKEN, true).await.status,
        400
    );
    assert_eq!(
        job(&authority, "api-version=7.1&serviceConnectionId=x", ACCESS_TOKEN, true).await.status,
        404
    );
    authority.stop().await;
}

#[tokio::test]
async fn its_faults_are_its_own() {
    let authority = start().await;
    let query = format!("api-version=7.1&serviceConnectionId={CONNECTION}");
    authority.pipeline_faults().reply_next(1, ReplyFault::Html { status: 200 });
    assert!(job(&authority, &query, ACCESS_TOKEN, true).await.text.starts_with("<!DOCTYPE"));
    assert_eq!(job(&authority, &query, ACCESS_TOKEN, true).await.status, 200);
    assert_eq!(authority.pipeline_faults().requests_for(CONNECTION), 2);
    assert_eq!(authority.faults().requests(), 0);
    authority.stop().await;
}
