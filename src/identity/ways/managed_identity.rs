//! A managed identity's token, through `azure_identity`.

use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

/// Bound on getting a token. The library's own retry would hold a caller for 81 s behind an endpoint that answers 500.
const BOUND: Duration = Duration::from_secs(8);

/// See the module.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    /// The client id of a user-assigned identity; None is the system-assigned one.
    client_id: Option<String>,
    has_endpoint: bool,
}

impl ManagedIdentity {
    /// `client_id` goes before that of the environment.
    pub(super) fn new(client_id: Option<String>, environment: &IdentityEnvironment) -> Self {
        Self {
            client_id: client_id.or_else(|| environment.client_id.clone()),
            has_endpoint: environment.has_identity_endpoint,
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        // Without this check the library would ask IMDS, which takes 72 s to fail off Azure.
        if !self.has_endpoint {
            return Err(no_endpoint());
        }
        let retry = RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: 2,
            ..ExponentialRetryOptions::default()
        });
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id.clone().map(UserAssignedId::ClientId),
            client_options: ClientOptions { retry, ..ClientOptions::default() },
        };
        // A new one each time: its cache would hand out the old token until 300 s are left of it.
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|_| no_endpoint())?;
        match tokio::time::timeout(BOUND, credential.get_token(&[scope], None)).await {
            Err(_) => Err(IdentityError::Timeout {
                way: Way::ManagedIdentity,
                bound: BOUND,
                cure: "the identity endpoint does not answer; try again later",
            }),
            Ok(Err(error)) => {
                let status = http_status(&error);
                Err(IdentityError::Refused {
                    way: Way::ManagedIdentity,
                    status,
                    code: None,
                    retry_after: None,
                    cure: cure(status, self.client_id.is_some()).to_owned(),
                })
            }
            Ok(Ok(token)) => Ok(Token {
                secret: SecretString::from(token.token.secret().to_owned()),
                expires_at: token.expires_on.unix_timestamp(),
            }),
        }
    }
}

impl TokenFetcher for ManagedIdentity {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        BOUND
    }

    fn way(&self) -> Way {
        Way::ManagedIdentity
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
