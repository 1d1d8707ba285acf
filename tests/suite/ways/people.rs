//! People who sign in: with a browser, which a script stands in for, and with a code.

use std::fs;
use std::path::Path;

use local_azure::authority::DeviceSignIn;
use local_azure::identity::ReplyFault;
use reqwest::Url;

use super::stage::{SCOPE, Stage, end, write_script};
use crate::support::eventually;

const BROWSER: &str = "ActiveDirectoryInteractive";
const CODE: &str = "ActiveDirectoryDeviceCodeFlow";

/// The public client of Azure's developer tools.
const DEVELOPER_SIGN_ON: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Writes the page's address where the test finds it.
pub(super) fn with_browser(stage: Stage) -> Stage {
    let (browser, page) = (stage.path("browser"), stage.path("page"));
    write_script(&browser, &format!("printf %s \"$1\" > {0}.part && mv {0}.part {0}", page.display()));
    let path = format!("{}:/usr/bin:/bin", stage.path("bin").display());
    stage.set("BROWSER", &browser.to_string_lossy()).set("PATH", &path)
}

pub(super) async fn page(path: &Path) -> Url {
    let text = eventually("the browser opens", async || fs::read_to_string(path).ok()).await;
    Url::parse(&text).unwrap()
}

pub(super) fn person(stage: &Stage) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(stage.authority.ca_pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.tls_certs_only([ca]).build().unwrap()
}

pub(super) fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Signs in on the page, and gives the address that the browser is sent to.
pub(super) async fn sign_in(client: &reqwest::Client, page: &Url) -> String {
    let answer = client.get(page.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_the_browser() {
    let stage = with_browser(Stage::new().await);
    let worker = stage.start(BROWSER);
    let page = page(&stage.path("page")).await;
    let client = person(&stage);

    let back = sign_in(&client, &page).await;
    let last = client.get(&back).send().await.unwrap();

    assert_eq!(
        (last.status().as_u16(), last.headers()["cache-control"].to_str().unwrap()),
        (200, "no-store")
    );
    assert!(last.text().await.unwrap().contains("You are signed in."));
    let code = value(&Url::parse(&back).unwrap(), "code");
    worker.secrets.add(&code);
    let shown = end(worker).await.json();
    assert_eq!((&shown["way"], &shown["name"]), (&"browser".into(), &"person@contoso.example".into()));

    let requests = stage.requests();
    let [authorize, redeem] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(authorize.path, "/organizations/oauth2/v2.0/authorize");
    for (name, expected) in [
        ("client_id", DEVELOPER_SIGN_ON),
        ("response_type", "code"),
        ("response_mode", "query"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
        ("scope", &format!("{SCOPE} openid profile offline_access")),
    ] {
        assert_eq!(authorize.fields[name], expected);
    }
    assert!(authorize.fields["redirect_uri"].starts_with("http://localhost:"));
    assert_eq!(redeem.grant.as_deref(), Some("authorization_code"));
    assert_eq!(redeem.fields["redirect_uri"], authorize.fields["redirect_uri"]);
    assert_eq!(redeem.secret_fields.iter().collect::<Vec<_>>(), ["code", "code_verifier"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_answer_with_the_right_state_counts_and_the_listener_closes_after_it() {
    let stage = with_browser(Stage::new().await);
    let worker = stage.start(BROWSER);
    let page = page(&stage.path("page")).await;
    let client = person(&stage);
    let redirect = value(&page, "redirect_uri");

    for forged in ["/?code=CANARY&state=CANARY", "/?error=access_denied&state=CANARY", "/favicon.ico", "/"] {
        let answer = client.get(format!("{redirect}{forged}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{forged}");
    }
    let idle =
        tokio::net::TcpStream::connect(("127.0.0.1", Url::parse(&redirect).unwrap().port().unwrap())).await;
    let back = sign_in(&client, &page).await;
    client.get(&back).send().await.unwrap();

    end(worker).await.json();
    drop(idle);
    assert!(client.get(&redirect).send().await.unwrap_err().is_connect(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_declines_is_told_so() {
    let stage = with_browser(Stage::new().await);
    stage.authority.deny_sign_ins(true);
    let worker = stage.start(BROWSER);
    let page = page(&stage.path("page")).await;
    let client = person(&stage);

    let back = sign_in(&client, &page).await;
    client.get(&back).send().await.unwrap();

    let sentence = end(worker).await.failure();
    assert!(sentence.contains("declined or given up"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_browser_the_person_is_told_the_address() {
    let stage = Stage::new().await.set("BROWSER", "/nowhere/browser");
    let worker = stage.start(BROWSER);

    let line = worker.line_with("open this page by hand").await;
    let (_, page) = line.split_once("by hand: ").unwrap();
    let client = person(&stage);
    let back = sign_in(&client, &Url::parse(page).unwrap()).await;
    client.get(&back).send().await.unwrap();

    end(worker).await.json();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_elsewhere_with_a_code() {
    let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
        device_poll_interval: std::time::Duration::from_secs(1),
        ..options
    })
    .await;
    let worker = stage.start(CODE);

    let line = worker.line_with("enter the code").await;
    assert!(line.contains("/devicelogin"), "{line}");
    let [code] = &stage.authority.pending_user_codes()[..] else { panic!("one code") };
    assert!(line.contains(code.as_str()), "{line}");
    assert!(stage.authority.approve(code));

    let shown = end(worker).await.json();
    assert_eq!((&shown["way"], &shown["name"]), (&"device code".into(), &"person@contoso.example".into()));
    let requests = stage.requests();
    assert_eq!(requests[0].path, "/organizations/oauth2/v2.0/devicecode");
    assert_eq!(requests[0].fields["scope"], format!("{SCOPE} openid profile offline_access"));
    let last = requests.last().unwrap();
    assert_eq!(last.grant.as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
    assert_eq!(last.secret_fields.iter().collect::<Vec<_>>(), ["device_code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_polled_for_while_the_person_is_not_done() {
    let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
        device_poll_interval: std::time::Duration::from_secs(1),
        device_sign_in: DeviceSignIn::AfterPolls(2),
        ..options
    })
    .await;

    stage.token(CODE).await.json();

    assert_eq!(stage.requests().len(), 4, "the code, two polls in vain and the one that counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_slow_or_in_trouble_does_not_end_the_wait_for_a_code() {
    for in_trouble in [false, true] {
        let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
            device_poll_interval: std::time::Duration::from_secs(1),
            device_sign_in: DeviceSignIn::AfterPolls(0),
            ..options
        })
        .await;
        if in_trouble {
            stage.authority.faults().reply_next(1, ReplyFault::Status(503));
        } else {
            stage.authority.slow_down_next(1);
        }

        stage.token(CODE).await.json();

        assert_eq!(stage.requests().len(), 3, "the code, a poll in vain and one that counts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_has_ended_is_told_as_nobody_having_signed_in() {
    let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
        device_poll_interval: std::time::Duration::from_secs(1),
        ..options
    })
    .await;
    let worker = stage.start(CODE);
    worker.line_with("enter the code").await;

    stage.authority.faults().advance_clock(std::time::Duration::from_secs(1000));

    let sentence = end(worker).await.failure();
    assert!(sentence.contains("nobody signed in; try again"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_declined_ends_the_wait() {
    let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
        device_poll_interval: std::time::Duration::from_secs(1),
        ..options
    })
    .await;
    let worker = stage.start(CODE);
    worker.line_with("enter the code").await;

    let [code] = &stage.authority.pending_user_codes()[..] else { panic!("one code") };
    assert!(stage.authority.decline(code));

    let sentence = end(worker).await.failure();
    assert!(sentence.contains("declined or given up"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_person_sits_nobody_is_asked() {
    for (variable, expected) in [
        ("WEBSITE_INSTANCE_ID", "use ActiveDirectoryMSI"),
        ("KUBERNETES_SERVICE_HOST", "use ActiveDirectoryWorkloadIdentity"),
        ("TF_BUILD", "use ActiveDirectoryAzurePipelines"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "AZURE_FUNCTIONS_ENVIRONMENT=Development"),
    ] {
        for method in [BROWSER, CODE] {
            let stage = with_browser(Stage::new().await).set(variable, "1");

            let sentence = stage.token(method).await.failure();

            assert!(sentence.contains(expected), "{sentence}");
            assert!(!stage.path("page").exists() && stage.requests().is_empty());
        }
    }
}
