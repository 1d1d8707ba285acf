//! Starting and stopping the SQL endpoint.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub use super::logins::{LoginCounts, LoginRecord};
pub use super::tds::authentication::{Credential, SqlLogin, TokenCheck, token_fingerprint};
pub use super::tds::prelogin::Encryption;

use super::certificates::{self, Certificates};
use super::engine::{Database, DirectoryEntry};
use super::faults::Faults;
use super::logins::Logins;
use super::reply::SqlError;
use super::seed;
use super::tds::connection::serve;
use super::tds::session::OpenSession;

/// How the endpoint is set up.
#[derive(Clone)]
pub struct SqlOptions {
    /// Where it listens; port 0 takes any free one. Default `127.0.0.1:0`.
    pub address: SocketAddr,
    /// The `SQLite` file; None for a temporary one that goes away with the server. Default None.
    pub database_file: Option<PathBuf>,
    /// The names under which the database can be opened, without case; `master` always can. Any other gets 4060.
    /// Empty takes any name, for one that need not be known beforehand. Default empty.
    pub database_names: Vec<String>,
    /// Who may log in with a password. Default nobody.
    pub logins: Vec<SqlLogin>,
    /// Who may log in with a token. Default None: nobody.
    pub token_check: Option<TokenCheck>,
    /// Which tokens are the Entra administrator's, who is `dbo`: object ids, client ids and names of people, applications
    /// and groups. Everybody else needs a user in the database whose SID is their client id or object id, and has its
    /// rights; without one the login fails with 18456. Default None: every valid token is the administrator's.
    pub admins: Option<Vec<String>>,
    /// The directory in which `CREATE USER ... FROM EXTERNAL PROVIDER` looks up names. Default None: a server that has no
    /// right to read it, and says so with 33134.
    pub directory: Option<Vec<DirectoryEntry>>,
    /// How much is encrypted. Default all, as on Azure.
    pub encryption: Encryption,
    /// Where the certificate of the endpoint's authority is written, PEM, for clients to trust. Default None.
    pub ca_out: Option<PathBuf>,
    /// A script that fills the database if it is new: temporary, or a file that doesn't exist yet. Default None.
    pub seed: Option<String>,
    /// By how many seconds its clock is ahead of this machine's, behind it when negative; a day at the most. Default 0.
    pub clock_ahead_seconds: i64,
    /// Certificates of a server that was stopped, so that its clients trust this one too. Default None: new ones.
    pub certificates: Option<Arc<Certificates>>,
    /// Where clients that fetch a token themselves are sent to (FEDAUTHINFO). Default Entra's common endpoint.
    pub sts_url: String,
    /// What such a token is for. Default `https://database.windows.net/`.
    pub token_resource: String,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_file: None,
            database_names: Vec::new(),
            logins: Vec::new(),
            token_check: None,
            admins: None,
            directory: None,
            encryption: Encryption::default(),
            ca_out: None,
            seed: None,
            clock_ahead_seconds: 0,
            certificates: None,
            sts_url: "https://login.microsoftonline.com/common".to_owned(),
            token_resource: "https://database.windows.net/".to_owned(),
        }
    }
}

impl fmt::Debug for SqlOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqlOptions")
            .field("address", &self.address)
            .field("database_file", &self.database_file)
            .field("database_names", &self.database_names)
            .field("logins", &self.logins)
            .field("token_check", &self.token_check.is_some())
            .field("admins", &self.admins)
            .field("directory", &self.directory)
            .field("encryption", &self.encryption)
            .field("ca_out", &self.ca_out)
            .field("seed", &self.seed.is_some())
            .field("clock_ahead_seconds", &self.clock_ahead_seconds)
            .field("certificates", &self.certificates.is_some())
            .field("sts_url", &self.sts_url)
            .field("token_resource", &self.token_resource)
            .finish()
    }
}

/// The first number of a user's session.
const FIRST_SPID: u16 = 51;

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) encryption: Encryption,
    pub(crate) acceptor: Option<TlsAcceptor>,
    pub(crate) logins: Vec<SqlLogin>,
    pub(crate) token_check: Option<TokenCheck>,
    pub(crate) admins: Option<Vec<String>>,
    pub(crate) sts_url: String,
    pub(crate) token_resource: String,
    pub(crate) open: OpenSession,
    pub(crate) faults: Faults,
    pub(crate) open_connections: AtomicUsize,
    database_names: Vec<String>,
    pub(crate) tried: Logins,
    spid: AtomicU16,
}

impl Shared {
    pub(crate) fn next_spid(&self) -> u16 {
        self.spid.fetch_add(1, Ordering::Relaxed).max(FIRST_SPID)
    }

    pub(crate) fn has_database(&self, name: &str) -> bool {
        self.database_names.is_empty()
            || name.eq_ignore_ascii_case("master")
            || self.database_names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// A running SQL endpoint. Dropping it stops it.
pub struct SqlServer {
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl fmt::Debug for SqlServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqlServer")
            .field("address", &self.address)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// Starts the SQL endpoint on the current tokio runtime.
///
/// # Errors
/// When the address is taken, the database can't be opened or the CA file can't be written.
pub async fn start(options: SqlOptions) -> io::Result<SqlServer> {
    let file = options.database_file.clone();
    let script = options.seed.clone();
    let directory = options.directory.clone();
    let database = tokio::task::spawn_blocking(move || {
        let is_new = file.as_ref().is_none_or(|file| !file.exists());
        let database = Database::open_with_directory(file.as_deref(), directory)?;
        if let Some(script) = script.filter(|_| is_new) {
            seed::run(&database, &script)?;
        }
        Ok::<_, SqlError>(database)
    })
    .await?
    .map_err(io::Error::other)?;
    database.set_clock_ahead(options.clock_ahead_seconds);
    let open: OpenSession = Arc::new(move |login| {
        let session = database.session(login)?;
        Ok(Box::new(session))
    });
    start_with(options, open).await
}

/// Starts the endpoint's protocol in front of sessions of another kind, such as canned ones in a test.
///
/// # Errors
/// When the address is taken or the CA file can't be written.
pub async fn start_with(options: SqlOptions, open: OpenSession) -> io::Result<SqlServer> {
    let certificates = match options.encryption {
        Encryption::Off => None,
        Encryption::Required | Encryption::Offered => match &options.certificates {
            Some(certificates) => Some(Arc::clone(certificates)),
            None => Some(Arc::new(certificates::issue()?)),
        },
    };
    if let (Some(path), Some(certificates)) = (&options.ca_out, &certificates) {
        tokio::fs::write(path, &certificates.ca_pem).await?;
    }
    let listener = bind(options.address)?.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared {
        encryption: options.encryption,
        acceptor: certificates
            .as_ref()
            .map(|certificates| TlsAcceptor::from(Arc::clone(&certificates.server))),
        logins: options.logins,
        token_check: options.token_check,
        admins: options.admins,
        sts_url: options.sts_url,
        token_resource: options.token_resource,
        open,
        faults: Faults::default(),
        open_connections: AtomicUsize::new(0),
        database_names: options.database_names,
        tried: Logins::default(),
        spid: AtomicU16::new(FIRST_SPID),
    });
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(accept(listener, Arc::clone(&shared), stopping));
    tracing::info!(%address, "the SQL endpoint listens");
    Ok(SqlServer { address, certificates, shared, stop, task: Some(task) })
}

/// How many connections wait to be accepted.
const BACKLOG: u32 = 1024;

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of a server that has just stopped don't keep its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(mut listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let connection_stop = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    connections.spawn(serve(socket, Arc::clone(&shared), connection_stop.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: wait for some to come back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = shared.faults.port().is_wanted(false) => {
                let reopened = tokio::select! {
                    reopened = closed_for_a_while(listener, &shared.faults) => reopened,
                    () = stopped(&mut stop) => return end(connections).await,
                };
                match reopened {
                    Ok(reopened) => listener = reopened,
                    Err(error) => {
                        tracing::error!(%error, "the port could not be opened again");
                        return end(connections).await;
                    }
                }
            }
            () = stopped(&mut stop) => break,
        }
    }
    drop(listener);
    end(connections).await;
}

async fn end(mut connections: JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

/// Refuses connections until the port is to be open again. A socket that is bound and does not listen keeps it meanwhile.
async fn closed_for_a_while(listener: TcpListener, faults: &Faults) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    drop(listener);
    let socket = bind(address)?;
    faults.port().is_now(false);
    faults.port().is_wanted(true).await;
    let listener = socket.listen(BACKLOG)?;
    faults.port().is_now(true);
    Ok(listener)
}

/// Returns when the server is to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the server's handle is gone, and that is the same.
    let _ = stop.wait_for(|&stop| stop).await.map(|_| ());
}

impl SqlServer {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority, PEM; None without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.certificates.as_ref().map(|certificates| certificates.ca_pem.as_str())
    }

    /// Its certificates, for a server that takes its place.
    #[must_use]
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Its faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// How many connections are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.open_connections.load(Ordering::SeqCst)
    }

    /// The logins so far, the first 10,000, oldest first.
    #[must_use]
    pub fn logins(&self) -> Vec<LoginRecord> {
        self.shared.tried.records()
    }

    /// How many logins there were so far.
    #[must_use]
    pub fn login_counts(&self) -> LoginCounts {
        self.shared.tried.counts()
    }

    /// How many of them came with this token. Of the first 10,000 tokens.
    #[must_use]
    pub fn login_counts_of(&self, token: &str) -> LoginCounts {
        self.shared.tried.counts_of(token)
    }

    /// Stops listening, ends what runs, closes all connections, and returns when all sessions have ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // It only fails when the runtime goes away, and then it has stopped too.
            let _ = task.await;
        }
    }
}

impl Drop for SqlServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
