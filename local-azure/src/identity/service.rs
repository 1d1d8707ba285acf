//! Issues the tokens of every endpoint in one place, with the faults that are switched on, and keeps the log of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::faults::{IdentityFaults, TokenFault};
use crate::tokens::{Clock, IssueError, Subject, TokenIssuer, TokenRequest};

/// How many tokens the log holds; later ones are counted and not kept.
const MAX_LOG: usize = 100_000;

/// A token that was handed out, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// The client id it was issued to.
    pub client_id: String,
    /// The user it stands for, if it isn't for the application itself.
    pub user: Option<String>,
    /// The audience that was asked for.
    pub audience: String,
    /// Which token of this client id this is, from 1; the same token handed out again keeps its number.
    pub generation: u64,
    /// The claim `uti`, by which the token can be found again where it was used; empty if it isn't a JWT.
    pub token_id: String,
    /// When it was issued, Unix seconds of the endpoints' clock.
    pub issued_at: i64,
    /// When the reply says it expires, Unix seconds of the endpoints' clock.
    pub expires_at: i64,
    /// Whether it is one that was handed out before.
    pub handed_out_again: bool,
}

/// A token for a reply.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    /// Unix seconds of the endpoints' clock.
    pub(crate) expires_at: i64,
    /// Seconds from now, by the endpoints' clock.
    pub(crate) expires_in: i64,
    pub(crate) not_before: i64,
}

#[derive(Clone)]
struct Kept {
    issued: Issued,
    entry: IssuedToken,
}

/// What tells tokens apart that the platform keeps.
type CacheKey = (TokenFault, String, String, String, Subject);

#[derive(Default)]
struct Log {
    entries: Vec<IssuedToken>,
    generations: BTreeMap<String, u64>,
    kept: BTreeMap<CacheKey, Kept>,
}

/// The issuer of tokens, the faults and the log that several endpoints share. Clones are the same service.
#[derive(Clone)]
pub struct TokenService {
    issuer: TokenIssuer,
    faults: IdentityFaults,
    log: Arc<Mutex<Log>>,
}

impl fmt::Debug for TokenService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenService").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl TokenService {
    /// A service with a key and a clock of its own.
    ///
    /// # Errors
    /// [`IssueError::Signing`] when no key could be made.
    pub fn new() -> Result<Self, IssueError> {
        let clock = Clock::default();
        Ok(Self {
            issuer: TokenIssuer::with_clock(clock.clone())?,
            faults: IdentityFaults::new(clock),
            log: Arc::default(),
        })
    }

    /// The issuer, whose verifier accepts the tokens of every endpoint of this service.
    #[must_use]
    pub fn issuer(&self) -> &TokenIssuer {
        &self.issuer
    }

    /// The fault switches, the clock and the count of requests.
    #[must_use]
    pub fn faults(&self) -> &IdentityFaults {
        &self.faults
    }

    /// The tokens handed out, oldest first.
    #[must_use]
    pub fn issued(&self) -> Vec<IssuedToken> {
        self.with(|log| log.entries.clone())
    }

    /// How many different tokens this client id got: the generation of its last one.
    #[must_use]
    pub fn issued_to(&self, client_id: &str) -> u64 {
        self.with(|log| log.generations.get(client_id).copied().unwrap_or(0))
    }

    /// A token as the faults have it, or with `fault` if that is given, written to the log.
    pub(crate) fn issue(
        &self,
        request: &TokenRequest,
        fault: Option<TokenFault>,
    ) -> Result<Issued, IssueError> {
        let fault = fault.unwrap_or_else(|| self.faults.token_fault());
        let key = (
            fault,
            request.tenant_id.clone(),
            request.client_id.clone(),
            request.audience.clone(),
            request.subject.clone(),
        );
        let same = self.faults.hands_out_same_token();
        // Held all the while: two requests at once must not both make a token where the same one is handed out.
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.issuer.clock().now();
        if same && let Some(kept) = log.kept.get(&key).filter(|kept| now < kept.issued.expires_at).cloned() {
            log.add(IssuedToken { handed_out_again: true, ..kept.entry });
            let expires_in = kept.issued.expires_at.saturating_sub(now);
            return Ok(Issued { expires_in, ..kept.issued });
        }
        let kept = self.make(request, fault, &mut log)?;
        log.add(kept.entry.clone());
        let issued = kept.issued.clone();
        // The platform's cache holds what it handed out before anyone looked at it.
        log.kept.insert(key, kept);
        Ok(issued)
    }

    fn make(&self, request: &TokenRequest, fault: TokenFault, log: &mut Log) -> Result<Kept, IssueError> {
        let lifetime = self.faults.lifetime_or(request.lifetime);
        let wanted = TokenRequest { lifetime, ..request.clone() };
        let (sound, claims) = self.issuer.issue(&wanted)?;
        // Whatever is wrong with the token, the reply claims what a sound one's would, or else a client would notice
        // before it logs in anywhere.
        let (access_token, token_id) = match fault {
            TokenFault::None => (sound, claims.uti.clone()),
            TokenFault::WrongAudience => {
                let (token, claims) = self.issuer.issue_for_wrong_audience(&wanted)?;
                (token, claims.uti)
            }
            TokenFault::Expired => {
                let (token, claims) = self.issuer.issue_expired(&wanted)?;
                (token, claims.uti)
            }
            TokenFault::NotAJwt => (format!("opaque-{}", uuid::Uuid::new_v4().simple()), String::new()),
        };
        let generation = log.generations.entry(request.client_id.clone()).or_default();
        *generation = generation.saturating_add(1);
        let entry = IssuedToken {
            client_id: request.client_id.clone(),
            user: claims.upn,
            audience: request.audience.clone(),
            generation: *generation,
            token_id,
            issued_at: claims.iat,
            expires_at: claims.exp,
            handed_out_again: false,
        };
        let issued = Issued {
            access_token,
            expires_at: claims.exp,
            expires_in: claims.exp.saturating_sub(claims.iat),
            not_before: claims.nbf,
        };
        Ok(Kept { issued, entry })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log {
    fn add(&mut self, entry: IssuedToken) {
        if self.entries.len() < MAX_LOG {
            self.entries.push(entry);
        }
    }
}
