//! Tokens for the server: a managed identity's, through `azure_identity`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use secrecy::SecretString;

use crate::identity::{Cloud, IdentityEnvironment, IdentityError, Method, Token, Way};

/// Bound on getting a token. The library's own retry would hold a caller for 81 s behind an endpoint that answers 500.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(8);

/// One identity's tokens for one server. The credential, which caches, is built at the first use: building it takes
/// longer than the whole rest of the start.
pub(super) struct TokenSource {
    method: Method,
    environment: IdentityEnvironment,
    scope: &'static str,
    credential: Mutex<Option<Arc<ManagedIdentityCredential>>>,
}

impl TokenSource {
    /// `host` tells the cloud, and so the scope.
    pub(super) fn new(method: Method, environment: IdentityEnvironment, host: &str) -> Self {
        let scope = Cloud::of_server(host).sql_scope();
        Self { method, environment, scope, credential: Mutex::new(None) }
    }

    fn client_id(&self) -> Option<String> {
        match &self.method {
            Method::ManagedIdentity { client_id } => {
                client_id.clone().or_else(|| self.environment.client_id.clone())
            }
            _ => None,
        }
    }

    /// A token that holds for at least the five minutes that the library's cache keeps in hand.
    pub(super) async fn token(&self) -> Result<Token, IdentityError> {
        let credential = self.credential()?;
        let scopes = [self.scope];
        match tokio::time::timeout(TOKEN_TIMEOUT, credential.get_token(&scopes, None)).await {
            Err(_) => Err(IdentityError::Timeout {
                way: Way::ManagedIdentity,
                bound: TOKEN_TIMEOUT,
                cure: "the identity endpoint does not answer; try again later",
            }),
            Ok(Err(error)) => {
                let status = http_status(&error);
                Err(IdentityError::Refused {
                    way: Way::ManagedIdentity,
                    status,
                    code: None,
                    retry_after: None,
                    cure: cure(status, self.client_id().is_some()).to_owned(),
                })
            }
            Ok(Ok(token)) => Ok(Token {
                secret: SecretString::from(token.token.secret().to_owned()),
                expires_at: token.expires_on.unix_timestamp(),
            }),
        }
    }

    /// Forgets the cached token after the server refused it; the library has no other way than a new credential.
    pub(super) fn forget(&self) {
        *self.credential.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn credential(&self) -> Result<Arc<ManagedIdentityCredential>, IdentityError> {
        let mut credential = self.credential.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credential) = &*credential {
            return Ok(Arc::clone(credential));
        }
        // Without this check the library would ask IMDS, which takes 72 s to fail off Azure.
        if !self.environment.has_identity_endpoint {
            return Err(no_endpoint());
        }
        let retry = RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 2,
            ..ExponentialRetryOptions::default()
        });
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id().map(UserAssignedId::ClientId),
            client_options: ClientOptions { retry, ..ClientOptions::default() },
        };
        let new = ManagedIdentityCredential::new(Some(options)).map_err(|_| no_endpoint())?;
        *credential = Some(Arc::clone(&new));
        Ok(new)
    }
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSource").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The HTTP status behind an error of the library, which wraps it in errors of its own.
fn http_status(error: &azure_core::Error) -> Option<u16> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(azure) = current.downcast_ref::<azure_core::Error>()
            && let Some(status) = azure.http_status()
        {
            return Some(u16::from(status));
        }
        source = current.source();
    }
    None
}

fn no_endpoint() -> IdentityError {
    IdentityError::Unavailable {
        way: Way::ManagedIdentity,
        reason: "IDENTITY_ENDPOINT and IDENTITY_HEADER are not set; in Azure assign an identity to the Function App, at the \
                 desk run `azsql-worker dev`"
            .to_owned(),
    }
}

/// The endpoint is overloaded or broken; it says nothing about the identity.
fn is_endpoints_own(status: u16) -> bool {
    status == 429 || status >= 500
}

fn cure(status: Option<u16>, user_assigned: bool) -> &'static str {
    if status.is_some_and(is_endpoints_own) {
        "the fault is its own; try again later"
    } else if user_assigned {
        "check that the identity is assigned to the Function App and that User Id or AZURE_CLIENT_ID is its client id"
    } else {
        "check that the identity is assigned to the Function App"
    }
}
