//! Workload identity: a token of another issuer in a file, as Kubernetes writes it, exchanged for Entra's.

use std::path::PathBuf;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_identity::{
    ClientAssertionCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::asking::{Asked, NETWORK_BOUND};
use super::entra::{Application, ApplicationNames, Entra};
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

const WAY: Way = Way::WorkloadIdentity;

/// See the module. The file is read at every fetch: Kubernetes writes it anew within the hour.
#[derive(Debug)]
pub(crate) struct WorkloadIdentity {
    entra: Entra,
    client_id: Option<String>,
    tenant_id: Option<String>,
    token_file: Option<PathBuf>,
}

impl WorkloadIdentity {
    /// `client_id` goes before that of the environment.
    pub(super) fn new(client_id: Option<String>, environment: &IdentityEnvironment, entra: Entra) -> Self {
        Self {
            entra,
            client_id: client_id.or_else(|| environment.client_id.clone()),
            tenant_id: environment.tenant_id.clone(),
            token_file: environment.federated_token_file.clone(),
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let unavailable = |reason: String| IdentityError::Unavailable { way: WAY, reason };
        let path = self.token_file.clone().ok_or_else(|| {
            unavailable(
                "AZURE_FEDERATED_TOKEN_FILE is not set; on Kubernetes label the pod azure.workload.identity/use".to_owned(),
            )
        })?;
        let application = Application::new(
            WAY,
            self.tenant_id.as_deref(),
            self.client_id.as_deref(),
            &ApplicationNames::SDK,
        )?;
        let (recorder, client_options) = self.entra.once(WAY)?;
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions { client_options },
            client_id: Some(application.client_id),
            tenant_id: Some(application.tenant_id),
            token_file_path: Some(path),
        };
        // It reads the file, a small one on a local disk.
        let credential = WorkloadIdentityCredential::new(Some(options)).map_err(|_| {
            unavailable(
                "the file of AZURE_FEDERATED_TOKEN_FILE can't be read; check its path and rights".to_owned(),
            )
        })?;
        Asked::entra(WAY).ask(&recorder, credential.get_token(&[scope], None)).await
    }
}

impl TokenFetcher for WorkloadIdentity {
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
