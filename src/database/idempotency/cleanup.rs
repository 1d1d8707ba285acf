//! Deletes expired keys, in small batches, now and then, behind a call that succeeded.
//!
//! Never by itself: a session that is held only for this would keep a serverless database from pausing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::statements::{EXPIRED_BATCH, delete_expired};
use crate::database::connect::DriverClient;
use crate::database::faults::Fault;
use crate::database::metrics::DiscardCause;
use crate::database::pool::ConnectionPool;
use crate::database::transaction::reset_isolation;

/// How often a pool's expired keys are deleted at the most.
const INTERVAL: Duration = Duration::from_secs(300);

/// Batches of one time: what a busy app expires in five minutes, and no more than a few seconds' work.
const MOST_BATCHES: u32 = 40;

/// How long one time may take: a server that fell silent must not keep a connection of the pool for ever.
const LONGEST: Duration = Duration::from_secs(30);

/// When the keys of a pool were cleaned up last.
#[derive(Debug, Default)]
pub(in crate::database) struct Cleanup {
    last: Mutex<Option<Instant>>,
}

impl Cleanup {
    /// Whether it is time; then it counts as begun.
    pub(in crate::database) fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// Deletes what has expired, on a connection of the pool. A fault ends it: the next time does the rest.
pub(in crate::database) async fn clean_up(pool: ConnectionPool) {
    let Ok(mut lease) = pool.lease().await else { return };
    let Some(connection) = lease.item() else { return };
    // At the level of a transaction before, the deletion would hold more locks, or fail.
    match timeout(LONGEST, reset_isolation(connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => {
            drop(lease.discard(DiscardCause::Fault));
            return;
        }
    }
    let Some(connection) = lease.item() else { return };
    // No invocation's deadline bounds it.
    match timeout(LONGEST, delete_batches(&mut connection.client)).await {
        Ok(Ok(deleted)) => {
            tracing::debug!(deleted, "deleted expired idempotency keys");
            lease.give_back();
        }
        Ok(Err(fault)) => {
            tracing::debug!(
                sql_error = fault.number,
                "expired idempotency keys were not deleted: {}",
                fault.description
            );
            drop(lease.discard(DiscardCause::Fault));
        }
        Err(_) => {
            tracing::debug!("deleting expired idempotency keys took too long");
            drop(lease.discard(DiscardCause::Cancelled));
        }
    }
}

/// How many rows it deleted.
async fn delete_batches(client: &mut DriverClient) -> Result<u64, Fault> {
    let mut deleted: u64 = 0;
    for _ in 0..MOST_BATCHES {
        let count = delete_expired(client).await?;
        deleted = deleted.saturating_add(count);
        if count < EXPIRED_BATCH {
            break;
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_cleaned_up_once_in_an_interval() {
        let (cleanup, begin) = (Cleanup::default(), Instant::now());
        assert!(cleanup.is_due(begin));
        assert!(!cleanup.is_due(begin + INTERVAL - Duration::from_secs(1)));
        assert!(cleanup.is_due(begin + INTERVAL));
        assert!(!cleanup.is_due(begin + INTERVAL));
    }
}
