//! A storm after a refusal.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

#[derive(Debug)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

const MEMORY: Duration = Duration::from_secs(30);

fn refused() -> (Refusals<&'static str>, Arc<TestClock>) {
    let clock = Arc::new(TestClock(AtomicI64::new(1000)));
    let refusals = Refusals::new(clock.clone() as Arc<dyn Clock>);
    if let Ok(attempt) = refusals.admit() {
        attempt.refused("refused", MEMORY);
    }
    (refusals, clock)
}

#[test]
fn while_a_refusal_is_remembered_nobody_gets_leave() {
    let (refusals, clock) = refused();
    for seconds in 0..30 {
        clock.0.store(1000 + seconds, Ordering::SeqCst);
        assert_eq!(refusals.admit().err(), Some("refused"));
    }
}

#[test]
fn afterwards_one_tries_and_the_others_are_told_of_the_refusal() {
    let (refusals, clock) = refused();
    clock.0.store(1030, Ordering::SeqCst);
    let probe = refusals.admit();
    assert!(probe.as_ref().is_ok_and(|probe| probe.remembered() == Some(&"refused")));
    assert_eq!(refusals.admit().err(), Some("refused"));
    drop(probe);
    assert!(refusals.admit().is_ok(), "it ended without a verdict, so another may try");
}

#[test]
fn a_probe_that_is_refused_begins_the_memory_anew() {
    let (refusals, clock) = refused();
    clock.0.store(1030, Ordering::SeqCst);
    if let Ok(probe) = refusals.admit() {
        probe.refused("still refused", MEMORY);
    }
    clock.0.store(1059, Ordering::SeqCst);
    assert_eq!(refusals.admit().err(), Some("still refused"));
}

#[test]
fn a_login_clears_the_memory_for_everybody() {
    let (refusals, clock) = refused();
    clock.0.store(1030, Ordering::SeqCst);
    if let Ok(probe) = refusals.admit() {
        probe.accepted();
    }
    let (one, other) = (refusals.admit(), refusals.admit());
    assert!(one.is_ok_and(|one| one.remembered().is_none()) && other.is_ok());
}

#[test]
fn a_clock_that_jumps_back_locks_nobody_out() {
    let (refusals, clock) = refused();
    clock.0.store(10, Ordering::SeqCst);
    assert!(refusals.admit().is_ok());
}
