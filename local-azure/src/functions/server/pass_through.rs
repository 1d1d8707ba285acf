//! Takes a request that is forwarded or proxied, and writes the worker's own reply.

use std::sync::Arc;

use actix_web::body::{BodyStream, MessageBody as _, SizedStream};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;

use super::MAX_BODY_BYTES;
use super::http::{BY_CALL, read_body};
use crate::functions::app::FunctionDefinition;
use crate::functions::host::HostParts;
use crate::functions::pass_through::{
    BodyCut, Caller, Chunk, PassedHeaders, PassedRequest, ReplyHead, RequestBody, Waiting,
};

/// Forwarding mode: the body is read to its end, and so is the reply.
pub(super) async fn forward(
    http: &HttpRequest,
    payload: web::Payload,
    parts: Arc<HostParts>,
    function: Arc<FunctionDefinition>,
) -> HttpResponse {
    let body = match read_body(http.headers(), payload).await {
        Ok(body) => body,
        Err(status) => return HttpResponse::build(status).finish(),
    };
    let request = passed(http);
    let runtime = parts.runtime.clone();
    // Apart from this handler: a caller who goes away isn't noticed.
    let invocation =
        runtime.spawn(async move { parts.invoker.forward(&function, &request, body, BY_CALL).await });
    let Ok(Ok(reply)) = invocation.await else {
        return HttpResponse::InternalServerError().finish();
    };
    let Some(mut response) = begin(reply.status, &reply.headers) else {
        return HttpResponse::InternalServerError().finish();
    };
    match length_without_body(http, reply.status, &reply.headers) {
        Some(bodyless) => bodyless.finish(response),
        None => response.body(reply.body),
    }
}

/// Proxying mode: both bodies stream.
pub(super) async fn proxy(
    http: &HttpRequest,
    payload: web::Payload,
    parts: &web::Data<HostParts>,
    function: Arc<FunctionDefinition>,
) -> HttpResponse {
    let request = passed(http);
    if request.headers.content_length().is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return HttpResponse::PayloadTooLarge().finish();
    }
    let body = has_body(&request).then(|| {
        let (sender, body) = RequestBody::new();
        // It goes on after the reply has begun, so it can't be part of this handler. It ends with the body, with the
        // caller, or when nobody reads any more.
        actix_web::rt::spawn(pump(payload, sender));
        body
    });
    let (caller, waiting) = Caller::new();
    let host = Arc::clone(parts);
    let runtime = parts.runtime.clone();
    runtime.spawn(async move {
        host.invoker.proxy(&function, &request, body.as_ref(), caller, BY_CALL).await;
    });
    // Dropped with this handler when the caller leaves, which the task above sees.
    let Waiting { head, body } = waiting;
    match head.await {
        Ok(head) => streamed(http, &head, body),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Whether YARP would give the request to the worker a body (`IHttpRequestBodyDetectionFeature`).
fn has_body(request: &PassedRequest) -> bool {
    request.headers.hides_its_length() || request.headers.content_length().is_some_and(|length| length > 0)
}

async fn pump(mut payload: web::Payload, sender: mpsc::Sender<Chunk>) {
    let mut room = MAX_BODY_BYTES;
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| BodyCut::BrokenOff).and_then(|piece| {
            room = room.checked_sub(piece.len()).ok_or(BodyCut::TooLarge)?;
            Ok(piece)
        });
        let broken = piece.is_err();
        if sender.send(piece).await.is_err() || broken {
            return;
        }
    }
}

fn streamed(http: &HttpRequest, head: &ReplyHead, body: mpsc::Receiver<Chunk>) -> HttpResponse {
    let Some(mut response) = begin(head.status, &head.headers) else {
        return HttpResponse::InternalServerError().finish();
    };
    if let Some(bodyless) = length_without_body(http, head.status, &head.headers) {
        return bodyless.finish(response);
    }
    match head.headers.content_length() {
        Some(length) => response.body(SizedStream::new(length, pieces(body))),
        None => response.body(BodyStream::new(pieces(body))),
    }
}

fn pieces(body: mpsc::Receiver<Chunk>) -> impl Stream<Item = Chunk> {
    stream::unfold(body, |mut body| async move { body.recv().await.map(|piece| (piece, body)) })
}

/// A reply that has no body whatever its headers say.
struct Bodyless {
    /// What its Content-Length says, which a reply to HEAD keeps.
    length: Option<u64>,
}

impl Bodyless {
    fn finish(self, mut response: HttpResponseBuilder) -> HttpResponse {
        match self.length {
            Some(length) => {
                let nothing = stream::empty::<Chunk>();
                response.body(SizedStream::new(length, nothing).boxed())
            }
            None => response.finish(),
        }
    }
}

fn length_without_body(http: &HttpRequest, status: u16, headers: &PassedHeaders) -> Option<Bodyless> {
    if *http.method() == Method::HEAD {
        return Some(Bodyless { length: headers.content_length() });
    }
    matches!(status, 100..=199 | 204 | 205 | 304).then_some(Bodyless { length: None })
}

/// Status and headers; `None` if they can't be written. What frames the body is the server's own.
fn begin(status: u16, headers: &PassedHeaders) -> Option<HttpResponseBuilder> {
    let mut response = HttpResponse::build(StatusCode::from_u16(status).ok()?);
    for (name, value) in headers.lines() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(&name) {
            response.append_header((name, HeaderValue::from_bytes(value).ok()?));
        }
    }
    Some(response)
}

fn passed(http: &HttpRequest) -> PassedRequest {
    let mut headers = PassedHeaders::default();
    for (name, value) in http.headers() {
        headers.add(name.as_str(), value.as_bytes());
    }
    PassedRequest {
        method: http.method().as_str().to_owned(),
        path: http.uri().path().to_owned(),
        query: http.uri().query().map(str::to_owned),
        headers,
        remote: http.peer_addr().map(|address| address.ip()),
    }
}
