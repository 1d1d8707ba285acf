//! `ActiveDirectoryDefault`: which source it takes, and what it says when there is none.

use super::stage::{Stage, end};

const AZ: &str = "echo '{\"accessToken\":\"CANARY\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}'";
const AZD: &str = "echo '{\"token\":\"CANARY\",\"expiresOn\":\"2100-01-01T00:00:00Z\"}'";

const DEFAULT: &str = "ActiveDirectoryDefault";

#[tokio::test(flavor = "multi_thread")]
async fn at_a_desk_the_login_of_a_tool_is_found_and_az_goes_before_azd() {
    let stage = Stage::new().await.with_tool("azd", AZD);
    assert_eq!(stage.token(DEFAULT).await.json()["way"], "Azure Developer CLI");

    let stage = stage.with_tool("az", AZ);
    assert_eq!(stage.token(DEFAULT).await.json()["way"], "Azure CLI");
    assert_eq!(
        end(stage.start_with(&["--json"])).await.json()["way"],
        "Azure CLI",
        "it is what runs without options"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_goes_before_the_tools() {
    let stage = Stage::new().await.with_tool("az", AZ).with_service_principal();
    assert_eq!(stage.token(DEFAULT).await.json()["way"], "environment variables");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_principal_that_is_refused_is_not_replaced_by_whoever_is_signed_in() {
    let stage = Stage::new()
        .await
        .with_tool("az", AZ)
        .with_service_principal()
        .set("AZURE_CLIENT_SECRET", "CANARY-WRONG");

    let sentence = stage.token(DEFAULT).await.failure();

    assert!(sentence.contains("AADSTS7000215") && !sentence.contains("Azure CLI"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_be_read_does_not_make_it_whoever_is_signed_in() {
    for variable in ["AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"] {
        let stage = Stage::new().await.with_tool("az", AZ).with_service_principal();
        let stage = stage.set("AZURE_CLIENT_SECRET", "").set(variable, "/nowhere/CANARY");

        let sentence = stage.token(DEFAULT).await.failure();

        assert!(sentence.contains("can't be read") && !sentence.contains("Azure CLI"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_source_each_is_named_with_its_reason_in_turn() {
    let sentence = Stage::new().await.token(DEFAULT).await.failure();

    let mut rest = sentence.as_str();
    for expected in [
        "1. environment variables: neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set",
        "2. workload identity: AZURE_FEDERATED_TOKEN_FILE is not set",
        "3. managed identity: IDENTITY_ENDPOINT and IDENTITY_HEADER are not set",
        "4. Azure CLI: `az` is not on PATH",
        "5. Azure Developer CLI: `azd` is not on PATH",
    ] {
        let (_, after) = rest.split_once(expected).unwrap_or_else(|| panic!("{expected}: {sentence}"));
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_token_credentials_narrows_the_sources() {
    let stage = Stage::new().await.with_tool("az", AZ).with_tool("azd", AZD).with_service_principal();
    for (value, way) in [
        ("dev", "Azure CLI"),
        ("prod", "environment variables"),
        ("AzureDeveloperCliCredential", "Azure Developer CLI"),
        ("environmentcredential", "environment variables"),
    ] {
        let narrowed = Stage::new().await.with_tool("az", AZ).with_tool("azd", AZD).with_service_principal();
        let shown = narrowed.set("AZURE_TOKEN_CREDENTIALS", value).token(DEFAULT).await.json();
        assert_eq!(shown["way"], way, "{value}");
    }
    let sentence = stage.set("AZURE_TOKEN_CREDENTIALS", "CANARY").token(DEFAULT).await.failure();
    assert!(sentence.contains("AZURE_TOKEN_CREDENTIALS must be dev, prod or one of"), "{sentence}");
}
