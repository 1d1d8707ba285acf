//! Stopping what a session runs, from outside its thread: an attention signal, or a client that has gone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::session::Cancel;

/// Shared by the task that reads a connection and the thread that runs its session.
pub(crate) struct Interrupt {
    /// Attention signals that were read and are not answered yet.
    attentions: AtomicUsize,
    gone: AtomicBool,
    /// The session goes on without its client: that it has gone ends nothing.
    orphan: AtomicBool,
    /// The server stops: that ends everything.
    ended: AtomicBool,
    /// Held while cancelling and while an attention is taken off, so that no cancel hits the request after it.
    cancel: Mutex<Option<Cancel>>,
    raised: Condvar,
}

impl Interrupt {
    pub(crate) fn new() -> Self {
        Self {
            attentions: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            orphan: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            cancel: Mutex::new(None),
            raised: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cancel>> {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the session's work is ended, once there is a session.
    pub(crate) fn set_cancel(&self, cancel: Cancel) {
        *self.lock() = Some(cancel);
    }

    /// An attention signal was read.
    pub(crate) fn attention(&self) {
        self.attentions.fetch_add(1, Ordering::SeqCst);
        self.press();
    }

    /// The session no longer minds whether it has a client.
    pub(crate) fn outlive_client(&self) {
        self.orphan.store(true, Ordering::SeqCst);
    }

    /// Whether the session no longer minds whether it has a client.
    pub(crate) fn is_orphan(&self) -> bool {
        self.orphan.load(Ordering::SeqCst)
    }

    /// The server stops.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.press();
    }

    /// The client has gone.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::SeqCst);
        self.press();
    }

    /// Cancels again if there still is a reason to; true if there is. A cancel that comes just before the session begins to run
    /// a request has no effect, so it is repeated until the request has ended.
    pub(crate) fn press(&self) -> bool {
        let cancel = self.lock();
        let raised = self.is_raised();
        if raised {
            if let Some(cancel) = cancel.as_ref() {
                cancel();
            }
            self.raised.notify_all();
        }
        raised
    }

    /// Whether the running request is to end.
    pub(crate) fn is_raised(&self) -> bool {
        self.is_gone() || (!self.is_orphan() && self.attentions.load(Ordering::SeqCst) > 0)
    }

    /// Whether the session has nobody left to work for.
    pub(crate) fn is_gone(&self) -> bool {
        self.ended.load(Ordering::SeqCst) || (self.gone.load(Ordering::SeqCst) && !self.is_orphan())
    }

    /// One attention is answered.
    pub(crate) fn answered(&self) {
        let _guard = self.lock();
        let left = self.attentions.load(Ordering::SeqCst).saturating_sub(1);
        self.attentions.store(left, Ordering::SeqCst);
    }

    /// Blocks until it is raised or `over` says so.
    pub(crate) fn wait_unless(&self, over: impl Fn() -> bool) {
        let mut guard = self.lock();
        while !self.is_raised() && !over() {
            guard = self
                .raised
                .wait_timeout(guard, Duration::from_millis(20))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
