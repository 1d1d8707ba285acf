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
use futures_util::{Stream, StreamExt as _};
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
    /// Sends the body of the request back piece by piece as it comes, in place of `body`.
    pub(crate) echo: bool,
    /// Answers without having read the body of the request.
    pub(crate) early: bool,
    /// The body in pieces. Before each but the first it waits for a file `piece-1`, `piece-2`, ... in the script root.
    pub(crate) pieces: Vec<String>,
    /// What the Content-Length says, for a reply to HEAD.
    pub(crate) length: Option<u64>,
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
            echo: false,
            early: false,
            pieces: Vec::new(),
            length: None,
            times: None,
        }
    }
}

/// A request that the worker got.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Several lines of one name are joined with a bar.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) pid: u32,
}

pub(crate) const REPLIES: &str = "replies.json";
pub(crate) const REQUESTS: &str = "requests.jsonl";
/// The paths of requests whose head has arrived.
pub(crate) const BEGUN: &str = "begun.txt";
/// The paths of requests whose caller hung up before the answer was through.
pub(crate) const LEFT: &str = "left.txt";
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
            // A caller that closes its connection has left.
            .h1_allow_half_closed(false)
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

/// Writes its path down when it is dropped, unless it is told that all went well.
struct Watch {
    path: String,
    file: Option<PathBuf>,
}

impl Watch {
    fn all_went_well(mut self) {
        self.file = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            append(file, &self.path);
        }
    }
}

async fn answer(http: HttpRequest, mut payload: web::Payload, root: web::Data<PathBuf>) -> HttpResponse {
    if http.path() == "/" {
        return HttpResponse::NotFound().finish();
    }
    append(&root.join(BEGUN), http.path());
    let earlier = std::fs::read_to_string(root.join(REQUESTS)).unwrap_or_default();
    let earlier = earlier
        .lines()
        .filter(|line| serde_json::from_str::<Seen>(line).unwrap().path == http.path())
        .count();
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
    let watch = Watch { path: http.path().to_owned(), file: Some(root.join(LEFT)) };
    let mut body = Vec::new();
    if !reply.echo && !reply.early {
        while let Some(piece) = payload.next().await {
            // A body that breaks off: its caller has left.
            let Ok(piece) = piece else { return HttpResponse::BadRequest().finish() };
            body.extend_from_slice(&piece);
        }
    }
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in http.headers() {
        let text = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.to_string())
            .and_modify(|values| *values = format!("{values}|{text}"))
            .or_insert_with(|| text.to_string());
    }
    let seen = Seen {
        method: http.method().to_string(),
        path: http.path().to_owned(),
        query: http.query_string().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        pid: std::process::id(),
    };
    append(&root.join(REQUESTS), &serde_json::to_string(&seen).unwrap());
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
        response.append_header(header);
    }
    if reply.echo {
        watch.all_went_well();
        return response.streaming(payload);
    }
    if !reply.pieces.is_empty() {
        return response.streaming(pieces(reply.pieces, root.as_ref().clone(), watch));
    }
    watch.all_went_well();
    match reply.length {
        Some(length) => {
            let nothing = futures_util::stream::empty::<Result<web::Bytes, std::io::Error>>();
            response.body(actix_web::body::SizedStream::new(length, nothing))
        }
        None => response.body(reply.body),
    }
}

fn pieces(
    pieces: Vec<String>,
    root: PathBuf,
    watch: Watch,
) -> impl Stream<Item = Result<web::Bytes, std::io::Error>> {
    let pieces = pieces.into_iter().enumerate();
    futures_util::stream::unfold((pieces, root, watch), |(mut pieces, root, watch)| async move {
        let Some((number, piece)) = pieces.next() else {
            watch.all_went_well();
            return None;
        };
        while number > 0 && !root.join(format!("piece-{number}")).exists() {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        Some((Ok(web::Bytes::from(piece)), (pieces, root, watch)))
    })
}
