//! A user signs in with a browser: authorization code with a proof key, then refresh tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_azure::authority::{self, Application, Authority, AuthorityOptions, AuthorityUser};
use local_azure::tokens::LOCAL_TENANT_ID;

use super::client::{CLIENT, Reply, SECRET, ask, but, client, post, read, start_with};

const REDIRECT: &str = "http://localhost:51234";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge that RFC 7636, appendix B, gives for the verifier.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "https://database.windows.net/.default openid profile offline_access";

fn query() -> Vec<(&'static str, &'static str)> {
    vec![
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPE),
        ("state", "a state & more"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
        ("prompt", "select_account"),
    ]
}

async fn authorize(authority: &Authority, query: &[(&str, &str)]) -> Reply {
    authorize_in(authority, LOCAL_TENANT_ID, query).await
}

async fn authorize_in(authority: &Authority, tenant: &str, query: &[(&str, &str)]) -> Reply {
    let mut url =
        reqwest::Url::parse(&format!("{}/{tenant}/oauth2/v2.0/authorize", authority.url())).unwrap();
    url.query_pairs_mut().extend_pairs(query);
    read(client(authority).get(url).send().await.unwrap()).await
}

/// What the browser brings back to the loopback listener.
fn brought_back(reply: &Reply) -> BTreeMap<String, String> {
    assert_eq!(reply.status, 302, "{}", reply.text);
    let location = reqwest::Url::parse(reply.headers["location"].to_str().unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT), "{}", location.path());
    location.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

async fn code(authority: &Authority) -> String {
    brought_back(&authorize(authority, &query()).await)["code"].clone()
}

fn redemption(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("scope", SCOPE),
    ]
}

fn refresh(token: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token), ("scope", SCOPE)]
}

async fn start() -> Authority {
    start_with(Application::new(CLIENT)).await
}

#[tokio::test]
async fn the_browser_brings_a_code_and_the_state_which_earn_a_token_of_the_user() {
    let authority = start().await;

    let back = brought_back(&authorize(&authority, &query()).await);
    let reply = ask(&authority, &redemption(&back["code"])).await;

    assert_eq!(back["state"], "a state & more");
    let body = reply.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token"]
    );
    let claims = authority.verifier().verify(&reply.token()).unwrap();
    assert_eq!(claims.login_name(), "person@contoso.example");
    assert_eq!((claims.upn.clone(), claims.idtyp.as_deref()), (claims.unique_name, Some("user")));
    assert_eq!((claims.appid.as_str(), claims.scp.as_deref()), (CLIENT, Some("user_impersonation")));
    assert_eq!(authority.tokens().issued()[0].user.as_deref(), Some("person@contoso.example"));
    authority.stop().await;
}

#[tokio::test]
async fn the_records_hold_neither_code_nor_proof_key_nor_tokens() {
    let authority = start().await;
    let code = code(&authority).await;
    let token = ask(&authority, &redemption(&code)).await.token();

    let shown = format!("{:?} {authority:?} {:?}", authority.requests(), authority.tokens());

    for secret in [code.as_str(), VERIFIER, CHALLENGE, token.as_str()] {
        assert!(!shown.contains(secret));
    }
    let requests = authority.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].fields["redirect_uri"].as_str()), ("GET", REDIRECT));
    assert!(requests[0].secret_fields.iter().eq(["code_challenge", "state"]));
    assert!(requests[1].secret_fields.iter().eq(["code", "code_verifier"]));
    authority.stop().await;
}

#[tokio::test]
async fn a_code_is_good_once_for_its_own_client_redirect_and_proof_key() {
    let authority = start().await;
    let code = code(&authority).await;
    let good = redemption(&code);
    let cases = [
        ("code_verifier", "another-verifier-that-is-long-enough-for-the-rule", 501_481),
        ("code_verifier", "", 900_144),
        ("redirect_uri", "http://localhost:51235", 500_112),
        ("code", "another code", 9_002_313),
        ("client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46", 9_002_313),
        ("scope", "https://storage.azure.com/.default", 70_011),
    ];
    for (name, value, number) in cases {
        assert_eq!(ask(&authority, &but(&good, name, value)).await.error().2, number, "{name} = {value}");
    }
    assert_eq!(ask(&authority, &good).await.status, 200);
    assert_eq!(ask(&authority, &good).await.error(), (400, "invalid_grant".to_owned(), 54_005));
    authority.stop().await;
}

#[tokio::test]
async fn a_code_survives_a_failure_of_the_endpoint_and_runs_out_after_ten_minutes() {
    let authority = start().await;
    let first = code(&authority).await;
    authority.faults().fail_next(1);
    assert_eq!(ask(&authority, &redemption(&first)).await.status, 500);
    assert_eq!(ask(&authority, &redemption(&first)).await.status, 200);

    let late = code(&authority).await;
    authority.faults().advance_clock(Duration::from_secs(600));
    assert_eq!(ask(&authority, &redemption(&late)).await.error(), (400, "invalid_grant".to_owned(), 70_008));
    authority.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_request_goes_back_to_the_redirect_with_the_state() {
    let authority = start().await;
    let cases = [
        ("response_type", "token", "unsupported_response_type", "AADSTS70005"),
        ("response_mode", "fragment", "invalid_request", "AADSTS70007"),
        ("prompt", "whatever", "invalid_request", "AADSTS90023"),
        ("scope", "openid", "invalid_scope", "AADSTS70011"),
        ("scope", "https://a.example/x https://b.example/y", "invalid_scope", "AADSTS70011"),
        ("code_challenge", "", "invalid_request", "AADSTS9002325"),
        ("code_challenge", "short", "invalid_request", "AADSTS501491"),
        ("code_challenge_method", "plain", "invalid_request", "AADSTS501491"),
    ];
    for (name, value, error, number) in cases {
        let back = brought_back(&authorize(&authority, &but(&query(), name, value)).await);
        assert_eq!((back["error"].as_str(), back.get("code")), (error, None), "{name} = {value}");
        assert!(back["error_description"].starts_with(number), "{}", back["error_description"]);
        assert_eq!(back["state"], "a state & more");
    }
    authority.deny_sign_ins(true);
    assert_eq!(brought_back(&authorize(&authority, &query()).await)["error"], "access_denied");
    authority.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_a_redirect_that_is_not_registered() {
    let authority = start().await;
    for redirect in [
        "http://localhost:51234/elsewhere",
        "https://localhost:51234",
        "http://localhost.evil.example:51234",
        "http://evil.example/",
        "http://localhost:51234/#fragment",
        "not a url",
    ] {
        let reply = authorize(&authority, &but(&query(), "redirect_uri", redirect)).await;
        assert_eq!((reply.status, reply.headers.get("location")), (400, None), "{redirect}");
        assert!(reply.text.contains("AADSTS50011"), "{}", reply.text);
    }
    let unknown = authorize(&authority, &but(&query(), "client_id", "<script>")).await;
    assert!(unknown.text.contains("AADSTS700016") && !unknown.text.contains("<script>"), "{}", unknown.text);
    authority.stop().await;
}

#[tokio::test]
async fn any_loopback_port_will_do_and_shared_tenants_lead_home() {
    let authority = start().await;
    let elsewhere = but(&query(), "redirect_uri", "http://127.0.0.1:1/");
    assert_eq!(authorize(&authority, &elsewhere).await.status, 302);
    for tenant in ["common", "organizations"] {
        let back = brought_back(&authorize_in(&authority, tenant, &query()).await);
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let token = post(&authority, &path, &redemption(&back["code"])).await.token();
        assert_eq!(authority.verifier().verify(&token).unwrap().tid, LOCAL_TENANT_ID, "{tenant}");
    }
    authority.stop().await;
}

#[tokio::test]
async fn a_login_hint_picks_the_user() {
    let users = vec![AuthorityUser::new("one@contoso.example"), AuthorityUser::new("two@contoso.example")];
    let options = AuthorityOptions {
        users: users.clone(),
        applications: vec![Application::new(CLIENT)],
        ..AuthorityOptions::default()
    };
    let authority = authority::start(options).await.unwrap();
    let mut hinted = query();
    hinted.push(("login_hint", "Two@contoso.example"));
    let code = brought_back(&authorize(&authority, &hinted).await)["code"].clone();

    let claims = authority.verifier().verify(&ask(&authority, &redemption(&code)).await.token()).unwrap();

    assert_eq!((claims.upn.as_ref(), &claims.oid), (Some(&users[1].principal_name), &users[1].object_id));
    hinted.pop();
    hinted.push(("login_hint", "three@contoso.example"));
    assert_eq!(brought_back(&authorize(&authority, &hinted).await)["error"], "invalid_grant");
    authority.stop().await;
}

#[tokio::test]
async fn an_application_with_a_secret_has_to_show_it_beside_the_code() {
    let authority = start_with(Application::new(CLIENT).with_secret(SECRET)).await;
    let code = code(&authority).await;
    let mut fields = redemption(&code);
    assert_eq!(ask(&authority, &fields).await.error().2, 7_000_218);
    fields.push(("client_secret", SECRET));
    assert_eq!(ask(&authority, &fields).await.status, 200);
    authority.stop().await;
}

#[tokio::test]
async fn a_refresh_token_earns_tokens_for_any_resource_until_it_is_revoked() {
    let authority = start().await;
    let code = code(&authority).await;
    let first = ask(&authority, &redemption(&code)).await;
    let token = first.json()["refresh_token"].as_str().unwrap().to_owned();

    let second = ask(&authority, &refresh(&token)).await;
    let storage = but(&refresh(&token), "scope", "https://storage.azure.com/.default");
    let storage = ask(&authority, &storage).await.token();
    let other_client = but(&refresh(&token), "client_id", "04b07795-8ddb-461a-bbee-02f9e1bf7b46");

    assert_ne!(second.token(), first.token());
    assert_ne!(second.json()["refresh_token"].as_str(), Some(token.as_str()));
    let storage = authority.verifier().for_audience("https://storage.azure.com").verify(&storage).unwrap();
    assert_eq!(storage.upn.as_deref(), Some("person@contoso.example"));
    assert_eq!(ask(&authority, &other_client).await.error().2, 9_002_313);
    assert_eq!(ask(&authority, &refresh("unknown")).await.error().2, 9_002_313);
    authority.revoke_refresh_tokens();
    assert_eq!(ask(&authority, &refresh(&token)).await.error(), (400, "invalid_grant".to_owned(), 50_173));
    authority.stop().await;
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let authority = start().await;
    let scope = "https://database.windows.net/.default";
    let asked = authorize(&authority, &but(&query(), "scope", scope)).await;
    let code = brought_back(&asked)["code"].clone();
    let reply = ask(&authority, &but(&redemption(&code), "scope", "")).await;
    assert_eq!(reply.status, 200);
    assert_eq!((reply.json().get("refresh_token"), &reply.json()["scope"]), (None, &scope.into()));
    authority.stop().await;
}

#[test]
fn the_challenge_of_these_tests_is_that_of_the_rfc() {
    let digest = digest::digest(&digest::SHA256, VERIFIER.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(digest.as_ref()), CHALLENGE);
}
