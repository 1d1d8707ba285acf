//! An application signs in as itself with a secret or with another issuer's assertion.

use local_azure::authority::Application;
use local_azure::identity;
use local_azure::sql;
use local_azure::tokens::{LOCAL_TENANT_ID, TokenRefusal};

use super::client::{
    self, CLIENT, SCOPE, SECRET, ask, but, post, start, start_with, token_path, with_secret,
};

#[tokio::test]
async fn a_secret_earns_a_token_of_the_application_in_entras_reply() {
    let authority = start().await;

    let reply = ask(&authority, &with_secret()).await;

    let body = reply.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["token_type", "expires_in", "ext_expires_in", "access_token"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &3599.into()));
    let claims = authority.verifier().verify(&reply.token()).unwrap();
    assert_eq!((claims.appid.as_str(), claims.tid.as_str()), (CLIENT, LOCAL_TENANT_ID));
    assert_eq!((claims.idtyp.as_deref(), claims.upn, claims.xms_mirid), (Some("app"), None, None));
    assert_eq!(claims.exp - claims.iat, 3599);
    authority.stop().await;
}

#[tokio::test]
async fn the_request_is_recorded_without_its_secret() {
    let authority = start().await;

    ask(&authority, &with_secret()).await;

    let requests = authority.requests();
    let [request] = requests.as_slice() else { unreachable!("one request was made") };
    assert_eq!((request.method.as_str(), request.path.clone()), ("POST", token_path()));
    assert_eq!(request.grant.as_deref(), Some("client_credentials"));
    let fields: Vec<(&str, &str)> =
        request.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, [("client_id", CLIENT), ("grant_type", "client_credentials"), ("scope", SCOPE)]);
    assert!(request.secret_fields.iter().eq(["client_secret"]));
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!format!("{request:?} {authority:?}").contains(SECRET));
    authority.stop().await;
}

#[tokio::test]
async fn each_slip_gets_the_error_that_entra_has_for_it() {
    let authority = start().await;
    let cases = [
        ("grant_type", "", (400, "invalid_request", 900_144)),
        ("grant_type", "password", (400, "unsupported_grant_type", 70_003)),
        ("client_id", "", (400, "invalid_request", 900_144)),
        ("client_id", "c0000000-0000-4000-8000-00000000dead", (400, "unauthorized_client", 700_016)),
        ("client_secret", "", (401, "invalid_client", 7_000_218)),
        ("client_secret", "another secret", (401, "invalid_client", 7_000_215)),
        ("scope", "", (400, "invalid_request", 900_144)),
        ("scope", "https://database.windows.net", (400, "invalid_scope", 1_002_012)),
        ("scope", "https://a.example/.default https://b.example/.default", (400, "invalid_scope", 1_002_012)),
    ];
    for (name, value, expected) in cases {
        let (status, error, number) = ask(&authority, &but(&with_secret(), name, value)).await.error();
        assert_eq!((status, error.as_str(), number), expected, "{name} = {value:?}");
    }
    assert_eq!(authority.faults().requests(), 0);
    authority.stop().await;
}

#[tokio::test]
async fn a_parameter_that_comes_twice_or_in_json_is_refused() {
    let authority = start().await;
    let mut twice = with_secret();
    twice.push(("scope", SCOPE));
    let json = client::client(&authority)
        .post(authority.token_url(LOCAL_TENANT_ID))
        .json(&std::collections::BTreeMap::from_iter(with_secret()));

    assert_eq!(ask(&authority, &twice).await.error().2, 9_000_411);
    assert_eq!(client::read(json.send().await.unwrap()).await.error().2, 900_144);
    authority.stop().await;
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_or_is_shared_is_refused() {
    let authority = start().await;
    for (tenant, number) in [("contoso.example", 90_002), ("common", 50_059), ("organizations", 50_059)] {
        let reply = post(&authority, &format!("/{tenant}/oauth2/v2.0/token"), &with_secret()).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned(), number), "{tenant}");
    }
    authority.stop().await;
}

#[tokio::test]
async fn a_public_client_may_not_prove_anything() {
    let authority = start_with(Application::new(CLIENT)).await;
    assert_eq!(ask(&authority, &with_secret()).await.error(), (401, "invalid_client".to_owned(), 700_025));
    authority.stop().await;
}

#[tokio::test]
async fn the_audience_follows_the_scope_and_keeps_a_slash_of_its_own() {
    let authority = start().await;
    let audience = async |scope| {
        let token = ask(&authority, &but(&with_secret(), "scope", scope)).await.token();
        match authority.verifier().for_audience("nothing").verify(&token) {
            Err(TokenRefusal::Audience { found }) => found,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(audience("https://database.windows.net/.default").await, "https://database.windows.net");
    assert_eq!(audience("https://database.windows.net//.default").await, "https://database.windows.net/");
    assert_eq!(
        audience("https://ossrdbms-aad.database.windows.net/.default").await,
        "https://ossrdbms-aad.database.windows.net"
    );
    authority.stop().await;
}

#[tokio::test]
async fn a_federated_assertion_counts_to_the_letter() {
    let assertion = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJl";
    let authority = start_with(Application::new(CLIENT).with_federated_assertion(assertion)).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("scope", SCOPE),
    ];

    assert_eq!(authority.verifier().verify(&ask(&authority, &fields).await.token()).unwrap().appid, CLIENT);
    let other = but(&fields, "client_assertion", "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl");
    assert_eq!(ask(&authority, &other).await.error(), (401, "invalid_client".to_owned(), 700_213));
    let no_type = but(&fields, "client_assertion_type", "");
    assert_eq!(ask(&authority, &no_type).await.error().2, 900_144);
    let other_type =
        but(&fields, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
    assert_eq!(ask(&authority, &other_type).await.error().0, 401);
    assert!(authority.requests()[0].secret_fields.contains("client_assertion"));
    authority.stop().await;
}

#[tokio::test]
async fn one_ca_and_one_verifier_serve_the_sql_endpoint_the_identity_endpoint_and_the_authority() {
    let sql = sql::start(sql::SqlOptions::default()).await.unwrap();
    let identity = identity::start(identity::IdentityOptions::default()).await.unwrap();
    let authority = local_azure::authority::start(local_azure::authority::AuthorityOptions {
        applications: vec![Application::new(CLIENT).with_secret(SECRET)],
        tokens: Some(identity.tokens().clone()),
        certificates: sql.certificates(),
        ..local_azure::authority::AuthorityOptions::default()
    })
    .await
    .unwrap();

    let token = ask(&authority, &with_secret()).await.token();

    assert_eq!(identity.verifier().verify(&token).unwrap().appid, CLIENT);
    assert_eq!(sql.ca_pem(), Some(authority.ca_pem()));
    assert_eq!((identity.faults().requests_for(CLIENT), identity.tokens().issued_to(CLIENT)), (1, 1));
    authority.stop().await;
    identity.stop().await;
    sql.stop().await;
}

#[tokio::test]
async fn the_same_is_served_over_plain_http_and_the_ca_file_holds_the_ca() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let authority = local_azure::authority::start(local_azure::authority::AuthorityOptions {
        applications: vec![Application::new(CLIENT).with_secret(SECRET)],
        ca_out: Some(ca_file.clone()),
        ..local_azure::authority::AuthorityOptions::default()
    })
    .await
    .unwrap();

    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(with_secret()).finish();
    let request = crate::app::client()
        .post(format!("{}{}", authority.http_url(), token_path()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);

    assert_eq!(client::read(request.send().await.unwrap()).await.status, 200);
    assert_eq!(std::fs::read_to_string(ca_file).unwrap(), authority.ca_pem());
    authority.stop().await;
}
