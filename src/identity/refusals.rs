//! A login that was refused is remembered for a while: a storm of failed logins gets a client blocked.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Clock;
use super::cache_rules::Window;

/// The refusal of one identity by one database. While it is remembered nobody logs in; afterwards one caller tries, and the
/// others are told of the refusal until that one knows better.
pub(crate) struct Refusals<E> {
    clock: Arc<dyn Clock>,
    refused: Mutex<Option<Refused<E>>>,
}

struct Refused<E> {
    error: E,
    memory: Window,
    being_tried: bool,
}

impl<E: Clone> Refusals<E> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, refused: Mutex::new(None) }
    }

    /// Leave to log in, or the refusal that is remembered.
    pub(crate) fn admit(&self) -> Result<Attempt<'_, E>, E> {
        let mut refused = self.lock();
        let Some(refusal) = &mut *refused else { return Ok(Attempt { refusals: self, probes: None }) };
        if refusal.being_tried || !refusal.memory.is_over(self.clock.now()) {
            return Err(refusal.error.clone());
        }
        refusal.being_tried = true;
        Ok(Attempt { refusals: self, probes: Some(refusal.error.clone()) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refused<E>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> fmt::Debug for Refusals<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
    }
}

/// One caller's login. Dropped without a verdict, such as after a broken connection, it leaves the next try to the next
/// caller.
pub(crate) struct Attempt<'a, E: Clone> {
    refusals: &'a Refusals<E>,
    /// The refusal that it tries again.
    probes: Option<E>,
}

impl<E: Clone> Attempt<'_, E> {
    /// The refusal that is remembered, when this is the one try after it.
    pub(crate) fn remembered(&self) -> Option<&E> {
        self.probes.as_ref()
    }

    /// The server let it in.
    pub(crate) fn accepted(self) {
        *self.refusals.lock() = None;
    }

    /// It was refused: `error` is what others are told for so long.
    pub(crate) fn refused(mut self, error: E, memory: Duration) {
        let seconds = i64::try_from(memory.as_secs()).unwrap_or(i64::MAX);
        let memory = Window::of(self.refusals.clock.now(), seconds);
        *self.refusals.lock() = Some(Refused { error, memory, being_tried: false });
        self.probes = None;
    }
}

impl<E: Clone> Drop for Attempt<'_, E> {
    fn drop(&mut self) {
        if self.probes.is_some()
            && let Some(refusal) = &mut *self.refusals.lock()
        {
            refusal.being_tried = false;
        }
    }
}

#[cfg(test)]
mod tests;
