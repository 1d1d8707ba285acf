//! Forwarding mode: the request is built again, and the whole reply is read before the caller gets any of it.

use actix_web::web::Bytes;
use reqwest::Method;

use super::address;
use super::headers::PassedHeaders;
use super::request::PassedRequest;
use crate::functions::worker::{HOST_VERSION, WorkerClient, describe_error};

/// The worker's reply, read to its end.
#[derive(Clone, Debug)]
pub(in crate::functions) struct BufferedReply {
    pub(in crate::functions) status: u16,
    pub(in crate::functions) headers: PassedHeaders,
    pub(in crate::functions) body: Bytes,
}

/// Sends the request and reads the reply. A redirect is the reply (`DefaultHttpWorkerService.cs`, `CreateHttpClient`).
///
/// # Errors
/// Why there is no reply; for a request in chunks always, as .NET's `HttpClient` refuses `Transfer-Encoding: chunked`
/// without content, and the host sets content only where there is a Content-Length.
pub(in crate::functions) async fn forward(
    worker: &WorkerClient,
    request: &PassedRequest,
    body: Vec<u8>,
    invocation_id: &str,
) -> Result<BufferedReply, String> {
    if request.headers.hides_its_length() {
        return Err("An error occurred while sending the request: 'Transfer-Encoding: chunked' header can not be used when content object is not specified.".to_owned());
    }
    let url = address::forwarded(worker.port(), &request.path, request.query.as_deref())?;
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("the method '{}' can't be sent", request.method))?;
    let has_content = request.headers.content_length().is_some_and(|length| length > 0);
    let mut outgoing =
        worker.http().request(method, url).headers(headers(request, has_content, invocation_id).to_map()?);
    if has_content {
        outgoing = outgoing.body(body);
    }
    let response = outgoing.send().await.map_err(describe_error)?;
    let status = response.status().as_u16();
    let headers = PassedHeaders::from_map(response.headers());
    let body = response.bytes().await.map_err(describe_error)?;
    Ok(BufferedReply { status, headers, body })
}

/// All headers but those of the content, of which two are set again; and the host's own, which are ADDED: a caller's
/// `x-azure-functions-invocationid` stays in front of the real one (`DefaultHttpWorkerService.cs`, `AddHeaders`).
fn headers(request: &PassedRequest, has_content: bool, invocation_id: &str) -> PassedHeaders {
    let mut headers = request.headers.without_content();
    headers.add("x-azure-functions-hostversion", HOST_VERSION.as_bytes());
    headers.add("x-azure-functions-invocationid", invocation_id.as_bytes());
    headers.add("user-agent", format!("Azure-Functions-Host/{HOST_VERSION}").as_bytes());
    let mut headers = headers.joined();
    if has_content && let Some(content_type) = request.headers.first("content-type") {
        headers.add("content-type", content_type.as_bytes());
    }
    headers
}
