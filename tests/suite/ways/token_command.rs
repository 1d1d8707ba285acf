//! `azsql-worker token`: what it prints, and with which code it ends.

use local_azure::tokens::LOCAL_TENANT_ID;

use super::stage::{CLIENT, Stage, end};

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_for_whom_the_token_is_and_not_the_token() {
    let stage = Stage::new().await.with_service_principal();

    let outcome =
        end(stage.start_with(&["--scope", "https://ossrdbms-aad.database.windows.net/.default"])).await;

    assert_eq!(outcome.code, 0);
    let text = outcome.lines.join("\n");
    for expected in [
        "way         environment variables",
        "scope       https://ossrdbms-aad.database.windows.net/.default",
        &format!("tenant      {LOCAL_TENANT_ID}"),
        &format!("client id   {CLIENT}"),
        "expires     20",
        "its signature was not checked",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn print_writes_the_token_alone() {
    let stage = Stage::new().await.with_service_principal();
    let mut worker = stage.start_with(&["--print"]);

    assert!(worker.ended().await.success());

    let [token] = &worker.lines()[..] else { panic!("more than the token") };
    assert!(stage.authority.verifier().verify(token).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_can_not_follow_is_a_usage_error() {
    let stage = Stage::new().await.set("LOGIN", "Server=a;User Id=a;Password=CANARY");
    for (arguments, expected) in [
        (&["--authentication", "ActiveDirectoryNothing"][..], "--authentication ActiveDirectoryNothing"),
        (&["--authentication", "ActiveDirectoryMSI;CANARY"], "takes a name such as ActiveDirectoryDefault"),
        (&["--authentication", "ActiveDirectoryMSI", "--client-id", "x;y"], "--client-id takes a GUID"),
        (&["--authentication", "SqlPassword"], "--authentication SqlPassword"),
        (&["--setting", "NOT_THERE"], "the app setting NOT_THERE is not set"),
        (&["--setting", "LOGIN"], "needs no token"),
        (&["--json", "--print"], "cannot be used with"),
        (&["--setting", "LOGIN", "--client-id", "x"], "cannot be used with"),
    ] {
        let outcome = end(stage.start_with(arguments)).await;
        assert_eq!(outcome.code, 64, "{arguments:?}");
        assert!(outcome.lines.join("\n").contains(expected), "{arguments:?}: {:?}", outcome.lines);
    }
}
