//! Reads `faults`: how often and how long a function's command is tried, in the place of the app's settings.

use std::time::Duration;

use super::section::Section;
use crate::database::faults::{OwnRetryLimits, RetryLimits};
use crate::invocation::{Mistakes, time_span};

pub(super) const KEY: &str = "faults";
pub(super) const BUDGET: &str = "budget";
pub(super) const TRIES: &str = "tries";
/// The keys of the object.
pub(super) const KEYS: [&str; 2] = [BUDGET, TRIES];

/// Reads the key. `timeout` is the function's own: a budget beyond it would never be used.
pub(super) fn read(
    section: &Section<'_>,
    timeout: Option<Duration>,
    mistakes: &mut Mistakes,
) -> OwnRetryLimits {
    let Some(faults) = section.get(KEY).and_then(|json| Section::of(section.path_of(KEY), json, mistakes))
    else {
        return OwnRetryLimits::default();
    };
    faults.check_keys(&KEYS, &[], mistakes);
    if !faults.has(BUDGET) && !faults.has(TRIES) {
        mistakes.add(faults.path(), "says nothing; write budget, tries or both, or leave it out");
    }
    OwnRetryLimits { tries: tries(&faults, mistakes), budget: budget(&faults, timeout, mistakes) }
}

fn tries(faults: &Section<'_>, mistakes: &mut Mistakes) -> Option<u32> {
    let written = faults.whole_number(TRIES, mistakes)?;
    let tries = u32::try_from(written).ok().filter(|tries| (1..=RetryLimits::MOST_TRIES).contains(tries));
    if tries.is_none() {
        let most = RetryLimits::MOST_TRIES;
        mistakes.add(
            faults.path_of(TRIES),
            format!("must be from 1 to {most}, the first try included; write 1 to try once"),
        );
    }
    tries
}

fn budget(faults: &Section<'_>, timeout: Option<Duration>, mistakes: &mut Mistakes) -> Option<Duration> {
    let written = faults.text(BUDGET, mistakes)?;
    let budget = time_span(written).filter(|budget| *budget <= RetryLimits::LONGEST_BUDGET);
    match budget {
        None => mistakes.add(
            faults.path_of(BUDGET),
            "must be a time span hh:mm:ss up to \"00:03:50\", such as \"00:00:30\"",
        ),
        Some(budget) if timeout.is_some_and(|timeout| timeout < budget) => mistakes.add(
            faults.path_of(BUDGET),
            "is longer than the function's timeout, which ends all tries; make it shorter, or raise timeout",
        ),
        Some(_) => {}
    }
    budget
}
