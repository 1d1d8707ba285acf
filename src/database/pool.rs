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
use super::lease::Lease;
use crate::identity::IdentityEnvironment;

/// A connection retires at this age, so that a failover or a scaled server is found by all of them in the end; what
/// other pools use.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// A connection that was idle for longer is dropped, well before Azure's gateway does it after 30 minutes.
const MAX_IDLE: Duration = Duration::from_secs(10 * 60);

/// A connection that was idle for longer is asked for a sign of life before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// A connection retires this many seconds before its token ends. Less than the 300 that the credential keeps in hand,
/// or every new connection would be born retired.
const TOKEN_MARGIN_SECONDS: i64 = 120;

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

/// How often idle connections are looked through: one that nobody asks for must still go, because a session that is
/// held keeps a serverless database from pausing.
const REAP_INTERVAL: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct ConnectionManager {
    connector: Connector,
    /// Connections that were opened before this are not trusted: one of their time broke, and a failover breaks all.
    trusted_since: Mutex<Option<Instant>>,
}

impl ConnectionManager {
    fn distrust(&self) {
        *self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_distrusted(&self, connection: &Connection) -> bool {
        let since = *self.trusted_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| connection.opened_at < since)
    }
}

/// Why a connection that nobody uses must go; None when it may stay.
fn retirement(connection: &Connection, idle: Duration) -> Option<&'static str> {
    if connection.opened_at.elapsed() > MAX_AGE {
        Some("it is old")
    } else if idle > MAX_IDLE {
        Some("it was idle for long")
    } else if connection.token_seconds_left().is_some_and(|left| left < TOKEN_MARGIN_SECONDS) {
        Some("its token ends soon")
    } else {
        None
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
        let idle = metrics.last_used();
        let mut retired = retirement(connection, idle);
        if retired.is_none() && self.is_distrusted(connection) {
            retired = Some("another of its time broke");
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
}

impl ConnectionPool {
    pub(super) fn new(
        settings: ConnectionSettings,
        limits: PoolLimits,
        environment: &IdentityEnvironment,
        trusted_authorities: Option<Arc<[u8]>>,
    ) -> Result<Self, deadpool::managed::BuildError> {
        let connector = Connector::new(settings, environment, trusted_authorities);
        let connect_timeout = connector.timeout();
        let timeouts = Timeouts {
            wait: Some(limits.wait),
            create: Some(connect_timeout),
            recycle: Some(limits.recycle),
        };
        let manager = ConnectionManager { connector, trusted_since: Mutex::default() };
        let pool = deadpool::managed::Pool::builder(manager)
            .max_size(limits.max_size)
            // The one used last goes first, so that under light load the others grow idle and go.
            .queue_mode(QueueMode::Lifo)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, limits, connect_timeout })
    }

    /// Closes connections that nobody asks for, for as long as the pool is there.
    pub(super) async fn reap(self) {
        let pool = self.pool.weak();
        drop(self);
        loop {
            tokio::time::sleep(REAP_INTERVAL).await;
            let Some(pool) = pool.upgrade() else { return };
            let removed =
                pool.retain(|connection, metrics| retirement(connection, metrics.last_used()).is_none());
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

    /// A connection for one caller.
    pub(super) async fn lease(&self) -> Result<Lease<PooledConnection>, PoolFailure> {
        // deadpool's limits are per step and add up when several dead connections stand in the queue; this one is
        // for the whole.
        let whole = self.limits.wait + self.connect_timeout + self.limits.recycle;
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
