//! Where a library finds the addresses, and the program that serves them alone.

use std::process::Stdio;

use local_azure::authority::{Application, Authority};
use local_azure::tokens::LOCAL_TENANT_ID;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::client::{CLIENT, Reply, client, read, start_with};

async fn configuration(authority: &Authority, tenant: &str) -> Reply {
    let url = format!("{}/{tenant}/v2.0/.well-known/openid-configuration", authority.url());
    read(client(authority).get(url).send().await.unwrap()).await
}

#[tokio::test]
async fn the_configuration_names_the_addresses_of_the_tenant_that_was_asked_for() {
    let authority = start_with(Application::new(CLIENT)).await;

    let own = configuration(&authority, LOCAL_TENANT_ID).await.json();
    let shared = configuration(&authority, "organizations").await.json();

    assert_eq!(own["token_endpoint"], authority.token_url(LOCAL_TENANT_ID));
    assert_eq!(shared["token_endpoint"], authority.token_url("organizations"));
    assert_eq!(
        (&own["issuer"], &own["code_challenge_methods_supported"][0]),
        (&shared["issuer"], &"S256".into())
    );
    assert_eq!(configuration(&authority, "contoso.example").await.error().2, 90_002);
    authority.stop().await;
}

#[tokio::test]
async fn the_program_prints_what_a_client_needs_and_writes_the_ca() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_local-azure"))
        .args(["authority", "--ca-out"])
        .arg(&ca_file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let setting = |name: &str| {
        let start = format!("{name}=");
        line.split(' ').find_map(|word| word.strip_prefix(start.as_str())).unwrap().to_owned()
    };

    let ca = reqwest::Certificate::from_pem(&std::fs::read(&ca_file).unwrap()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &setting("AZURE_CLIENT_ID"))
        .append_pair("client_secret", &setting("AZURE_CLIENT_SECRET"))
        .append_pair("scope", "https://database.windows.net/.default")
        .finish();
    let address = format!("{}/{}", setting("AZURE_AUTHORITY_HOST"), setting("AZURE_TENANT_ID"));
    let reply = client
        .post(format!("{address}/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let pid = program.id().unwrap().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let ended = program.wait().await.unwrap();

    assert!(line.starts_with("ready authority "));
    assert_eq!((reply.status().as_u16(), asked.success(), ended.success()), (200, true, true));
}
