//! Starting and stopping the authority.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::{App, HttpServer, web};

use super::options::AuthorityOptions;
use super::recorded::{RecordedRequest, Records};
use super::state::State;
use super::token;
use crate::certificates::{self, Certificates};
use crate::identity::{IdentityFaults, TokenService};
use crate::tls_front::TlsFront;
use crate::tokens::{IssueError, TokenVerifier};
use crate::web_server::{WebServer, WebServerError};

/// The authority could not be started.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A port is taken or not allowed.
    #[error(
        "the authority can't listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// No certificates could be made.
    #[error(
        "the authority's certificates could not be made: {0}; check that the system's random source works"
    )]
    Certificates(#[source] io::Error),
    /// The CA file could not be written.
    #[error("the CA file {} can't be written: {source}; give a path in a folder that exists", path.display())]
    CaFile {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server could not be run.
    #[error(transparent)]
    Server(#[from] WebServerError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] IssueError),
}

/// A running authority; dropping it stops it.
pub struct Authority {
    address: SocketAddr,
    http_address: SocketAddr,
    certificates: Arc<Certificates>,
    state: Arc<State>,
    front: TlsFront,
    server: WebServer,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("address", &self.address)
            .field("http_address", &self.http_address)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Where it listens for HTTPS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value of `AZURE_AUTHORITY_HOST`: `https://localhost:{port}`, without a slash at the end. Its certificate
    /// holds for `localhost`, 127.0.0.1 and `::1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The same over plain HTTP, for what takes it.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http_address)
    }

    /// The token endpoint of a tenant: what a signed client assertion names as its audience.
    #[must_use]
    pub fn token_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.url())
    }

    /// The certificate of its issuer, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.certificates.ca_pem
    }

    /// Its certificates, for another endpoint that is to be trusted with it, such as the SQL endpoint.
    #[must_use]
    pub fn certificates(&self) -> Arc<Certificates> {
        Arc::clone(&self.certificates)
    }

    /// Verifies the tokens that it issues.
    #[must_use]
    pub fn verifier(&self) -> TokenVerifier {
        self.state.tokens.issuer().verifier()
    }

    /// The service behind it, for an identity endpoint beside it and for the log of tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenService {
        &self.state.tokens
    }

    /// The fault switches, the clock and the count of requests.
    #[must_use]
    pub fn faults(&self) -> &IdentityFaults {
        self.state.tokens.faults()
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.records.all()
    }

    /// Stops it; requests under way are cut off.
    pub async fn stop(mut self) {
        self.front.shut_down().await;
        self.server.shut_down().await;
    }
}

/// Starts the authority on 127.0.0.1; its HTTPS side runs on the current tokio runtime.
///
/// # Errors
/// [`AuthorityError`] when a port can't be taken, the CA file can't be written or no key could be made.
pub async fn start(options: AuthorityOptions) -> Result<Authority, AuthorityError> {
    let (plain, http_address) = listen(options.http_port)?;
    let (encrypted, address) = listen(options.port)?;
    let failed = |source| AuthorityError::Listen { port: address.port(), source };
    encrypted.set_nonblocking(true).map_err(failed)?;
    let encrypted = tokio::net::TcpListener::from_std(encrypted).map_err(failed)?;

    let certificates = match &options.certificates {
        Some(shared) => Arc::clone(shared),
        None => Arc::new(certificates::issue().map_err(AuthorityError::Certificates)?),
    };
    if let Some(path) = &options.ca_out {
        let written = tokio::fs::write(path, &certificates.ca_pem).await;
        written.map_err(|source| AuthorityError::CaFile { path: path.clone(), source })?;
    }
    let tokens = match &options.tokens {
        Some(shared) => shared.clone(),
        None => TokenService::new()?,
    };
    let bases = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .flat_map(|host| {
            [format!("https://{host}:{}", address.port()), format!("http://{host}:{}", http_address.port())]
        })
        .collect();
    let state = Arc::new(State { options, tokens, records: Records::default(), bases });

    let shared = web::Data::from(Arc::clone(&state));
    let server = WebServer::start("authority", move || {
        let shared = shared.clone();
        HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/{tenant}/oauth2/v2.0/token", web::post().to(token::token))
        })
        .workers(1)
        .disable_signals()
        .listen(plain)
        .map(HttpServer::run)
    })
    .await?;
    let front = TlsFront::start(encrypted, Arc::clone(&certificates.server), http_address);
    Ok(Authority { address, http_address, certificates, state, front, server })
}

fn listen(port: u16) -> Result<(TcpListener, SocketAddr), AuthorityError> {
    let failed = |source| AuthorityError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
