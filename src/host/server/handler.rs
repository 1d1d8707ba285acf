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
    stopped_before,
};
use super::bodies::{BodyError, BodyMemory, ReadBody};
use super::life::Life;
use super::outside;
use crate::host::enveloped;
use crate::host::forwarded::{self, RequestHead};
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
                        // The memory is taken until the invocation is over.
                        let ReadBody { bytes, reservation } = body;
                        let answer = forwarded::invoke(&worker, &name, id, route, head, bytes, arrived).await;
                        drop(reservation);
                        answer
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
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use actix_web::{App, HttpServer};

    use super::*;
    use crate::host::server::listen;

    /// A server in which one path panics, before or after others have begun to wait.
    async fn guarded_paths(path: web::Path<String>, life: web::Data<Life>) -> HttpResponse {
        let work = async {
            match path.as_str() {
                "panics" => panic!("CANARY"),
                "waits" => {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    HttpResponse::Ok().body("waited")
                }
                _ => HttpResponse::Ok().body("answered"),
            }
        };
        guarded(&life, work, |problem| plain(problem, "an-id")).await
    }

    #[test]
    fn a_panic_is_a_500_of_its_own_invocation_and_of_no_other() {
        actix_web::rt::System::new().block_on(async {
            let listener = listen(0).unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let life = web::Data::new(Life::default());
            let app =
                move || App::new().app_data(life.clone()).route("/{path}", web::get().to(guarded_paths));
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            let get = async |path: &str| {
                let response = reqwest::get(format!("{url}/{path}")).await.unwrap();
                let kind =
                    response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
                (response.status().as_u16(), kind, response.text().await.unwrap())
            };

            // All three on the server's one thread.
            let (waited, panicked, answered) =
                futures_util::future::join3(get("waits"), get("panics"), get("answers")).await;
            let afterwards = get("answers").await;
            handle.stop(false).await;

            let (status, kind, body) = panicked;
            assert_eq!((status, kind.as_deref()), (500, Some("application/json")));
            assert!(
                body.contains("problem:defect") && body.contains("an-id") && !body.contains("CANARY"),
                "{body}"
            );
            assert_eq!((waited.0, waited.2.as_str()), (200, "waited"));
            assert_eq!((answered.0, afterwards.0), (200, 200));
        });
    }

    /// A server on the samples, without a database, in the mode that the variable turns on.
    fn server(mode: Option<&str>) -> (Server, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("host.json"), "{}").unwrap();
        for (name, definition) in [
            (
                "Look",
                r#"{ "bindings": [
                    { "type": "httpTrigger", "direction": "in", "name": "req", "route": "look" },
                    { "type": "http", "direction": "out", "name": "res" } ],
                    "sql": { "commandText": "SELECT 1", "result": "value" } }"#,
            ),
            (
                "Nightly",
                r#"{ "bindings": [
                    { "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 2 * * *" } ],
                    "sql": { "commandText": "SELECT 1", "result": "none" } }"#,
            ),
        ] {
            let function = folder.path().join(name);
            std::fs::create_dir(&function).unwrap();
            std::fs::write(function.join("function.json"), definition).unwrap();
        }
        let lookup = |name: &str| (Some(name) == mode).then(|| "true".to_owned());
        let tasks = Err(std::io::ErrorKind::Other.into());
        let worker = crate::startup::worker(folder.path(), &lookup, tasks);
        let ready = tokio::sync::watch::channel(Some(Arc::new(worker))).1;
        (Server { ready, bodies: BodyMemory::new(1), life: Life::default() }, folder)
    }

    /// Status and body of the answer to a request that is made when nothing begins any more, or whose work panics.
    fn instead_of(server: &Server, method: Method, path: &str, panics: bool) -> (u16, String) {
        if !panics {
            server.life.stop();
        }
        let request = actix_web::test::TestRequest::default().method(method).uri(path).to_http_request();
        let work = async { panic!("CANARY") };
        actix_web::rt::System::new().block_on(async {
            let now = Instant::now();
            let instead = |problem: &Problem| server.instead(&request, problem, "an-id", now);
            let answer = guarded(&server.life, work, instead).await;
            let status = answer.status().as_u16();
            let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }

    #[test]
    fn an_http_caller_in_the_default_mode_hears_of_a_panic_and_of_the_end_through_the_http_output() {
        for (panics, code, kind) in [(true, 500, "defect"), (false, 503, "stopping")] {
            let (server, _folder) = server(None);
            let (status, body) = instead_of(&server, Method::POST, "/Look", panics);
            // The host makes an empty 500 of any other status.
            assert_eq!(status, 200, "{body}");
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let output = &body["Outputs"]["res"];
            assert_eq!(output["statusCode"], code);
            let problem = output["body"].as_str().unwrap();
            assert!(problem.contains(&format!("problem:{kind}")) && problem.contains("an-id"), "{problem}");
            assert!(!problem.contains("CANARY"), "{problem}");
        }
    }

    #[test]
    fn a_run_without_a_caller_fails_for_the_host() {
        for (panics, code) in [(true, 500), (false, 503)] {
            let (server, _folder) = server(None);
            assert_eq!(instead_of(&server, Method::POST, "/Nightly", panics).0, code);
        }
    }

    #[test]
    fn a_caller_whose_request_is_passed_on_gets_the_problem_itself() {
        let proxying = "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest";
        for (panics, code, kind) in [(true, 500, "defect"), (false, 503, "stopping")] {
            let (server, _folder) = server(Some(proxying));
            let (status, body) = instead_of(&server, Method::GET, "/api/look", panics);
            assert_eq!(status, code, "{body}");
            assert!(body.starts_with(&format!("{{\"type\":\"urn:azsql-worker:problem:{kind}\"")), "{body}");
        }
    }

    #[test]
    fn the_hosts_id_is_the_last_value_and_only_if_it_is_plain() {
        use actix_web::test::TestRequest;

        let id = |values: &[&str]| {
            let request = values
                .iter()
                .fold(TestRequest::post(), |request, value| request.append_header((INVOCATION_ID, *value)));
            invocation_id(&request.to_http_request(), INVOCATION_ID)
        };
        assert_eq!(id(&["forged", "5f0b2f5e-6d0e"]).as_deref(), Some("5f0b2f5e-6d0e"));
        assert_eq!(id(&["forged, 5f0b2f5e-6d0e"]).as_deref(), Some("5f0b2f5e-6d0e"));
        assert_eq!(id(&["a\"b"]), None);
        assert_eq!(id(&[""]), None);
        assert_eq!(id(&[]), None);
    }
}
