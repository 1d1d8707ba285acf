//! One counter for each value of a closed list.

use std::sync::atomic::{AtomicU64, Ordering};

use super::snapshot::Counts;

/// A closed list to count by.
pub(super) trait Counted: Copy + PartialEq + 'static {
    /// Every value.
    const ALL: &[Self];
    /// Its name in JSON.
    fn name(self) -> &'static str;
}

/// See the module.
#[derive(Debug)]
pub(super) struct Counters<E>(Box<[(E, AtomicU64)]>);

impl<E: Counted> Default for Counters<E> {
    fn default() -> Self {
        Self(E::ALL.iter().map(|value| (*value, AtomicU64::new(0))).collect())
    }
}

impl<E: Counted> Counters<E> {
    pub(super) fn count(&self, which: E) {
        if let Some((_, counter)) = self.0.iter().find(|(value, _)| *value == which) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts(
            self.0.iter().map(|(value, counter)| (value.name(), counter.load(Ordering::Relaxed))).collect(),
        )
    }
}
