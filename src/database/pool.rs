//! The pool of one connection string: deadpool with a manager of our own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, TimeoutType, Timeouts,
};

use super::connect::{ConnectError, Connection, Connector};
use super::connection_string::ConnectionSettings;
use super::faults::{Fault, Stage};
use super::idempotency::Cleanup;
use super::lease::Lease;
use super::retirement::{Retirement, retirement};
use crate::identity::TokenCaches;

/// A connection that was idle for longer is asked for a sign of life before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// How many connections, and how long a caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections at the most, 1 to 1,000.
    pub max_size: usize,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// How long the sign of life may take.
    pub recycle: Duration,
}

/// Why there is no connection.
#[derive(Clone, Debug)]
pub(super) enum PoolFailure {
    /// All connections were in use for the whole wait.
    Full,
    /// Opening a new one failed.
    Connect(ConnectError),
}

/// What opening a connection may take beyond its own bound before it is cut off: the connector's error says more than ours.
const CREATE_GRACE: Duration = Duration::from_secs(1);

/// How often idle connections are looked through: one that nobody asks for must still go, because a session that is
/// held keeps a serverless database from pausing.
const REAP_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct ConnectionManager {
    connector: Connector,
    /// Connections that were opened before this are not trusted: one of their time broke, and a failover breaks all.
    trusted_since: Mutex<Option<Instant>>,
    /// The newest token that the server called ended, and when: the sessions that it opened until then have ended too.
    ended_token: Mutex<Option<(u64, Instant)>>,
}

impl ConnectionManager {
    fn distrust(&self) {
        *self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_distrusted(&self, connection: &Connection) -> bool {
        let since = *self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| connection.opened_at < since)
    }

    fn distrust_token(&self, generation: u64) {
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

    /// Why a connection that nobody uses must go; None when it may stay.
    fn retirement(&self, connection: &Connection, idle: Duration) -> Option<Retirement> {
        let retire_at = connection.token.map(|token| token.retire_at);
        retirement(connection.opened_at.elapsed(), idle, self.connector.clock().now(), retire_at)
    }
}

/// What is known of tokens that ended, after one more did. A long session of an older token may hear of its end last.
fn newest_end(known: Option<(u64, Instant)>, generation: u64, now: Instant) -> (u64, Instant) {
    match known {
        Some((newest, since)) if newest > generation => (newest, since),
        Some(_) | None => (generation, now),
    }
}

impl Manager for ConnectionManager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let connection = self.connector.open().await;
        match &connection {
            Ok(_) => tracing::debug!("opened a connection"),
            Err(ConnectError::Identity(error)) => tracing::debug!("opening a connection failed: {error}"),
            Err(ConnectError::Fault(fault)) => {
                tracing::debug!("opening a connection failed: {}", fault.description);
            }
        }
        connection
    }

    // deadpool swallows the reason, so it is logged here.
    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<ConnectError> {
        self.connector.keep_fresh();
        let idle = metrics.last_used();
        let mut retired = self.retirement(connection, idle).map(Retirement::reason);
        if retired.is_none() && self.is_distrusted(connection) {
            retired = Some("another of its time broke");
        }
        if retired.is_none() && self.has_ended_token(connection) {
            retired = Some("its token has ended");
        }
        if retired.is_none() && idle > PING_AFTER_IDLE && !answers(connection).await {
            self.distrust();
            retired = Some("it gave no sign of life");
        }
        match retired {
            None => Ok(()),
            Some(reason) => {
                tracing::debug!(reason, "retired a connection");
                Err(RecycleError::message(reason))
            }
        }
    }
}

async fn answers(connection: &mut Connection) -> bool {
    match connection.client.simple_query("SELECT 1").await {
        Ok(reply) => reply.into_results().await.is_ok(),
        Err(_) => false,
    }
}

/// The connections of one connection string.
#[derive(Clone)]
pub(super) struct ConnectionPool {
    pool: deadpool::managed::Pool<ConnectionManager>,
    limits: PoolLimits,
    connect_timeout: Duration,
    cleanup: Arc<Cleanup>,
}

impl ConnectionPool {
    pub(super) fn new(
        settings: ConnectionSettings,
        limits: PoolLimits,
        caches: &TokenCaches,
        trusted_authorities: Option<Arc<[u8]>>,
    ) -> Result<Self, deadpool::managed::BuildError> {
        let connector = Connector::new(settings, caches, trusted_authorities);
        let connect_timeout = connector.timeout();
        let timeouts = Timeouts {
            wait: Some(limits.wait),
            create: Some(connect_timeout.saturating_add(CREATE_GRACE)),
            recycle: Some(limits.recycle),
        };
        let manager =
            ConnectionManager { connector, trusted_since: Mutex::default(), ended_token: Mutex::default() };
        let pool = deadpool::managed::Pool::builder(manager)
            .max_size(limits.max_size)
            // The one used last goes first, so that under light load the others grow idle and go.
            .queue_mode(QueueMode::Lifo)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, limits, connect_timeout, cleanup: Arc::default() })
    }

    /// When expired idempotency keys were deleted last.
    pub(super) fn cleanup(&self) -> &Cleanup {
        &self.cleanup
    }

    /// Closes connections that nobody asks for, for as long as the pool is there.
    pub(super) async fn reap(self) {
        let pool = self.pool.weak();
        drop(self);
        loop {
            tokio::time::sleep(REAP_INTERVAL).await;
            let Some(pool) = pool.upgrade() else { return };
            let manager = pool.manager();
            let removed = pool
                .retain(|connection, metrics| manager.retirement(connection, metrics.last_used()).is_none());
            if !removed.removed.is_empty() {
                tracing::debug!(
                    connections = removed.removed.len(),
                    "closed connections that nobody asked for"
                );
            }
        }
    }

    /// A connection broke: those that were opened before now are not lent any more.
    pub(super) fn distrust(&self) {
        self.pool.manager().distrust();
    }

    /// The server said that the token of this generation has ended: its sessions are not lent any more, and neither is the
    /// token used again.
    pub(super) fn distrust_token(&self, generation: u64) {
        self.pool.manager().distrust_token(generation);
    }

    /// A connection for one caller.
    pub(super) async fn lease(&self) -> Result<Lease<PooledConnection>, PoolFailure> {
        // deadpool's limits are per step and add up when several dead connections stand in the queue; this one is
        // for the whole.
        let whole = [self.connect_timeout, CREATE_GRACE, self.limits.recycle]
            .into_iter()
            .fold(self.limits.wait, Duration::saturating_add);
        match tokio::time::timeout(whole, self.pool.get()).await {
            Ok(Ok(object)) => Ok(Lease::new(PooledConnection(object))),
            Ok(Err(PoolError::Timeout(TimeoutType::Wait)) | Err(PoolError::Closed)) => Err(PoolFailure::Full),
            Ok(Err(PoolError::Backend(error))) => Err(PoolFailure::Connect(error)),
            Ok(Err(PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)))
            | Err(_) => {
                let fault = Fault::io(std::io::ErrorKind::TimedOut, Stage::Opening);
                Err(PoolFailure::Connect(ConnectError::Fault(fault)))
            }
        }
    }
}

/// A connection that belongs to the pool.
pub(super) struct PooledConnection(Object<ConnectionManager>);

impl super::lease::Lendable for PooledConnection {
    type Item = Connection;

    fn item(&mut self) -> &mut Connection {
        &mut self.0
    }

    fn detach(self) -> Connection {
        Object::take(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_token_that_ends_later_does_not_make_the_newer_one_trusted_again() {
        let first = Instant::now();
        let later = first + Duration::from_secs(1);
        assert_eq!(newest_end(None, 2, first), (2, first));
        assert_eq!(newest_end(Some((2, first)), 1, later), (2, first));
        assert_eq!(newest_end(Some((2, first)), 2, later), (2, later));
        assert_eq!(newest_end(Some((2, first)), 3, later), (3, later));
    }
}
