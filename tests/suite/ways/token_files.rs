//! A token in a file.

use std::fs;

use super::stage::{Outcome, Stage, end};
use crate::support::LoneWorker;

const SETTING: &str = "SHOP";

/// A token out of the authority's own hands, by the command itself.
pub(super) async fn token(stage: &Stage) -> String {
    let mut worker: LoneWorker =
        stage.start_with(&["--authentication", "ActiveDirectoryEnvironment", "--print"]);
    assert!(worker.ended().await.success());
    let lines = worker.lines();
    assert_eq!(lines.len(), 1, "the token is alone");
    lines[0].clone()
}

/// A stage whose process signs in with the file, of which only a connection string without `Authentication` speaks.
async fn stage(text: &str) -> Stage {
    let stage = Stage::new().await.set(SETTING, "Server=a.database.windows.net;Database=shop");
    stage.with_file("AZSQL_ACCESS_TOKEN_FILE", text)
}

async fn show(stage: &Stage) -> Outcome {
    end(stage.start_with(&["--setting", SETTING, "--json"])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_read_anew_and_its_claims_say_how_long_the_token_holds() {
    let issuer = Stage::new().await.with_service_principal();
    let first = token(&issuer).await;
    let stage = stage(&format!("{first}\n")).await;

    let shown = show(&stage).await.json();

    assert_eq!((&shown["way"], &shown["clientId"]), (&"token file".into(), &super::stage::CLIENT.into()));
    assert_eq!(stage.requests(), [], "nobody is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_or_has_ended_is_told_and_never_shown() {
    // {"alg":"none"}.{"exp":1000}.
    let ended = "eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDB9.CANARY";
    for (text, expected) in [
        ("CANARY", "holds no token"),
        ("", "holds no token"),
        ("{\"accessToken\":\"CANARY\"}", "--query accessToken -o tsv"),
        (ended, "the token in the file of AZSQL_ACCESS_TOKEN_FILE has ended"),
    ] {
        let sentence = show(&stage(text).await).await.failure();
        assert!(sentence.contains(expected), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_be_read_is_told_by_its_variable() {
    let stage = stage("CANARY").await;
    fs::remove_file(stage.path("AZSQL_ACCESS_TOKEN_FILE")).unwrap();
    let sentence = show(&stage).await.failure();
    assert!(sentence.contains("the file of AZSQL_ACCESS_TOKEN_FILE is not there"), "{sentence}");

    let folder = stage.folder.path().to_string_lossy().into_owned();
    let sentence = show(&stage.set("AZSQL_ACCESS_TOKEN_FILE", &folder)).await.failure();
    assert!(sentence.contains("something else than a file"), "{sentence}");
}
