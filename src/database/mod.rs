//! Azure SQL's side: connection string, identity, connecting, pool and lease, faults and retry, running a command,
//! reading what comes back.
//!
//! The driver's types stay in here: a command goes in as a [`Command`], its results come out through a [`ResultSink`].

mod attempt;
mod connect;
mod connection_string;
mod describe;
mod execute;
mod failure;
pub mod faults;
mod health;
pub mod idempotency;
mod lease;
mod limits;
mod looks;
mod metrics;
mod pool;
pub(crate) mod probe;
mod retirement;
mod running;
mod session_context;
mod sink;
mod stepping;
mod steps;
mod tasks;
#[cfg(test)]
mod token_day;
mod transaction;
mod tries;
mod unit;
mod upkeep;
mod values;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

pub use connection_string::{
    Authentication, ConnectionSettingError, ConnectionSettings, ConnectionStringError,
    ConnectionStringWarning, ParsedConnection, ServerError, UnknownPart, connection_of_setting,
};
pub use describe::{DescribedColumn, SuggestedParameter, is_undeducible, is_undescribable};
pub use failure::Failure;
pub use limits::PoolLimits;
pub use metrics::{Counts, PoolSnapshot, Times};
pub use running::Running;
pub use sink::{Cell, ResultColumn, ResultSink, SinkError};
pub use tasks::Tasks;
pub use unit::{Isolation, Unit};

use crate::identity::{IdentityEnvironment, SystemClock, TokenCaches};
use crate::invocation::{Invocation, Parameter};
use faults::{OwnRetryLimits, RetryBudget, RetryLimits, RetryShare};
use health::Gates;
use idempotency::Idempotency;
use pool::ConnectionPool;

/// What to run: a text with its parameters, and what is known of it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The T-SQL, as the function's author wrote it.
    pub text: Arc<str>,
    /// The parameters' declarations, such as `@id int, @city nvarchar(50)`.
    pub declarations: Arc<str>,
    /// The values, in the declarations' order.
    pub parameters: Vec<Parameter>,
    /// What the session knows while the command runs, by key; the command can't change it. The connection is closed
    /// afterwards if there is any.
    pub session_context: Vec<Parameter>,
    /// How it runs, and so what may be repeated of it.
    pub unit: Unit,
    /// What [`Unit::Keyed`] claims; None for every other unit.
    pub idempotency: Option<Idempotency>,
    /// Whether it might end inside a transaction of its own.
    pub may_leave_transaction: bool,
    /// Whether its words leave something in the session that the next caller must not meet: session context, an
    /// application lock, a cursor, a global temp table. What a procedure leaves can't be seen in the text.
    pub leaves_session_state: bool,
    /// How often and how long it is tried, where its definition says so itself.
    pub own_retry_limits: OwnRetryLimits,
}

/// Where and how the worker connects.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Size and patience of each pool.
    pub pool: PoolLimits,
    /// Tries of one invocation.
    pub retry: RetryLimits,
    /// How much of a pool's traffic may be repeats.
    pub retry_share: RetryShare,
    /// How long an idempotency key is kept, in hours, 1 to 8,760.
    pub idempotency_hours: u16,
    /// What there is to sign in with.
    pub identity: IdentityEnvironment,
    /// The PEM text of `AZSQL_TRUST_CA`: authorities to trust beside the system's.
    pub trusted_authorities: Option<Arc<[u8]>>,
}

/// Runs commands: one pool for each connection string, on a runtime of its own.
///
/// Cheap to clone; all clones share the pools.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    settings: DatabaseSettings,
    tasks: Tasks,
    tokens: Arc<TokenCaches>,
    gates: Gates,
    pools: Mutex<HashMap<Arc<str>, ConnectionPool>>,
}

impl Database {
    /// Commands run on `tasks`, apart from whoever waits for them.
    #[must_use]
    pub fn new(settings: DatabaseSettings, tasks: Tasks) -> Self {
        let tokens = TokenCaches::new(settings.identity.clone(), Arc::new(SystemClock));
        Self::with_tokens(settings, tasks, Arc::new(tokens))
    }

    /// The same with caches of the caller's: shared with other databases, or with a way to sign in of its own.
    #[must_use]
    pub fn with_tokens(settings: DatabaseSettings, tasks: Tasks, tokens: Arc<TokenCaches>) -> Self {
        Self {
            inner: Arc::new(Inner {
                settings,
                tasks,
                tokens,
                gates: Gates::default(),
                pools: Mutex::default(),
            }),
        }
    }

    /// Runs `command` for `invocation` on the pool `name`, which is made from `connection` at the first use.
    ///
    /// The work is a task that owns the connection. Dropping the returned future ends the statement on the server and
    /// discards the connection.
    pub fn run<S: ResultSink + 'static>(
        &self,
        invocation: Invocation,
        name: &Arc<str>,
        connection: &ConnectionSettings,
        command: Command,
        sink: S,
    ) -> Running<S> {
        let pool = self.pool(name, connection);
        let retry = self.inner.settings.retry;
        Running::spawn(self.inner.tasks.handle(), invocation, pool, command, retry, sink)
    }

    /// The numbers of the pools that there are by now, by the names that [`Database::run`] was given.
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, PoolSnapshot> {
        let pools = self.inner.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.iter().map(|(name, pool)| (name.to_string(), pool.snapshot())).collect()
    }

    /// How long an idempotency key is kept, in hours.
    #[must_use]
    pub fn idempotency_hours(&self) -> u16 {
        self.inner.settings.idempotency_hours
    }

    fn pool(&self, name: &Arc<str>, connection: &ConnectionSettings) -> Result<ConnectionPool, Failure> {
        let mut pools = self.inner.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(name) {
            return Ok(pool.clone());
        }
        let settings = &self.inner.settings;
        let pool = ConnectionPool::new(
            connection.clone(),
            settings.pool,
            &self.inner.tokens,
            self.inner.gates.gate(connection),
            settings.trusted_authorities.clone(),
            RetryBudget::new(settings.retry_share),
        )
        .map_err(|error| Failure::Internal(error.to_string()))?;
        let tasks = self.inner.tasks.handle();
        tasks.spawn(upkeep::keep(pool.clone()));
        let (reported, weak) = (Arc::clone(name), pool.downgrade());
        tasks.spawn(async move {
            metrics::report(&reported, || weak.upgrade().map(|pool| pool.snapshot())).await;
        });
        pools.insert(Arc::clone(name), pool.clone());
        Ok(pool)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
