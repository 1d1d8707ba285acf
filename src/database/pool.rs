//! The pool of one connection string: deadpool with a manager of our own.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connect::{ConnectError, Connection, Connector};
use super::connection_string::ConnectionSettings;
use super::faults::{Fault, RetryBudget, Stage};
use super::health::{Gate, Verdict};
use super::idempotency::Cleanup;
use super::lease::Lease;
use super::limits::PoolLimits;
use super::looks::{LOOK_WAIT, Looks, some_time_after_return};
use super::metrics::{DiscardCause, Entered, Opening, PoolMetrics, PoolSnapshot};
use super::retirement::{Lifetime, Retirement};
use super::upkeep::Sweep;
use crate::identity::TokenCaches;

/// A connection that was idle for longer is asked for a sign of life before it is lent.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Clone, Debug)]
pub(super) enum PoolFailure {
    /// All connections were in use for the whole wait.
    Full,
    /// All connections are in use, and as many wait as may.
    QueueFull,
    /// Opening a new one failed.
    Connect(ConnectError),
}

/// What opening a connection may take beyond its own bound before it is cut off: the connector's error says more than ours.
const CREATE_GRACE: Duration = Duration::from_secs(1);

/// A connection of the pool, and what decides how long it stays there.
struct Pooled {
    connection: Connection,
    lifetime: Lifetime,
    /// Since when nobody has it; of one that is lent, since when nobody had it before.
    idle_since: Instant,
    /// Why it leaves the pool, once that is known. deadpool tells of each that leaves by `detach`.
    leaving: Option<DiscardCause>,
}

#[derive(Debug)]
struct ConnectionManager {
    connector: Connector,
    limits: PoolLimits,
    metrics: Arc<PoolMetrics>,
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

    /// Why a connection that nobody has must go; None when it may stay. Idleness comes last: it is the weakest reason.
    fn end(&self, pooled: &Pooled) -> Option<DiscardCause> {
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
        if pooled.idle_since.elapsed() > PING_AFTER_IDLE
            && !answers(&mut pooled.connection, self.limits.recycle).await
        {
            self.distrust();
            return Some(DiscardCause::NoSignOfLife);
        }
        None
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
    type Type = Pooled;
    type Error = ConnectError;

    async fn create(&self) -> Result<Pooled, ConnectError> {
        let opening = Opening::begin(&self.metrics);
        let connection = self.connector.open().await;
        opening.end(&connection);
        match &connection {
            Ok(_) => tracing::debug!("opened a connection"),
            Err(ConnectError::Identity(error)) => tracing::debug!("opening a connection failed: {error}"),
            Err(ConnectError::Down(_)) => {}
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

/// The connections of one connection string. Cheap to clone; all clones are the same pool.
#[derive(Clone)]
pub(super) struct ConnectionPool(Arc<Inner>);

struct Inner {
    pool: deadpool::managed::Pool<ConnectionManager>,
    /// The queue, which is fair: tokio's semaphore gives permits in the order in which they were asked for. deadpool's own
    /// never makes anybody wait behind it, because whoever has a permit of ours finds one there.
    permits: Arc<Semaphore>,
    limits: PoolLimits,
    metrics: Arc<PoolMetrics>,
    connect_timeout: Duration,
    retry_budget: Arc<RetryBudget>,
    gate: Gate,
    looks: Looks,
    cleanup: Arc<Cleanup>,
}

/// A pool that may be gone.
pub(super) struct WeakPool(Weak<Inner>);

impl WeakPool {
    pub(super) fn upgrade(&self) -> Option<ConnectionPool> {
        self.0.upgrade().map(ConnectionPool)
    }
}

impl ConnectionPool {
    pub(super) fn new(
        settings: ConnectionSettings,
        limits: PoolLimits,
        caches: &TokenCaches,
        gate: Gate,
        trusted_authorities: Option<Arc<[u8]>>,
        retry_budget: RetryBudget,
    ) -> Result<Self, deadpool::managed::BuildError> {
        let connector = Connector::new(settings, caches, gate.clone(), trusted_authorities);
        let connect_timeout = connector.timeout();
        let create = Some(connect_timeout.saturating_add(CREATE_GRACE));
        let metrics = Arc::new(PoolMetrics::default());
        let manager = ConnectionManager {
            connector,
            limits,
            metrics: Arc::clone(&metrics),
            trusted_since: Mutex::default(),
            ended_token: Mutex::default(),
        };
        let pool = deadpool::managed::Pool::builder(manager)
            .max_size(limits.max_size)
            // The one used last goes first, so that under light load the others grow idle and go.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: None, create, recycle: None })
            .runtime(Runtime::Tokio1)
            .build()?;
        let permits = Arc::new(Semaphore::new(limits.max_size));
        let looks = Looks::new(limits.max_size);
        let retry_budget = Arc::new(retry_budget);
        Ok(Self(Arc::new(Inner {
            pool,
            permits,
            limits,
            metrics,
            connect_timeout,
            retry_budget,
            gate,
            looks,
            cleanup: Arc::default(),
        })))
    }

    /// When expired idempotency keys were deleted last.
    pub(super) fn cleanup(&self) -> &Cleanup {
        &self.0.cleanup
    }

    /// How much of the traffic of this pool may be repeats.
    pub(super) fn retry_budget(&self) -> Arc<RetryBudget> {
        Arc::clone(&self.0.retry_budget)
    }

    pub(super) fn downgrade(&self) -> WeakPool {
        WeakPool(Arc::downgrade(&self.0))
    }

    pub(super) fn limits(&self) -> PoolLimits {
        self.0.limits
    }

    pub(super) fn metrics(&self) -> &Arc<PoolMetrics> {
        &self.0.metrics
    }

    /// Its numbers now.
    pub(super) fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot::new(&self.0.metrics, self.0.limits, self.0.pool.status().size)
    }

    /// Closes idle connections whose time is over; how many.
    pub(super) fn close_retired(&self) -> usize {
        let pool = &self.0.pool;
        let mut sweep = Sweep::new(pool.status().size, self.0.limits.min_size);
        let manager = pool.manager();
        let removed = pool.retain(|pooled, _| match sweep.judge(manager.end(pooled)) {
            None => true,
            Some(cause) => {
                self.0.metrics.discarded(cause);
                false
            }
        });
        removed.removed.len()
    }

    /// Opens connections up to the minimum, one after the other and never at the cost of a caller; after a failure the
    /// rest is left for another time.
    pub(super) async fn warm(&self) {
        let Inner { pool, permits, limits, metrics, .. } = &*self.0;
        // Those at hand are kept out of the way, or the pool would lend them and open none.
        let mut at_hand = Vec::new();
        while metrics.open_or_opening() < limits.min_size && metrics.waiting.value() == 0 {
            let Ok(permit) = permits.try_acquire() else { return };
            let Ok(object) = pool.get().await else { return };
            at_hand.push((object, permit));
        }
    }

    /// A connection broke: those that were opened before now are not lent any more.
    pub(super) fn distrust(&self) {
        self.0.pool.manager().distrust();
    }

    /// The server said that the token of this generation has ended: its sessions are not lent any more, and neither is the
    /// token used again.
    pub(super) fn distrust_token(&self, generation: u64) {
        self.0.pool.manager().distrust_token(generation);
    }

    /// A connection for one caller. When the server goes down, whoever waits for one is told at once, and so is who comes
    /// later and finds none idle.
    pub(super) async fn lease(&self) -> Result<Lease<PooledConnection>, PoolFailure> {
        let Inner { pool, gate, limits, .. } = &*self.0;
        let goes_down = gate.goes_down();
        if pool.status().available == 0
            && let Verdict::Refuse { fault, look } = gate.verdict()
        {
            if look {
                self.look();
            }
            return Err(PoolFailure::Connect(ConnectError::Down(fault)));
        }
        // While the server is down: an idle connection, or nothing.
        let wait = if gate.is_down() { Duration::ZERO } else { limits.wait };
        tokio::select! {
            biased;
            // An opening is a large future: on the heap it takes no room on the stack of every caller.
            lease = Box::pin(self.wait_for_lease(wait)) => match lease {
                Err(full @ (PoolFailure::Full | PoolFailure::QueueFull)) => Err(self.down().unwrap_or(full)),
                lease => lease,
            },
            () = goes_down => Err(self.down().unwrap_or(PoolFailure::Full)),
        }
    }

    /// The failure of all callers while the server is down.
    fn down(&self) -> Option<PoolFailure> {
        self.0.gate.last_fault().map(|fault| PoolFailure::Connect(ConnectError::Down(fault)))
    }

    /// Opens a connection for the pool beside its callers, who don't wait for it: the server may be silent for as long as a
    /// login may take. Its health decides whether it is really tried.
    fn look(&self) {
        let inner = Arc::clone(&self.0);
        self.0.looks.begin(async move {
            let open = async {
                let room = Arc::clone(&inner.permits).acquire_owned();
                // Held until the connection is in the pool.
                let Ok(Ok(_permit)) = timeout(LOOK_WAIT, room).await else { return };
                drop(inner.pool.get().await);
            };
            tokio::select! {
                () = open => {}
                () = some_time_after_return(&inner.gate) => {}
            }
        });
    }

    async fn wait_for_lease(&self, wait: Duration) -> Result<Lease<PooledConnection>, PoolFailure> {
        let permit = self.turn(wait).await?;
        // deadpool's limits are per step and add up when several dead connections stand in the queue; this one is
        // for the whole.
        let whole = [CREATE_GRACE, self.0.limits.recycle]
            .into_iter()
            .fold(self.0.connect_timeout, Duration::saturating_add);
        match timeout(whole, self.0.pool.get()).await {
            Ok(Ok(object)) => Ok(Lease::new(PooledConnection {
                object,
                lent_at: Instant::now(),
                metrics: Arc::clone(&self.0.metrics),
                _in_use: self.0.metrics.in_use.enter(),
                _permit: permit,
            })),
            Ok(Err(PoolError::Closed)) => Err(PoolFailure::Full),
            Ok(Err(PoolError::Backend(error))) => Err(PoolFailure::Connect(error)),
            Ok(Err(PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)))
            | Err(_) => {
                let fault = Fault::io(std::io::ErrorKind::TimedOut, Stage::Opening);
                Err(PoolFailure::Connect(ConnectError::Fault(fault)))
            }
        }
    }

    /// The right to one connection, in the order of asking.
    async fn turn(&self, wait: Duration) -> Result<OwnedSemaphorePermit, PoolFailure> {
        let Inner { permits, limits, metrics, .. } = &*self.0;
        // There is none to be had past those who wait: a permit that comes back goes to the first of them.
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            metrics.waited(Duration::ZERO);
            return Ok(permit);
        }
        let _waiting = metrics.waiting.enter_below(limits.queue).ok_or(PoolFailure::QueueFull)?;
        let asked_at = Instant::now();
        let permit = timeout(wait, Arc::clone(permits).acquire_owned()).await;
        metrics.waited(asked_at.elapsed());
        permit.map_err(|_| PoolFailure::Full)?.map_err(|_| PoolFailure::Full)
    }
}

/// A connection that belongs to the pool.
pub(super) struct PooledConnection {
    // Before the permit: whoever gets that finds the connection in the pool, or room for another.
    object: Object<ConnectionManager>,
    lent_at: Instant,
    metrics: Arc<PoolMetrics>,
    _in_use: Entered,
    _permit: OwnedSemaphorePermit,
}

impl super::lease::Lendable for PooledConnection {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use futures_util::FutureExt;

    use super::*;
    use crate::database::faults::RetryShare;
    use crate::database::health::Gates;
    use crate::identity::{IdentityEnvironment, SystemClock};

    const WAIT: Duration = Duration::from_secs(10);

    /// A pool that is never connected.
    fn pool(max_size: usize, queue: usize) -> ConnectionPool {
        let environment = IdentityEnvironment::default();
        let text = "Server=localhost;Authentication=ActiveDirectoryMSI";
        let settings = ConnectionSettings::parse(text, &environment).unwrap().settings;
        let caches = TokenCaches::new(environment, Arc::new(SystemClock));
        let limits = PoolLimits { queue, ..PoolLimits::of_size(max_size) };
        let gate = Gates::default().gate(&settings);
        let budget = RetryBudget::new(RetryShare::default());
        ConnectionPool::new(settings, limits, &caches, gate, None, budget).unwrap()
    }

    #[tokio::test]
    async fn turns_come_in_the_order_of_asking_and_a_newcomer_never_goes_first() {
        let pool = pool(1, 3);
        let mut held = pool.turn(WAIT).await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(pool.turn(WAIT))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));

        while !waiting.is_empty() {
            drop(held);
            assert!(
                !matches!(Box::pin(pool.turn(WAIT)).now_or_never(), Some(Ok(_))),
                "a newcomer went first"
            );
            let last = waiting.iter_mut().skip(1).any(|turn| turn.as_mut().now_or_never().is_some());
            assert!(!last, "one who asked later went first");
            held = waiting.remove(0).now_or_never().unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_caller_that_leaves_the_queue_makes_room_in_it_and_is_counted_out_once() {
        let pool = pool(1, 2);
        let held = pool.turn(WAIT).await.unwrap();
        let mut first = Box::pin(pool.turn(WAIT));
        let mut second = Box::pin(pool.turn(WAIT));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(pool.snapshot().waiting, 2);
        assert!(matches!(pool.turn(WAIT).await, Err(PoolFailure::QueueFull)));

        drop(first);

        assert_eq!(pool.snapshot().waiting, 1);
        drop(held);
        let second = second.now_or_never().unwrap();
        assert!(second.is_ok());
        assert_eq!(pool.snapshot().waiting, 0);
    }

    #[tokio::test]
    async fn without_a_queue_nobody_waits() {
        let pool = pool(1, 0);
        let _held = pool.turn(WAIT).await.unwrap();
        assert!(matches!(pool.turn(WAIT).await, Err(PoolFailure::QueueFull)));
    }

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
