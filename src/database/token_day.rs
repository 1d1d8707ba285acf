//! A simulated day: tokens of an hour, connections that come and go, and an identity endpoint that is slow, fails now and then
//! and is away for minutes. The cache, its rules and the pool's retirement are those that run in earnest; the clock and the
//! endpoint are not. One thread and seeded chance: each run is the same.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::watch;

use super::retirement::{Lifetime, MAX_AGE};
use crate::identity::{Clock, IdentityError, Token, TokenCache, TokenFetcher, Way};

const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;
const CONNECTIONS: usize = 8;
/// Without chance: connections live as long as they may.
const LIFETIME: Lifetime = Lifetime { max_age: MAX_AGE, max_idle: Duration::from_secs(10 * 60) };

#[derive(Clone, Debug)]
struct SimulatedClock(watch::Receiver<i64>);

impl Clock for SimulatedClock {
    fn now(&self) -> i64 {
        *self.0.borrow()
    }
}

impl SimulatedClock {
    async fn reach(&self, moment: i64) {
        let _ = self.0.clone().wait_for(|now| *now >= moment).await;
    }
}

#[derive(Debug, Default)]
struct Counts {
    under_way: u32,
    most_at_once: u32,
    tokens: u32,
    failures: u32,
}

/// How often in a hundred requests the endpoint fails, and whether it is away for eight minutes in each 50.
#[derive(Clone, Copy, Debug)]
struct Weather {
    failures: u32,
    outages: bool,
}

#[derive(Debug)]
struct Endpoint {
    clock: SimulatedClock,
    weather: Weather,
    random: Mutex<fastrand::Rng>,
    counts: Mutex<Counts>,
}

impl TokenFetcher for Endpoint {
    fn fetch<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        async {
            let asked = self.clock.now();
            {
                let mut counts = self.counts.lock().unwrap();
                counts.under_way += 1;
                counts.most_at_once = counts.most_at_once.max(counts.under_way);
            }
            let (takes, fails) = {
                let mut random = self.random.lock().unwrap();
                (random.i64(0..=7), random.u32(0..100) < self.weather.failures)
            };
            self.clock.reach(asked + takes).await;
            let away = self.weather.outages && asked % (50 * 60) >= 42 * 60;
            let mut counts = self.counts.lock().unwrap();
            counts.under_way -= 1;
            if fails || away {
                counts.failures += 1;
                return Err(IdentityError::Timeout { way: Way::Custom, bound: self.bound(), cure: "wait" });
            }
            counts.tokens += 1;
            let secret = SecretString::from(format!("{}", counts.tokens));
            Ok(Token { secret, expires_at: self.clock.now() + HOUR })
        }
        .boxed()
    }

    fn bound(&self) -> Duration {
        Duration::from_secs(8)
    }
}

/// A pooled connection as the pool knows it.
struct Pooled {
    opened_at: i64,
    used_at: i64,
    retire_at: i64,
    generation: u64,
    token_ends_at: i64,
}

struct Day {
    counts: Counts,
    generations: u64,
    logins: u32,
    invocations: u32,
}

/// Lives through a day. Every invocation gets its connection at once, with a token that holds: else this panics.
async fn live_through_a_day(seed: u64, weather: Weather) -> Day {
    let (time, now) = watch::channel(0_i64);
    let clock = SimulatedClock(now);
    let mut random = fastrand::Rng::with_seed(seed);
    let endpoint = Arc::new(Endpoint {
        clock: clock.clone(),
        weather,
        random: Mutex::new(random.fork()),
        counts: Mutex::default(),
    });
    let fetcher: Arc<dyn TokenFetcher> = endpoint.clone();
    let cache = TokenCache::with_random(fetcher, "scope".to_owned(), Arc::new(clock), random.fork());
    let mut pool: Vec<Option<Pooled>> = (0..CONNECTIONS).map(|_| None).collect();
    let (mut generations, mut logins, mut invocations) = (0, 0, 0);
    let mut started = false;
    for now in 0..DAY {
        time.send_replace(now);
        for _ in 0..6 {
            tokio::task::yield_now().await;
        }
        if !started {
            // The very first token has to be waited for.
            started = cache.held().now_or_never().is_some_and(|held| held.is_ok());
            continue;
        }
        for slot in &mut pool {
            // Load that comes and goes: at times a connection is idle for minutes.
            if random.u32(0..100) < 60 + u32::try_from(now / HOUR % 4).unwrap() * 13 {
                continue;
            }
            invocations += 1;
            let seconds = |since: i64| Duration::from_secs(u64::try_from(now - since).unwrap());
            if slot.is_some() {
                cache.keep_fresh();
            }
            let usable = slot.take_if(|pooled| {
                LIFETIME
                    .retirement(
                        seconds(pooled.opened_at),
                        seconds(pooled.used_at),
                        now,
                        Some(pooled.retire_at),
                    )
                    .is_none()
            });
            let mut pooled = usable.unwrap_or_else(|| {
                let held = cache.held().now_or_never();
                let held = held
                    .unwrap_or_else(|| {
                        panic!("at {now} of day {seed} an invocation waited: {:?}", endpoint.counts)
                    })
                    .unwrap();
                logins += 1;
                let retire_at = held.connection_retires_at(now);
                let (generation, token_ends_at) = (held.generation, held.token.expires_at);
                Pooled { opened_at: now, used_at: now, retire_at, generation, token_ends_at }
            });
            assert!(now < pooled.token_ends_at, "at {now} a session was used whose token had ended");
            pooled.used_at = now;
            let lives = LIFETIME
                .retirement(seconds(pooled.opened_at), Duration::ZERO, now, Some(pooled.retire_at))
                .is_none();
            assert!(pooled.opened_at < now || lives, "at {now} a connection was born retired");
            generations = generations.max(pooled.generation);
            *slot = Some(pooled);
        }
    }
    let counts = std::mem::take(&mut *endpoint.counts.lock().unwrap());
    Day { counts, generations, logins, invocations }
}

/// An hour less the quarter in hand, for the whole day, and the first.
const REFRESHES: u32 = 24 * 60 / 45 + 1;

#[tokio::test]
async fn on_a_quiet_day_each_refresh_is_one_request_and_no_invocation_waits() {
    for seed in 0..4 {
        let day = live_through_a_day(seed, Weather { failures: 0, outages: false }).await;
        assert_eq!(day.counts.most_at_once, 1);
        assert!(day.counts.tokens <= REFRESHES, "{} requests", day.counts.tokens);
        assert!(u64::from(day.counts.tokens) <= day.generations + 1, "a request brought nothing");
        assert!(day.invocations > 100_000 && day.logins < 2_000, "{} logins", day.logins);
    }
}

#[tokio::test]
async fn on_a_bad_day_no_invocation_fails_or_waits_either() {
    for seed in 0..4 {
        let day = live_through_a_day(seed, Weather { failures: 20, outages: true }).await;
        assert_eq!(day.counts.most_at_once, 1);
        assert!(day.counts.failures > 5, "the day was not bad: {} failures", day.counts.failures);
        assert!(day.counts.tokens <= REFRESHES, "{} tokens", day.counts.tokens);
        assert!(day.counts.failures < 8 * REFRESHES, "{} failures: hammered", day.counts.failures);
    }
}
