//! Tokens for the server: a managed identity's, through `azure_identity`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use secrecy::SecretString;

/// Bound on getting a token. The library's own retry would hold a caller for 81 s behind an endpoint that answers 500.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(8);

/// A login token with its end.
#[derive(Clone, Debug)]
pub(super) struct LoginToken {
    pub(super) secret: SecretString,
    /// Seconds since the Unix epoch.
    pub(super) expires_at: i64,
}

/// Why there is no token. No variant holds a token or an endpoint's reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The process runs where no managed identity can be.
    #[error(
        "no managed identity here: IDENTITY_ENDPOINT and IDENTITY_HEADER are not set; in Azure assign an identity to \
         the Function App, at the desk run `azsql-worker dev`"
    )]
    NoEndpoint,
    /// The endpoint didn't answer in time.
    #[error("the identity endpoint gave no token within {} s", TOKEN_TIMEOUT.as_secs())]
    Timeout,
    /// The endpoint refused, or failed.
    #[error(
        "the identity endpoint gave no token{}: {}",
        status.map(|status| format!(" (HTTP {status})")).unwrap_or_default(),
        cure(*status, *user_assigned)
    )]
    Refused {
        /// The endpoint's HTTP status.
        status: Option<u16>,
        /// Whether a user-assigned identity was asked for.
        user_assigned: bool,
    },
}

impl IdentityError {
    /// Whether another call may get a token without anybody mending something.
    #[must_use]
    pub fn goes_by(&self) -> bool {
        match self {
            Self::NoEndpoint => false,
            Self::Timeout => true,
            Self::Refused { status, .. } => status.is_some_and(is_endpoints_own),
        }
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

/// One identity's tokens for one server. The credential, which caches, is built at the first use: building it takes
/// longer than the whole rest of the start.
pub(super) struct TokenSource {
    client_id: Option<String>,
    scope: String,
    credential: Mutex<Option<Arc<ManagedIdentityCredential>>>,
}

impl TokenSource {
    /// `client_id` selects a user-assigned identity; `host` tells the cloud, and so the scope.
    pub(super) fn managed_identity(client_id: Option<String>, host: &str) -> Self {
        Self { client_id, scope: scope_of(host).to_owned(), credential: Mutex::new(None) }
    }

    /// A token that holds for at least the five minutes that the library's cache keeps in hand.
    pub(super) async fn token(&self) -> Result<LoginToken, IdentityError> {
        let credential = self.credential()?;
        let scopes = [self.scope.as_str()];
        match tokio::time::timeout(TOKEN_TIMEOUT, credential.get_token(&scopes, None)).await {
            Err(_) => Err(IdentityError::Timeout),
            Ok(Err(error)) => Err(IdentityError::Refused {
                status: http_status(&error),
                user_assigned: self.client_id.is_some(),
            }),
            Ok(Ok(token)) => Ok(LoginToken {
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
        if std::env::var_os("IDENTITY_ENDPOINT").is_none() || std::env::var_os("IDENTITY_HEADER").is_none() {
            return Err(IdentityError::NoEndpoint);
        }
        let retry = RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 2,
            ..ExponentialRetryOptions::default()
        });
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id.clone().map(UserAssignedId::ClientId),
            client_options: ClientOptions { retry, ..ClientOptions::default() },
        };
        let new = ManagedIdentityCredential::new(Some(options)).map_err(|_| IdentityError::NoEndpoint)?;
        *credential = Some(Arc::clone(&new));
        Ok(new)
    }
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSource").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The scope of Azure SQL in the cloud that the server's name belongs to.
fn scope_of(host: &str) -> &'static str {
    let host = host.to_ascii_lowercase();
    if host.ends_with(".usgovcloudapi.net") {
        "https://database.usgovcloudapi.net/.default"
    } else if host.ends_with(".chinacloudapi.cn") {
        "https://database.chinacloudapi.cn/.default"
    } else {
        "https://database.windows.net/.default"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_follows_the_cloud_of_the_server() {
        assert_eq!(scope_of("a.database.windows.net"), "https://database.windows.net/.default");
        assert_eq!(scope_of("A.Database.UsGovCloudApi.net"), "https://database.usgovcloudapi.net/.default");
        assert_eq!(scope_of("a.database.chinacloudapi.cn"), "https://database.chinacloudapi.cn/.default");
        assert_eq!(scope_of("127.0.0.1"), "https://database.windows.net/.default");
    }
}
