//! rowversion: one counter for a database, of which every row that is written takes the next number.
//!
//! Like IDENTITY's it lives beside the transactions: what is rolled back leaves a gap. A number that a committed row has
//! is kept in the file, so that it doesn't come twice after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension};

/// What `@@DBTS` gives in a new database of SQL Server.
const FIRST: u64 = 2000;

/// The counter.
#[derive(Debug)]
pub(crate) struct RowVersions(AtomicU64);

impl Default for RowVersions {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl RowVersions {
    /// Goes on where the file says that the counter was.
    pub(crate) fn restore(&self, connection: &Connection) -> rusqlite::Result<()> {
        let last: Option<i64> = connection
            .query_row("SELECT last FROM main.local_azure_row_versions", [], |row| row.get(0))
            .optional()?;
        if let Some(last) = last.and_then(|last| u64::try_from(last).ok()) {
            self.0.fetch_max(last, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The last number that a row got, as `@@DBTS` gives it.
    pub(crate) fn last(&self) -> [u8; 8] {
        self.0.load(Ordering::Relaxed).to_be_bytes()
    }

    fn take(&self) -> [u8; 8] {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1).to_be_bytes()
    }

    /// Keeps the counter in the file. Call it in the transaction that wrote rows.
    pub(crate) fn keep(&self, connection: &Connection) -> rusqlite::Result<()> {
        let last = i64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        connection
            .prepare_cached("INSERT OR REPLACE INTO main.local_azure_row_versions VALUES (1, ?1)")?
            .execute([last])
            .map(drop)
    }

    /// Registers `local_azure_row_version()`, which takes the next number.
    pub(crate) fn register(connection: &Connection, versions: &Arc<Self>) -> rusqlite::Result<()> {
        let versions = Arc::clone(versions);
        connection.create_scalar_function(
            "local_azure_row_version",
            0,
            FunctionFlags::SQLITE_UTF8,
            move |_| Ok(versions.take().to_vec()),
        )
    }
}
