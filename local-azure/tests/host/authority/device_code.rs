//! A user signs in on another device with a code.

use std::time::Duration;

use local_azure::authority::{self, Application, Authority, AuthorityOptions, DeviceSignIn};
use local_azure::tokens::LOCAL_TENANT_ID;
use serde_json::Value;

use super::client::{CLIENT, Reply, ask, but, client, post, read, start_with};

const SCOPE: &str = "https://database.windows.net/.default offline_access";

async fn begin(authority: &Authority) -> Value {
    let path = format!("/{LOCAL_TENANT_ID}/oauth2/v2.0/devicecode");
    let reply = post(authority, &path, &[("client_id", CLIENT), ("scope", SCOPE)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn poll(authority: &Authority, started: &Value) -> Reply {
    ask(authority, &fields(started["device_code"].as_str().unwrap())).await
}

fn fields(device_code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLIENT),
        ("device_code", device_code),
    ]
}

fn pending() -> (u16, String, u64) {
    (400, "authorization_pending".to_owned(), 70_016)
}

#[tokio::test]
async fn the_device_waits_until_the_user_approves_and_gets_one_token() {
    let authority = start_with(Application::new(CLIENT)).await;

    let started = begin(&authority).await;
    let user_code = started["user_code"].as_str().unwrap().to_owned();

    let keys: Vec<&String> = started.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["user_code", "device_code", "verification_uri", "expires_in", "interval", "message"]);
    assert_eq!((&started["expires_in"], &started["interval"]), (&900.into(), &5.into()));
    assert!(started["message"].as_str().unwrap().contains(&user_code));
    assert_eq!(poll(&authority, &started).await.error(), pending());
    assert_eq!(authority.pending_user_codes(), [user_code.as_str()]);
    assert!(!authority.approve("another"));
    assert!(authority.approve(&user_code.to_lowercase()));
    let reply = poll(&authority, &started).await;
    assert_eq!(authority.verifier().verify(&reply.token()).unwrap().login_name(), "person@contoso.example");
    assert!(reply.json()["refresh_token"].is_string());
    assert_eq!(poll(&authority, &started).await.error().1, "bad_verification_code");
    authority.stop().await;
}

#[tokio::test]
async fn a_device_may_be_declined_slowed_down_or_too_late() {
    let authority = start_with(Application::new(CLIENT)).await;
    let declined = begin(&authority).await;
    let late = begin(&authority).await;

    authority.slow_down_next(1);
    assert_eq!(poll(&authority, &declined).await.error().1, "slow_down");
    assert_eq!(poll(&authority, &declined).await.error(), pending());
    assert!(authority.decline(declined["user_code"].as_str().unwrap()));
    assert_eq!(poll(&authority, &declined).await.error().1, "authorization_declined");
    authority.faults().advance_clock(Duration::from_secs(900));
    assert_eq!(poll(&authority, &late).await.error(), (400, "expired_token".to_owned(), 70_020));
    assert_eq!(ask(&authority, &fields("unknown")).await.error().1, "bad_verification_code");
    let stranger = but(
        &fields(late["device_code"].as_str().unwrap()),
        "client_id",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    )
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect::<Vec<_>>();
    let stranger: Vec<(&str, &str)> =
        stranger.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(ask(&authority, &stranger).await.error().1, "bad_verification_code");
    authority.stop().await;
}

#[tokio::test]
async fn a_device_that_waits_meets_the_faults_of_the_endpoint() {
    let authority = start_with(Application::new(CLIENT)).await;
    let started = begin(&authority).await;
    authority.faults().throttle_next(1, Duration::from_secs(3));
    assert_eq!(poll(&authority, &started).await.status, 429);
    assert_eq!(poll(&authority, &started).await.error(), pending());
    authority.stop().await;
}

#[tokio::test]
async fn the_user_may_sign_in_by_itself_after_some_polls() {
    let options = AuthorityOptions {
        applications: vec![Application::new(CLIENT)],
        device_sign_in: DeviceSignIn::AfterPolls(2),
        device_poll_interval: Duration::ZERO,
        ..AuthorityOptions::default()
    };
    let authority = authority::start(options).await.unwrap();
    let started = begin(&authority).await;
    assert_eq!(started["interval"], 0);
    assert_eq!(poll(&authority, &started).await.error(), pending());
    assert_eq!(poll(&authority, &started).await.error(), pending());
    assert_eq!(poll(&authority, &started).await.status, 200);
    authority.deny_sign_ins(true);
    let refused = begin(&authority).await;
    poll(&authority, &refused).await;
    poll(&authority, &refused).await;
    assert_eq!(poll(&authority, &refused).await.error().1, "authorization_declined");
    authority.stop().await;
}

#[tokio::test]
async fn the_page_takes_the_code() {
    let authority = start_with(Application::new(CLIENT)).await;
    let started = begin(&authority).await;
    let page = async |query: &str| {
        let url = format!("{}{query}", started["verification_uri"].as_str().unwrap());
        read(client(&authority).get(url).send().await.unwrap()).await
    };
    assert!(page("").await.text.contains("name=\"otc\""));
    assert_eq!(page("?otc=WRONG").await.status, 400);
    let signed_in = page(&format!("?otc={}", started["user_code"].as_str().unwrap())).await;
    assert_eq!((signed_in.status, poll(&authority, &started).await.status), (200, 200));
    authority.stop().await;
}

#[tokio::test]
async fn a_device_without_a_scope_or_a_known_application_gets_no_code() {
    let authority = start_with(Application::new(CLIENT)).await;
    let path = format!("/{LOCAL_TENANT_ID}/oauth2/v2.0/devicecode");
    assert_eq!(post(&authority, &path, &[("client_id", CLIENT)]).await.error().2, 900_144);
    assert_eq!(post(&authority, &path, &[("scope", SCOPE)]).await.error().2, 900_144);
    assert_eq!(post(&authority, &path, &[("client_id", "x"), ("scope", SCOPE)]).await.error().2, 700_016);
    assert_eq!(post(&authority, &path, &[("client_id", CLIENT), ("scope", "x")]).await.error().2, 70_011);
    authority.stop().await;
}
