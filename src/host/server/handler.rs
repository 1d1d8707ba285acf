//! One request: told apart, its body read, answered in the form that its sender reads.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt;

use super::WorkerReady;
use super::answers::{
    RETRY_AFTER_SECONDS, alive, caller_answer, closing, cut_off, host_reply, nothing_here, plain, plain_for,
    stopped_before, streamed_answer,
};
use super::bodies::{BodyError, BodyMemory, ReadBody};
use super::life::Life;
use super::outside;
use super::streamed::{StreamedBody, StreamedInvocation};
use crate::functions::Delivery;
use crate::host::enveloped;
use crate::host::forwarded::{self, Invoked, RequestHead};
use crate::host::reply::{HostReply, HttpAnswer};
use crate::host::router::{Destination, Target};
use crate::host::worker::{Worker, log_outcome, too_large};
use crate::invocation::Problem;
use crate::settings::max_envelope;

/// The header with the host's id of an invocation, in an envelope and in forwarding mode.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";

/// The same in proxying mode, where the host puts it over what the caller sent (azure-functions-host,
/// `ScriptConstants.HttpProxyCorrelationHeader`).
const PROXIED_INVOCATION_ID: &str = "x-ms-invocation-id";

/// What each thread of the server knows.
pub(super) struct Server {
    pub(super) ready: WorkerReady,
    pub(super) bodies: Arc<BodyMemory>,
    pub(super) life: Life,
}

/// Answers any request.
pub(super) async fn handle(
    request: HttpRequest,
    payload: web::Payload,
    server: web::Data<Server>,
) -> HttpResponse {
    let arrived = Instant::now();
    let id = invocation_id(&request, INVOCATION_ID);
    // The readiness probe and ping: any answer counts. A request of a caller to `/` has an invocation's id.
    let proxied = request.headers().contains_key(PROXIED_INVOCATION_ID);
    if request.method() == Method::GET && request.path() == "/" && id.is_none() && !proxied {
        return alive();
    }
    let id = id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let work = server.answer(&request, payload, &id, arrived);
    guarded(&server.life, work, |problem| server.instead(&request, problem, &id, arrived)).await
}

/// The answer of `work`; a problem when it panics, when it is cut off, or when nothing begins any more.
async fn guarded(
    life: &Life,
    work: impl Future<Output = HttpResponse>,
    instead: impl Fn(&Problem) -> HttpResponse,
) -> HttpResponse {
    let Some(running) = life.begin() else { return closing(instead(&stopped_before())) };
    let answer = tokio::select! {
        // Without this the socket would close with no reply, and the host would not know which invocation failed.
        answer = AssertUnwindSafe(work).catch_unwind() => {
            answer.unwrap_or_else(|_| instead(&Problem::defect()))
        }
        // Dropping the work cancels its command.
        () = life.is_cut_off() => instead(&cut_off()),
    };
    drop(running);
    if life.is_stopping() { closing(answer) } else { answer }
}

impl Server {
    async fn answer(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        id: &str,
        arrived: Instant,
    ) -> HttpResponse {
        let mut ready = self.ready.clone();
        let worker = match ready.wait_for(Option::is_some).await {
            Ok(worker) => worker.clone(),
            Err(_) => None,
        };
        let Some(worker) = worker else { return plain(&Problem::defect(), id) };
        let proxied = proxied_id(&worker, request);
        let id = proxied.as_deref().unwrap_or(id);
        match worker.destination(target(request)) {
            Ok(Destination::Envelope(name)) => {
                let reply = self.envelope(&worker, &name, request, payload, id, arrived).await;
                host_reply(reply)
            }
            Ok(Destination::Function(name, route)) => {
                let limit = worker.max_body();
                let answer = match self.read(&worker, request, payload, limit, arrived).await {
                    Ok(body) => {
                        let head = RequestHead { uri: request.uri(), headers: request.headers() };
                        // In forwarding mode the host reads the whole answer before it passes any of it on.
                        let delivery = if worker.is_proxied() { Delivery::Chunks } else { Delivery::Whole };
                        // The memory is taken until the invocation is over.
                        let ReadBody { bytes, reservation } = body;
                        let invoked =
                            forwarded::invoke(&worker, &name, id, route, head, bytes, delivery, arrived);
                        match invoked.await {
                            Invoked::Whole(answer) => {
                                drop(reservation);
                                answer
                            }
                            Invoked::Streaming(head, streaming) => {
                                let invocation =
                                    StreamedInvocation { function: name, id: id.to_owned(), arrived };
                                let life = self.life.clone();
                                let body = StreamedBody::new(streaming, invocation, life, reservation);
                                return if request.method() == Method::HEAD {
                                    streamed_answer(&head, body.left_out())
                                } else {
                                    streamed_answer(&head, body.into_stream())
                                };
                            }
                        }
                    }
                    Err(error) => {
                        let problem = refused(&error, limit, limit);
                        log_outcome(&name, id, arrived, Some(&problem));
                        HttpAnswer::problem(&problem, id)
                    }
                };
                caller_answer(answer)
            }
            Ok(Destination::Ambiguous(sentence)) => {
                let problem = Problem::new(500, "ambiguous-route", "Two functions for one route", sentence);
                tracing::error!(id, "{}", problem.detail);
                plain_for(&worker, &problem, id)
            }
            Ok(Destination::Nothing) => plain_for(&worker, &nothing_here(request.method()), id),
            Err(problem) => plain(&problem, id),
        }
    }

    async fn envelope(
        &self,
        worker: &Worker,
        name: &str,
        request: &HttpRequest,
        payload: web::Payload,
        id: &str,
        arrived: Instant,
    ) -> HostReply {
        let limit = max_envelope(worker.max_body());
        match self.read(worker, request, payload, limit, arrived).await {
            Ok(ReadBody { bytes, reservation }) => {
                let reply = enveloped::invoke_since(arrived, worker, name, id, bytes).await;
                drop(reservation);
                reply
            }
            Err(error) => {
                enveloped::refusal(worker, name, id, arrived, &refused(&error, limit, worker.max_body()))
            }
        }
    }

    /// The answer to a request that could not be answered as it should: a panic, or the end of the process. Whoever reads it
    /// gets the problem in the form that he knows.
    fn instead(&self, request: &HttpRequest, problem: &Problem, id: &str, arrived: Instant) -> HttpResponse {
        let Some(worker) = self.ready.borrow().clone() else { return plain(problem, id) };
        let proxied = proxied_id(&worker, request);
        let id = proxied.as_deref().unwrap_or(id);
        match worker.destination(target(request)) {
            Ok(Destination::Envelope(name)) => {
                host_reply(enveloped::refusal(&worker, &name, id, arrived, problem))
            }
            Ok(Destination::Function(name, _)) => {
                log_outcome(&name, id, arrived, Some(problem));
                caller_answer(HttpAnswer::problem(problem, id))
            }
            Ok(Destination::Ambiguous(_) | Destination::Nothing) | Err(_) => plain_for(&worker, problem, id),
        }
    }

    async fn read(
        &self,
        worker: &Worker,
        request: &HttpRequest,
        payload: web::Payload,
        limit: usize,
        arrived: Instant,
    ) -> Result<ReadBody, BodyError> {
        let deadline = tokio::time::Instant::from_std(arrived).checked_add(worker.http_limit());
        let deadline = deadline.unwrap_or_else(tokio::time::Instant::now);
        self.bodies.read(request.headers(), payload, limit, deadline).await
    }
}

/// Why a body was not taken, for its sender: `limit` is what it may have here, `max_body` what a caller's own may have.
fn refused(error: &BodyError, limit: usize, max_body: usize) -> Problem {
    let mebibytes = |bytes: usize| bytes / 1024 / 1024;
    match error {
        BodyError::TooLarge(most) if *most < limit => Problem::new(
            413,
            "too-large",
            "Too large",
            format!(
                "A body of more than {} MiB is not taken: that is all the memory for bodies. The operator can raise \
                 AZSQL_BODY_MEMORY_MB.",
                mebibytes(*most)
            ),
        ),
        BodyError::TooLarge(_) => too_large(max_body),
        BodyError::NoMemory => Problem {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..Problem::new(
                503,
                "busy",
                "Too busy",
                "All memory for request bodies is in use. Try again later; the operator can raise \
                 AZSQL_BODY_MEMORY_MB.",
            )
        },
        BodyError::TooSlow => Problem::new(
            408,
            "slow-body",
            "Too slow",
            "The request's body did not arrive in time. Send it faster.",
        ),
        BodyError::Broken(why) => Problem::new(
            400,
            "invalid-envelope",
            "Not an invocation",
            format!("The request's body can't be read. {why}"),
        ),
    }
}

/// The parts of a request that decide whom it is for.
fn target(request: &HttpRequest) -> Target<'_> {
    Target {
        method: request.method().as_str(),
        path: request.path(),
        has_query: request.uri().query().is_some(),
        from_outside: outside::is_from_outside(request.headers()),
    }
}

/// The host's id of an invocation that it proxies.
fn proxied_id(worker: &Worker, request: &HttpRequest) -> Option<String> {
    invocation_id(request, PROXIED_INVOCATION_ID).filter(|_| worker.is_proxied())
}

/// The host's id of the invocation in the header `name`: the last value, since the host adds its own behind a caller's. One that
/// isn't short and plain is not repeated.
fn invocation_id(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get_all(name).last()?.to_str().ok()?;
    // Some proxies join what stands in several lines.
    let id = value.rsplit(',').next().unwrap_or_default().trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
