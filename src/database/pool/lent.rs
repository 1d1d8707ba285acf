//! A connection that a caller has.

use std::sync::Arc;
use std::time::Instant;

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;

use super::manager::ConnectionManager;
use crate::database::connect::Connection;
use crate::database::lease::Lendable;
use crate::database::metrics::{DiscardCause, Entered, PoolMetrics};

/// A connection that belongs to the pool.
pub(in crate::database) struct PooledConnection {
    // Before the permit: whoever gets that finds the connection in the pool, or room for another.
    object: Object<ConnectionManager>,
    lent_at: Instant,
    metrics: Arc<PoolMetrics>,
    _in_use: Entered,
    _permit: OwnedSemaphorePermit,
}

impl PooledConnection {
    pub(super) fn new(
        object: Object<ConnectionManager>,
        permit: OwnedSemaphorePermit,
        metrics: &Arc<PoolMetrics>,
    ) -> Self {
        Self {
            object,
            lent_at: Instant::now(),
            metrics: Arc::clone(metrics),
            _in_use: metrics.in_use.enter(),
            _permit: permit,
        }
    }
}

impl Lendable for PooledConnection {
    type Item = Connection;

    fn item(&mut self) -> &mut Connection {
        &mut self.object.connection
    }

    fn give_back(mut self) {
        self.metrics.queried(self.lent_at.elapsed());
        self.object.idle_since = Instant::now();
    }

    fn detach(mut self, cause: DiscardCause) -> Connection {
        self.metrics.queried(self.lent_at.elapsed());
        self.object.leaving = Some(cause);
        Object::take(self.object).connection
    }
}
