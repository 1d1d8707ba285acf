//! The HTTP server that the Functions host calls.
//!
//! It listens before anything else is built, because a user waits behind a cold start, and answers the host's
//! readiness probe at once; invocations wait until the worker is built.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::FutureExt;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

use super::enveloped;
use super::reply::HostReply;
use super::worker::Worker;
use crate::invocation::Problem;

/// The host itself takes request bodies of up to 100 MiB; an envelope is larger than the body in it by its escapes and
/// metadata.
const MAX_ENVELOPE_BYTES: usize = 256 * 1024 * 1024;

/// The host's client (.NET's `SocketsHttpHandler`) keeps idle connections for a minute by default; a longer time of ours
/// means that it never posts on a connection that we are closing.
const KEEP_ALIVE: Duration = Duration::from_secs(180);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// The header with the host's id of an invocation.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";

/// The worker once it is built.
pub type WorkerReady = watch::Receiver<Option<Arc<Worker>>>;

/// Opens the port on 127.0.0.1, which is what the host calls. The port may be in its last minute from a process that
/// crashed: the host starts the next one on the same.
///
/// # Errors
/// When another process listens there.
pub fn listen(port: u16) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Serves until the process ends. Each thread calls `ready` once for the worker that it hands its invocations to.
///
/// # Errors
/// When the server can't be started.
pub async fn serve(
    listener: TcpListener,
    threads: usize,
    ready: impl Fn() -> WorkerReady + Clone + Send + 'static,
) -> std::io::Result<()> {
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(ready()))
            .route("/", web::get().to(alive))
            .route("/{function}", web::post().to(invoke))
            .default_service(web::to(nothing_here))
    })
    .workers(threads)
    .keep_alive(KEEP_ALIVE)
    // A caller that hangs up ends its command, whether with RST or FIN.
    .h1_allow_half_closed(false)
    // actix would turn SIGTERM into a return, and that into exit code 0, after which the host starts us no more.
    .disable_signals()
    .listen(listener)?
    .run()
    .await
}

/// The readiness probe and ping: any answer counts.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#)
}

async fn nothing_here(request: HttpRequest) -> HttpResponse {
    let problem = Problem::new(
        404,
        "not-found",
        "Nothing here",
        format!(
            "This is a custom handler of Azure Functions: the host posts invocations to /{{FunctionName}}; there is \
             nothing for {} on this path.",
            request.method()
        ),
    );
    answer(HostReply::failure(&problem, &invocation_id(&request)))
}

async fn invoke(
    request: HttpRequest,
    function: web::Path<String>,
    payload: web::Payload,
    ready: web::Data<WorkerReady>,
) -> HttpResponse {
    let id = invocation_id(&request);
    let mut ready = ready.get_ref().clone();
    let work = async {
        let body = match payload.to_bytes_limited(MAX_ENVELOPE_BYTES).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return HostReply::failure(&unreadable(&error), &id),
            Err(_) => return HostReply::failure(&too_large(), &id),
        };
        let worker = match ready.wait_for(Option::is_some).await {
            Ok(worker) => worker.clone(),
            Err(_) => None,
        };
        match worker {
            Some(worker) => enveloped::invoke(&worker, &function, &id, &body).await,
            None => HostReply::failure(&Problem::defect(), &id),
        }
    };
    // Without this the socket would close with no reply, and the host would not know which invocation failed.
    let reply = AssertUnwindSafe(work).catch_unwind().await;
    answer(reply.unwrap_or_else(|_| HostReply::failure(&Problem::defect(), &id)))
}

fn answer(reply: HostReply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).insert_header((header::CONTENT_TYPE, "application/json")).body(reply.body)
}

/// The host's id of the invocation, or one of our own; a header that isn't short and plain is not repeated.
fn invocation_id(request: &HttpRequest) -> String {
    request
        .headers()
        .get(INVOCATION_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn unreadable(error: &actix_web::Error) -> Problem {
    // The transport's own words say nothing of the content.
    let why = error.as_error::<PayloadError>().map(ToString::to_string).unwrap_or_default();
    Problem::new(
        400,
        "invalid-envelope",
        "Not an invocation",
        format!("The request's body can't be read. {why}"),
    )
}

fn too_large() -> Problem {
    Problem::new(
        413,
        "too-large",
        "Too large",
        format!("An invocation may have {} MiB at the most.", MAX_ENVELOPE_BYTES / 1024 / 1024),
    )
}
