//! What hangs, and what lets it go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::Until;

/// Ends everything that hangs on it, once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Release(Arc<AtomicBool>);

impl Release {
    pub(super) fn release(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// From now on.
    pub(crate) fn gate(&self, until: Until) -> Gate {
        let end = match until {
            Until::Released => None,
            // A time that no clock has is none.
            Until::For(time) => Instant::now().checked_add(time),
        };
        Gate { release: self.clone(), end }
    }
}

/// Something that hangs looks here whether it goes on.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    release: Release,
    end: Option<Instant>,
}

impl Gate {
    pub(crate) fn is_open(&self) -> bool {
        self.release.0.load(Ordering::SeqCst) || self.end.is_some_and(|end| Instant::now() >= end)
    }
}
