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
use super::reply::{self, Refused, Replies};
use super::request::{self, Api, Refusal, TokenQuery};
use super::service::{Issued, TokenService};
use crate::recorded::{RecordedRequest, Records};
use crate::tokens::{IssueError, LOCAL_TENANT_ID, Subject, TokenIssuer, TokenRequest, TokenVerifier};
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
    tokens: TokenService,
    secret: String,
    records: Records,
}

/// The reply's fields in the order in which App Service writes them.
#[derive(Serialize)]
struct AppServiceReply {
    access_token: String,
    client_id: String,
    /// A string of Unix seconds, not a number.
    expires_on: String,
    resource: String,
    token_type: &'static str,
}

/// The reply of the instance metadata service, in which every number is a string.
#[derive(Serialize)]
struct MachineReply {
    access_token: String,
    client_id: String,
    /// Seconds from now.
    expires_in: String,
    /// Unix seconds.
    expires_on: String,
    ext_expires_in: String,
    /// Unix seconds.
    not_before: String,
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

    /// The value of `AZURE_POD_IDENTITY_AUTHORITY_HOST`, where the instance metadata service is looked for:
    /// `{this}/metadata/identity/oauth2/token`.
    #[must_use]
    pub fn metadata_host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The value of `IDENTITY_HEADER`, random per start. Treat it as a password.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.state.secret
    }

    /// Verifies the tokens that this endpoint issues.
    #[must_use]
    pub fn verifier(&self) -> TokenVerifier {
        self.state.tokens.issuer().verifier()
    }

    /// The issuer behind the endpoint, for a token without a request.
    #[must_use]
    pub fn issuer(&self) -> &TokenIssuer {
        self.state.tokens.issuer()
    }

    /// The service behind the endpoint, for an authority beside it and for the log of tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenService {
        &self.state.tokens
    }

    /// The fault switches and the request count.
    #[must_use]
    pub fn faults(&self) -> &IdentityFaults {
        self.state.tokens.faults()
    }

    /// Every request so far, with a correct header or not, oldest first.
    #[must_use]
    pub fn recorded(&self) -> Vec<RecordedRequest> {
        self.state.records.all()
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
    let tokens = match &options.tokens {
        Some(shared) => shared.clone(),
        None => TokenService::new()?,
    };
    let secret = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let state = Arc::new(State { options, tokens, secret, records: Records::default() });
    let shared = web::Data::from(Arc::clone(&state));
    let server = WebServer::start("identity endpoint", move || {
        let shared = shared.clone();
        HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/msi/token", web::get().to(app_service))
                .route("/msi/token/", web::get().to(app_service))
                .route("/metadata/identity/oauth2/token", web::get().to(machine))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .map(HttpServer::run)
    })
    .await?;
    Ok(IdentityEndpoint { address, state, server })
}

async fn app_service(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    state.records.add(RecordedRequest::new(&http, std::iter::empty()));
    let presented = http.headers().get("x-identity-header").map(|value| value.as_bytes());
    let secret = state.secret.as_bytes();
    if presented.is_none_or(|bytes| aws_lc_rs::constant_time::verify_slices_are_equal(bytes, secret).is_err())
    {
        return app_service_error(
            StatusCode::UNAUTHORIZED,
            "The X-IDENTITY-HEADER is missing or is not the value of IDENTITY_HEADER.",
        );
    }
    let query = match request::parse(Api::AppService, http.query_string(), &state.options) {
        Ok(query) => query,
        Err(refusal) => return app_service_error(StatusCode::BAD_REQUEST, Refusal::message(&refusal)),
    };
    let refuse =
        |status| app_service_error(status, "An unexpected error occured while fetching the AAD Token.");
    let succeed = |fault| {
        let issued = issue(&state, &query, fault).map_err(|error| {
            Refused::new(app_service_error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
        })?;
        Ok(AppServiceReply {
            access_token: issued.access_token,
            client_id: query.identity.client_id.clone(),
            expires_on: issued.expires_at.to_string(),
            resource: query.resource.clone(),
            token_type: "Bearer",
        })
    };
    reply::send(state.tokens.faults(), &query.identity.client_id, Replies { succeed, refuse }).await
}

async fn machine(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    state.records.add(RecordedRequest::new(&http, std::iter::empty()));
    let headers = http.headers();
    let asks_for_metadata =
        headers.get("metadata").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    // A forwarded request would let others have the machine's tokens.
    if !asks_for_metadata || headers.contains_key("x-forwarded-for") {
        return machine_error(StatusCode::BAD_REQUEST, "Required metadata header not specified");
    }
    let query = match request::parse(Api::Machine, http.query_string(), &state.options) {
        Ok(query) => query,
        Err(Refusal::UnknownIdentity) => {
            return machine_error(StatusCode::BAD_REQUEST, "Identity not found");
        }
        Err(refusal) => return machine_error(StatusCode::BAD_REQUEST, Refusal::message(&refusal)),
    };
    let refuse = |status| machine_error(status, "The token could not be fetched: try again.");
    let succeed = |fault| {
        let issued = issue(&state, &query, fault).map_err(|error| {
            Refused::new(machine_error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
        })?;
        Ok(MachineReply {
            access_token: issued.access_token,
            client_id: query.identity.client_id.clone(),
            expires_in: issued.expires_in.to_string(),
            expires_on: issued.expires_at.to_string(),
            ext_expires_in: issued.expires_in.to_string(),
            not_before: issued.not_before.to_string(),
            resource: query.resource.clone(),
            token_type: "Bearer",
        })
    };
    reply::send(state.tokens.faults(), &query.identity.client_id, Replies { succeed, refuse }).await
}

fn issue(state: &State, query: &TokenQuery, fault: Option<TokenFault>) -> Result<Issued, IssueError> {
    let request = TokenRequest {
        audience: query.resource.clone(),
        tenant_id: LOCAL_TENANT_ID.to_owned(),
        client_id: query.identity.client_id.clone(),
        object_id: query.identity.object_id.clone(),
        subject: Subject::ManagedIdentity { resource_id: query.identity.resource_id.clone() },
        lifetime: state.options.token_lifetime,
    };
    state.tokens.issue(&request, fault)
}

/// App Service's error shape: `{"statusCode":400,"message":"...","correlationId":"..."}`.
fn app_service_error(status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({
        "statusCode": status.as_u16(),
        "message": message,
        "correlationId": uuid::Uuid::new_v4().to_string(),
    }))
}

/// The instance metadata service's error shape.
fn machine_error(status: StatusCode, description: &str) -> HttpResponse {
    let error = if status.is_client_error() { "invalid_request" } else { "unknown" };
    HttpResponse::build(status).json(json!({ "error": error, "error_description": description }))
}
