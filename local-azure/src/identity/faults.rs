//! The switchboard of the token endpoints: what goes wrong with replies and tokens, and the count of requests.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::tokens::Clock;

/// What is wrong with the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenFault {
    /// Nothing.
    #[default]
    None,
    /// They expired an hour ago, while the reply claims a time to come.
    Expired,
    /// They are for another audience.
    WrongAudience,
    /// They are no JWT: a text without dots.
    NotAJwt,
}

/// What is wrong with a reply to a token request that would have succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFault {
    /// An error of this HTTP status, in the endpoint's own error shape.
    Status(u16),
    /// 429 Too Many Requests, with `Retry-After` in whole seconds.
    Throttled {
        /// What `Retry-After` says.
        retry_after: Duration,
    },
    /// An HTML page with this HTTP status, as proxies and portals send it.
    Html {
        /// 200 is what makes this hard.
        status: u16,
    },
    /// 200 with a body that says JSON and isn't.
    Garbage,
    /// 200 with half of the promised body; then the connection ends.
    Truncated,
    /// 200 with an empty body.
    Empty,
}

/// What happens to one token request that would have succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRequestFault {
    /// The reply is wrong.
    Reply(ReplyFault),
    /// The reply is as it should be, and the token in it is wrong.
    Token(TokenFault),
    /// The reply takes so long.
    Stall(Duration),
}

/// Decides about faults when a token is asked for. It is asked from many threads, and must not wait.
pub trait TokenFaultSource: Send + Sync {
    /// What happens to this request, if anything does.
    fn strike(&self) -> Option<TokenRequestFault>;
}

#[derive(Default)]
struct Switches {
    stalled: bool,
    delay: Duration,
    token_fault: TokenFault,
    next_replies: VecDeque<(ReplyFault, u32)>,
    every_reply: Option<ReplyFault>,
    same_token: bool,
    token_lifetime: Option<Duration>,
    requests: BTreeMap<String, u64>,
    source: Option<Arc<dyn TokenFaultSource>>,
}

/// The switches of running endpoints. Clones act on the same endpoints.
#[derive(Clone, Default)]
pub struct IdentityFaults {
    clock: Clock,
    switches: Arc<Mutex<Switches>>,
}

impl fmt::Debug for IdentityFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IdentityFaults").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl IdentityFaults {
    /// Switches that move this clock.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, switches: Arc::default() }
    }

    /// The next `count` token requests that name a known identity are answered with 500.
    pub fn fail_next(&self, count: u32) {
        self.reply_next(count, ReplyFault::Status(500));
    }

    /// The next `count` token requests are answered with this HTTP status, 400 to 599.
    pub fn fail_next_with(&self, count: u32, status: u16) {
        self.reply_next(count, ReplyFault::Status(status));
    }

    /// The next `count` token requests are answered with 429 and this `Retry-After`.
    pub fn throttle_next(&self, count: u32, retry_after: Duration) {
        self.reply_next(count, ReplyFault::Throttled { retry_after });
    }

    /// The next `count` token requests are answered like this, once the faults queued before are used up. A fault that is
    /// queued already gets the new count, in its place; 0 takes it out.
    pub fn reply_next(&self, count: u32, fault: ReplyFault) {
        self.with(|switches| {
            match switches.next_replies.iter_mut().find(|(queued, _)| *queued == fault) {
                Some((_, left)) => *left = count,
                None => switches.next_replies.push_back((fault, count)),
            }
            switches.next_replies.retain(|(_, left)| *left > 0);
        });
    }

    /// From now on every token request is answered like this, after those of [`IdentityFaults::reply_next`]; None ends it.
    pub fn reply_with(&self, fault: Option<ReplyFault>) {
        self.with(|switches| switches.every_reply = fault);
    }

    /// While on, a token request is accepted and never answered.
    pub fn stall(&self, on: bool) {
        self.with(|switches| switches.stalled = on);
    }

    /// From now on every answer to a token request takes this long; zero ends it.
    pub fn delay(&self, delay: Duration) {
        self.with(|switches| switches.delay = delay);
    }

    /// What is wrong with the tokens issued from now on.
    pub fn tokens(&self, fault: TokenFault) {
        self.with(|switches| switches.token_fault = fault);
    }

    /// While on, an identity gets the token it got last for the same audience until that expires: the platform's cache,
    /// which no client can empty.
    pub fn hand_out_same_token(&self, on: bool) {
        self.with(|switches| switches.same_token = on);
    }

    /// How long tokens issued from now on live, whatever the endpoint was started with; None goes back to that.
    pub fn token_lifetime(&self, lifetime: impl Into<Option<Duration>>) {
        let lifetime = lifetime.into();
        self.with(|switches| switches.token_lifetime = lifetime);
    }

    /// Moves the endpoints' clock on by whole seconds. `exp`, `expires_on` and `expires_in` are reckoned by it, codes run
    /// out by it, and the verifiers go by it; the program under test, which knows only the real time, sees tokens that
    /// were issued `by` later than now.
    pub fn advance_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The endpoints' clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// From now on asks `source` about each token request with correct credentials, before the other faults; None asks
    /// nobody.
    pub fn ask(&self, source: Option<Arc<dyn TokenFaultSource>>) {
        self.with(|switches| switches.source = source);
    }

    /// Ends all faults. Counts, the clock and the source of [`IdentityFaults::ask`] stay.
    pub fn clear(&self) {
        self.with(|switches| {
            let Switches { requests, source, .. } = std::mem::take(switches);
            *switches = Switches { requests, source, ..Switches::default() };
        });
    }

    /// How many requests with correct credentials asked for this client id, faults included. The system-assigned identity
    /// counts under its own.
    #[must_use]
    pub fn requests_for(&self, client_id: &str) -> u64 {
        self.with(|switches| switches.requests.get(client_id).copied().unwrap_or(0))
    }

    /// How many requests with correct credentials named an identity that exists, faults included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.with(|switches| switches.requests.values().fold(0_u64, |sum, count| sum.saturating_add(*count)))
    }

    pub(super) fn count(&self, client_id: &str) {
        self.with(|switches| {
            let count = switches.requests.entry(client_id.to_owned()).or_default();
            *count = count.saturating_add(1);
        });
    }

    /// What the source says of this request.
    pub(super) fn scripted(&self) -> Option<TokenRequestFault> {
        let source = self.with(|switches| switches.source.clone());
        source.and_then(|source| source.strike())
    }

    pub(super) fn take_reply_fault(&self) -> Option<ReplyFault> {
        self.with(|switches| {
            let Some((fault, left)) = switches.next_replies.front_mut() else {
                return switches.every_reply;
            };
            let fault = *fault;
            *left = left.saturating_sub(1);
            if *left == 0 {
                switches.next_replies.pop_front();
            }
            Some(fault)
        })
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.with(|switches| switches.stalled)
    }

    pub(super) fn current_delay(&self) -> Duration {
        self.with(|switches| switches.delay)
    }

    pub(super) fn token_fault(&self) -> TokenFault {
        self.with(|switches| switches.token_fault)
    }

    pub(super) fn hands_out_same_token(&self) -> bool {
        self.with(|switches| switches.same_token)
    }

    pub(super) fn lifetime_or(&self, lifetime: Duration) -> Duration {
        self.with(|switches| switches.token_lifetime.unwrap_or(lifetime))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Switches) -> T) -> T {
        act(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
