//! A panic, the end of the process, and the host's id: what each sender of a request is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use actix_web::{App, HttpServer};
use tokio::sync::Notify;

use super::*;
use crate::host::server::listen;

/// A server in which one path panics, and one waits until another has answered.
async fn guarded_paths(
    path: web::Path<String>,
    life: web::Data<Life>,
    answered: web::Data<Notify>,
) -> HttpResponse {
    let work = async {
        match path.as_str() {
            "panics" => panic!("CANARY"),
            "waits" => {
                answered.notified().await;
                HttpResponse::Ok().body("waited")
            }
            _ => {
                answered.notify_one();
                HttpResponse::Ok().body("answered")
            }
        }
    };
    guarded(&life, work, |problem| plain(problem, "an-id")).await
}

#[test]
fn a_panic_is_a_500_of_its_own_invocation_and_of_no_other() {
    actix_web::rt::System::new().block_on(async {
        let listener = listen(0).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (life, notify) = (web::Data::new(Life::default()), web::Data::new(Notify::new()));
        let app = move || {
            App::new()
                .app_data(life.clone())
                .app_data(notify.clone())
                .route("/{path}", web::get().to(guarded_paths))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let get = async |path: &str| {
            let response = reqwest::get(format!("{url}/{path}")).await.unwrap();
            let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
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
