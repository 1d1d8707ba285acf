//! The HTTP side of the identity endpoint.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Serialize;
use serde_json::json;

use super::faults::{IdentityFaults, TokenFault};
use super::options::IdentityOptions;
use super::request::{self, Refusal, TokenQuery};
use crate::tokens::{IssueError, TokenIssuer, TokenRequest, TokenVerifier};
use crate::web_server::{WebServer, WebServerError};

/// The endpoint could not be started.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The port is taken or not allowed.
    #[error(
        "the identity endpoint can't listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server could not be run.
    #[error(transparent)]
    Server(#[from] WebServerError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] IssueError),
}

struct State {
    options: IdentityOptions,
    issuer: TokenIssuer,
    secret: String,
    faults: IdentityFaults,
}

/// The reply's fields in the order in which App Service writes them.
#[derive(Serialize)]
struct TokenReply {
    access_token: String,
    client_id: String,
    /// A string of Unix seconds, not a number.
    expires_on: String,
    resource: String,
    token_type: &'static str,
}

/// A running identity endpoint; dropping it stops it.
pub struct IdentityEndpoint {
    address: SocketAddr,
    state: Arc<State>,
    server: WebServer,
}

impl fmt::Debug for IdentityEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IdentityEndpoint").field("address", &self.address).finish_non_exhaustive()
    }
}

impl IdentityEndpoint {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value of `IDENTITY_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/msi/token", self.address)
    }

    /// The value of `IDENTITY_HEADER`, random per start. Treat it as a password.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.state.secret
    }

    /// Verifies the tokens that this endpoint issues.
    #[must_use]
    pub fn verifier(&self) -> TokenVerifier {
        self.state.issuer.verifier()
    }

    /// The issuer behind the endpoint, for a token without a request.
    #[must_use]
    pub fn issuer(&self) -> &TokenIssuer {
        &self.state.issuer
    }

    /// The fault switches and the request count.
    #[must_use]
    pub fn faults(&self) -> &IdentityFaults {
        &self.state.faults
    }

    /// Stops it; requests under way are cut off.
    pub async fn stop(mut self) {
        self.server.shut_down().await;
    }
}

/// Starts the endpoint on 127.0.0.1.
///
/// # Errors
/// [`IdentityError`] when the port can't be taken or no key could be made.
pub async fn start(options: IdentityOptions) -> Result<IdentityEndpoint, IdentityError> {
    let port = options.port;
    let listen = |source| IdentityError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let state = Arc::new(State {
        options,
        issuer: TokenIssuer::new()?,
        secret: uuid::Uuid::new_v4().simple().to_string().to_uppercase(),
        faults: IdentityFaults::default(),
    });
    let shared = web::Data::from(Arc::clone(&state));
    let server = WebServer::start("identity endpoint", move || {
        let shared = shared.clone();
        HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/msi/token", web::get().to(token))
                .route("/msi/token/", web::get().to(token))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .map(HttpServer::run)
    })
    .await?;
    Ok(IdentityEndpoint { address, state, server })
}

async fn token(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let presented = http.headers().get("x-identity-header").map(|value| value.as_bytes());
    let secret = state.secret.as_bytes();
    if presented.is_none_or(|bytes| aws_lc_rs::constant_time::verify_slices_are_equal(bytes, secret).is_err())
    {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "The X-IDENTITY-HEADER is missing or is not the value of IDENTITY_HEADER.",
        );
    }
    let query = match request::parse(http.query_string(), &state.options) {
        Ok(query) => query,
        Err(refusal) => return refuse(StatusCode::BAD_REQUEST, Refusal::message(&refusal)),
    };
    state.faults.count(&query.identity.client_id);
    if state.faults.is_stalled() {
        return std::future::pending().await;
    }
    if state.faults.take_failure() {
        return refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "An unexpected error occured while fetching the AAD Token.",
        );
    }
    match issue(&state, query) {
        // serde_json writes no blanks, which Microsoft's ODBC driver insists on.
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn issue(state: &State, query: TokenQuery) -> Result<TokenReply, IssueError> {
    let wanted = TokenRequest {
        audience: query.resource.clone(),
        client_id: query.identity.client_id.clone(),
        object_id: query.identity.object_id,
        resource_id: Some(query.identity.resource_id),
        lifetime: state.options.token_lifetime,
    };
    let (access_token, claims) = match state.faults.token_fault() {
        TokenFault::None => state.issuer.issue(&wanted)?,
        TokenFault::WrongAudience => state.issuer.issue_for_wrong_audience(&wanted)?,
        TokenFault::Expired => {
            // The reply claims a future expiry, or else a client would notice before it logs in anywhere.
            let (token, mut claims) = state.issuer.issue_expired(&wanted)?;
            claims.exp = chrono::Utc::now().timestamp().saturating_add(3600);
            (token, claims)
        }
    };
    Ok(TokenReply {
        access_token,
        client_id: query.identity.client_id,
        expires_on: claims.exp.to_string(),
        resource: query.resource,
        token_type: "Bearer",
    })
}

/// App Service's error shape: `{"statusCode":400,"message":"...","correlationId":"..."}`.
fn refuse(status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({
        "statusCode": status.as_u16(),
        "message": message,
        "correlationId": uuid::Uuid::new_v4().to_string(),
    }))
}
