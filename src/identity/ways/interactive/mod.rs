//! A person signs in with the system's browser: authorization code with PKCE (RFC 7636) and a loopback redirect (RFC 8252).

mod browser;
mod redirect;

use std::net::Ipv4Addr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use azure_core::http::Url;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::asking::NETWORK_BOUND;
use super::entra::Entra;
use super::person::{DEVELOPER_SIGN_ON, Person, Redeemed, RefreshToken, scopes};
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};
use redirect::Redirect;

/// How long a person may take.
const BOUND: Duration = Duration::from_secs(5 * 60);

/// See the module. After the first sign-in the refresh token serves, as long as the process lives.
#[derive(Debug)]
pub(crate) struct Interactive {
    person: Person,
    login_hint: Option<String>,
    browser: Option<String>,
}

impl Interactive {
    pub(super) fn new(login_hint: Option<String>, environment: &IdentityEnvironment, entra: Entra) -> Self {
        Self {
            person: Person::new(Way::Interactive, environment, entra),
            login_hint,
            browser: environment.browser.clone(),
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        self.person.sits_here()?;
        let mut refresh_token = self.person.refresh_token().await;
        if let Some(token) = self.person.refresh(&mut refresh_token, scope).await? {
            return Ok(token);
        }
        let signed_in = tokio::time::timeout(BOUND, self.sign_in(&mut refresh_token, scope)).await;
        signed_in.unwrap_or_else(|_| Err(self.person.nobody_signed_in(BOUND)))
    }

    async fn sign_in(
        &self,
        refresh_token: &mut RefreshToken<'_>,
        scope: &str,
    ) -> Result<Token, IdentityError> {
        let unavailable =
            |reason: &str| IdentityError::Unavailable { way: Way::Interactive, reason: reason.to_owned() };
        let no_port =
            |_| unavailable("no port on 127.0.0.1 can be listened on, to which the browser would come back");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        // Entra takes any port of `localhost` for a public client, and no other spelling of this machine (RFC 8252, 7.3).
        let redirect_uri = format!("http://localhost:{port}");
        let random = || random_text().ok_or_else(|| unavailable("the system has no random numbers"));
        let (state, verifier) = (random()?, random()?);
        let scopes = scopes(scope);

        let page = self.page(&redirect_uri, &state, &verifier, &scopes)?;
        browser::open(self.browser.as_deref(), page.as_str());
        tracing::info!("waiting for a person to sign in with the browser");
        let code = match redirect::wait(listener, &state).await {
            Redirect::Code(code) => code,
            Redirect::Declined => return Err(self.person.declined()),
        };
        let form = [
            ("client_id", DEVELOPER_SIGN_ON),
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect_uri.as_str()),
            ("code_verifier", verifier.expose_secret()),
            ("scope", scopes.as_str()),
        ];
        match self.person.redeem(refresh_token, &form).await? {
            Redeemed::Token(token) => Ok(token),
            Redeemed::Refused(reply) => Err(self.person.asked().reply(&reply)),
        }
    }

    /// The address of the page on which the person signs in.
    fn page(
        &self,
        redirect_uri: &str,
        state: &SecretString,
        verifier: &SecretString,
        scopes: &str,
    ) -> Result<Url, IdentityError> {
        let tenant = self.person.tenant()?;
        let mut page = self.person.entra().endpoint(Way::Interactive, &tenant, "authorize")?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose_secret().as_bytes()));
        let mut query = page.query_pairs_mut();
        query
            .append_pair("client_id", DEVELOPER_SIGN_ON)
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", scopes)
            .append_pair("state", state.expose_secret())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        match &self.login_hint {
            Some(hint) => query.append_pair("login_hint", hint),
            // Else the browser's last account would be taken without a word.
            None => query.append_pair("prompt", "select_account"),
        };
        drop(query);
        Ok(page)
    }
}

impl TokenFetcher for Interactive {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        // The refresh token is tried before.
        BOUND.saturating_add(NETWORK_BOUND)
    }

    fn way(&self) -> Way {
        Way::Interactive
    }
}

/// 256 bits: 43 characters, the least that RFC 7636, 4.1 asks of a verifier.
fn random_text() -> Option<SecretString> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}
