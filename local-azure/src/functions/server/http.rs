//! Takes a request, finds its function and writes the answer.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;

use super::{MAX_BODY_BYTES, pass_through};
use crate::functions::envelope::{IncomingRequest, TriggerInput};
use crate::functions::host::HostParts;
use crate::functions::reply::HttpAnswer;
use crate::functions::settings::HttpMode;

/// The host's word for a run that a request or a person started.
pub(super) const BY_CALL: &str = "This function was programmatically called via the host APIs.";

/// Any request that isn't an admin's.
pub(super) async fn handle(
    http: HttpRequest,
    payload: web::Payload,
    parts: web::Data<HostParts>,
) -> HttpResponse {
    let path = http.uri().path();
    if path.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("/admin"))
        && matches!(path.as_bytes().get(6), None | Some(b'/'))
    {
        return HttpResponse::NotFound().finish();
    }
    let Some(found) = parts.routes.find(http.method().as_str(), path) else {
        return if path == "/" { home() } else { HttpResponse::NotFound().finish() };
    };
    let function = Arc::clone(found.target);
    match parts.http_mode(&function) {
        HttpMode::Enveloped => {}
        HttpMode::Forwarding => {
            return pass_through::forward(&http, payload, parts.into_inner(), function).await;
        }
        HttpMode::Proxying => return pass_through::proxy(&http, payload, &parts, function).await,
    }
    let body = match read_body(http.headers(), payload).await {
        Ok(body) => body,
        Err(status) => return HttpResponse::build(status).finish(),
    };
    let input = TriggerInput::Http { request: incoming(&http, body), route: found.values };
    let host = parts.into_inner();
    let runtime = host.runtime.clone();
    // Apart from this handler: in the enveloped mode the host doesn't notice a caller who goes away.
    let invocation =
        runtime.spawn(async move { host.invoker.invoke(&function, &input, BY_CALL, None).await });
    let answer = match invocation.await {
        Ok(Ok(outputs)) => outputs.answer.unwrap_or_else(|| HttpAnswer::empty(204)),
        Ok(Err(_)) | Err(_) => HttpAnswer::empty(500),
    };
    respond(answer).unwrap_or_else(|| HttpResponse::InternalServerError().finish())
}

/// The start page, which says that the app is up.
fn home() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("Your Azure Functions app is up and running.\n")
}

/// Reads the body as it came: content encodings are the function's business.
pub(super) async fn read_body(headers: &HeaderMap, mut payload: web::Payload) -> Result<Vec<u8>, StatusCode> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if body.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn incoming(http: &HttpRequest, body: Vec<u8>) -> IncomingRequest {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = http
        .headers()
        .keys()
        .map(|name| {
            (IncomingRequest::header_name(name.as_str()), http.headers().get_all(name).map(text).collect())
        })
        .collect();
    let host = http.headers().get(header::HOST).map(text).unwrap_or_default();
    let path_and_query = http.uri().path_and_query().map_or("/", |path| path.as_str());
    IncomingRequest {
        method: http.method().as_str().to_owned(),
        url: format!("http://{host}{path_and_query}"),
        query: IncomingRequest::parse_query(http.query_string()),
        headers,
        body,
        has_length: http.headers().contains_key(header::CONTENT_LENGTH),
    }
}

/// `None` if a header can't be written: Kestrel refuses such a name or value, which fails the request.
fn respond(answer: HttpAnswer) -> Option<HttpResponse> {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).ok()?);
    for (name, value) in answer.headers {
        response.insert_header((
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_bytes(value.as_bytes()).ok()?,
        ));
    }
    if let Some(content_type) = answer.content_type {
        response
            .insert_header((header::CONTENT_TYPE, HeaderValue::from_bytes(content_type.as_bytes()).ok()?));
    }
    // 204 and 304 have no body, whatever the function says.
    Some(if matches!(answer.status, 204 | 304) { response.finish() } else { response.body(answer.body) })
}
