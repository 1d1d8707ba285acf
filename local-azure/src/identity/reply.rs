//! Sends a reply to a token request the way the switchboard wants it: late, never, spoiled, or as it should be.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::faults::{IdentityFaults, ReplyFault, TokenFault, TokenRequestFault};

/// What a proxy in between says, or a sign-in page of a network that wants to be paid first.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
                    <body><h1>Please sign in</h1></body></html>\n";

/// How long half a reply is left standing.
const CUT_AFTER: Duration = Duration::from_millis(20);

/// An endpoint's own error. Boxed, since a result should not be as large as a response.
pub(crate) type Refused = Box<HttpResponse>;

/// What an endpoint replies when nothing is wrong, and how it words an error.
pub(crate) struct Replies<Body, Succeed, Refuse>
where
    Body: Serialize,
    Succeed: FnOnce(Option<TokenFault>) -> Result<Body, Refused>,
    Refuse: FnOnce(StatusCode) -> HttpResponse,
{
    /// Makes the body of a success, with this wrong with its token beside what is switched on; not called where the fault
    /// leaves no room for it.
    pub(crate) succeed: Succeed,
    /// Words an error of this status in the endpoint's own shape.
    pub(crate) refuse: Refuse,
}

/// Answers a request of this client id, whose credentials are in order.
pub(crate) async fn send<Body, Succeed, Refuse>(
    faults: &IdentityFaults,
    client_id: &str,
    replies: Replies<Body, Succeed, Refuse>,
) -> HttpResponse
where
    Body: Serialize,
    Succeed: FnOnce(Option<TokenFault>) -> Result<Body, Refused>,
    Refuse: FnOnce(StatusCode) -> HttpResponse,
{
    faults.count(client_id);
    let (scripted, token_fault) = match faults.scripted() {
        Some(TokenRequestFault::Reply(fault)) => (Some(fault), None),
        Some(TokenRequestFault::Token(fault)) => (None, Some(fault)),
        Some(TokenRequestFault::Stall(pause)) => {
            tokio::time::sleep(pause).await;
            (None, None)
        }
        None => (None, None),
    };
    if faults.is_stalled() {
        return std::future::pending().await;
    }
    let delay = faults.current_delay();
    if delay > Duration::ZERO {
        tokio::time::sleep(delay).await;
    }
    let succeed = move || {
        let body = (replies.succeed)(token_fault)?;
        // serde_json writes no blanks, which Microsoft's ODBC driver insists on.
        serde_json::to_vec(&body).map_err(|_| Refused::new(HttpResponse::InternalServerError().finish()))
    };
    let outcome = match scripted.or_else(|| faults.take_reply_fault()) {
        None => succeed().map(|body| json().body(body)),
        Some(fault) => spoiled(fault, succeed, replies.refuse),
    };
    outcome.unwrap_or_else(|refused| *refused)
}

fn spoiled(
    fault: ReplyFault,
    succeed: impl FnOnce() -> Result<Vec<u8>, Refused>,
    refuse: impl FnOnce(StatusCode) -> HttpResponse,
) -> Result<HttpResponse, Refused> {
    Ok(match fault {
        ReplyFault::Status(status) => refuse(status_or_500(status)),
        ReplyFault::Throttled { retry_after } => {
            let mut reply = refuse(StatusCode::TOO_MANY_REQUESTS);
            reply.headers_mut().insert(RETRY_AFTER, retry_after.as_secs().into());
            reply
        }
        ReplyFault::Html { status } => {
            HttpResponse::build(status_or_500(status)).content_type("text/html; charset=utf-8").body(PAGE)
        }
        ReplyFault::Garbage => json().body("{\"access_token\":\u{1}}}garbage"),
        ReplyFault::Truncated => {
            let body = succeed()?;
            let half = body.get(..body.len() / 2).map(Bytes::copy_from_slice).unwrap_or_default();
            // The server drops what it hasn't sent when a body fails: the half has to leave first.
            let cut = async {
                tokio::time::sleep(CUT_AFTER).await;
                Err(std::io::Error::other("the reply is cut off on purpose"))
            };
            let parts = Box::pin(stream::iter([Ok(half)]).chain(stream::once(cut)));
            json().body(SizedStream::new(u64::try_from(body.len()).unwrap_or(u64::MAX), parts))
        }
        ReplyFault::Empty => json().body(Bytes::new()),
    })
}

fn json() -> actix_web::HttpResponseBuilder {
    let mut reply = HttpResponse::Ok();
    reply.content_type("application/json; charset=utf-8");
    reply
}

/// The status that a test asked for; 500 where HTTP has no such status.
fn status_or_500(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
