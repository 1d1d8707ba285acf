//! The sessions that are open on a database, for `sys.dm_exec_sessions`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::Login;

/// The open sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, OpenSession>>,
}

/// An open session.
#[derive(Clone, Debug)]
pub(crate) struct OpenSession {
    /// What `@@SPID` gives there.
    pub(crate) id: u16,
    pub(crate) since: SystemTime,
    pub(crate) login: String,
    pub(crate) host: String,
    pub(crate) application: String,
}

/// Holds a session's place in the list until it is dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    sessions: Arc<Sessions>,
    key: u64,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, OpenSession>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a session.
    pub(crate) fn register(self: &Arc<Self>, login: &Login) -> Registered {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let session = OpenSession {
            id: login.session_id,
            since: SystemTime::now(),
            login: login.name.clone(),
            host: login.host.clone(),
            application: login.application.clone(),
        };
        self.lock().insert(key, session);
        Registered { sessions: Arc::clone(self), key }
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<OpenSession> {
        self.lock().values().cloned().collect()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.key);
    }
}
