//! Which unit of work is tried again after which fault, how often, and after what waits.

use std::time::Duration;

use proptest::prelude::*;

use super::super::table::entries;
use super::super::{
    BUSY_WAIT, DATABASE_NOT_AVAILABLE, DATABASE_NOT_OPENED, Fault, FaultClass, FaultPolicy, RetryLimits,
    SERVICE_BUSY, SERVICE_ERROR,
};
use crate::database::{Isolation, Unit};

const LIMITS: RetryLimits = RetryLimits { tries: 5, budget: Duration::from_secs(60) };
const DEFAULTS: RetryLimits =
    RetryLimits { tries: RetryLimits::DEFAULT_TRIES, budget: RetryLimits::DEFAULT_BUDGET };
const TRANSACTION: Unit = Unit::Transaction(Isolation::Default);
const UNITS: [Unit; 6] = [
    Unit::Repeatable,
    Unit::RepeatableTransaction(Isolation::Snapshot),
    Unit::SingleStatement,
    TRANSACTION,
    Unit::Keyed(Isolation::Default),
    Unit::OnItsOwn,
];
const CLASSES: [FaultClass; 4] =
    [FaultClass::Opening, FaultClass::RolledBack, FaultClass::Unknown, FaultClass::Permanent];

fn fault(class: FaultClass, number: Option<u32>) -> Fault {
    Fault { number, ..Fault::without_number(class, "test") }
}

fn is_tried_again(unit: Unit, class: FaultClass) -> bool {
    let mut policy = FaultPolicy::new(LIMITS, unit);
    policy.begin_try();
    policy.next_try(&fault(class, None), Duration::ZERO).is_some()
}

#[test]
fn what_is_tried_again_is_exactly_what_cannot_happen_twice() {
    let repeated: Vec<Vec<FaultClass>> =
        UNITS.map(|unit| CLASSES.into_iter().filter(|class| is_tried_again(unit, *class)).collect()).into();
    let [opening, rolled_back, unknown, _] = CLASSES;
    assert_eq!(
        repeated,
        [
            vec![opening, rolled_back, unknown],
            vec![opening, rolled_back, unknown],
            vec![opening, rolled_back],
            vec![opening, rolled_back],
            vec![opening, rolled_back, unknown],
            vec![opening],
        ]
    );
}

#[test]
fn a_busy_service_is_left_alone_for_ten_seconds_or_given_up_within_the_budget() {
    let busy = fault(FaultClass::RolledBack, Some(SERVICE_BUSY));
    let mut patient = FaultPolicy::new(LIMITS, Unit::SingleStatement);
    patient.begin_try();
    assert!(patient.next_try(&busy, Duration::ZERO).is_some_and(|wait| wait >= BUSY_WAIT));
    let mut hasty = FaultPolicy::new(RetryLimits { budget: BUSY_WAIT, ..LIMITS }, Unit::SingleStatement);
    hasty.begin_try();
    assert_eq!(hasty.next_try(&busy, Duration::ZERO), None);
}

#[test]
fn tries_end_at_their_limit() {
    let mut policy = FaultPolicy::new(LIMITS, Unit::Repeatable);
    let tries = std::iter::from_fn(|| {
        policy.begin_try();
        policy.next_try(&fault(FaultClass::Opening, None), Duration::ZERO)
    });
    assert_eq!(tries.count() + 1, 5);
}

#[test]
fn a_database_that_may_have_no_such_name_is_asked_for_twice_and_a_resuming_one_as_often_as_it_takes() {
    let tries_of = |number| {
        let mut policy = FaultPolicy::new(DEFAULTS, Unit::Repeatable);
        let again = std::iter::from_fn(|| {
            policy.begin_try();
            policy.next_try(&fault(FaultClass::Opening, Some(number)), Duration::ZERO)
        });
        again.count() + 1
    };
    assert_eq!(tries_of(DATABASE_NOT_OPENED), 2);
    assert_eq!(tries_of(DATABASE_NOT_AVAILABLE), 20);
}

/// What an invocation waits for a server that answers every try with the same fault at once.
fn waits(limits: RetryLimits, fault: &Fault, seed: u64) -> Vec<Duration> {
    let mut policy = FaultPolicy::with_random(limits, Unit::Repeatable, fastrand::Rng::with_seed(seed));
    let mut spent = Duration::ZERO;
    std::iter::from_fn(|| {
        policy.begin_try();
        let wait = policy.next_try(fault, spent)?;
        spent += wait;
        Some(wait)
    })
    .collect()
}

fn any_number() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(proptest::sample::select(entries()).prop_map(|entry| entry.number))
}

proptest! {
    #[test]
    fn neither_tries_nor_budget_are_ever_exceeded_and_every_wait_is_within_its_bounds(
        tries in 1_u32..=RetryLimits::MOST_TRIES,
        budget in 0_u64..=230_000,
        class in proptest::sample::select(CLASSES.as_slice()),
        number in any_number(),
        seed: u64,
    ) {
        let limits = RetryLimits { tries, budget: Duration::from_millis(budget) };
        let waits = waits(limits, &fault(class, number), seed);

        prop_assert!(u32::try_from(waits.len()).is_ok_and(|again| again < tries));
        let total: Duration = waits.iter().sum();
        prop_assert!(waits.is_empty() || total < limits.budget, "the last try begins within the budget");
        let asked = if number == Some(SERVICE_BUSY) { BUSY_WAIT } else { Duration::ZERO };
        for (wait, doublings) in waits.iter().zip(0..) {
            let most = Duration::from_millis(200 * 2_u64.pow(doublings)).min(Duration::from_secs(8));
            prop_assert!((asked..=asked + most.max(Duration::from_secs(1))).contains(wait), "{doublings}: {wait:?}");
        }
    }

    #[test]
    fn by_default_a_login_outlasts_a_resume_of_a_minute_whatever_number_says_so_and_is_drawn(
        number in proptest::sample::select([DATABASE_NOT_AVAILABLE, SERVICE_ERROR, 10928, 10929, 42109].as_slice()),
        seed: u64,
    ) {
        let resuming = fault(FaultClass::Opening, Some(number));
        let waits = waits(DEFAULTS, &resuming, seed);
        prop_assert!(waits.iter().all(|wait| *wait >= Duration::from_secs(1)));
        // What is left of the budget is less than the next wait would be.
        prop_assert!(waits.iter().sum::<Duration>() > Duration::from_secs(60), "{waits:?}");
    }

    #[test]
    fn the_same_chance_draws_the_same_waits(seed: u64) {
        let broken = fault(FaultClass::Opening, None);
        prop_assert_eq!(waits(DEFAULTS, &broken, seed), waits(DEFAULTS, &broken, seed));
    }
}

#[test]
fn callers_that_failed_together_come_back_apart() {
    let broken = fault(FaultClass::Opening, None);
    let first: std::collections::BTreeSet<_> =
        (0..64).filter_map(|seed| waits(DEFAULTS, &broken, seed).first().copied()).collect();
    assert!(first.len() > 32, "{first:?}");
    assert!(
        first.first().is_some_and(|wait| *wait < Duration::from_millis(40)),
        "from nothing on: {first:?}"
    );
}

#[test]
fn waiting_for_a_servers_return_takes_no_try_and_ends_with_the_budget() {
    let limits = RetryLimits { tries: 1, budget: Duration::from_secs(60) };
    let mut policy = FaultPolicy::new(limits, TRANSACTION);
    let mut spent = Duration::ZERO;
    let mut waits = 0;
    loop {
        assert_eq!(policy.begin_try(), 1);
        let Some(wait) = policy.wait_for_connection(spent) else { break };
        assert!((Duration::from_millis(500)..=Duration::from_secs(1)).contains(&wait), "{wait:?}");
        spent += wait;
        waits += 1;
    }
    assert!(spent < limits.budget && waits >= 59, "{waits} waits in {spent:?}");
}
