//! Applications: with a secret, out of the environment, with a federated token, in a pipeline.

use std::collections::BTreeMap;

use local_azure::authority::{Application, Pipeline};
use local_azure::sql::Credential;
use local_azure::tokens::LOCAL_TENANT_ID;

use super::stage::{CLIENT, SCOPE, SECRET, Stage};
use crate::support::Desk;

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sent_once_to_the_tenants_token_endpoint() {
    let stage = Stage::new().await.with_service_principal();

    let shown = stage.token("ActiveDirectoryServicePrincipal").await.json();

    assert_eq!((&shown["way"], &shown["scope"]), (&"client secret".into(), &SCOPE.into()));
    assert_eq!((&shown["clientId"], &shown["tenantId"]), (&CLIENT.into(), &LOCAL_TENANT_ID.into()));
    let [request] = &stage.requests()[..] else { panic!("{:?}", stage.requests()) };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", format!("/{LOCAL_TENANT_ID}/oauth2/v2.0/token").as_str())
    );
    assert_eq!(
        request.fields,
        fields(&[("client_id", CLIENT), ("grant_type", "client_credentials"), ("scope", SCOPE)])
    );
    assert_eq!(request.secret_fields.iter().collect::<Vec<_>>(), ["client_secret"]);
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_alone_is_enough() {
    let stage = Stage::new().await.with_service_principal();

    let shown = stage.token("ActiveDirectoryEnvironment").await.json();

    assert_eq!((&shown["way"], &shown["clientId"]), (&"environment variables".into(), &CLIENT.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_told_with_its_number_and_not_repeated() {
    let stage = Stage::new().await.with_service_principal().set("AZURE_CLIENT_SECRET", "CANARY-WRONG");

    let sentence = stage.token("ActiveDirectoryEnvironment").await.failure();

    assert!(sentence.contains("HTTP 401") && sentence.contains("AADSTS7000215"), "{sentence}");
    assert!(sentence.contains("give the secret's value, not its id"), "{sentence}");
    assert_eq!(stage.requests().len(), 1, "a refusal is not asked about again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_no_tenant_is_named_and_nobody_is_asked() {
    for (variable, value, expected) in [
        ("AZURE_CLIENT_ID", "", "AZURE_CLIENT_ID is not set"),
        ("AZURE_TENANT_ID", "", "AZURE_TENANT_ID is not set"),
        ("AZURE_TENANT_ID", "a/CANARY", "neither a GUID nor a domain name"),
        ("AZURE_CLIENT_SECRET", "", "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH"),
        ("AZURE_AUTHORITY_HOST", "http://CANARY", "must be an address that begins with https://"),
        (
            "AZURE_AUTHORITY_HOST",
            "https://a:CANARY@localhost",
            "must be an address that begins with https://",
        ),
    ] {
        let stage = Stage::new().await.with_service_principal().set(variable, value);

        let sentence = stage.token("ActiveDirectoryEnvironment").await.failure();

        assert!(sentence.contains(expected), "{sentence}");
        assert_eq!(stage.requests(), []);
    }
}

/// A pod with its federated token.
pub(super) async fn pod() -> Stage {
    let assertion = "CANARY.federated.assertion";
    let federated = Application::new(CLIENT).with_federated_assertion(assertion);
    Stage::with(|options| local_azure::authority::AuthorityOptions {
        applications: vec![federated],
        ..options
    })
    .await
    .set("AZURE_TENANT_ID", LOCAL_TENANT_ID)
    .set("AZURE_CLIENT_ID", CLIENT)
    .with_file("AZURE_FEDERATED_TOKEN_FILE", assertion)
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_default_takes_the_user_id_for_workload_identity_too() {
    let stage = pod().await.set("AZURE_CLIENT_ID", "c0000000-0000-4000-8000-00000000000f");

    let arguments = ["--authentication", "ActiveDirectoryDefault", "--client-id", CLIENT, "--json"];
    let shown = super::stage::end(stage.start_with(&arguments)).await.json();

    assert_eq!((&shown["way"], &shown["clientId"]), (&"workload identity".into(), &CLIENT.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federated_token_is_read_from_its_file_and_exchanged() {
    let stage = pod().await;

    let shown = stage.token("ActiveDirectoryWorkloadIdentity").await.json();

    assert_eq!((&shown["way"], &shown["clientId"]), (&"workload identity".into(), &CLIENT.into()));
    let [request] = &stage.requests()[..] else { panic!("{:?}", stage.requests()) };
    assert_eq!(
        request.fields,
        fields(&[
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_id", CLIENT),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
        ])
    );
    assert_eq!(request.secret_fields.iter().collect::<Vec<_>>(), ["client_assertion"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_file_a_workload_identity_is_told_what_to_do() {
    let stage = Stage::new().await.with_service_principal();
    let sentence = stage.token("ActiveDirectoryWorkloadIdentity").await.failure();
    assert!(sentence.contains("AZURE_FEDERATED_TOKEN_FILE is not set"), "{sentence}");

    let stage = stage.set("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/CANARY");
    let sentence = stage.token("ActiveDirectoryWorkloadIdentity").await.failure();
    assert!(sentence.contains("can't be read"), "{sentence}");
}

/// A job of Azure Pipelines with its service connection.
pub(super) async fn pipeline() -> Stage {
    let pipeline = Pipeline {
        service_connection_id: "5c000000-0000-4000-8000-000000000001".to_owned(),
        system_access_token: "CANARY-system-access".into(),
        assertion: "CANARY.pipeline.assertion".into(),
    };
    let application = Application::new(CLIENT).with_federated_assertion("CANARY.pipeline.assertion");
    let stage = Stage::with(|options| local_azure::authority::AuthorityOptions {
        applications: vec![application],
        pipeline: Some(pipeline),
        ..options
    })
    .await
    .set("AZURESUBSCRIPTION_CLIENT_ID", CLIENT)
    .set("AZURESUBSCRIPTION_TENANT_ID", LOCAL_TENANT_ID)
    .set("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "5c000000-0000-4000-8000-000000000001")
    .set("SYSTEM_ACCESSTOKEN", "CANARY-system-access");
    let uri = stage.authority.oidc_request_uri();
    stage.set("SYSTEM_OIDCREQUESTURI", &uri)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_asks_azure_devops_for_an_assertion_and_entra_for_the_token() {
    let stage = pipeline().await;

    let shown = stage.token("ActiveDirectoryAzurePipelines").await.json();

    assert_eq!((&shown["way"], &shown["clientId"]), (&"Azure Pipelines".into(), &CLIENT.into()));
    let [devops, entra] = &stage.requests()[..] else { panic!("{:?}", stage.requests()) };
    assert_eq!((devops.method.as_str(), devops.path.as_str()), ("POST", "/oidc"));
    assert_eq!(devops.fields["serviceConnectionId"], "5c000000-0000-4000-8000-000000000001");
    assert_eq!(devops.headers["x-tfs-fedauthredirect"], "Suppress");
    assert!(devops.other_headers.contains("authorization"));
    assert!(entra.secret_fields.contains("client_assertion"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_without_its_token_or_connection_is_told_what_to_give_it() {
    for (variable, value, expected) in [
        ("SYSTEM_ACCESSTOKEN", "", "$(System.AccessToken)"),
        (
            "SYSTEM_ACCESSTOKEN",
            "CANARY-WRONG",
            "check AZURESUBSCRIPTION_SERVICE_CONNECTION_ID, SYSTEM_ACCESSTOKEN",
        ),
        ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "", "AzureCLI@2"),
        ("SYSTEM_OIDCREQUESTURI", "", "no task of Azure Pipelines"),
        ("SYSTEM_OIDCREQUESTURI", "http://127.0.0.1:9/oidc", "begins with https://"),
    ] {
        let stage = pipeline().await.set(variable, value);

        let sentence = stage.token("ActiveDirectoryAzurePipelines").await.failure();

        assert!(sentence.contains(expected), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_connection_string_goes_before_the_environments() {
    let stage = Stage::new().await.with_service_principal().set("AZURE_CLIENT_SECRET", "CANARY-WRONG").set(
        "SHOP",
        &format!(
            "Server=a.database.windows.net;Authentication=ActiveDirectoryServicePrincipal;User Id={CLIENT};\
             Password='{SECRET}'"
        ),
    );

    let outcome = super::stage::end(stage.start_with(&["--setting", "SHOP", "--json"])).await;

    assert_eq!(outcome.json()["clientId"], CLIENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_at_trace_level_logs_in_with_the_token_and_writes_no_secret() {
    let stage = Stage::new().await;
    let ca = stage.path("ca.pem").to_string_lossy().into_owned();
    let desk = Desk::builder()
        .connection(|port| {
            format!(
                "Server=tcp:localhost,{port};Database=sample;TrustServerCertificate=true;\
                 Authentication=ActiveDirectoryServicePrincipal;User Id={CLIENT}@{LOCAL_TENANT_ID};Password='{SECRET}'"
            )
        })
        .setting("AZURE_AUTHORITY_HOST", &stage.authority.url())
        .setting("AZSQL_TRUST_CA", &ca)
        .start()
        .await;

    // The server trusts another issuer than this authority, so the login itself is refused.
    let problem = desk.get("/api/sql/ping").await.problem_for_caller(500, "database");

    assert_eq!(problem["sqlError"], 18456);
    assert_eq!(desk.worker_logins()[0].credential, Credential::Token);
    assert!(!stage.requests().is_empty());
    desk.finish().await;
}
