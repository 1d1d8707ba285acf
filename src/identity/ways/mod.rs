//! The ways to a token, one file each, and which of them a [`Method`] takes.

mod asking;
mod azure_pipelines;
mod client_certificate;
mod client_secret;
mod command_line;
mod device_code;
mod entra;
mod environment;
mod interactive;
mod managed_identity;
mod person;
mod token_file;
mod workload_identity;

use std::sync::Arc;

use azure_pipelines::AzurePipelines;
use client_certificate::ClientCertificate;
use client_secret::ClientSecret;
use command_line::{CommandLine, Tool};
use device_code::DeviceCode;
use entra::Entra;
use environment::Environment;
use interactive::Interactive;
use managed_identity::{ManagedIdentity, MetadataService};
use token_file::TokenFile;
use workload_identity::WorkloadIdentity;

use super::chain::{Chain, Selection, Source};
use super::transport::Transport;
use super::{Cloud, IdentityEnvironment, Method, TokenFetcher, Way};

/// The way that `method` takes with what `environment` gives. `cloud` is that of the server, and tells the authority
/// where the environment names none.
///
/// Nothing is asked and no file is read until the first token is. Here for a resource that the worker itself has nothing to
/// do with, Azure Database for PostgreSQL:
///
/// ```
/// use azsql_worker::identity::{Cloud, IdentityEnvironment, IdentityError, Method, Token, fetcher_of};
///
/// async fn token_for_postgres() -> Result<Token, IdentityError> {
///     let environment = IdentityEnvironment::read(&|name| std::env::var(name).ok(), None);
///     let fetcher = fetcher_of(&Method::Default { client_id: None }, &environment, Cloud::Public);
///     fetcher.fetch("https://ossrdbms-aad.database.windows.net/.default").await
/// }
/// ```
#[must_use]
pub fn fetcher_of(method: &Method, environment: &IdentityEnvironment, cloud: Cloud) -> Arc<dyn TokenFetcher> {
    let transport = Transport::new(environment);
    let entra = || Entra::new(environment, cloud, &transport);
    match method.clone() {
        Method::Default { client_id } => Arc::new(default_chain(client_id, environment, cloud, &transport)),
        Method::ManagedIdentity { client_id } => {
            Arc::new(ManagedIdentity::new(client_id, MetadataService::Ask, environment, &transport))
        }
        Method::ClientSecret { client_id, tenant_id, secret } => {
            Arc::new(ClientSecret::new(Way::ClientSecret, client_id, tenant_id, secret, environment, entra()))
        }
        Method::ClientCertificate { client_id, tenant_id, certificate } => Arc::new(ClientCertificate::new(
            Way::ClientCertificate,
            client_id,
            tenant_id,
            certificate,
            environment,
            entra(),
        )),
        Method::Environment => Arc::new(Environment::new(environment, entra())),
        Method::WorkloadIdentity { client_id } => {
            Arc::new(WorkloadIdentity::new(client_id, environment, entra()))
        }
        Method::AzureCli => Arc::new(CommandLine::new(Tool::Az, environment)),
        Method::AzureDeveloperCli => Arc::new(CommandLine::new(Tool::Azd, environment)),
        Method::AzurePipelines => Arc::new(AzurePipelines::new(environment, entra())),
        Method::TokenFile(path) => Arc::new(TokenFile::new(path)),
        Method::Interactive { login_hint } => Arc::new(Interactive::new(login_hint, environment, entra())),
        Method::DeviceCode => Arc::new(DeviceCode::new(environment, entra())),
    }
}

/// The sources of `ActiveDirectoryDefault`, in their order. `client_id` is for workload and managed identity, as SqlClient
/// has it (`ActiveDirectoryAuthenticationProvider`).
fn default_chain(
    client_id: Option<String>,
    environment: &IdentityEnvironment,
    cloud: Cloud,
    transport: &Transport,
) -> Chain {
    let entra = || Entra::new(environment, cloud, transport);
    let selection = Selection::parse(environment.token_credentials.as_deref());
    let metadata = if selection == Ok(Selection::Only(Way::ManagedIdentity)) {
        MetadataService::Ask
    } else {
        MetadataService::Leave
    };
    let has_tenant = environment.tenant_id.is_some();
    let is_application = environment.client_secret.is_some() || environment.client_certificate_path.is_some();
    let is_pod = environment.federated_token_file.is_some();
    let has_client = client_id.is_some() || environment.client_id.is_some();
    let source = |way, fetcher| Source {
        way,
        fetcher,
        is_set_up: match way {
            Way::Environment => is_application && has_tenant && environment.client_id.is_some(),
            Way::WorkloadIdentity => is_pod && has_tenant && has_client,
            Way::ManagedIdentity => environment.has_identity_endpoint,
            _ => false,
        },
    };
    Chain::new(
        vec![
            source(Way::Environment, Arc::new(Environment::new(environment, entra()))),
            source(
                Way::WorkloadIdentity,
                Arc::new(WorkloadIdentity::new(client_id.clone(), environment, entra())),
            ),
            source(
                Way::ManagedIdentity,
                Arc::new(ManagedIdentity::new(client_id, metadata, environment, transport)),
            ),
            source(Way::AzureCli, Arc::new(CommandLine::new(Tool::Az, environment))),
            source(Way::AzureDeveloperCli, Arc::new(CommandLine::new(Tool::Azd, environment))),
        ],
        selection,
    )
}
