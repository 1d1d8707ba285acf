//! The queue of a pool, and what is known of tokens that ended.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use futures_util::FutureExt;

use super::manager::{latest, newest_end};
use super::*;
use crate::database::faults::RetryShare;
use crate::database::health::Gates;
use crate::identity::{IdentityEnvironment, SystemClock};

const WAIT: Duration = Duration::from_secs(10);

/// A pool that is never connected.
fn pool(max_size: usize, queue: usize) -> ConnectionPool {
    let environment = IdentityEnvironment::default();
    let text = "Server=localhost;Authentication=ActiveDirectoryMSI";
    let settings = ConnectionSettings::parse(text, &environment).unwrap().settings;
    let caches = TokenCaches::new(environment, Arc::new(SystemClock));
    let limits = PoolLimits { queue, ..PoolLimits::of_size(max_size) };
    let gate = Gates::default().gate(&settings);
    let budget = RetryBudget::new(RetryShare::default());
    ConnectionPool::new(settings, limits, &caches, gate, None, budget).unwrap()
}

#[tokio::test]
async fn turns_come_in_the_order_of_asking_and_a_newcomer_never_goes_first() {
    let pool = pool(1, 3);
    let mut held = pool.turn(WAIT).await.unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(pool.turn(WAIT))).collect();
    assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));

    while !waiting.is_empty() {
        drop(held);
        assert!(
            !matches!(Box::pin(pool.turn(WAIT)).now_or_never(), Some(Ok(_))),
            "a newcomer went first"
        );
        let last = waiting.iter_mut().skip(1).any(|turn| turn.as_mut().now_or_never().is_some());
        assert!(!last, "one who asked later went first");
        held = waiting.remove(0).now_or_never().unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_leaves_the_queue_makes_room_in_it_and_is_counted_out_once() {
    let pool = pool(1, 2);
    let held = pool.turn(WAIT).await.unwrap();
    let mut first = Box::pin(pool.turn(WAIT));
    let mut second = Box::pin(pool.turn(WAIT));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(pool.snapshot().waiting, 2);
    assert!(matches!(pool.turn(WAIT).await, Err(PoolFailure::QueueFull)));

    drop(first);

    assert_eq!(pool.snapshot().waiting, 1);
    drop(held);
    let second = second.now_or_never().unwrap();
    assert!(second.is_ok());
    assert_eq!(pool.snapshot().waiting, 0);
}

#[tokio::test]
async fn without_a_queue_nobody_waits() {
    let pool = pool(1, 0);
    let _held = pool.turn(WAIT).await.unwrap();
    assert!(matches!(pool.turn(WAIT).await, Err(PoolFailure::QueueFull)));
}

#[test]
fn an_older_token_that_ends_later_does_not_make_the_newer_one_trusted_again() {
    let first = Instant::now();
    let later = first + Duration::from_secs(1);
    assert_eq!(newest_end(None, 2, first), (2, first));
    assert_eq!(newest_end(Some((2, first)), 1, later), (2, first));
    assert_eq!(newest_end(Some((2, first)), 2, later), (2, later));
    assert_eq!(newest_end(Some((2, first)), 3, later), (3, later));
}

#[test]
fn a_connection_that_breaks_late_says_nothing_of_those_that_were_opened_since() {
    let first = Instant::now();
    let later = first + Duration::from_secs(60);
    assert_eq!(latest(None, first), first);
    assert_eq!(latest(Some(later), first), later, "the trust of a later time stands");
    assert_eq!(latest(Some(first), later), later);
}
