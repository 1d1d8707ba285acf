//! What a cache holds, and what follows from each event: no waiting and no clock of its own.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::cache_rules::{
    Chance, Window, due_at, failure_memory, retire_at, wait_after_failures, wait_for_platform,
};
use super::{IdentityError, Token, Way};

/// A token with what connections must know of it.
#[derive(Debug)]
pub(crate) struct HeldToken {
    pub(crate) token: Token,
    /// Tells tokens apart without their bytes: the same token keeps its number, each other one has a higher one.
    pub(crate) generation: u64,
    retire_at: i64,
}

impl HeldToken {
    /// When a connection that logs in with it at `now` retires, as Unix seconds: ahead of the token's end. Where that is over
    /// because no newer token is to be had, at the token's end, so that no connection is born retired.
    pub(crate) fn connection_retires_at(&self, now: i64) -> i64 {
        if now < self.retire_at { self.retire_at } else { self.token.expires_at }
    }

    fn is_good(&self, now: i64) -> bool {
        now < self.token.expires_at
    }

    fn is_same(&self, other: &Token) -> bool {
        self.token.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// What a caller gets who comes now.
#[derive(Debug)]
pub(super) enum Standing {
    /// This token, at once.
    Good(Arc<HeldToken>),
    /// This token, at once; and it is time for a refresh.
    Due(Arc<HeldToken>),
    /// The failure of a moment ago.
    Failed(IdentityError),
    /// Nothing yet: somebody must ask.
    Missing,
}

#[derive(Debug)]
struct Held {
    token: Arc<HeldToken>,
    /// Over when it is time for a refresh.
    fresh: Window,
}

#[derive(Debug, Default)]
pub(super) struct CacheState {
    held: Option<Held>,
    /// The token that a server refused last: asked for again once, and recognised when it comes back.
    refused: Option<Refused>,
    /// Refreshes that failed in a row.
    failures: u32,
    failed: Option<(IdentityError, Window)>,
    generations: u64,
}

#[derive(Debug)]
struct Refused {
    token: Arc<HeldToken>,
    /// The platform was asked after the refusal, and gave the same token.
    came_back: bool,
}

impl CacheState {
    /// For a caller who wants any good token.
    pub(super) fn standing(&self, now: i64) -> Standing {
        match &self.held {
            Some(held) if held.token.is_good(now) => {
                let token = Arc::clone(&held.token);
                if held.fresh.is_over(now) { Standing::Due(token) } else { Standing::Good(token) }
            }
            _ => self.without_token(now),
        }
    }

    /// For a caller whose token of this generation was refused: another token; or the same, when the platform was asked for
    /// another one already. The token is good for everybody else until another comes: its user may lack in one
    /// database only.
    pub(super) fn standing_after_refusal(&mut self, now: i64, generation: u64) -> Standing {
        let Some(held) = self.held.as_ref().filter(|held| held.token.is_good(now)) else {
            return self.without_token(now);
        };
        if held.token.generation != generation {
            return Standing::Good(Arc::clone(&held.token));
        }
        if !self.is_refused(generation) {
            self.refused = Some(Refused { token: Arc::clone(&held.token), came_back: false });
        } else if self.refused.as_ref().is_some_and(|refused| refused.came_back) {
            return Standing::Good(Arc::clone(&held.token));
        }
        self.without_token(now)
    }

    /// The server says that the token of this generation has ended: nobody gets it again, unless the platform insists.
    pub(super) fn drop_ended(&mut self, generation: u64) {
        if self.is_refused(generation) {
            return;
        }
        if let Some(held) = self.held.take_if(|held| held.token.generation == generation) {
            self.refused = Some(Refused { token: held.token, came_back: false });
        }
    }

    fn is_refused(&self, generation: u64) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.token.generation == generation)
    }

    fn without_token(&self, now: i64) -> Standing {
        match &self.failed {
            Some((error, memory)) if !memory.is_over(now) => Standing::Failed(error.clone()),
            _ => Standing::Missing,
        }
    }

    /// A request brought this token.
    pub(super) fn brought(
        &mut self,
        now: i64,
        token: Token,
        way: Way,
        chance: Chance,
    ) -> Result<Arc<HeldToken>, IdentityError> {
        if let Some(what) = uselessness(&token, now) {
            let cure = "try again; if it goes on, compare the clock of this machine with the time of day";
            return self.failed(now, IdentityError::Unreadable { way, what, cure }, chance);
        }
        self.failures = 0;
        self.failed = None;
        if let Some(refused) = self.refused.as_mut().filter(|refused| refused.token.is_same(&token)) {
            refused.came_back = true;
            let same = Arc::clone(&refused.token);
            return Ok(self.keep(now, same));
        }
        if let Some(held) = self.held.as_ref().filter(|held| held.token.is_good(now)) {
            let reaches_further = token.expires_at > held.token.token.expires_at;
            if held.token.is_same(&token) || !(reaches_further || self.is_refused(held.token.generation)) {
                let same = Arc::clone(&held.token);
                return Ok(self.keep(now, same));
            }
        }
        self.generations = self.generations.saturating_add(1);
        let fresh = Window::until(now, due_at(now, token.expires_at, chance));
        let retire_at = retire_at(now, token.expires_at);
        let token = Arc::new(HeldToken { token, generation: self.generations, retire_at });
        self.held = Some(Held { token: Arc::clone(&token), fresh });
        Ok(token)
    }

    /// The platform has no longer life to give now.
    fn keep(&mut self, now: i64, token: Arc<HeldToken>) -> Arc<HeldToken> {
        let fresh = Window::of(now, wait_for_platform(now, token.token.expires_at));
        self.held = Some(Held { token: Arc::clone(&token), fresh });
        token
    }

    /// A request failed. A token that is still good stays.
    pub(super) fn failed(
        &mut self,
        now: i64,
        error: IdentityError,
        chance: Chance,
    ) -> Result<Arc<HeldToken>, IdentityError> {
        self.failures = self.failures.saturating_add(1);
        if let Some(held) = &mut self.held {
            let left = held.token.token.expires_at.saturating_sub(now);
            let wait = wait_after_failures(self.failures, error.retry_after(), left, chance);
            held.fresh = Window::of(now, wait);
        }
        self.failed = Some((error.clone(), Window::of(now, failure_memory(error.retry_after()))));
        Err(error)
    }

    /// When the held token ends, while it is good.
    pub(super) fn good_until(&self, now: i64) -> Option<i64> {
        self.held.as_ref().filter(|held| held.token.is_good(now)).map(|held| held.token.token.expires_at)
    }
}

/// Why this is no token to work with.
fn uselessness(token: &Token, now: i64) -> Option<&'static str> {
    if token.secret.expose_secret().trim().is_empty() {
        Some("the reply holds an empty token")
    } else if token.expires_at <= now {
        Some("the token ended already, or the clock of this machine is fast")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
