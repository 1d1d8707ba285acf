//! What deadpool is told of connections: how one is opened, whether one may be lent once more, and why one went.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use tokio::time::timeout;

use crate::database::connect::{ConnectError, Connection, Connector};
use crate::database::limits::PoolLimits;
use crate::database::metrics::{DiscardCause, Opening, PoolMetrics};
use crate::database::retirement::{Lifetime, Retirement};

/// A connection that was idle for longer is asked for a sign of life before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// A connection of the pool, and what decides how long it stays there.
pub(super) struct Pooled {
    pub(super) connection: Connection,
    lifetime: Lifetime,
    /// Since when nobody has it; of one that is lent, since when nobody had it before.
    pub(super) idle_since: Instant,
    /// Why it leaves the pool, once that is known. deadpool tells of each that leaves by `detach`.
    pub(super) leaving: Option<DiscardCause>,
}

#[derive(Debug)]
pub(super) struct ConnectionManager {
    connector: Connector,
    limits: PoolLimits,
    metrics: Arc<PoolMetrics>,
    /// Connections that were opened before this are not trusted: one of their time broke, and a failover breaks all.
    trusted_since: Mutex<Option<Instant>>,
    /// The newest token that the server called ended, and when: the sessions that it opened until then have ended too.
    ended_token: Mutex<Option<(u64, Instant)>>,
}

impl ConnectionManager {
    pub(super) fn new(connector: Connector, limits: PoolLimits, metrics: Arc<PoolMetrics>) -> Self {
        Self { connector, limits, metrics, trusted_since: Mutex::default(), ended_token: Mutex::default() }
    }

    /// A connection that was in order at `since` broke after it.
    pub(super) fn distrust(&self, since: Instant) {
        let mut trusted_since = self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner);
        *trusted_since = Some(latest(*trusted_since, since));
    }

    fn is_distrusted(&self, connection: &Connection) -> bool {
        let since = *self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| connection.opened_at < since)
    }

    pub(super) fn distrust_token(&self, generation: u64) {
        {
            let mut ended = self.ended_token.lock().unwrap_or_else(PoisonError::into_inner);
            *ended = Some(newest_end(*ended, generation, Instant::now()));
        }
        self.connector.drop_ended(generation);
    }

    fn has_ended_token(&self, connection: &Connection) -> bool {
        let ended = *self.ended_token.lock().unwrap_or_else(PoisonError::into_inner);
        // By time too: a platform that insists on that token must not make every new connection a retired one.
        connection.token.zip(ended).is_some_and(|(token, (generation, since))| {
            token.generation <= generation && connection.opened_at < since
        })
    }

    /// Why a connection that nobody has must go; None when it may stay. Idleness comes last: it is the weakest reason.
    pub(super) fn end(&self, pooled: &Pooled) -> Option<DiscardCause> {
        let connection = &pooled.connection;
        let retire_at = connection.token.map(|token| token.retire_at);
        let (age, idle) = (connection.opened_at.elapsed(), pooled.idle_since.elapsed());
        let retirement = pooled.lifetime.retirement(age, idle, self.connector.clock().now(), retire_at);
        match retirement {
            Some(Retirement::Old) => Some(DiscardCause::Old),
            Some(Retirement::TokenEnds) => Some(DiscardCause::TokenEndsSoon),
            Some(Retirement::Idle) | None if self.is_distrusted(connection) => Some(DiscardCause::Distrusted),
            Some(Retirement::Idle) | None if self.has_ended_token(connection) => {
                Some(DiscardCause::TokenEnded)
            }
            Some(Retirement::Idle) => Some(DiscardCause::Idle),
            None => None,
        }
    }

    /// Why a connection is not lent once more; None when it may be.
    async fn refusal(&self, pooled: &mut Pooled) -> Option<DiscardCause> {
        match self.end(pooled) {
            // Idleness alone is no reason when somebody asks for it: the sign of life decides.
            None | Some(DiscardCause::Idle) => {}
            end => return end,
        }
        let asked_at = Instant::now();
        if pooled.idle_since.elapsed() > PING_AFTER_IDLE
            && !answers(&mut pooled.connection, self.limits.recycle).await
        {
            self.distrust(asked_at);
            return Some(DiscardCause::NoSignOfLife);
        }
        None
    }
}

/// From when on connections are trusted, after one more broke. One that broke long after its lease began may be told of last, and
/// says nothing of those that were opened since.
pub(super) fn latest(known: Option<Instant>, since: Instant) -> Instant {
    known.map_or(since, |known| known.max(since))
}

/// What is known of tokens that ended, after one more did. A long session of an older token may hear of its end last.
pub(super) fn newest_end(known: Option<(u64, Instant)>, generation: u64, now: Instant) -> (u64, Instant) {
    match known {
        Some((newest, since)) if newest > generation => (newest, since),
        Some(_) | None => (generation, now),
    }
}

impl Manager for ConnectionManager {
    type Type = Pooled;
    type Error = ConnectError;

    async fn create(&self) -> Result<Pooled, ConnectError> {
        let opening = Opening::begin(&self.metrics);
        let connection = self.connector.open().await;
        opening.end(&connection);
        match &connection {
            Ok(_) => tracing::debug!("opened a connection"),
            Err(ConnectError::Identity(error)) => tracing::debug!("opening a connection failed: {error}"),
            Err(ConnectError::Down(_) | ConnectError::NotReady(_)) => {}
            Err(ConnectError::Fault(fault)) => {
                tracing::debug!("opening a connection failed: {}", fault.description);
            }
        }
        connection.map(|connection| Pooled {
            connection,
            lifetime: Lifetime::of_new(self.limits.max_idle),
            idle_since: Instant::now(),
            leaving: None,
        })
    }

    // deadpool swallows the reason, so it is logged here.
    async fn recycle(&self, pooled: &mut Pooled, _metrics: &Metrics) -> RecycleResult<ConnectError> {
        self.connector.keep_fresh();
        // What counts if the caller leaves while the connection is asked for its sign of life.
        pooled.leaving = Some(DiscardCause::Cancelled);
        pooled.leaving = self.refusal(pooled).await;
        match pooled.leaving.map(DiscardCause::reason) {
            None => Ok(()),
            Some(reason) => {
                tracing::debug!(reason, "retired a connection");
                Err(RecycleError::message(reason))
            }
        }
    }

    fn detach(&self, pooled: &mut Pooled) {
        if let Some(cause) = pooled.leaving.take() {
            self.metrics.discarded(cause);
        }
    }
}

/// A sign of life within this time.
async fn answers(connection: &mut Connection, bound: Duration) -> bool {
    let ask = async {
        match connection.client.simple_query("SELECT 1").await {
            Ok(reply) => reply.into_results().await.is_ok(),
            Err(_) => false,
        }
    };
    timeout(bound, ask).await.unwrap_or(false)
}
