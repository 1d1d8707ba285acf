//! A cache of one token: asked for once however many wait, and again ahead of its end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::cache_rules::Chance;
use super::cache_state::{CacheState, HeldToken, Standing};
use super::credential::CredentialFetcher;
use super::{Clock, IdentityError, Token, TokenFetcher, Way};

/// What a fetcher may take beyond its own bound before it is cut off: its own error says more than ours.
const GRACE: Duration = Duration::from_secs(1);

type Outcome = Result<Arc<HeldToken>, IdentityError>;

/// A request that is under way; its outcome, once it is there.
type Flight = watch::Receiver<Option<Outcome>>;

/// Keeps one identity's token for one scope.
///
/// A token that is good is handed out at once. From half of its life, or a quarter of an hour before its end, the first
/// caller sets off a refresh in the background; while that fails the old token serves on. Where there is no good token,
/// all callers wait for the same one request, at most for [`TokenFetcher::bound`] and a second; its failure is told to
/// whoever comes within the next two seconds, or within what a Retry-After asks for, without another request.
///
/// Requests are tasks of the tokio runtime that the caller is on: a caller that leaves ends none.
pub struct TokenCache {
    inner: Arc<Inner>,
}

struct Inner {
    fetcher: Arc<dyn TokenFetcher>,
    scope: String,
    clock: Arc<dyn Clock>,
    shared: Mutex<Shared>,
}

struct Shared {
    state: CacheState,
    flight: Option<Flight>,
    random: fastrand::Rng,
}

impl TokenCache {
    /// A cache of `fetcher`'s token for `scope`, such as `https://ossrdbms-aad.database.windows.net/.default`. Nothing is
    /// asked before the first use.
    #[must_use]
    pub fn new(fetcher: Arc<dyn TokenFetcher>, scope: impl Into<String>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::with_random(fetcher, scope.into(), clock, fastrand::Rng::new())
    }

    /// The same for a credential of the Azure SDK.
    ///
    /// A credential that keeps tokens itself decides when there is a newer one; the cache asks it ahead of time all the same.
    #[must_use]
    pub fn of_credential(
        credential: Arc<dyn TokenCredential>,
        scope: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Self::new(Arc::new(CredentialFetcher::new(credential)), scope, clock)
    }

    /// With seeded chance, for a test that runs the same each time.
    pub(crate) fn with_random(
        fetcher: Arc<dyn TokenFetcher>,
        scope: String,
        clock: Arc<dyn Clock>,
        random: fastrand::Rng,
    ) -> Arc<Self> {
        let shared = Shared { state: CacheState::default(), flight: None, random };
        Arc::new(Self { inner: Arc::new(Inner { fetcher, scope, clock, shared: Mutex::new(shared) }) })
    }

    /// A token that is good now.
    ///
    /// # Errors
    /// Why there is none; the sentence says what to do. [`IdentityError::Unavailable`] outside of a tokio runtime.
    pub async fn token(&self) -> Result<Token, IdentityError> {
        self.held().await.map(|held| held.token.clone())
    }

    /// The same with what a connection must know of it.
    pub(crate) async fn held(&self) -> Outcome {
        let request = {
            let mut shared = self.inner.lock();
            match shared.state.standing(self.inner.clock.now()) {
                Standing::Good(token) => return Ok(token),
                Standing::Due(token) => {
                    let refresh = self.inner.join(&mut shared);
                    drop(shared);
                    // Its outcome is the next caller's.
                    let _ = refresh.map(Request::begin);
                    return Ok(token);
                }
                Standing::Failed(error) => return Err(error),
                Standing::Missing => self.inner.join(&mut shared)?,
            }
        };
        self.inner.landed(request.begin()).await
    }

    /// Which way its tokens come.
    pub(crate) fn way(&self) -> Way {
        self.inner.fetcher.way()
    }

    /// A session that a token opened is in use: sets off a refresh when it is due. Without this, a pool whose connections
    /// last would ask for a newer token only once all of them retire for want of it.
    pub(crate) fn keep_fresh(&self) {
        let refresh = {
            let mut shared = self.inner.lock();
            match shared.state.standing(self.inner.clock.now()) {
                Standing::Due(_) => self.inner.join(&mut shared).ok(),
                Standing::Good(_) | Standing::Failed(_) | Standing::Missing => None,
            }
        };
        // Its outcome is the next caller's.
        let _ = refresh.map(Request::begin);
    }

    /// A token in place of the one of this generation, which a server refused at the login. The platform is asked once per
    /// token; when it gives the same one again, that comes back with the same generation.
    pub(crate) async fn after_refusal(&self, generation: u64) -> Outcome {
        let request = {
            let mut shared = self.inner.lock();
            match shared.state.standing_after_refusal(self.inner.clock.now(), generation) {
                Standing::Good(token) | Standing::Due(token) => return Ok(token),
                Standing::Failed(error) => return Err(error),
                Standing::Missing => self.inner.join(&mut shared)?,
            }
        };
        self.inner.landed(request.begin()).await
    }

    /// A server said that the token of this generation has ended: it is dropped, once.
    pub(crate) fn drop_ended(&self, generation: u64) {
        self.inner.lock().state.drop_ended(generation);
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("fetcher", &self.inner.fetcher)
            .field("scope", &self.inner.scope)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request that is under way, or a new one.
    fn join(self: &Arc<Self>, shared: &mut Shared) -> Result<Request, IdentityError> {
        if let Some(flight) = &shared.flight {
            return Ok(Request { flight: flight.clone(), task: None });
        }
        let runtime = Handle::try_current().map_err(|_| IdentityError::Unavailable {
            way: self.fetcher.way(),
            reason: "there is no tokio runtime to ask on: call this on one".to_owned(),
        })?;
        let (sender, flight) = watch::channel(None);
        let landing = Landing { inner: Arc::clone(self), sender: Some(sender) };
        shared.flight = Some(flight.clone());
        Ok(Request { flight, task: Some((runtime, landing)) })
    }

    async fn landed(&self, mut flight: Flight) -> Outcome {
        let outcome = flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| {
            Err(IdentityError::Unreachable {
                way: self.fetcher.way(),
                what: "the request ended without an outcome".to_owned(),
                cure: "try again",
            })
        })
    }
}

/// A request that somebody joined, and its task where that is still to be begun.
struct Request {
    flight: Flight,
    task: Option<(Handle, Landing)>,
}

impl Request {
    /// Not to be called while the cache is locked: a runtime that is ending drops the task at once, which locks it.
    fn begin(self) -> Flight {
        if let Some((runtime, landing)) = self.task {
            runtime.spawn(landing.fly());
        }
        self.flight
    }
}

/// The task of one request. However it ends, the next caller may start another.
struct Landing {
    inner: Arc<Inner>,
    sender: Option<watch::Sender<Option<Outcome>>>,
}

impl Landing {
    async fn fly(mut self) {
        let inner = Arc::clone(&self.inner);
        let bound = inner.fetcher.bound();
        let fetched =
            tokio::time::timeout(bound.saturating_add(GRACE), inner.fetcher.fetch(&inner.scope)).await;
        let way = inner.fetcher.way();
        let fetched = fetched.unwrap_or(Err(IdentityError::Timeout { way, bound, cure: "try again later" }));
        let Some(sender) = self.sender.take() else { return };
        let outcome = {
            let mut shared = inner.lock();
            let now = inner.clock.now();
            let chance = Chance::draw(&mut shared.random);
            let outcome = match fetched {
                Ok(token) => shared.state.brought(now, token, way, chance),
                Err(error) => shared.state.failed(now, error, chance),
            };
            shared.flight = None;
            report(&outcome, shared.state.good_until(now));
            outcome
        };
        sender.send_replace(Some(outcome));
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // The fetcher panicked, or the runtime ended.
        if self.sender.is_some() {
            self.inner.lock().flight = None;
        }
    }
}

fn report(outcome: &Outcome, good_until: Option<i64>) {
    match (outcome, good_until) {
        (Ok(held), _) => {
            tracing::debug!(expires_at = held.token.expires_at, generation = held.generation, "a token came");
        }
        (Err(error), Some(good_until)) => {
            tracing::warn!(good_until, "no newer token: {error}; the old one serves on");
        }
        // Those who wait for it tell it.
        (Err(error), None) => tracing::debug!("no token: {error}"),
    }
}

#[cfg(test)]
mod tests;
