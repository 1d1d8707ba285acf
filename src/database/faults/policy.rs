//! Whether and when one invocation tries again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use super::fault::Fault;
use super::table::{BUSY_WAIT, SERVICE_BUSY};
use crate::database::Unit;

/// How often and how long an invocation tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// All tries, the first included; at least 1.
    pub tries: u32,
    /// Time from the first try within which the last one must begin.
    pub budget: Duration,
}

/// One invocation's tries.
#[derive(Debug)]
pub struct FaultPolicy {
    limits: RetryLimits,
    unit: Unit,
    waits: ExponentialBackoff,
    tries: u32,
}

impl FaultPolicy {
    /// The policy for one invocation: waits double from 200 ms up to 8 s, each with up to its own length of jitter.
    #[must_use]
    pub fn new(limits: RetryLimits, unit: Unit) -> Self {
        let waits = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(8))
            .with_jitter()
            .without_max_times()
            .build();
        Self { limits, unit, waits, tries: 0 }
    }

    /// The number of the try that begins now, from 1.
    pub fn begin_try(&mut self) -> u32 {
        self.tries += 1;
        self.tries
    }

    /// How long to wait before the next try; None when there is none: the fault forbids it, the tries are used up, or
    /// the wait would outlast what is left of the budget. `spent` runs from the first try.
    pub fn next_try(&mut self, fault: &Fault, spent: Duration) -> Option<Duration> {
        if !self.unit.repeats_after(fault.class) || self.tries >= self.limits.tries {
            return None;
        }
        let wait = self.waits.next()?;
        let wait = if fault.number == Some(SERVICE_BUSY) { wait + BUSY_WAIT } else { wait };
        (spent + wait < self.limits.budget).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::database::Isolation;
    use crate::database::faults::{DATABASE_NOT_AVAILABLE, FaultClass, SERVICE_ERROR};

    const LIMITS: RetryLimits = RetryLimits { tries: 5, budget: Duration::from_secs(60) };

    fn fault(class: FaultClass, number: Option<u32>) -> Fault {
        Fault { number, ..Fault::without_number(class, "test") }
    }

    #[test]
    fn a_write_is_never_repeated_after_an_unknown_outcome() {
        for unit in [Unit::SingleStatement, Unit::Transaction(Isolation::Default), Unit::OnItsOwn] {
            let mut policy = FaultPolicy::new(LIMITS, unit);
            policy.begin_try();
            for number in [None, Some(SERVICE_ERROR), Some(DATABASE_NOT_AVAILABLE)] {
                assert_eq!(policy.next_try(&fault(FaultClass::Unknown, number), Duration::ZERO), None);
            }
        }
    }

    #[test]
    fn a_failed_opening_is_tried_again_whatever_the_command_is() {
        for unit in [Unit::Repeatable, Unit::SingleStatement, Unit::OnItsOwn] {
            let mut policy = FaultPolicy::new(LIMITS, unit);
            policy.begin_try();
            assert!(policy.next_try(&fault(FaultClass::Opening, None), Duration::ZERO).is_some());
        }
    }

    #[test]
    fn a_busy_service_is_left_alone_for_ten_seconds_or_given_up_within_the_budget() {
        let busy = fault(FaultClass::RolledBack, Some(SERVICE_BUSY));
        let mut patient = FaultPolicy::new(LIMITS, Unit::SingleStatement);
        patient.begin_try();
        assert!(patient.next_try(&busy, Duration::ZERO).unwrap() >= BUSY_WAIT);
        let short = RetryLimits { budget: Duration::from_secs(9), ..LIMITS };
        let mut hasty = FaultPolicy::new(short, Unit::SingleStatement);
        hasty.begin_try();
        assert_eq!(hasty.next_try(&busy, Duration::ZERO), None);
    }

    #[test]
    fn several_statements_run_at_most_once_even_when_the_last_never_ran() {
        let mut policy = FaultPolicy::new(LIMITS, Unit::OnItsOwn);
        policy.begin_try();
        assert_eq!(policy.next_try(&fault(FaultClass::RolledBack, Some(SERVICE_BUSY)), Duration::ZERO), None);
    }

    #[test]
    fn tries_end_at_their_limit() {
        let mut policy = FaultPolicy::new(LIMITS, Unit::Repeatable);
        let mut tries = 0;
        loop {
            policy.begin_try();
            tries += 1;
            if policy.next_try(&fault(FaultClass::Opening, None), Duration::ZERO).is_none() {
                break;
            }
        }
        assert_eq!(tries, 5);
    }
}
