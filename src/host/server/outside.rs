//! Tells a request from outside by its headers, where it must be told from the host's own.

use actix_web::http::header::HeaderMap;

/// What Azure's front end and other proxies add to a caller's request, which the caller can't take away, and what only callers
/// send. The host's own requests have none of them (azure-functions-host, `DefaultHttpWorkerService.AddHeaders`).
const MARKS: [&str; 9] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "forwarded",
    "x-original-url",
    "x-arr-log-id",
    "x-functions-key",
    "cookie",
    "x-ms-invocation-id",
];

/// Whether a caller from outside sent this request. "No" is no proof: behind a local host nothing is added.
///
/// In forwarding mode the host puts a path through `System.Uri`, which may take dot segments out after the host has matched
/// it, so a caller might reach `/{FunctionName}` though no route covers that. This is the second line of defence.
pub(super) fn is_from_outside(headers: &HeaderMap) -> bool {
    MARKS.iter().any(|mark| headers.contains_key(*mark))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_hosts_own_requests_have_none_of_the_marks() {
        let hosts = TestRequest::post()
            .insert_header(("x-azure-functions-hostversion", "4.1048.200.26160"))
            .insert_header(("x-azure-functions-invocationid", "5f0b2f5e-6d0e-4f43-9c3b-5b8e4f6f0d11"))
            .insert_header(("user-agent", "Azure-Functions-Host/4.1048.200.26160"))
            .insert_header(("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
            .insert_header(("content-type", "application/json; charset=utf-8"));
        assert!(!is_from_outside(hosts.to_http_request().headers()));
    }

    #[test]
    fn one_mark_is_enough() {
        for mark in MARKS {
            let request =
                TestRequest::post().insert_header((mark.to_ascii_uppercase(), "x")).to_http_request();
            assert!(is_from_outside(request.headers()), "{mark}");
        }
    }
}
