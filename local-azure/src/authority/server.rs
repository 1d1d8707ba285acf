//! Starting and stopping the authority.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::{App, HttpServer, web};

use super::options::AuthorityOptions;
use super::sign_ins::{DeviceStatus, SignIns};
use super::state::State;
use super::{authorize, device, discovery, pipelines, token};
use crate::certificates::{self, Certificates};
use crate::identity::{IdentityFaults, TokenService};
use crate::recorded::{RecordedRequest, Records};
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
        self.state.url.clone()
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

    /// The value of `SYSTEM_OIDCREQUESTURI`, over HTTPS.
    #[must_use]
    pub fn oidc_request_uri(&self) -> String {
        format!("{}{}", self.url(), pipelines::PATH)
    }

    /// The fault switches of [`Authority::oidc_request_uri`], which are its own. Requests count under the id of the
    /// service connection.
    #[must_use]
    pub fn pipeline_faults(&self) -> &IdentityFaults {
        &self.state.pipeline_faults
    }

    /// The user codes that devices show and nobody has entered yet.
    #[must_use]
    pub fn pending_user_codes(&self) -> Vec<String> {
        self.state.users.pending_user_codes()
    }

    /// The first user signs in for the device that shows this code; false if none does.
    pub fn approve(&self, user_code: &str) -> bool {
        let approved = self.state.home_user().map(DeviceStatus::Approved);
        approved.is_some_and(|status| self.state.users.decide(user_code, &status))
    }

    /// The user refuses to sign in for the device that shows this code; false if none does.
    pub fn decline(&self, user_code: &str) -> bool {
        self.state.users.decide(user_code, &DeviceStatus::Declined)
    }

    /// The next `polls` polls of devices that wait for their user are answered with `slow_down`.
    pub fn slow_down_next(&self, polls: u32) {
        self.state.users.slow_down_next(polls);
    }

    /// While on, users decline: browsers are sent back with `access_denied`, devices get `authorization_declined`.
    pub fn deny_sign_ins(&self, on: bool) {
        self.state.users.deny(on);
    }

    /// All refresh tokens so far are revoked, as after a change of password.
    pub fn revoke_refresh_tokens(&self) {
        self.state.users.revoke_refresh_tokens();
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
    let state = Arc::new(State {
        pipeline_faults: IdentityFaults::new(tokens.faults().clock().clone()),
        options,
        tokens,
        records: Records::default(),
        users: SignIns::default(),
        url: format!("https://localhost:{}", address.port()),
        bases,
    });

    let shared = web::Data::from(Arc::clone(&state));
    let server = WebServer::start("authority", move || {
        let shared = shared.clone();
        HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/{tenant}/oauth2/v2.0/token", web::post().to(token::token))
                .route("/{tenant}/oauth2/v2.0/authorize", web::get().to(authorize::authorize))
                .route("/{tenant}/oauth2/v2.0/devicecode", web::post().to(device::start))
                .route(
                    "/{tenant}/v2.0/.well-known/openid-configuration",
                    web::get().to(discovery::configuration),
                )
                .route(device::PAGE, web::get().to(device::sign_in))
                .route(pipelines::PATH, web::post().to(pipelines::assertion))
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
