//! The managed-identity endpoint.

use std::time::Duration;

use local_azure::identity::{
    self, IdentityEndpoint, IdentityOptions, ManagedIdentity, ReplyFault, TokenFault,
};
use local_azure::tokens::TokenRefusal;
use serde_json::Value;

const QUERY: &str = "api-version=2019-08-01&resource=https%3A%2F%2Fdatabase.windows.net";

async fn ask(endpoint: &IdentityEndpoint, query: &str, header: Option<&str>) -> (u16, String) {
    let mut request = crate::app::client().get(format!("{}?{query}", endpoint.url()));
    if let Some(header) = header {
        request = request.header("X-IDENTITY-HEADER", header);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn token(endpoint: &IdentityEndpoint, more: &str) -> Value {
    let (status, body) = ask(endpoint, &format!("{QUERY}{more}"), Some(endpoint.secret())).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn the_reply_is_compact_json_with_a_string_expiry_and_a_token_that_verifies() {
    let lifetime = Duration::from_secs(600);
    let endpoint =
        identity::start(IdentityOptions { token_lifetime: lifetime, ..IdentityOptions::default() })
            .await
            .unwrap();

    let (status, body) = ask(&endpoint, QUERY, Some(endpoint.secret())).await;

    assert_eq!(status, 200);
    assert!(!body.contains([' ', '\n']), "{body}");
    let reply: Value = serde_json::from_str(&body).unwrap();
    let keys: Vec<&String> = reply.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "client_id", "expires_on", "resource", "token_type"]);
    assert_eq!(
        (&reply["resource"], &reply["token_type"]),
        (&"https://database.windows.net".into(), &"Bearer".into())
    );
    let claims = endpoint.verifier().verify(reply["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(claims.exp.to_string(), reply["expires_on"].as_str().unwrap());
    assert_eq!((claims.exp - claims.iat, claims.appid.as_str()), (600, reply["client_id"].as_str().unwrap()));
    endpoint.stop().await;
}

#[tokio::test]
async fn a_missing_or_wrong_header_is_a_401() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    for header in [None, Some("wrong"), Some("")] {
        let (status, body) = ask(&endpoint, QUERY, header).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["statusCode"]), (401, &401.into()), "{header:?}");
    }
    assert_eq!(endpoint.faults().requests(), 0);
    assert!(!format!("{endpoint:?}").contains(endpoint.secret()));
    endpoint.stop().await;
}

#[tokio::test]
async fn what_cannot_be_served_is_a_400_with_a_reason() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    let resource = "resource=https%3A%2F%2Fdatabase.windows.net";
    let cases = [
        (resource.to_owned(), "api-version"),
        (format!("api-version=2017-09-01&{resource}"), "api-version"),
        ("api-version=2019-08-01".to_owned(), "resource"),
        (
            format!("{QUERY}&client_id=5b0c7c2e-0000-4000-8000-000000000000"),
            "No User Assigned or Delegated Managed Identity found",
        ),
        (format!("{QUERY}&client_id=a&mi_res_id=b"), "only one"),
    ];
    for (query, part) in cases {
        let (status, body) = ask(&endpoint, &query, Some(endpoint.secret())).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 400, "{query}");
        assert!(body["message"].as_str().unwrap().contains(part), "{body}");
    }
    endpoint.stop().await;
}

#[tokio::test]
async fn identities_are_found_by_each_of_their_ids_and_counted_by_client_id() {
    let one = ManagedIdentity::user_assigned("5b0c7c2e-1111-4000-8000-000000000001");
    let options = IdentityOptions { user_assigned: vec![one.clone()], ..IdentityOptions::default() };
    let endpoint = identity::start(options).await.unwrap();

    let resource_id = one.resource_id.replace('/', "%2F");
    for more in [
        format!("&client_id={}", one.client_id.to_uppercase()),
        format!("&principal_id={}", one.object_id),
        format!("&object_id={}", one.object_id),
        format!("&mi_res_id={resource_id}"),
    ] {
        assert_eq!(token(&endpoint, &more).await["client_id"], one.client_id.as_str(), "{more}");
    }
    let system = token(&endpoint, "").await["client_id"].as_str().unwrap().to_owned();

    assert_ne!(system, one.client_id);
    assert_eq!(
        (endpoint.faults().requests_for(&one.client_id), endpoint.faults().requests_for(&system)),
        (4, 1)
    );
    endpoint.stop().await;
}

#[tokio::test]
async fn an_app_without_a_system_assigned_identity_gets_a_400() {
    let endpoint = identity::start(IdentityOptions { system_assigned: None, ..IdentityOptions::default() })
        .await
        .unwrap();
    assert_eq!(ask(&endpoint, QUERY, Some(endpoint.secret())).await.0, 400);
    endpoint.stop().await;
}

#[tokio::test]
async fn faults_can_be_switched_on_while_it_runs() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    let verdict = |reply: Value| endpoint.verifier().verify(reply["access_token"].as_str().unwrap()).err();

    endpoint.faults().fail_next(2);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask(&endpoint, QUERY, Some(endpoint.secret())).await.0);
    }
    assert_eq!(statuses, [500, 500, 200]);
    endpoint.faults().tokens(TokenFault::Expired);
    assert_eq!(verdict(token(&endpoint, "").await), Some(TokenRefusal::Expired));
    endpoint.faults().tokens(TokenFault::WrongAudience);
    assert!(matches!(verdict(token(&endpoint, "").await), Some(TokenRefusal::Audience { .. })));
    endpoint.faults().tokens(TokenFault::None);
    assert_eq!(verdict(token(&endpoint, "").await), None);
    endpoint.faults().stall(true);
    let stalled =
        tokio::time::timeout(Duration::from_millis(300), ask(&endpoint, QUERY, Some(endpoint.secret())));
    assert!(stalled.await.is_err());
    endpoint.stop().await;
}

async fn ask_machine(endpoint: &IdentityEndpoint, query: &str, metadata: Option<&str>) -> (u16, Value) {
    let url = format!("{}/metadata/identity/oauth2/token?{query}", endpoint.metadata_host());
    let mut request = crate::app::client().get(url);
    if let Some(metadata) = metadata {
        request = request.header("Metadata", metadata);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_machines_metadata_service_replies_with_strings_and_a_token_that_verifies() {
    let one = ManagedIdentity::user_assigned("5b0c7c2e-1111-4000-8000-000000000001");
    let options = IdentityOptions { user_assigned: vec![one.clone()], ..IdentityOptions::default() };
    let endpoint = identity::start(options).await.unwrap();
    let query = "api-version=2018-02-01&resource=https%3A%2F%2Fdatabase.windows.net";

    let (status, reply) = ask_machine(&endpoint, query, Some("true")).await;
    let (_, user) =
        ask_machine(&endpoint, &format!("{query}&client_id={}", one.client_id), Some("true")).await;

    assert_eq!(status, 200);
    let claims = endpoint.verifier().verify(reply["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(reply["expires_on"].as_str().unwrap(), claims.exp.to_string());
    assert_eq!(reply["expires_in"].as_str().unwrap(), "86400");
    assert_eq!(reply["not_before"].as_str().unwrap(), claims.nbf.to_string());
    assert_eq!(
        (&reply["token_type"], &user["client_id"]),
        (&"Bearer".into(), &one.client_id.as_str().into())
    );
    endpoint.stop().await;
}

#[tokio::test]
async fn a_machines_metadata_service_refuses_what_is_not_asked_by_its_rules() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    let query = "api-version=2018-02-01&resource=https%3A%2F%2Fdatabase.windows.net";
    let unknown = format!("{query}&client_id=5b0c7c2e-0000-4000-8000-000000000000");
    for (query, metadata, part) in [
        (query, None, "metadata header"),
        (query, Some("false"), "metadata header"),
        (unknown.as_str(), Some("true"), "Identity not found"),
        ("api-version=2017-01-01&resource=x", Some("true"), "API version"),
        ("api-version=2018-02-01", Some("true"), "resource"),
    ] {
        let (status, reply) = ask_machine(&endpoint, query, metadata).await;
        assert_eq!((status, &reply["error"]), (400, &"invalid_request".into()), "{query}");
        assert!(reply["error_description"].as_str().unwrap().contains(part), "{reply}");
    }
    assert_eq!(endpoint.faults().requests(), 0);
    endpoint.stop().await;
}

#[tokio::test]
async fn each_endpoint_words_the_faults_in_its_own_shape() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    let machine = "api-version=2018-02-01&resource=https%3A%2F%2Fdatabase.windows.net";

    endpoint.faults().throttle_next(2, Duration::from_secs(5));
    let app_service = ask(&endpoint, QUERY, Some(endpoint.secret())).await;
    let (status, reply) = ask_machine(&endpoint, machine, Some("true")).await;
    endpoint.faults().reply_next(1, ReplyFault::Html { status: 502 });
    let page = ask(&endpoint, QUERY, Some(endpoint.secret())).await;
    endpoint.faults().reply_next(1, ReplyFault::Garbage);
    let garbage = ask(&endpoint, QUERY, Some(endpoint.secret())).await;

    assert_eq!((app_service.0, app_service.1.contains("\"statusCode\":429")), (429, true));
    assert_eq!((status, &reply["error"]), (429, &"invalid_request".into()));
    assert_eq!((page.0, page.1.starts_with("<!DOCTYPE html>")), (502, true));
    assert_eq!((garbage.0, serde_json::from_str::<Value>(&garbage.1).is_err()), (200, true));
    assert_eq!(ask(&endpoint, QUERY, Some(endpoint.secret())).await.0, 200);
    endpoint.stop().await;
}

#[tokio::test]
async fn lifetime_and_clock_can_be_changed_while_it_runs() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    endpoint.faults().token_lifetime(Duration::from_secs(600));
    let before = token(&endpoint, "").await;
    endpoint.faults().advance_clock(Duration::from_secs(10_000));
    endpoint.faults().token_lifetime(None);
    let after = token(&endpoint, "").await;

    let verify = |reply: &Value| endpoint.verifier().verify(reply["access_token"].as_str().unwrap());
    let expires = |reply: &Value| reply["expires_on"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(verify(&before), Err(TokenRefusal::Expired));
    assert_eq!(verify(&after).unwrap().exp, expires(&after));
    assert!(expires(&after) - expires(&before) >= 10_000 + 86_400 - 600);
    endpoint.stop().await;
}

#[tokio::test]
async fn requests_are_recorded_without_the_header_that_is_a_secret() {
    let endpoint = identity::start(IdentityOptions::default()).await.unwrap();
    ask(&endpoint, QUERY, Some(endpoint.secret())).await;
    ask_machine(&endpoint, "api-version=2018-02-01&resource=x&client_id=y", Some("true")).await;

    let recorded = endpoint.recorded();

    let [app_service, machine] = recorded.as_slice() else { unreachable!("two requests were made") };
    assert_eq!((app_service.method.as_str(), app_service.path.as_str()), ("GET", "/msi/token"));
    assert_eq!(app_service.fields["resource"], "https://database.windows.net");
    assert!(app_service.other_headers.contains("x-identity-header"));
    assert_eq!((machine.fields["client_id"].as_str(), machine.headers["metadata"].as_str()), ("y", "true"));
    assert!(!format!("{recorded:?}").contains(endpoint.secret()));
    endpoint.stop().await;
}
