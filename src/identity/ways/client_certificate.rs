//! A service principal with a certificate.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientMethodOptions;
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::asking::{Asked, NETWORK_BOUND};
use super::entra::{Application, ApplicationNames, Entra};
use crate::identity::assertion::{CertificateError, Signer};
use crate::identity::{
    ClientCertificate as CertificateFiles, Clock, IdentityEnvironment, IdentityError, SystemClock, Token,
    TokenFetcher, Way,
};

/// See the module. The files are read at every fetch, so that a renewed certificate is taken without a restart.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    way: Way,
    entra: Entra,
    client_id: Option<String>,
    tenant_id: Option<String>,
    files: Option<CertificateFiles>,
}

impl ClientCertificate {
    /// What is None comes from the environment. `way` is what sentences name.
    pub(super) fn new(
        way: Way,
        client_id: Option<String>,
        tenant_id: Option<String>,
        files: Option<CertificateFiles>,
        environment: &IdentityEnvironment,
        entra: Entra,
    ) -> Self {
        let from_environment = || {
            let certificate = environment.client_certificate_path.clone()?;
            Some(CertificateFiles { certificate, key: None })
        };
        Self {
            way,
            entra,
            client_id: client_id.or_else(|| environment.client_id.clone()),
            tenant_id: tenant_id.or_else(|| environment.tenant_id.clone()),
            files: files.or_else(from_environment),
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let unavailable = |reason: String| IdentityError::Unavailable { way: self.way, reason };
        let application = Application::new(
            self.way,
            self.tenant_id.as_deref(),
            self.client_id.as_deref(),
            &ApplicationNames::SDK,
        )?;
        let files = self
            .files
            .as_ref()
            .ok_or_else(|| unavailable("AZURE_CLIENT_CERTIFICATE_PATH is not set".to_owned()))?;
        let endpoint = self.entra.endpoint(self.way, &application.tenant_id, "token")?;
        let assertion = Signer::read(files)
            .and_then(|signer| signer.assertion(&application.client_id, endpoint.as_str(), SystemClock.now()))
            .map_err(|error: CertificateError| unavailable(error.to_string()))?;
        let (recorder, client_options) = self.entra.once(self.way)?;
        let credential = ClientAssertionCredential::new(
            application.tenant_id,
            application.client_id,
            Ready(assertion),
            Some(ClientAssertionCredentialOptions { client_options }),
        )
        .map_err(|_| unavailable("the client id is empty".to_owned()))?;
        Asked::entra(self.way).ask(&recorder, credential.get_token(&[scope], None)).await
    }
}

impl TokenFetcher for ClientCertificate {
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

/// An assertion that is signed already; it is used once.
#[derive(Debug)]
struct Ready(SecretString);

#[async_trait]
impl ClientAssertion for Ready {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}
