//! A credential of the Azure SDK as a way to a token.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::{IdentityError, Token, TokenFetcher, Way};

/// Bound on a call; the SDK's own tries can go on for more than a minute.
const BOUND: Duration = Duration::from_secs(8);

/// See the module.
#[derive(Debug)]
pub(super) struct CredentialFetcher {
    credential: Arc<dyn TokenCredential>,
}

impl CredentialFetcher {
    pub(super) fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self { credential }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let asked = tokio::time::timeout(BOUND, self.credential.get_token(&[scope], None)).await;
        let Ok(reply) = asked else {
            return Err(IdentityError::Timeout { way: Way::Custom, bound: BOUND, cure: "try again later" });
        };
        // The SDK's text may hold parts of the reply, so only the status is told.
        let token = reply.map_err(|error| IdentityError::Refused {
            way: Way::Custom,
            status: error.http_status().map(u16::from),
            code: None,
            retry_after: None,
            cure: "look at how the program makes its credential".to_owned(),
        })?;
        Ok(Token {
            secret: SecretString::from(token.token.secret().to_owned()),
            expires_at: token.expires_on.unix_timestamp(),
        })
    }
}

impl TokenFetcher for CredentialFetcher {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        BOUND
    }
}
