//! The logins of `az` and `azd`, with scripts in their place.

use super::stage::{SCOPE, Stage};

/// Ends in 2100.
const FAR: i64 = 4_102_444_800;

/// `az` as version 2.54 and later answer.
fn az() -> String {
    format!(
        "echo \"$@\" > \"$(dirname \"$0\")/../arguments\" 2>/dev/null\n\
         echo '{{\"accessToken\":\"CANARY\",\"expires_on\":{FAR},\"tokenType\":\"Bearer\"}}'"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_az_gives_a_token() {
    let stage = Stage::new().await.with_tool("az", &az());
    let stage = stage.set("AZURE_TENANT_ID", "contoso.example");
    let path = format!("{}:/usr/bin:/bin", stage.path("bin").display());
    let stage = stage.set("PATH", &path);

    let shown = stage.token("ActiveDirectoryAzCli").await.json();

    assert_eq!((&shown["way"], &shown["expiresAt"]), (&"Azure CLI".into(), &"2100-01-01T00:00:00Z".into()));
    let arguments = std::fs::read_to_string(stage.path("arguments")).unwrap();
    assert_eq!(
        arguments.trim(),
        format!("account get-access-token -o json --scope {SCOPE} --tenant contoso.example")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_azd_gives_a_token() {
    let script = "echo '{\"token\":\"CANARY\",\"expiresOn\":\"2100-01-01T00:00:00Z\"}'";
    let stage = Stage::new().await.with_tool("azd", script);

    let shown = stage.token("ActiveDirectoryAzureDeveloperCli").await.json();

    assert_eq!(
        (&shown["way"], &shown["expiresAt"]),
        (&"Azure Developer CLI".into(), &"2100-01-01T00:00:00Z".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_is_missing_signed_out_or_broken_is_told_with_the_cure() {
    for (tool, method, script, expected) in [
        (
            "other",
            "ActiveDirectoryAzCli",
            "",
            "`az` is not on PATH; install the Azure CLI and run `az login`",
        ),
        ("other", "ActiveDirectoryAzureDeveloperCli", "", "`azd` is not on PATH"),
        (
            "az",
            "ActiveDirectoryAzCli",
            "echo \"ERROR: Please run 'az login' to setup account. CANARY\" >&2; exit 1",
            "nobody is signed in; run `az login`",
        ),
        (
            "azd",
            "ActiveDirectoryAzureDeveloperCli",
            "echo 'ERROR: not logged in, run `azd auth login` CANARY' >&2; exit 1",
            "nobody is signed in; run `azd auth login`",
        ),
        (
            "az",
            "ActiveDirectoryAzCli",
            "echo 'AADSTS700082: the refresh token CANARY has expired. Run az login' >&2; exit 1",
            "(AADSTS700082); the sign-in has ended: sign in again",
        ),
        ("az", "ActiveDirectoryAzCli", "echo CANARY >&2; exit 3", "see what `az account get-access-token"),
        ("az", "ActiveDirectoryAzCli", "echo CANARY", "what the tool printed has no token in it"),
        (
            "az",
            "ActiveDirectoryAzCli",
            "echo '{\"accessToken\":\"CANARY\",\"expires_on\":1000,\"tokenType\":\"Bearer\"}'",
            "the token that came has ended already",
        ),
    ] {
        let stage = Stage::new().await.with_tool(tool, script);

        let sentence = stage.token(method).await.failure();

        assert!(sentence.contains(expected), "{script}: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_hangs_is_ended_with_everything_it_started() {
    // `az` is a script that starts Python, and waits for it.
    let stage = Stage::new().await;
    let pid_file = stage.path("pid");
    let script = format!("sleep 600 &\necho $! > {}\nwait", pid_file.display());
    let stage = stage.with_tool("az", &script).set("PATH", "/nowhere");
    let path = format!("{}:/usr/bin:/bin", stage.path("bin").display());
    let stage = stage.set("PATH", &path);

    let sentence = stage.token("ActiveDirectoryAzCli").await.failure();

    assert!(sentence.contains("no token within 13 s"), "{sentence}");
    let pid: u32 = std::fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
    crate::support::eventually("the tool's child is gone", async || {
        (!crate::support::process::is_alive(pid)).then_some(())
    })
    .await;
}
