//! One question to who gives tokens, bounded in time, and its outcome as an [`IdentityError`].

use std::future::Future;
use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport as AzureTransport};
use secrecy::SecretString;

use crate::identity::transport::{Fault, Outcome, Recorder, Reply};
use crate::identity::{Clock, IdentityError, SystemClock, Token, Way, cures};

/// Bound on a token that comes over the network. `azure_identity`'s own retry would hold a caller for 81 s behind an
/// endpoint that answers 500.
pub(super) const NETWORK_BOUND: Duration = Duration::from_secs(8);

/// Who is asked, for sentences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) way: Way,
    pub(super) bound: Duration,
    /// What to do when nobody answers.
    pub(super) unreachable: &'static str,
    /// What to do when the answer is no.
    pub(super) refused: fn(&Reply) -> String,
}

impl Asked {
    /// Entra, over this way.
    pub(super) const fn entra(way: Way) -> Self {
        Self {
            way,
            bound: NETWORK_BOUND,
            unreachable: "check the network, the proxy (HTTPS_PROXY) and AZURE_AUTHORITY_HOST, then try again",
            refused: cures::entra,
        }
    }

    pub(super) fn timeout(&self) -> IdentityError {
        IdentityError::Timeout { way: self.way, bound: self.bound, cure: self.unreachable }
    }

    pub(super) fn fault(&self, fault: Fault) -> IdentityError {
        IdentityError::Unreachable {
            way: self.way,
            what: fault.what().to_owned(),
            cure: if fault == Fault::CutOff { "try again later" } else { self.unreachable },
        }
    }

    pub(super) fn reply(&self, reply: &Reply) -> IdentityError {
        if reply.is_success() {
            return IdentityError::Unreadable {
                way: self.way,
                what: if reply.is_json { "the reply has no token in it" } else { "the reply is not JSON" },
                cure: "look for a proxy or portal in between",
            };
        }
        IdentityError::Refused {
            way: self.way,
            status: Some(reply.status),
            code: reply.code,
            retry_after: reply.retry_after,
            cure: (self.refused)(reply),
        }
    }

    /// Waits for `token`, which talks through `recorder`, at most as long as the bound says.
    pub(super) async fn ask(
        &self,
        recorder: &Recorder,
        token: impl Future<Output = azure_core::Result<AccessToken>>,
    ) -> Result<Token, IdentityError> {
        let in_time = tokio::select! {
            biased;
            result = token => match result {
                Ok(token) => return accepted(self.way, &token),
                Err(_) => true,
            },
            () = recorder.enough() => true,
            () = tokio::time::sleep(self.bound) => false,
        };
        Err(match recorder.last() {
            Some(Outcome::Fault(fault)) => self.fault(fault),
            // A good reply, and no good one to the request that came after it.
            Some(Outcome::Reply(reply)) if in_time || !reply.is_success() => self.reply(&reply),
            Some(Outcome::Reply(_)) => self.timeout(),
            None if !in_time => self.timeout(),
            None => IdentityError::Unavailable {
                way: self.way,
                reason: "the request could not be made; check the variables of this way".to_owned(),
            },
        })
    }
}

/// A token that ended before it came is none.
pub(super) fn accepted(way: Way, token: &AccessToken) -> Result<Token, IdentityError> {
    held(way, SecretString::from(token.token.secret().to_owned()), token.expires_on.unix_timestamp())
}

/// The same for a token of our own making.
pub(super) fn held(way: Way, secret: SecretString, expires_at: i64) -> Result<Token, IdentityError> {
    if expires_at <= SystemClock.now() {
        return Err(IdentityError::Unreadable {
            way,
            what: "the token that came has ended already",
            cure: "check this machine's clock",
        });
    }
    Ok(Token { secret, expires_at })
}

/// Options for a credential that is used once and talks through `recorder`.
pub(super) fn client_options(recorder: std::sync::Arc<Recorder>) -> ClientOptions {
    let retry = RetryOptions::exponential(ExponentialRetryOptions {
        max_retries: 2,
        ..ExponentialRetryOptions::default()
    });
    ClientOptions { retry, transport: Some(AzureTransport::new(recorder)), ..ClientOptions::default() }
}
