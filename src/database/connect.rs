//! Opening a connection: TCP, redirects, TLS, login.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use socket2::{SockRef, TcpKeepalive};
use tiberius::error::Error as DriverError;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::connection_string::{Authentication, ConnectionSettings};
use super::faults::{Fault, FaultClass, Stage};
use super::health::{Gate, Pass, Refusal};
use super::unit::Isolation;
use crate::identity::{
    Clock, Cloud, HeldToken, IdentityError, Refusals, Token, TokenCache, TokenCaches, Way,
};

/// The driver's client over a TCP stream.
pub(super) type DriverClient = Client<Compat<TcpStream>>;

/// How often Azure's gateway may send us on; one hop is normal, more than a few is a circle.
const MAX_REDIRECTS: usize = 4;

/// The largest packet that TLS carries in one record; 16 KB replies were measured 42 % faster than 4 KB ones
/// (tiberius pull request 400).
const PACKET_SIZE: u32 = 16_383;

/// Idle time after which TCP asks whether the other side is there: well below the 30 minutes after which Azure's
/// gateway drops an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How long a refused login is remembered. Azure blocks a client after many failed logins within minutes; two in a minute
/// from each pool are far from that, and a database user that was just created is found soon.
const REFUSAL_MEMORY: Duration = Duration::from_secs(30);

/// By how many seconds that may be longer, so that many workers don't try at once.
const REFUSAL_JITTER: u64 = 10;

/// How long a refused token rests when the platform failed to give another.
const UNREPLACED_MEMORY: Duration = Duration::from_secs(5);

const SAME_TOKEN: &str = "The platform hands out the same token again: a change of roles or groups can take up to a day to \
                          show in it, and nobody can force that.";

/// Why a connection didn't come about.
#[derive(Clone, Debug)]
pub(super) enum ConnectError {
    Identity(IdentityError),
    Fault(Fault),
    /// Not tried, for the fault that other openings of this server just met.
    Down(Fault),
    /// Not tried, for what the server just told others: the database is not ready.
    NotReady(Fault),
}

/// An open connection and what the pool must know of it. No `Debug`: the driver's shows bytes of rows.
pub(super) struct Connection {
    pub(super) client: DriverClient,
    pub(super) opened_at: Instant,
    /// The isolation level of the session.
    pub(super) isolation: Isolation,
    /// The token that logged it in; None for a SQL login.
    pub(super) token: Option<SessionToken>,
}

/// What is left of a token in a session that it opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionToken {
    /// Which token of its cache.
    pub(super) generation: u64,
    /// When the connection retires because of it, as Unix seconds.
    pub(super) retire_at: i64,
}

/// A refusal that is remembered.
#[derive(Clone, Debug)]
struct Refused {
    error: ConnectError,
    /// The token that was refused last; None for a SQL login.
    generation: Option<u64>,
}

/// Why nobody got in.
enum NotIn {
    /// Something that a next try may find mended.
    Failed(ConnectError),
    /// The identity or password was refused: others need not try for so long.
    Refused(Refused, Duration),
}

/// Why one login didn't get in.
enum Unconnected {
    /// What it met.
    Fault(Fault),
    /// Nobody can reach the server, so it was not tried.
    Down(Fault),
    /// The server lets nobody in, so it was not tried.
    NotReady(Fault),
}

impl From<Unconnected> for NotIn {
    fn from(unconnected: Unconnected) -> Self {
        Self::Failed(match unconnected {
            Unconnected::Fault(fault) => ConnectError::Fault(fault),
            Unconnected::Down(fault) => ConnectError::Down(fault),
            Unconnected::NotReady(fault) => ConnectError::NotReady(fault),
        })
    }
}

impl From<IdentityError> for NotIn {
    fn from(error: IdentityError) -> Self {
        Self::Failed(ConnectError::Identity(error))
    }
}

/// Opens connections to one server with one identity.
#[derive(Debug)]
pub(super) struct Connector {
    settings: ConnectionSettings,
    clock: Arc<dyn Clock>,
    gate: Gate,
    tokens: Option<Arc<TokenCache>>,
    refusals: Refusals<Refused>,
    /// The certificate authorities of AZSQL_TRUST_CA, as PEM.
    trusted_authorities: Option<Arc<[u8]>>,
}

impl Connector {
    pub(super) fn new(
        settings: ConnectionSettings,
        caches: &TokenCaches,
        gate: Gate,
        trusted_authorities: Option<Arc<[u8]>>,
    ) -> Self {
        let tokens = match &settings.authentication {
            Authentication::Entra(method) => {
                let cloud = Cloud::of_server(&settings.host);
                Some(caches.cache(method, cloud, cloud.sql_scope()))
            }
            Authentication::SqlPassword { .. } => None,
        };
        let clock = Arc::clone(caches.clock());
        let refusals = Refusals::new(Arc::clone(&clock));
        Self { settings, clock, gate, tokens, refusals, trusted_authorities }
    }

    /// Bound on [`Connector::open`], token included.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// The clock that tokens are judged by.
    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// A connection is lent: the next one's token is asked for ahead of time.
    pub(super) fn keep_fresh(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.keep_fresh();
        }
    }

    /// The server said that the token of a session has ended.
    pub(super) fn drop_ended(&self, generation: u64) {
        if let Some(tokens) = &self.tokens {
            tokens.drop_ended(generation);
        }
    }

    /// Opens a connection. A token that the server refuses is replaced once; after a second refusal no login is tried for
    /// a while, then one at a time.
    pub(super) async fn open(&self) -> Result<Connection, ConnectError> {
        let attempt = self.refusals.admit().map_err(|refused| refused.error)?;
        let deadline = tokio::time::Instant::now() + self.timeout();
        let logged_in = match &self.tokens {
            None => self.log_in_with_password(deadline).await,
            Some(tokens) => match attempt.remembered().and_then(|refused| refused.generation) {
                None => self.log_in(tokens, deadline).await,
                Some(generation) => self.log_in_again(tokens, generation, deadline).await,
            },
        };
        match logged_in {
            Ok(connection) => {
                attempt.accepted();
                Ok(connection)
            }
            Err(NotIn::Failed(error)) => Err(error),
            Err(NotIn::Refused(refused, memory)) => {
                let error = refused.error.clone();
                tracing::warn!(
                    seconds = memory.as_secs(),
                    "the login was refused; none is tried for so long"
                );
                attempt.refused(refused, memory);
                Err(error)
            }
        }
    }

    async fn log_in_with_password(&self, deadline: tokio::time::Instant) -> Result<Connection, NotIn> {
        match self.connect(None, deadline).await {
            Ok(client) => Ok(self.connection(client, None)),
            Err(unconnected) => Err(refused_or_failed(unconnected, None, None)),
        }
    }

    async fn log_in(&self, tokens: &TokenCache, deadline: tokio::time::Instant) -> Result<Connection, NotIn> {
        let first = self.in_time(tokens, deadline, tokens.held()).await?;
        let fault = match self.connect(Some(&first.token), deadline).await {
            Ok(client) => return Ok(self.connection(client, Some(&first))),
            Err(Unconnected::Fault(fault)) if fault.is_refused_login() => fault,
            Err(unconnected) => return Err(unconnected.into()),
        };
        match self.in_time(tokens, deadline, tokens.after_refusal(first.generation)).await {
            // Without a memory of it, each caller would present the refused token again.
            Err(error) => {
                let refused =
                    Refused { error: ConnectError::Identity(error), generation: Some(first.generation) };
                Err(NotIn::Refused(refused, UNREPLACED_MEMORY))
            }
            Ok(second) if second.generation == first.generation => {
                Err(refused_or_failed(Unconnected::Fault(fault), Some(SAME_TOKEN), Some(first.generation)))
            }
            Ok(second) => match self.connect(Some(&second.token), deadline).await {
                Ok(client) => Ok(self.connection(client, Some(&second))),
                Err(unconnected) => Err(refused_or_failed(unconnected, None, Some(second.generation))),
            },
        }
    }

    /// The one login after a refusal that was remembered, with a newer token if there is one: even the same token gets in once
    /// the database has a user for it.
    async fn log_in_again(
        &self,
        tokens: &TokenCache,
        refused: u64,
        deadline: tokio::time::Instant,
    ) -> Result<Connection, NotIn> {
        let held = self.in_time(tokens, deadline, tokens.after_refusal(refused)).await?;
        match self.connect(Some(&held.token), deadline).await {
            Ok(client) => Ok(self.connection(client, Some(&held))),
            Err(unconnected) => {
                let cure = (held.generation == refused).then_some(SAME_TOKEN);
                Err(refused_or_failed(unconnected, cure, Some(held.generation)))
            }
        }
    }

    /// Waits for a token no longer than a connection may take, so that it is the identity which is told as slow and not the
    /// server. The request goes on without this caller: a person may still be signing in.
    async fn in_time(
        &self,
        tokens: &TokenCache,
        deadline: tokio::time::Instant,
        token: impl Future<Output = Result<Arc<HeldToken>, IdentityError>>,
    ) -> Result<Arc<HeldToken>, IdentityError> {
        timeout_at(deadline, token).await.unwrap_or_else(|_| {
            let way = tokens.way();
            let cure = match way {
                Way::Interactive => "somebody is asked to sign in with the browser; try again afterwards",
                Way::DeviceCode => {
                    "somebody is asked to sign in with the code on standard error; try again afterwards"
                }
                _ => "try again later, or give the connection string a longer Connect Timeout",
            };
            Err(IdentityError::Timeout { way, bound: self.timeout(), cure })
        })
    }

    fn connection(&self, client: DriverClient, token: Option<&HeldToken>) -> Connection {
        let token = token.map(|held| SessionToken {
            generation: held.generation,
            retire_at: held.connection_retires_at(self.clock.now()),
        });
        Connection { client, opened_at: Instant::now(), isolation: Isolation::default(), token }
    }

    /// One login, if the server's health lets it: it then learns how it went.
    async fn connect(
        &self,
        token: Option<&Token>,
        deadline: tokio::time::Instant,
    ) -> Result<DriverClient, Unconnected> {
        let mut pass = self.gate.admit().map_err(|refusal| match refusal {
            Refusal::Down(fault) => Unconnected::Down(fault),
            Refusal::NotReady(fault) => Unconnected::NotReady(fault),
        })?;
        let begun = Instant::now();
        match timeout_at(deadline, Box::pin(self.follow_redirects(token, &mut pass))).await {
            Ok(Ok(client)) => {
                pass.got_in();
                Ok(client)
            }
            Ok(Err(fault)) => {
                pass.failed(&fault);
                Err(Unconnected::Fault(fault))
            }
            Err(_) => {
                let fault = Fault::io(std::io::ErrorKind::TimedOut, Stage::Opening);
                // When the token took most of the time, the server had no chance: that is no verdict on it.
                if begun.elapsed() >= self.timeout() / 2 {
                    pass.failed(&fault);
                }
                Err(Unconnected::Fault(fault))
            }
        }
    }

    async fn follow_redirects(
        &self,
        token: Option<&Token>,
        pass: &mut Pass<'_>,
    ) -> Result<DriverClient, Fault> {
        let mut host = self.settings.host.clone();
        let mut port = self.settings.port;
        for _ in 0..=MAX_REDIRECTS {
            let stream = open_stream(&host, port).await.map_err(|e| Fault::io(e.kind(), Stage::Opening))?;
            let config =
                driver_config(&self.settings, self.trusted_authorities.as_deref(), &host, port, token);
            // The driver's login is a large future: on the heap it doesn't weigh on the stack of all that wait for it.
            match Box::pin(Client::connect(config, stream.compat_write())).await {
                Ok(mut client) => {
                    Box::pin(set_up(&mut client)).await?;
                    return Ok(client);
                }
                Err(DriverError::Routing { host: next_host, port: next_port }) => {
                    tracing::debug!(port = next_port, "the server redirects the login");
                    pass.redirected();
                    (host, port) = (next_host, next_port);
                }
                Err(error) => return Err(Fault::from_driver(&error, Stage::Opening)),
            }
        }
        Err(Fault::without_number(FaultClass::Permanent, "the server redirects the login in a circle"))
    }
}

/// How the driver connects to `host`, which is the server of `settings` or where it sent us.
pub(super) fn driver_config(
    settings: &ConnectionSettings,
    trusted_authorities: Option<&[u8]>,
    host: &str,
    port: u16,
    token: Option<&Token>,
) -> Config {
    let mut config = Config::new();
    config.host(host);
    config.port(port);
    if let Some(database) = &settings.database {
        config.database(database);
    }
    config.application_name(&settings.application_name);
    config.readonly(settings.read_only);
    config.packet_size(PACKET_SIZE);
    config.encryption(if settings.strict_encryption {
        EncryptionLevel::Strict
    } else {
        EncryptionLevel::Required
    });
    if settings.trust_server_certificate {
        config.trust_cert();
    } else if let Some(authorities) = trusted_authorities {
        config.trust_cert_ca_bundle(authorities.to_vec());
    }
    if let Some(name) = &settings.host_name_in_certificate {
        config.hostname_in_certificate(name);
    }
    config.handshake_timeout(Some(settings.connect_timeout));
    // The invocation's deadline bounds a command; the driver's clock would restart with every token.
    config.command_timeout(None);
    match (&settings.authentication, token) {
        (Authentication::SqlPassword { user, password }, _) => {
            config.authentication(AuthMethod::sql_server(user, password.expose_secret()));
        }
        (Authentication::Entra(_), Some(token)) => {
            config.authentication(AuthMethod::aad_token(token.secret.expose_secret()));
        }
        (Authentication::Entra(_), None) => {}
    }
    config
}

/// Any error rolls back the whole transaction, for as long as the session lives. It must be a batch of its own: what is set inside
/// `sp_executesql` ends with that call.
async fn set_up(client: &mut DriverClient) -> Result<(), Fault> {
    let set = async { client.simple_query("SET XACT_ABORT ON").await?.into_results().await };
    set.await.map_err(|error| Fault::from_driver(&error, Stage::Opening))?;
    Ok(())
}

/// `cure` is for a refused login.
fn refused_or_failed(unconnected: Unconnected, cure: Option<&'static str>, generation: Option<u64>) -> NotIn {
    match unconnected {
        Unconnected::Fault(fault) if fault.is_refused_login() => {
            let memory = REFUSAL_MEMORY + Duration::from_secs(fastrand::u64(0..=REFUSAL_JITTER));
            let error = ConnectError::Fault(Fault { cure, ..fault });
            NotIn::Refused(Refused { error, generation }, memory)
        }
        Unconnected::Fault(_) | Unconnected::Down(_) | Unconnected::NotReady(_) => unconnected.into(),
    }
}

/// A stream that sends at once and notices a dead peer.
pub(super) async fn open_stream(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3))?;
    Ok(stream)
}
