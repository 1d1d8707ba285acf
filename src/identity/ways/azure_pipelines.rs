//! A service connection of Azure Pipelines: the pipeline's own token for an assertion, the assertion for Entra's token.

use std::time::Duration;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::Url;
use azure_identity::{
    AzurePipelinesCredential, AzurePipelinesCredentialOptions, ClientAssertionCredentialOptions,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;

use super::asking::{Asked, NETWORK_BOUND};
use super::entra::{Application, ApplicationNames, Entra};
use crate::identity::transport::Reply;
use crate::identity::{
    IdentityEnvironment, IdentityError, PipelineSettings, Token, TokenFetcher, Way, cures,
};

const WAY: Way = Way::AzurePipelines;

const NAMES: ApplicationNames =
    ApplicationNames { tenant_id: "AZURESUBSCRIPTION_TENANT_ID", client_id: "AZURESUBSCRIPTION_CLIENT_ID" };

/// See the module.
#[derive(Debug)]
pub(crate) struct AzurePipelines {
    entra: Entra,
    settings: PipelineSettings,
}

impl AzurePipelines {
    pub(super) fn new(environment: &IdentityEnvironment, entra: Entra) -> Self {
        Self { entra, settings: environment.pipeline.clone() }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let unavailable = |reason: &str| IdentityError::Unavailable { way: WAY, reason: reason.to_owned() };
        let settings = &self.settings;
        let uri = settings.request_uri.as_deref().ok_or_else(|| {
            unavailable("SYSTEM_OIDCREQUESTURI is not set: this is no task of Azure Pipelines")
        })?;
        // The pipeline's own token goes there.
        if !Url::parse(uri).is_ok_and(|uri| uri.scheme() == "https") {
            return Err(unavailable("SYSTEM_OIDCREQUESTURI must be an address that begins with https://"));
        }
        let application =
            Application::new(WAY, settings.tenant_id.as_deref(), settings.client_id.as_deref(), &NAMES)?;
        let connection = settings.service_connection_id.as_deref().ok_or_else(|| {
            unavailable(
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is not set: run in an AzureCLI@2 or AzurePowerShell@5 task",
            )
        })?;
        let token = settings.access_token.as_ref().ok_or_else(|| {
            unavailable("SYSTEM_ACCESSTOKEN is not set: give the task `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`")
        })?;
        let (recorder, client_options) = self.entra.once(WAY)?;
        let options = AzurePipelinesCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options },
        };
        let credential = AzurePipelinesCredential::new(
            application.tenant_id,
            application.client_id,
            connection,
            Secret::new(token.expose_secret().to_owned()),
            Some(options),
        )
        .map_err(|_| unavailable("SYSTEM_OIDCREQUESTURI is no address"))?;
        let asked = Asked { refused, ..Asked::entra(WAY) };
        asked.ask(&recorder, credential.get_token(&[scope], None)).await
    }
}

/// Azure DevOps has no AADSTS numbers; Entra has.
fn refused(reply: &Reply) -> String {
    match (reply.code, reply.status) {
        (None, 300..500) if reply.status != 429 => {
            "check AZURESUBSCRIPTION_SERVICE_CONNECTION_ID, SYSTEM_ACCESSTOKEN and that the pipeline may use the service \
             connection"
                .to_owned()
        }
        _ => cures::entra(reply),
    }
}

impl TokenFetcher for AzurePipelines {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        NETWORK_BOUND
    }

    fn way(&self) -> Way {
        WAY
    }
}
