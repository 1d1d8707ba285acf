//! Each way in a running worker at trace level: it fails, is mended and logs in, and nothing secret is written meanwhile.

use std::fs;
use std::time::Duration;

use local_azure::authority::AuthorityOptions;
use local_azure::identity::{self, IdentityOptions, ReplyFault};
use local_azure::sql::Credential;
use reqwest::Url;
use serde_json::Value as Json;

use super::certificates;
use super::people::{page, person, sign_in, value, with_browser};
use super::service_principals::{pipeline, pod};
use super::stage::{Stage, write_script};
use super::token_files;
use crate::support::Desk;
use crate::support::wait::within;

const PING: &str = "/api/sql/ping";

/// A machine that runs everything in parallel is slow.
const PATIENCE: Duration = Duration::from_secs(90);

async fn failure(desk: &Desk) -> Json {
    let answer = desk.get(PING).await;
    answer.problem_for_caller(answer.status, "identity")
}

async fn logs_in(desk: &Desk) {
    within(PATIENCE, "the worker logs in", async || (desk.get(PING).await.status == 200).then_some(())).await;
    let logins = desk.worker_logins();
    assert!(logins.iter().all(|login| login.credential == Credential::Token && login.refused.is_none()));
}

/// Looks for the codes and refresh tokens of the local authority beside all that every desk looks for.
async fn finish(desk: Desk) {
    for line in desk.worker_lines() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        let grants = words.filter(|word| {
            word.split_once('.')
                .is_some_and(|(kind, rest)| ["code", "device", "refresh"].contains(&kind) && rest.len() == 64)
        });
        assert_eq!(grants.count(), 0, "a grant was written: {line}");
    }
    desk.finish().await;
}

/// A way over the authority: fails in both manners, then works.
async fn over_the_authority(stage: Stage, authentication: &'static str) {
    let faults = stage.authority.faults();
    faults.reply_with(Some(ReplyFault::Html { status: 200 }));
    let desk = stage.desk(authentication).start().await;
    assert!(failure(&desk).await["detail"].as_str().unwrap().contains("not JSON"));
    faults.reply_with(Some(ReplyFault::Status(500)));
    within(PATIENCE, "the other failure is told", async || {
        failure(&desk).await["detail"].as_str().unwrap().contains("HTTP 500").then_some(())
    })
    .await;

    faults.clear();

    logs_in(&desk).await;
    finish(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_identity() {
    over_the_authority(pod().await, ";Authentication=ActiveDirectoryWorkloadIdentity").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate() {
    let (certificate, key) = certificates::certificate();
    let stage = certificates::stage(&certificate).await;
    let stage = stage.with_file("AZURE_CLIENT_CERTIFICATE_PATH", &format!("{certificate}{key}"));
    over_the_authority(stage, ";Authentication=ActiveDirectoryServicePrincipal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline() {
    over_the_authority(pipeline().await, ";Authentication=ActiveDirectoryAzurePipelines").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_found_by_default() {
    let stage = Stage::new().await.with_service_principal();
    over_the_authority(stage, ";Authentication=ActiveDirectoryDefault").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret() {
    let stage = Stage::new().await.with_service_principal().set("AZURE_CLIENT_SECRET", "CANARY-WRONG");
    let desk = stage.desk(";Authentication=ActiveDirectoryEnvironment").start().await;
    assert!(failure(&desk).await["detail"].as_str().unwrap().contains("AADSTS7000215"));
    finish(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_service() {
    let machine = identity::start(IdentityOptions::default()).await.unwrap();
    machine.faults().reply_with(Some(ReplyFault::Garbage));
    let stage = Stage::new().await.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", &machine.metadata_host());
    let desk = stage.desk(";Authentication=ActiveDirectoryMSI").trusting(machine.verifier()).start().await;
    assert!(failure(&desk).await["detail"].as_str().unwrap().contains("not JSON"));

    machine.faults().clear();

    logs_in(&desk).await;
    finish(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file() {
    let issuer = Stage::new().await.with_service_principal();
    let stage = Stage::new().await.with_file("AZSQL_ACCESS_TOKEN_FILE", "CANARY");
    let desk = stage.desk("").trusting(issuer.authority.verifier()).start().await;
    assert!(failure(&desk).await["detail"].as_str().unwrap().contains("holds no token"));

    fs::write(stage.path("AZSQL_ACCESS_TOKEN_FILE"), token_files::token(&issuer).await).unwrap();

    logs_in(&desk).await;
    finish(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tools() {
    let issuer = Stage::new().await.with_service_principal();
    let token = token_files::token(&issuer).await;
    for (tool, authentication, reply) in [
        (
            "az",
            ";Authentication=ActiveDirectoryAzCli",
            format!("{{\"accessToken\":\"{token}\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}"),
        ),
        (
            "azd",
            ";Authentication=ActiveDirectoryAzureDeveloperCli",
            format!("{{\"token\":\"{token}\",\"expiresOn\":\"2100-01-01T00:00:00Z\"}}"),
        ),
    ] {
        let stage = Stage::new().await.with_tool(tool, "echo CANARY; echo 'AADSTS50076 CANARY' >&2; exit 1");
        let desk = stage.desk(authentication).trusting(issuer.authority.verifier()).start().await;
        let problem = failure(&desk).await;
        assert!(problem["detail"].as_str().unwrap().contains("another factor"), "{problem}");

        write_script(&stage.path("bin").join(tool), &format!("echo '{reply}'"));

        logs_in(&desk).await;
        finish(desk).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_that_nobody_has_entered_yet() {
    let stage =
        Stage::with(|options| AuthorityOptions { device_poll_interval: Duration::from_secs(1), ..options });
    let stage = stage.await;
    let desk = stage.desk(";Authentication=ActiveDirectoryDeviceCodeFlow").start().await;
    for _ in 0..2 {
        let problem = failure(&desk).await;
        assert!(problem["detail"].as_str().unwrap().contains("sign in with the code"), "{problem}");
    }
    let [code] = &stage.authority.pending_user_codes()[..] else { panic!("the person is asked once") };

    assert!(stage.authority.approve(code));

    logs_in(&desk).await;
    finish(desk).await;
}

/// A browser that a person sits at: each window is a line in a file.
fn windows(stage: &Stage) -> Vec<String> {
    let text = fs::read_to_string(stage.path("windows")).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_opens_once_until_its_sign_in_ends() {
    // A token of nine seconds is asked for again after six: with the refresh token, without a window.
    let stage = Stage::with(|options| AuthorityOptions { token_lifetime: Duration::from_secs(9), ..options });
    let stage = with_browser(stage.await);
    let (page_file, windows_file) = (stage.path("page"), stage.path("windows"));
    write_script(
        &stage.path("browser"),
        &format!(
            "echo \"$1\" >> {1}; printf %s \"$1\" > {0}.part && mv {0}.part {0}",
            page_file.display(),
            windows_file.display()
        ),
    );
    let desk = stage.desk(";Authentication=ActiveDirectoryInteractive").start().await;
    for _ in 0..2 {
        let problem = failure(&desk).await;
        assert_eq!(problem["status"], 503);
        assert!(problem["detail"].as_str().unwrap().contains("sign in with the browser"), "{problem}");
    }
    assert_eq!(windows(&stage).len(), 1);
    let client = person(&stage);

    let back = sign_in(&client, &page(&page_file).await).await;
    desk.secrets().add(&value(&Url::parse(&back).unwrap(), "code"));
    client.get(&back).send().await.unwrap();

    logs_in(&desk).await;
    let refreshed =
        |request: &local_azure::authority::RecordedRequest| request.grant.as_deref() == Some("refresh_token");
    within(PATIENCE, "the refresh token is used twice", async || {
        desk.get(PING).await;
        (stage.requests().iter().filter(|request| refreshed(request)).count() >= 2).then_some(())
    })
    .await;
    assert_eq!(windows(&stage).len(), 1, "nobody was asked again");

    stage.authority.revoke_refresh_tokens();
    within(PATIENCE, "the person is asked again", async || {
        desk.get(PING).await;
        (windows(&stage).len() == 2).then_some(())
    })
    .await;
    finish(desk).await;
}
