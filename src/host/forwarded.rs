//! An HTTP invocation in forwarding and proxying mode: the caller's own request, answered to the caller.

use std::collections::BTreeMap;
use std::time::Instant;

use actix_web::http::Uri;
use actix_web::http::header::HeaderMap;

use super::query;
use super::reply::HttpAnswer;
use super::worker::{Unavailable, Worker, log_outcome};
use crate::functions::route::RouteValues;
use crate::functions::{Answered, Delivery, Streaming};
use crate::invocation::{Body, HttpRequest, InvocationLog, Problem, TriggerInput};

/// What came with a request beside its body.
#[derive(Clone, Copy)]
pub(super) struct RequestHead<'a> {
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

/// The answer to a request.
#[derive(Debug)]
pub(super) enum Invoked {
    /// The invocation is over.
    Whole(HttpAnswer),
    /// It goes on: the head of the answer, whose body comes in chunks.
    Streaming(HttpAnswer, Box<Streaming>),
}

/// Answers one request to the function `name`. What the invocation logs is in the worker's own log under its id: there
/// are no `Logs` for the host in these modes.
pub(super) async fn invoke(
    worker: &Worker,
    name: &str,
    id: &str,
    route: RouteValues,
    head: RequestHead<'_>,
    body: Vec<u8>,
    delivery: Delivery,
    arrived: Instant,
) -> Invoked {
    let function = match worker.function(name) {
        Ok(function) => function,
        Err(unavailable) => {
            let Unavailable { problem, .. } = *unavailable;
            log_outcome(name, id, arrived, Some(&problem));
            return Invoked::Whole(HttpAnswer::problem(&problem, id));
        }
    };
    let input = request(route, head, body).map(TriggerInput::Http);
    let log = InvocationLog::default();
    let answer = match worker.run_since(arrived, &function, id, input, delivery, &log).await {
        Ok(Answered::Whole { shaped, format }) => HttpAnswer::of(shaped, format, id),
        Ok(Answered::Streaming(streaming)) => {
            let head = HttpAnswer::head(streaming.status(), streaming.format());
            return Invoked::Streaming(head.for_function(&function), streaming);
        }
        Err(problem) => HttpAnswer::problem(&problem, id),
    };
    Invoked::Whole(answer.for_function(&function))
}

/// The request in the form that functions read, the same as from an envelope.
fn request(route: RouteValues, head: RequestHead<'_>, body: Vec<u8>) -> Result<HttpRequest, Problem> {
    let headers = headers(head.headers);
    let is_binary = headers.get("content-type").is_some_and(|kind| Body::is_binary(kind));
    Ok(HttpRequest {
        route: route.into_iter().collect(),
        query: query::read(head.uri.query().unwrap_or_default()),
        body: if is_binary { Body::bytes(body) } else { text(body)? },
        headers,
    })
}

/// Headers by lower-case name, several values joined with `, `. A value that is no UTF-8 is read as Latin-1, so that none is
/// lost and none is refused that a function may not even look at.
fn headers(map: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in map {
        let value = match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => text.to_owned(),
            Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
        };
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert(value);
    }
    headers
}

/// A body of text, without its byte order mark.
fn text(body: Vec<u8>) -> Result<Body, Problem> {
    let text = String::from_utf8(body).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new(
            400,
            "invalid-body",
            "The body is not valid",
            format!(
                "The body is no UTF-8 text: see byte {at}. Send bytes with the content type application/octet-stream."
            ),
        )
    })?;
    Ok(Body::text(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use actix_web::test::TestRequest;

    use super::*;

    fn read(request: TestRequest, body: &[u8]) -> Result<HttpRequest, Problem> {
        let http = request.to_http_request();
        let head = RequestHead { uri: http.uri(), headers: http.headers() };
        super::request(vec![("id".to_owned(), "5".to_owned())], head, body.to_vec())
    }

    #[test]
    fn a_request_reads_as_its_envelope_would() {
        let get = TestRequest::get()
            .uri("/api/persons/5?city=Oslo&city=Bergen&code=CANARY")
            .append_header(("X-Tag", "a"))
            .append_header(("x-tag", "b"));
        let request = read(get, b"").unwrap();
        assert_eq!(request.route["id"], "5");
        assert_eq!(request.query.into_iter().collect::<Vec<_>>(), [("city".into(), "Oslo,Bergen".into())]);
        assert_eq!(request.headers["x-tag"], "a, b");
        assert_eq!(request.body, Body::Empty);
    }

    #[test]
    fn text_loses_its_byte_order_mark_and_bytes_stay_as_they_are() {
        let body = b"\xef\xbb\xbf{}";
        assert_eq!(read(TestRequest::post(), body).unwrap().body, Body::Text("{}".into()));
        let binary = || TestRequest::post().insert_header(("content-type", "application/octet-stream"));
        assert_eq!(read(binary(), body).unwrap().body, Body::Bytes(body.to_vec()));
        assert_eq!(read(binary(), b"\xff\x00").unwrap().body, Body::Bytes(vec![0xff, 0]));
    }

    #[test]
    fn text_that_is_no_utf_8_is_a_400_with_its_place() {
        let problem = read(TestRequest::post(), b"ab\xffCANARY").unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "invalid-body"));
        assert!(
            problem.detail.contains("byte 2") && !problem.detail.contains("CANARY"),
            "{}",
            problem.detail
        );
    }

    #[test]
    fn a_header_that_is_no_utf_8_is_read_as_latin_1() {
        let value = actix_web::http::header::HeaderValue::from_bytes(b"caf\xe9").unwrap();
        let request = read(TestRequest::get().insert_header(("x-place", value)), b"").unwrap();
        assert_eq!(request.headers["x-place"], "café");
    }
}
