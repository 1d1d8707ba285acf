//! A person signs in on any device with a code (RFC 8628).

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::asking::NETWORK_BOUND;
use super::entra::Entra;
use super::person::{DEVELOPER_SIGN_ON, Person, Redeemed, RefreshToken, scopes, tell};
use crate::identity::transport::OAuthError;
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

/// How long Entra's codes hold.
const BOUND: Duration = Duration::from_secs(15 * 60);

/// RFC 8628, 3.2: what a reply without `interval` means.
const DEFAULT_INTERVAL_SECONDS: u64 = 5;

/// RFC 8628, 3.5: by how much `slow_down` lengthens the interval.
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// See the module. After the first sign-in the refresh token serves, as long as the process lives.
#[derive(Debug)]
pub(crate) struct DeviceCode {
    person: Person,
}

#[derive(Deserialize)]
struct Code {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    interval: Option<u64>,
    expires_in: u64,
}

impl DeviceCode {
    pub(super) fn new(environment: &IdentityEnvironment, entra: Entra) -> Self {
        Self { person: Person::new(Way::DeviceCode, environment, entra) }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        self.person.sits_here()?;
        let mut refresh_token = self.person.refresh_token().await;
        if let Some(token) = self.person.refresh(&mut refresh_token, scope).await? {
            return Ok(token);
        }
        let scopes = scopes(scope);
        let form = [("client_id", DEVELOPER_SIGN_ON), ("scope", scopes.as_str())];
        let (reply, body) = self.person.post("devicecode", &form).await?;
        if !reply.is_success() {
            return Err(self.person.asked().reply(&reply));
        }
        let code: Code = serde_json::from_slice(&body).map_err(|_| self.person.asked().reply(&reply))?;
        tell(&format!("to sign in, open {} and enter the code {}", code.verification_uri, code.user_code));
        tracing::info!("waiting for a person to sign in with a code; standard error has it");
        let bound = Duration::from_secs(code.expires_in).min(BOUND);
        let signed_in = tokio::time::timeout(bound, self.poll(&code, &mut refresh_token));
        signed_in.await.unwrap_or_else(|_| Err(self.person.nobody_signed_in(bound)))
    }

    /// Asks again and again, as often as it may, until the person is done.
    async fn poll(&self, code: &Code, refresh_token: &mut RefreshToken<'_>) -> Result<Token, IdentityError> {
        let form = [
            ("client_id", DEVELOPER_SIGN_ON),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", code.device_code.expose_secret()),
        ];
        let seconds = code.interval.unwrap_or(DEFAULT_INTERVAL_SECONDS).max(1);
        let mut interval = Duration::from_secs(seconds).min(BOUND);
        loop {
            tokio::time::sleep(interval).await;
            let reply = match self.person.redeem(refresh_token, &form).await {
                Ok(Redeemed::Token(token)) => return Ok(token),
                Ok(Redeemed::Refused(reply)) => reply,
                // RFC 8628, 3.5: a connection that fails is no reason to give up, only to ask less often.
                Err(error @ (IdentityError::Timeout { .. } | IdentityError::Unreachable { .. })) => {
                    tracing::debug!(%error, "the authority was not reached; asking again");
                    interval = interval.saturating_mul(2);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match reply.error {
                Some(OAuthError::AuthorizationPending) => {}
                Some(OAuthError::SlowDown) => interval = interval.saturating_add(SLOW_DOWN),
                Some(OAuthError::ExpiredToken) => {
                    return Err(self.person.nobody_signed_in(Duration::from_secs(code.expires_in)));
                }
                Some(OAuthError::Declined) => return Err(self.person.declined()),
                // The code holds all the same, and the person is at it.
                None if reply.status == 429 || reply.status >= 500 => {
                    tracing::debug!(status = reply.status, "the authority failed; asking again");
                    interval = interval.saturating_add(SLOW_DOWN).max(reply.retry_after.unwrap_or_default());
                }
                Some(OAuthError::InvalidGrant | OAuthError::InteractionRequired) | None => {
                    return Err(self.person.asked().reply(&reply));
                }
            }
        }
    }
}

impl TokenFetcher for DeviceCode {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        // The refresh token and the code are asked for before.
        BOUND.saturating_add(NETWORK_BOUND * 2)
    }

    fn way(&self) -> Way {
        Way::DeviceCode
    }
}
