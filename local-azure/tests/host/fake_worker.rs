//! The worker process of these tests: this very test binary, started again with one test to run.
//!
//! The host starts `<test binary> --exact fake_worker::serve --nocapture`. Outside of a host `serve` finds no port in the
//! environment and does nothing, so in an ordinary run it is an empty test. What the worker answers is told by
//! `replies.json` in the script root, and each request that it got is a line of `requests.jsonl` there.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

/// How the worker answers one path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) delay_ms: u64,
    /// Ends the process in place of an answer.
    pub(crate) exit_code: Option<i32>,
    /// Written to stderr first.
    pub(crate) stderr: String,
    /// Never answers.
    pub(crate) hang: bool,
    /// How many calls of this path get this reply; then the next in the list counts.
    pub(crate) times: Option<usize>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: 200,
            headers: BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]),
            body: r#"{"Outputs":{"res":{"statusCode":200,"body":"hello"}},"Logs":[],"ReturnValue":null}"#
                .to_owned(),
            delay_ms: 0,
            exit_code: None,
            stderr: String::new(),
            hang: false,
            times: None,
        }
    }
}

/// A request that the worker got.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) pid: u32,
}

pub(crate) const REPLIES: &str = "replies.json";
pub(crate) const REQUESTS: &str = "requests.jsonl";
/// What the worker's environment and arguments are written to at its start.
pub(crate) const STARTED: &str = "started.json";
/// If set, the process ends with this code before it listens.
pub(crate) const EXIT_AT_START: &str = "FAKE_WORKER_EXIT_AT_START";

#[test]
fn serve() {
    let Ok(port) = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT") else {
        return;
    };
    let root = PathBuf::from(std::env::var_os("FUNCTIONS_APP_ROOT_PATH").unwrap());
    let started = serde_json::json!({
        "environment": std::env::vars().collect::<BTreeMap<_, _>>(),
        "directory": std::env::current_dir().unwrap(),
        "pid": std::process::id(),
    });
    append(&root.join(STARTED), &started.to_string());
    if let Ok(code) = std::env::var(EXIT_AT_START) {
        for line in ["first", "second", "third", "the last words"] {
            to_stderr(line);
        }
        std::process::exit(code.parse().unwrap());
    }
    to_stderr("warning: an old setting");
    let root = web::Data::new(root);
    actix_web::rt::System::new()
        .block_on(
            HttpServer::new(move || {
                App::new()
                    .app_data(root.clone())
                    .app_data(web::PayloadConfig::new(1 << 28))
                    .default_service(web::to(answer))
            })
            .workers(1)
            .bind(("127.0.0.1", port.parse().unwrap()))
            .unwrap()
            .run(),
        )
        .unwrap();
}

fn to_stderr(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn append(path: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

async fn answer(http: HttpRequest, body: web::Bytes, root: web::Data<PathBuf>) -> HttpResponse {
    if http.path() == "/" {
        return HttpResponse::NotFound().finish();
    }
    let earlier = std::fs::read_to_string(root.join(REQUESTS)).unwrap_or_default();
    let earlier = earlier
        .lines()
        .filter(|line| serde_json::from_str::<Seen>(line).unwrap().path == http.path())
        .count();
    let seen = Seen {
        method: http.method().to_string(),
        path: http.path().to_owned(),
        headers: http
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        pid: std::process::id(),
    };
    append(&root.join(REQUESTS), &serde_json::to_string(&seen).unwrap());
    let replies: BTreeMap<String, Vec<Reply>> = std::fs::read(root.join(REPLIES))
        .map(|text| serde_json::from_slice(&text).unwrap())
        .unwrap_or_default();
    let mut passed = 0;
    let reply = replies
        .get(http.path().trim_start_matches('/'))
        .and_then(|list| {
            list.iter().find(|reply| {
                passed += reply.times.unwrap_or(usize::MAX / 2);
                earlier < passed
            })
        })
        .cloned()
        .unwrap_or_default();
    if !reply.stderr.is_empty() {
        to_stderr(&reply.stderr);
    }
    if let Some(code) = reply.exit_code {
        std::process::exit(code);
    }
    if reply.hang {
        return std::future::pending().await;
    }
    // Not a wait for something: a reply that takes its time.
    actix_web::rt::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap());
    for header in reply.headers {
        response.insert_header(header);
    }
    response.body(reply.body)
}
