//! The pool of one connection string: deadpool with a manager of our own.
//!
//! | module | holds |
//! |---|---|
//! | `manager` | how connections are opened, and why they go |
//! | `lent` | a connection that a caller has |

mod lent;
mod manager;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Object, PoolError, QueueMode, Timeouts};
use futures_util::poll;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tracing::Instrument;

pub(in crate::database) use lent::PooledConnection;
use manager::ConnectionManager;

use super::connect::{ConnectError, Connector};
use super::connection_string::ConnectionSettings;
use super::faults::{Fault, RetryBudget, Stage};
use super::health::{Gate, Verdict};
use super::idempotency::Cleanup;
use super::lease::Lease;
use super::limits::PoolLimits;
use super::looks::{LOOK_WAIT, Looks, some_time_after_return};
use super::metrics::{PoolMetrics, PoolSnapshot};
use super::upkeep::Sweep;
use crate::identity::TokenCaches;

/// Why there is no connection.
#[derive(Clone, Debug)]
pub(in crate::database) enum PoolFailure {
    /// All connections were in use for the whole wait.
    Full,
    /// All connections are in use, and as many wait as may.
    QueueFull,
    /// Opening a new one failed.
    Connect(ConnectError),
}

/// What opening a connection may take beyond its own bound before it is cut off: the connector's error says more than ours.
const CREATE_GRACE: Duration = Duration::from_secs(1);

/// How long callers may wait for what is opened without need of theirs.
const GIVES_WAY_WITHIN: Duration = Duration::from_millis(20);

/// The connections of one connection string. Cheap to clone; all clones are the same pool.
#[derive(Clone)]
pub(in crate::database) struct ConnectionPool(Arc<Inner>);

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

impl Inner {
    /// An idle connection or a new one, for who has a permit.
    async fn take(&self) -> Result<Object<ConnectionManager>, PoolFailure> {
        // deadpool's limits are per step and add up when several dead connections stand in the queue; this one is
        // for the whole.
        let whole = [CREATE_GRACE, self.limits.recycle]
            .into_iter()
            .fold(self.connect_timeout, Duration::saturating_add);
        match timeout(whole, self.pool.get()).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(PoolError::Closed)) => Err(PoolFailure::Full),
            Ok(Err(PoolError::Backend(error))) => Err(PoolFailure::Connect(error)),
            Ok(Err(PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)))
            | Err(_) => {
                let fault = Fault::io(std::io::ErrorKind::TimedOut, Stage::Opening);
                Err(PoolFailure::Connect(ConnectError::Fault(fault)))
            }
        }
    }
}

/// Completes when a caller waits for a connection.
async fn somebody_waits(metrics: &PoolMetrics) {
    while metrics.waiting.value() == 0 {
        sleep(GIVES_WAY_WITHIN).await;
    }
}

/// Completes when the server goes down, told by `goes_down`, and is still down when that is heard.
async fn stays_down(gate: &Gate, goes_down: impl Future<Output = ()>) -> Fault {
    goes_down.await;
    loop {
        let goes_down = gate.goes_down();
        if let Some(fault) = gate.last_fault() {
            return fault;
        }
        goes_down.await;
    }
}

/// A pool that may be gone.
pub(in crate::database) struct WeakPool(Weak<Inner>);

impl WeakPool {
    pub(in crate::database) fn upgrade(&self) -> Option<ConnectionPool> {
        self.0.upgrade().map(ConnectionPool)
    }
}

impl ConnectionPool {
    pub(in crate::database) fn new(
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
        let manager = ConnectionManager::new(connector, limits, Arc::clone(&metrics));
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
    pub(in crate::database) fn cleanup(&self) -> &Cleanup {
        &self.0.cleanup
    }

    /// How much of the traffic of this pool may be repeats.
    pub(in crate::database) fn retry_budget(&self) -> Arc<RetryBudget> {
        Arc::clone(&self.0.retry_budget)
    }

    pub(in crate::database) fn downgrade(&self) -> WeakPool {
        WeakPool(Arc::downgrade(&self.0))
    }

    pub(in crate::database) fn limits(&self) -> PoolLimits {
        self.0.limits
    }

    pub(in crate::database) fn metrics(&self) -> &Arc<PoolMetrics> {
        &self.0.metrics
    }

    /// Its numbers now.
    pub(in crate::database) fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot::new(&self.0.metrics, self.0.limits, self.0.pool.status().size)
    }

    /// Closes idle connections whose time is over; how many.
    pub(in crate::database) fn close_retired(&self) -> usize {
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
    pub(in crate::database) async fn warm(&self) {
        let Inner { pool, permits, limits, metrics, .. } = &*self.0;
        // Those at hand are kept out of the way, or the pool would lend them and open none.
        let mut at_hand = Vec::new();
        while metrics.open_or_opening() < limits.min_size && metrics.waiting.value() == 0 {
            let Ok(permit) = permits.try_acquire() else { return };
            tokio::select! {
                object = pool.get() => match object {
                    Ok(object) => at_hand.push((object, permit)),
                    Err(_) => return,
                },
                // It may be a silent server that holds up the opening, and what is at hand is what they need.
                () = somebody_waits(metrics) => return,
            }
        }
    }

    /// A connection broke that was lent at `since`: those that were opened before that are not lent any more.
    pub(in crate::database) fn distrust(&self, since: Instant) {
        self.0.pool.manager().distrust(since);
    }

    /// The server said that the token of this generation has ended: its sessions are not lent any more, and neither is the
    /// token used again.
    pub(in crate::database) fn distrust_token(&self, generation: u64) {
        self.0.pool.manager().distrust_token(generation);
    }

    /// A connection for one caller. When the server goes down, whoever waits for one is told at once, and so is who comes
    /// later and finds none idle.
    pub(in crate::database) async fn lease(&self) -> Result<Lease<PooledConnection>, PoolFailure> {
        let Inner { gate, limits, .. } = &*self.0;
        let goes_down = gate.goes_down();
        if self.idle() == 0
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
            fault = stays_down(gate, goes_down) => Err(PoolFailure::Connect(ConnectError::Down(fault))),
        }
    }

    /// How many connections nobody has. deadpool's own number is less by those that are being opened, looks included.
    fn idle(&self) -> usize {
        self.0.pool.status().size.saturating_sub(self.0.metrics.in_use.value())
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
        let goes_down = self.0.gate.goes_down();
        let permit = self.turn(wait).await?;
        let inner = Arc::clone(&self.0);
        let mut taking = Box::pin(async move { (inner.take().await, permit) });
        // An idle connection is mostly there at once. What takes longer goes on when its caller leaves: a login that began is of
        // use to the next one, and how it ends tells of the server, however short the callers' own time is.
        let (taken, permit) = match poll!(taking.as_mut()) {
            Poll::Ready(taken) => taken,
            Poll::Pending => {
                let gate = self.0.gate.clone();
                let beside = async move {
                    tokio::select! {
                        biased;
                        taken = taking => Ok(taken),
                        fault = stays_down(&gate, goes_down) => Err(fault),
                    }
                };
                match tokio::spawn(beside.in_current_span()).await {
                    Ok(Ok(taken)) => taken,
                    Ok(Err(fault)) => return Err(PoolFailure::Connect(ConnectError::Down(fault))),
                    Err(ended) => match ended.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        // The runtime ends.
                        Err(_) => return Err(PoolFailure::Full),
                    },
                }
            }
        };
        Ok(Lease::new(PooledConnection::new(taken?, permit, &self.0.metrics)))
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
