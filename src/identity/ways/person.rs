//! What the two ways share on which a person signs in: the public client, the refresh token, and where nobody sits.

use std::io::Write;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{Mutex, MutexGuard};

use super::asking::{Asked, NETWORK_BOUND, held};
use super::entra::{Entra, tenant};
use crate::identity::transport::{OAuthError, Reply, post_form};
use crate::identity::{Clock, IdentityEnvironment, IdentityError, SystemClock, Token, Way};

/// The public client under which Azure's SDKs and the Azure CLI sign developers in (`DeveloperSignOnClientId` in
/// azure-sdk-for-net's `Constants.cs`): it is known in every directory, so nobody has to register an application.
pub(super) const DEVELOPER_SIGN_ON: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Any work or school account; Azure SQL takes no personal ones.
const ANY_ORGANIZATION: &str = "organizations";

/// See the module.
#[derive(Debug)]
pub(super) struct Person {
    way: Way,
    entra: Entra,
    tenant_id: Option<String>,
    no_person: Option<&'static str>,
    /// Held while a person is asked, so that no second window opens meanwhile.
    refresh_token: Mutex<Option<SecretString>>,
}

/// What the token endpoint answered.
pub(super) enum Redeemed {
    Token(Token),
    Refused(Reply),
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: SecretString,
    expires_in: u32,
    refresh_token: Option<SecretString>,
}

pub(super) type RefreshToken<'a> = MutexGuard<'a, Option<SecretString>>;

impl Person {
    pub(super) fn new(way: Way, environment: &IdentityEnvironment, entra: Entra) -> Self {
        Self {
            way,
            entra,
            tenant_id: environment.tenant_id.clone(),
            no_person: environment.no_person,
            refresh_token: Mutex::new(None),
        }
    }

    pub(super) fn entra(&self) -> &Entra {
        &self.entra
    }

    pub(super) fn tenant(&self) -> Result<String, IdentityError> {
        tenant(self.way, self.tenant_id.as_deref().unwrap_or(ANY_ORGANIZATION))
    }

    /// # Errors
    /// Where no person sits.
    pub(super) fn sits_here(&self) -> Result<(), IdentityError> {
        match self.no_person {
            None => Ok(()),
            Some(reason) => Err(IdentityError::Unavailable { way: self.way, reason: reason.to_owned() }),
        }
    }

    /// The refresh token of the last sign-in, to be kept until this fetch is over.
    pub(super) async fn refresh_token(&self) -> RefreshToken<'_> {
        self.refresh_token.lock().await
    }

    /// A token without asking the person again; None when there is no sign-in that still holds.
    ///
    /// # Errors
    /// When Entra can't be asked: a window would not help.
    pub(super) async fn refresh(
        &self,
        refresh_token: &mut RefreshToken<'_>,
        scope: &str,
    ) -> Result<Option<Token>, IdentityError> {
        let Some(kept) = refresh_token.clone() else { return Ok(None) };
        let scopes = scopes(scope);
        let form = [
            ("client_id", DEVELOPER_SIGN_ON),
            ("grant_type", "refresh_token"),
            ("refresh_token", kept.expose_secret()),
            ("scope", scopes.as_str()),
        ];
        match self.redeem(refresh_token, &form).await? {
            Redeemed::Token(token) => Ok(Some(token)),
            Redeemed::Refused(Reply {
                error: Some(OAuthError::InvalidGrant | OAuthError::InteractionRequired),
                ..
            }) => {
                **refresh_token = None;
                Ok(None)
            }
            Redeemed::Refused(reply) => Err(self.asked().reply(&reply)),
        }
    }

    /// Asks the token endpoint once, and keeps the refresh token that comes with the token.
    pub(super) async fn redeem(
        &self,
        refresh_token: &mut RefreshToken<'_>,
        form: &[(&str, &str)],
    ) -> Result<Redeemed, IdentityError> {
        let (reply, body) = self.post("token", form).await?;
        if !reply.is_success() {
            return Ok(Redeemed::Refused(reply));
        }
        let answer: TokenReply = serde_json::from_slice(&body).map_err(|_| self.asked().reply(&reply))?;
        let expires_at = SystemClock.now().saturating_add(answer.expires_in.into());
        let token = held(self.way, answer.access_token, expires_at)?;
        if answer.refresh_token.is_some() {
            **refresh_token = answer.refresh_token;
        }
        Ok(Redeemed::Token(token))
    }

    /// Posts a form to an endpoint of the tenant, within the bound of any request.
    pub(super) async fn post(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Result<(Reply, Vec<u8>), IdentityError> {
        let url = self.entra.endpoint(self.way, &self.tenant()?, endpoint)?;
        let client = self.entra.client(self.way)?;
        let asked = self.asked();
        let answered = tokio::time::timeout(NETWORK_BOUND, post_form(&client, url, form)).await;
        answered.map_err(|_| asked.timeout())?.map_err(|fault| asked.fault(fault))
    }

    pub(super) fn asked(&self) -> Asked {
        Asked::entra(self.way)
    }

    /// A person had the chance and didn't take it.
    pub(super) fn nobody_signed_in(&self, bound: Duration) -> IdentityError {
        IdentityError::Timeout { way: self.way, bound, cure: "nobody signed in; try again" }
    }

    pub(super) fn declined(&self) -> IdentityError {
        IdentityError::Refused {
            way: self.way,
            status: None,
            code: None,
            retry_after: None,
            cure: "the sign-in was declined or given up; try again".to_owned(),
        }
    }
}

/// `offline_access` is what a refresh token comes for.
pub(super) fn scopes(scope: &str) -> String {
    format!("{scope} openid profile offline_access")
}

/// Says something to the person on the terminal: standard error, which Core Tools shows too. Not the log, which others read.
pub(super) fn tell(sentence: &str) {
    let line: String = sentence.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Nobody reads it where it is closed; the sign-in then runs into its bound.
    let _closed = writeln!(std::io::stderr(), "azsql-worker: {line}");
}
