//! The forms in which the server answers: to the host, to a caller, to a probe; and what it says for itself.

use actix_web::http::{ConnectionType, Method, StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::Stream;

use super::streamed::BrokenOff;
use crate::host::reply::{HostReply, HttpAnswer, REPLAYED};
use crate::host::worker::Worker;
use crate::invocation::Problem;

/// Seconds after which bodies have mostly gone, and another worker is there.
pub(super) const RETRY_AFTER_SECONDS: u64 = 1;

/// The answer to the host's probe.
pub(super) fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#)
}

/// To a request that is for nobody.
pub(super) fn nothing_here(method: &Method) -> Problem {
    Problem::new(
        404,
        "not-found",
        "Nothing here",
        format!(
            "This is a custom handler of Azure Functions: the host posts invocations to /{{FunctionName}}; there is \
             nothing for {method} on this path."
        ),
    )
}

/// To what begins after the signal to stop.
pub(super) fn stopped_before() -> Problem {
    let detail = "The worker is being stopped and takes no more invocations. Try again.";
    Problem {
        retry_after_seconds: Some(RETRY_AFTER_SECONDS),
        ..Problem::new(503, "stopping", "Stopping", detail)
    }
}

/// To what outlasts the stop.
pub(super) fn cut_off() -> Problem {
    let detail = "The worker was stopped before the invocation ended, and its command was cancelled. It may have taken \
                  effect: look before you repeat it.";
    Problem::new(503, "stopped", "Stopped", detail)
}

/// A problem outside of any function, in the form of the host's mode.
pub(super) fn plain_for(worker: &Worker, problem: &Problem, id: &str) -> HttpResponse {
    if worker.is_forwarded() { caller_answer(HttpAnswer::problem(problem, id)) } else { plain(problem, id) }
}

/// A problem as a failed invocation.
pub(super) fn plain(problem: &Problem, id: &str) -> HttpResponse {
    let mut response = host_reply(HostReply::failure(problem, id));
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The reply to the host's own POST.
pub(super) fn host_reply(reply: HostReply) -> HttpResponse {
    HttpResponse::build(status(reply.status))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(reply.body)
}

/// The answer to a caller, whose request the host passed on.
pub(super) fn caller_answer(answer: HttpAnswer) -> HttpResponse {
    let mut response = head(&answer);
    match answer.body {
        Some(body) => response.insert_header((header::CONTENT_TYPE, answer.content_type)).body(body),
        None => response.finish(),
    }
}

/// An answer to a caller whose body comes in chunks; of its own it has none. An error of `body` closes the connection without
/// the last chunk, so that nobody takes what has left for the whole.
pub(super) fn streamed_answer(
    answer: &HttpAnswer,
    body: impl Stream<Item = Result<Bytes, BrokenOff>> + 'static,
) -> HttpResponse {
    head(answer).insert_header((header::CONTENT_TYPE, answer.content_type)).streaming(body)
}

fn head(answer: &HttpAnswer) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status(answer.status));
    if let Some(seconds) = answer.retry_after_seconds {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if let Some(challenge) = answer.challenge() {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if answer.is_replayed {
        response.insert_header((REPLAYED, "true"));
    }
    if answer.varies {
        response.insert_header((header::VARY, "Accept"));
    }
    response
}

/// The same answer, after which the connection is closed.
pub(super) fn closing(mut response: HttpResponse) -> HttpResponse {
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
