//! The control endpoint: a program outside reads, replaces and ends the script while everything runs.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use actix_web::http::header::ORIGIN;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value as Json, json};

use super::mistake::{Mistake, Mistakes};
use super::read::{LONGEST_SCRIPT, outage_length};
use super::running::Chaos;
use crate::web_server::{WebServer, WebServerError};

/// The control endpoint could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The port is taken or not allowed.
    #[error(
        "the control endpoint can't listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one"
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
}

/// A running control endpoint; dropping it stops it.
pub struct ChaosControl {
    address: SocketAddr,
    server: WebServer,
}

impl fmt::Debug for ChaosControl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChaosControl").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ChaosControl {
    /// Where the script is: `http://127.0.0.1:PORT/chaos`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/chaos", self.address)
    }

    /// Stops it; the script goes on.
    pub async fn stop(mut self) {
        self.server.shut_down().await;
    }
}

/// What requests share. An outage outlives the request that began it, so it runs on the caller's runtime.
#[derive(Clone)]
struct State {
    chaos: Chaos,
    runtime: tokio::runtime::Handle,
}

/// Starts the endpoint on 127.0.0.1, from within a tokio runtime; port 0 takes any free one.
///
/// # Errors
/// [`ControlError`] when the port can't be taken.
pub async fn control(chaos: Chaos, port: u16) -> Result<ChaosControl, ControlError> {
    let listen = |source| ControlError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let state = State { chaos, runtime: tokio::runtime::Handle::current() };
    let server = WebServer::start("control endpoint", move || {
        let state = state.clone();
        HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(state.clone()))
                .app_data(web::PayloadConfig::new(LONGEST_SCRIPT))
                .service(
                    web::resource("/chaos")
                        .get(show)
                        .put(replace)
                        .delete(end)
                        .default_service(web::to(|| not_allowed("GET, PUT, DELETE"))),
                )
                .service(
                    web::resource("/chaos/outage")
                        .post(outage)
                        .default_service(web::to(|| not_allowed("POST"))),
                )
                .default_service(web::to(nothing_here))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .map(HttpServer::run)
    })
    .await?;
    Ok(ChaosControl { address, server })
}

async fn show(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&http, || HttpResponse::Ok().json(state.chaos.report()))
}

async fn replace(http: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    answer(&http, || {
        let text = String::from_utf8_lossy(&body);
        match state.chaos.parse(&text) {
            Ok(script) => {
                state.chaos.run(script);
                HttpResponse::Ok().json(state.chaos.report())
            }
            Err(mistakes) => refused(&mistakes),
        }
    })
}

async fn end(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&http, || {
        // Its task belongs to the caller's runtime; aborting it needs none.
        state.chaos.end();
        HttpResponse::NoContent().finish()
    })
}

async fn outage(http: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    if comes_from_a_page(&http) {
        return no_pages();
    }
    let length = match outage_length(&String::from_utf8_lossy(&body)) {
        Ok(length) => length,
        Err(mistakes) => return refused(&mistakes),
    };
    let chaos = state.chaos.clone();
    let begun = state.runtime.spawn(async move { chaos.outage(length).await });
    match begun.await {
        Ok(Ok(())) => HttpResponse::Ok().json(state.chaos.report()),
        Ok(Err(error)) => problem(409, &error.to_string()),
        Err(_) => problem(503, "The stand-ins are ending."),
    }
}

async fn not_allowed(methods: &'static str) -> HttpResponse {
    let mut reply = problem(405, &format!("Use {methods}."));
    if let Ok(value) = actix_web::http::header::HeaderValue::from_str(methods) {
        reply.headers_mut().insert(actix_web::http::header::ALLOW, value);
    }
    reply
}

async fn nothing_here() -> HttpResponse {
    problem(404, "There are only /chaos and /chaos/outage.")
}

/// Anybody on this machine may ask; a page in a browser, which could come from anywhere, may not.
fn answer(http: &HttpRequest, reply: impl FnOnce() -> HttpResponse) -> HttpResponse {
    if comes_from_a_page(http) { no_pages() } else { reply() }
}

/// Browsers say where a request comes from, in every one that could change something.
fn comes_from_a_page(http: &HttpRequest) -> bool {
    http.headers().contains_key(ORIGIN)
}

fn no_pages() -> HttpResponse {
    problem(403, "Pages in a browser may not control faults; use curl or a program of yours.")
}

fn refused(mistakes: &Mistakes) -> HttpResponse {
    let listed: Vec<Json> = mistakes
        .all()
        .iter()
        .map(|Mistake { line, key, message }| json!({ "line": line, "key": key, "message": message }))
        .collect();
    HttpResponse::BadRequest().content_type("application/problem+json").json(
        json!({ "title": "Bad Request", "status": 400, "detail": mistakes.to_string(), "mistakes": listed }),
    )
}

fn problem(status: u16, detail: &str) -> HttpResponse {
    let code = actix_web::http::StatusCode::from_u16(status)
        .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
    let title = code.canonical_reason().unwrap_or_default();
    HttpResponse::build(code)
        .content_type("application/problem+json")
        .json(json!({ "title": title, "status": status, "detail": detail }))
}
