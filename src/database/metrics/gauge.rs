//! A number that goes up and down, held by guards: whoever went in goes out once, however it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub(in crate::database) struct Gauge(Arc<AtomicUsize>);

/// Counts in its gauge until it is dropped.
#[derive(Debug)]
pub(in crate::database) struct Entered(Arc<AtomicUsize>);

impl Gauge {
    pub(in crate::database) fn value(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(in crate::database) fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(Arc::clone(&self.0))
    }

    /// None when there are `limit` inside.
    pub(in crate::database) fn enter_below(&self, limit: usize) -> Option<Entered> {
        let next = |inside: usize| inside.checked_add(1).filter(|inside| *inside <= limit);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(Entered(Arc::clone(&self.0)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_go_in_than_the_limit_and_who_leaves_makes_room() {
        let gauge = Gauge::default();
        let first = gauge.enter_below(2);
        let second = gauge.enter_below(2);
        assert!(first.is_some() && second.is_some());
        assert!(gauge.enter_below(2).is_none());
        drop(first);
        assert_eq!(gauge.value(), 1);
        assert!(gauge.enter_below(2).is_some());
        assert_eq!(gauge.value(), 1, "the guard was dropped at once");
    }

    #[test]
    fn a_limit_of_nothing_lets_nobody_in() {
        assert!(Gauge::default().enter_below(0).is_none());
    }
}
