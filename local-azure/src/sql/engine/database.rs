//! A database: one SQLite file in WAL mode, and what its sessions share in memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;

use super::identity::Counters;
use super::row_version::RowVersions;
use super::security::login::{self, DirectoryEntry, User};
use super::security::rights::Securable;
use super::security::store;
use super::sessions::Sessions;
use super::{Login, Session, catalog, errors, procedures, table_types};
use crate::sql::reply::SqlError;

/// A day in ticks of 100 ns.
const DAY: i64 = 24 * 3600 * SECOND;
const SECOND: i64 = 10_000_000;

/// A database: a SQLite file in WAL mode, temporary or named.
#[derive(Debug)]
pub struct Database {
    file: PathBuf,
    pub(super) counters: Arc<Counters>,
    pub(super) row_versions: Arc<RowVersions>,
    objects: AtomicI64,
    /// By how many ticks of 100 ns the server's clock is ahead of this machine's.
    pub(super) clock_ahead: AtomicI64,
    transactions: AtomicU64,
    /// None when the server can't read the directory.
    pub(super) directory: Option<Vec<DirectoryEntry>>,
    pub(super) sessions: Arc<Sessions>,
    /// Nobody uses it. Without it the last session that ends would be the file's last connection, whose end locks everybody out
    /// while SQLite clears the WAL away, and a login at that moment would fail.
    _kept_open: Mutex<Connection>,
    /// Removed with the last handle.
    _directory: Option<tempfile::TempDir>,
}

impl Database {
    /// Sets the server's clock so many seconds ahead of this machine's, behind it when negative; a day at the most.
    pub fn set_clock_ahead(&self, seconds: i64) {
        let ticks = seconds.saturating_mul(SECOND).clamp(-DAY, DAY);
        self.clock_ahead.store(ticks, Ordering::Relaxed);
    }

    /// Opens `file`, or a temporary file that goes away with the last handle.
    ///
    /// # Errors
    /// When the file can't be opened or isn't a database of ours.
    pub fn open(file: Option<&Path>) -> Result<Arc<Self>, SqlError> {
        Self::open_with_directory(file, None)
    }

    /// The same with a directory in which `CREATE USER ... FROM EXTERNAL PROVIDER` looks names up; None is a server that
    /// can't read it.
    ///
    /// # Errors
    /// When the file can't be opened or isn't a database of ours.
    pub fn open_with_directory(
        file: Option<&Path>,
        users: Option<Vec<DirectoryEntry>>,
    ) -> Result<Arc<Self>, SqlError> {
        let (file, directory) = match file {
            Some(file) => (file.to_owned(), None),
            None => {
                let directory = tempfile::tempdir().map_err(|error| {
                    SqlError::new(5133, format!("No temporary directory for the database: {error}."))
                })?;
                (directory.path().join("database.sqlite"), Some(directory))
            }
        };
        let connection = connect(&file)?;
        let row_versions = Arc::<RowVersions>::default();
        let prepare = || -> rusqlite::Result<i64> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            crate::sql::values::functions::register(&connection, &Arc::default())?;
            catalog::prepare(&connection, "main")?;
            store::prepare(&connection)?;
            row_versions.restore(&connection)?;
            procedures::catalog::prepare(&connection)?;
            table_types::catalog::prepare(&connection)?;
            let last_table = catalog::all(&connection, "main")?.last().map_or(0, |table| table.id);
            let last_type = table_types::catalog::last_object(&connection)?;
            Ok(last_table.max(last_type).max(procedures::catalog::last_id(&connection)?))
        };
        let last = prepare().map_err(|error| {
            SqlError::new(5120, format!("The file {} can't be used as a database: {error}.", file.display()))
        })?;
        Ok(Arc::new(Self {
            file,
            counters: Arc::default(),
            row_versions,
            objects: AtomicI64::new(last.max(100_000)),
            clock_ahead: AtomicI64::new(0),
            transactions: AtomicU64::new(1),
            directory: users,
            sessions: Arc::default(),
            _kept_open: Mutex::new(connection),
            _directory: directory,
        }))
    }

    /// A new session with a SQLite connection of its own. Blocking: call it, and all its methods, on a thread of the session's own.
    ///
    /// # Errors
    /// 18456 when the login is no user of the database, or when the file can't be opened.
    pub fn session(self: &Arc<Self>, login: Login) -> Result<Session, SqlError> {
        let connection = connect(&self.file)?;
        let user = admit(&connection, &login)?;
        Session::new(Arc::clone(self), connection, login, user).map_err(|error| errors::internal(&error))
    }

    /// An object id that was never given before: identity counters hang on it.
    pub(super) fn next_object(&self) -> i64 {
        self.objects.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn next_transaction(&self) -> u64 {
        self.transactions.fetch_add(1, Ordering::Relaxed)
    }
}

/// The user that a login is; 18456 if it is none that may connect.
fn admit(connection: &Connection, login: &Login) -> Result<User, SqlError> {
    let principals = store::principals(connection).map_err(|error| errors::internal(&error))?;
    let user = User::of(login, &principals)?;
    let rights = store::load(connection, user, &login.database).map_err(|error| errors::internal(&error))?;
    if rights.allows_named(Securable::Database, "CONNECT") {
        Ok(rights.user.clone())
    } else {
        Err(login::refused())
    }
}

fn connect(file: &Path) -> Result<Connection, SqlError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(file)?;
        // A short wait: whoever waits longer asks again, and looks for a cancel between.
        connection.busy_timeout(Duration::from_millis(50))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|error| {
        SqlError::new(5120, format!("Unable to open the database file {}: {error}.", file.display()))
    })
}
