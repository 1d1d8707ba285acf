//! Who waits for what: one request for many callers, none for those that a good token serves.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::*;

#[derive(Debug)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Answers when it is allowed to, with a token of an hour or a failure.
#[derive(Debug)]
struct Endpoint {
    clock: Arc<TestClock>,
    requests: AtomicU32,
    fails: AtomicBool,
    panics: AtomicBool,
    answers: Semaphore,
    bound: Duration,
}

impl TokenFetcher for Endpoint {
    fn fetch<'a>(&'a self, _scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        async {
            let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
            self.answers.acquire().await.unwrap().forget();
            assert!(!self.panics.load(Ordering::SeqCst), "as asked");
            if self.fails.load(Ordering::SeqCst) {
                let what = "connection refused".to_owned();
                return Err(IdentityError::Unreachable { way: self.way(), what, cure: "start it" });
            }
            let secret = SecretString::from(format!("token {number}"));
            Ok(Token { secret, expires_at: self.clock.now() + 3600 })
        }
        .boxed()
    }

    fn bound(&self) -> Duration {
        self.bound
    }
}

fn cache(bound: Duration) -> (Arc<TokenCache>, Arc<Endpoint>) {
    let clock = Arc::new(TestClock(AtomicI64::new(1_000_000)));
    let endpoint = Arc::new(Endpoint {
        clock: Arc::clone(&clock),
        requests: AtomicU32::new(0),
        fails: AtomicBool::new(false),
        panics: AtomicBool::new(false),
        answers: Semaphore::new(0),
        bound,
    });
    let fetcher: Arc<dyn TokenFetcher> = endpoint.clone();
    (TokenCache::with_random(fetcher, "scope".to_owned(), clock, fastrand::Rng::with_seed(1)), endpoint)
}

const LONG: Duration = Duration::from_secs(3600);

impl Endpoint {
    fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }
}

/// All tasks that can go on have done so; the runtime of a test has one thread.
async fn settled() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn text(cache: &TokenCache) -> Result<String, IdentityError> {
    cache.token().await.map(|token| token.secret.expose_secret().to_owned())
}

#[tokio::test]
async fn fifty_callers_share_one_request() {
    let (cache, endpoint) = cache(LONG);
    endpoint.answers.add_permits(50);
    let all = join_all((0..50).map(|_| text(&cache))).await;
    assert!(all.iter().all(|got| got.as_deref() == Ok("token 1")));
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_end_the_request_for_the_others() {
    let (cache, endpoint) = cache(LONG);
    assert!(text(&cache).now_or_never().is_none());
    settled().await;
    endpoint.answers.add_permits(1);
    assert_eq!(text(&cache).await.unwrap(), "token 1");
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn a_due_token_is_handed_out_at_once_while_one_refresh_runs_behind() {
    let (cache, endpoint) = cache(LONG);
    endpoint.answers.add_permits(1);
    text(&cache).await.unwrap();
    endpoint.advance(3000);
    for _ in 0..10 {
        assert_eq!(text(&cache).now_or_never().unwrap().unwrap(), "token 1");
        settled().await;
    }
    assert_eq!(endpoint.requests(), 2);
    endpoint.answers.add_permits(1);
    settled().await;
    assert_eq!(text(&cache).now_or_never().unwrap().unwrap(), "token 2");
}

#[tokio::test]
async fn a_refresh_that_fails_is_no_callers_failure() {
    let (cache, endpoint) = cache(LONG);
    endpoint.answers.add_permits(2);
    text(&cache).await.unwrap();
    endpoint.fails.store(true, Ordering::SeqCst);
    endpoint.advance(3000);
    for _ in 0..10 {
        assert_eq!(text(&cache).now_or_never().unwrap().unwrap(), "token 1");
        settled().await;
    }
    assert_eq!(endpoint.requests(), 2, "the next try waits");
}

#[tokio::test]
async fn a_failure_is_shared_by_all_who_wait_and_remembered_for_a_moment() {
    let (cache, endpoint) = cache(LONG);
    endpoint.fails.store(true, Ordering::SeqCst);
    endpoint.answers.add_permits(50);
    let all = join_all((0..50).map(|_| text(&cache))).await;
    assert!(all.iter().all(Result::is_err));
    assert!(text(&cache).now_or_never().unwrap().is_err());
    assert_eq!(endpoint.requests(), 1);
    endpoint.fails.store(false, Ordering::SeqCst);
    endpoint.advance(2);
    assert_eq!(text(&cache).await.unwrap(), "token 2");
}

#[tokio::test]
async fn a_fetcher_that_ignores_its_bound_is_cut_off() {
    let (cache, _endpoint) = cache(Duration::ZERO);
    let error = text(&cache).await.unwrap_err();
    assert!(matches!(error, IdentityError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_fetcher_that_panics_is_a_failure_and_the_next_call_asks_again() {
    let (cache, endpoint) = cache(LONG);
    endpoint.panics.store(true, Ordering::SeqCst);
    endpoint.answers.add_permits(2);
    assert!(text(&cache).await.is_err());
    endpoint.panics.store(false, Ordering::SeqCst);
    assert_eq!(text(&cache).await.unwrap(), "token 2");
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let (cache, _endpoint) = cache(LONG);
    let Some(Err(error)) = text(&cache).now_or_never() else { panic!("no error") };
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
fn on_a_runtime_that_has_ended_there_is_an_error_and_nobody_waits_for_ever() {
    let (cache, _endpoint) = cache(LONG);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (sender, outcome) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _on_it = handle.enter();
        let _ = sender.send(text(&cache).now_or_never());
    });
    let outcome = outcome.recv_timeout(Duration::from_secs(30)).expect("the cache's lock is held for ever");
    assert!(outcome.is_some_and(|token| token.is_err()));
}

#[tokio::test]
async fn all_who_were_refused_share_one_request_for_another_token() {
    let (cache, endpoint) = cache(LONG);
    endpoint.answers.add_permits(5);
    let refused = cache.held().await.unwrap().generation;
    let others = join_all((0..50).map(|_| cache.after_refusal(refused))).await;
    assert!(others.iter().all(|other| other.as_ref().is_ok_and(|held| held.generation > refused)));
    assert_eq!(endpoint.requests(), 2);
    assert!(cache.after_refusal(refused).now_or_never().unwrap().unwrap().generation > refused);
}

#[tokio::test]
async fn neither_a_token_nor_a_failure_shows_in_debug() {
    let (cache, endpoint) = cache(LONG);
    endpoint.answers.add_permits(1);
    let held = cache.held().await.unwrap();
    assert!(!format!("{cache:?} {held:?}").contains("token 1"));
}
