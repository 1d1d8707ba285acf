//! Opening a connection: TCP, redirects, TLS, login.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use socket2::{SockRef, TcpKeepalive};
use tiberius::error::Error as DriverError;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::connection_string::{Authentication, ConnectionSettings};
use super::faults::{Fault, FaultClass, Stage};
use super::token_source::TokenSource;
use crate::identity::{Clock, IdentityEnvironment, IdentityError, SystemClock, Token};

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

/// "Login failed for user": the token or password was refused.
const LOGIN_FAILED: u32 = 18456;

/// Why a connection didn't come about.
#[derive(Clone, Debug)]
pub(super) enum ConnectError {
    Identity(IdentityError),
    Fault(Fault),
}

/// An open connection and what the pool must know of it. No `Debug`: the driver's shows bytes of rows.
pub(super) struct Connection {
    pub(super) client: DriverClient,
    pub(super) opened_at: Instant,
    /// When the token that logged it in ends, as Unix seconds.
    pub(super) token_expires_at: Option<i64>,
}

impl Connection {
    /// Seconds until its token ends; None for a SQL login.
    pub(super) fn token_seconds_left(&self) -> Option<i64> {
        let now = SystemClock.now();
        self.token_expires_at.map(|end| end.saturating_sub(now))
    }
}

/// Opens connections to one server with one identity.
#[derive(Debug)]
pub(super) struct Connector {
    settings: ConnectionSettings,
    tokens: Option<TokenSource>,
    /// The certificate authorities of AZSQL_TRUST_CA, as PEM.
    trusted_authorities: Option<Arc<[u8]>>,
}

impl Connector {
    pub(super) fn new(
        settings: ConnectionSettings,
        environment: &IdentityEnvironment,
        trusted_authorities: Option<Arc<[u8]>>,
    ) -> Self {
        let tokens = match &settings.authentication {
            Authentication::Entra(method) => {
                Some(TokenSource::new(method.clone(), environment.clone(), &settings.host))
            }
            Authentication::SqlPassword { .. } => None,
        };
        Self { settings, tokens, trusted_authorities }
    }

    /// Bound on [`Connector::open`], token included.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// Opens a connection. A refused token is forgotten, so that the next call asks for a new one.
    pub(super) async fn open(&self) -> Result<Connection, ConnectError> {
        let token = match &self.tokens {
            Some(tokens) => Some(tokens.token().await.map_err(ConnectError::Identity)?),
            None => None,
        };
        let result = self.connect(token.as_ref()).await;
        if let (Some(tokens), Err(fault)) = (&self.tokens, &result)
            && fault.number == Some(LOGIN_FAILED)
        {
            tokens.forget();
        }
        let client = result.map_err(ConnectError::Fault)?;
        let token_expires_at = token.map(|token| token.expires_at);
        Ok(Connection { client, opened_at: Instant::now(), token_expires_at })
    }

    async fn connect(&self, token: Option<&Token>) -> Result<DriverClient, Fault> {
        let mut host = self.settings.host.clone();
        let mut port = self.settings.port;
        for _ in 0..=MAX_REDIRECTS {
            let stream = open_stream(&host, port).await.map_err(|e| Fault::io(e.kind(), Stage::Opening))?;
            let config =
                driver_config(&self.settings, self.trusted_authorities.as_deref(), &host, port, token);
            match Client::connect(config, stream.compat_write()).await {
                Ok(client) => return Ok(client),
                Err(DriverError::Routing { host: next_host, port: next_port }) => {
                    tracing::debug!(port = next_port, "the server redirects the login");
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

/// A stream that sends at once and notices a dead peer.
pub(super) async fn open_stream(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream)
        .set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3))?;
    Ok(stream)
}
