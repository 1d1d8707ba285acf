//! A service principal with a secret.

use std::time::Duration;

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::asking::{Asked, NETWORK_BOUND};
use super::entra::{Application, ApplicationNames, Entra};
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

/// See the module.
#[derive(Debug)]
pub(crate) struct ClientSecret {
    way: Way,
    entra: Entra,
    client_id: Option<String>,
    tenant_id: Option<String>,
    secret: Option<SecretString>,
}

impl ClientSecret {
    /// What is None comes from the environment. `way` is what sentences name.
    pub(super) fn new(
        way: Way,
        client_id: Option<String>,
        tenant_id: Option<String>,
        secret: Option<SecretString>,
        environment: &IdentityEnvironment,
        entra: Entra,
    ) -> Self {
        Self {
            way,
            entra,
            client_id: client_id.or_else(|| environment.client_id.clone()),
            tenant_id: tenant_id.or_else(|| environment.tenant_id.clone()),
            secret: secret.or_else(|| environment.client_secret.clone()),
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let unavailable =
            |reason: &str| IdentityError::Unavailable { way: self.way, reason: reason.to_owned() };
        let application = Application::new(
            self.way,
            self.tenant_id.as_deref(),
            self.client_id.as_deref(),
            &ApplicationNames::SDK,
        )?;
        let secret = self.secret.as_ref().ok_or_else(|| unavailable("AZURE_CLIENT_SECRET is not set"))?;
        let (recorder, client_options) = self.entra.once(self.way)?;
        let credential = ClientSecretCredential::new(
            &application.tenant_id,
            application.client_id,
            Secret::new(secret.expose_secret().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|_| unavailable("the secret is empty"))?;
        Asked::entra(self.way).ask(&recorder, credential.get_token(&[scope], None)).await
    }
}

impl TokenFetcher for ClientSecret {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        NETWORK_BOUND
    }

    fn way(&self) -> Way {
        self.way
    }
}
