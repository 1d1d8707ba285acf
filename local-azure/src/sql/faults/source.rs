//! Faults that are decided elsewhere, at the moment when somebody passes: a script's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Faults, RequestKind, Strike};

/// Where somebody passes and a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A connection was accepted.
    Connection,
    /// TLS is about to begin.
    Handshake,
    /// LOGIN7 was read.
    Login,
    /// A login is about to succeed: only a redirect strikes here.
    Redirect,
    /// A request of a session.
    Request(RequestKind),
}

/// Decides about faults. It is asked where no armed fault strikes, from many threads, and must not wait.
pub trait FaultSource: Send + Sync {
    /// What strikes here, if anything does; `text` is the request's, where there is one. A fault that belongs to another point
    /// strikes nobody. `faults` are those of the server that asks.
    fn strike(&self, faults: &Faults, point: Point, text: Option<&str>) -> Option<Strike>;
}

/// The source of a server, if it has one.
#[derive(Clone, Default)]
pub(super) struct SourceOfFaults(Arc<Mutex<Option<Arc<dyn FaultSource>>>>);

impl fmt::Debug for SourceOfFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SourceOfFaults").field(&self.get().is_some()).finish()
    }
}

impl SourceOfFaults {
    pub(super) fn get(&self) -> Option<Arc<dyn FaultSource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Faults {
    /// From now on asks `source` where no armed fault strikes; None asks nobody. [`Faults::clear`] leaves it.
    pub fn ask(&self, source: Option<Arc<dyn FaultSource>>) {
        *self.source.0.lock().unwrap_or_else(PoisonError::into_inner) = source;
    }
}
