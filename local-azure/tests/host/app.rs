//! A Functions app in a temporary folder, and the host running it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use local_azure::functions::{self, FunctionsHost, HostError, HostOptions, HostState, WorkerCommand};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake_worker::{BEGUN, LEFT, REPLIES, REQUESTS, Reply, STARTED, Seen};

/// How long anything may take before a test fails. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A script root that is being written.
pub(crate) struct TestApp {
    pub(crate) root: TempDir,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) status_folder: bool,
    replies: BTreeMap<String, Vec<Reply>>,
}

impl TestApp {
    /// An app without functions.
    pub(crate) fn new() -> Self {
        let app = Self {
            root: TempDir::new().unwrap(),
            settings: BTreeMap::new(),
            status_folder: false,
            replies: BTreeMap::new(),
        };
        app.host_json(&json!({ "version": "2.0" }));
        app
    }

    /// An app that forwards or proxies, with the catch-all function `All` under an empty route prefix.
    pub(crate) fn passing(switch: &str) -> Self {
        let app = Self::new();
        app.host_json(
            &json!({ "customHandler": { switch: true }, "extensions": { "http": { "routePrefix": "" } } }),
        );
        app.http_function("All", &json!({ "route": "{*rest}" }));
        app
    }

    /// An app with one HTTP function `Hello` on `hello`, for every method.
    pub(crate) fn hello() -> Self {
        let app = Self::new();
        app.http_function("Hello", &json!({ "route": "hello" }));
        app
    }

    pub(crate) fn host_json(&self, json: &Value) {
        self.write("host.json", &json.to_string());
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A function with any bindings.
    pub(crate) fn function(&self, name: &str, json: &Value) {
        self.write(&format!("{name}/function.json"), &json.to_string());
    }

    /// A function with an httpTrigger `req`, to which `keys` are added, and an http output `res`.
    pub(crate) fn http_function(&self, name: &str, keys: &Value) {
        let mut trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "req" });
        trigger.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self.function(
            name,
            &json!({ "bindings": [trigger, { "type": "http", "direction": "out", "name": "res" }] }),
        );
    }

    /// What the worker answers for a function from now on: the list is gone through call by call.
    pub(crate) fn replies(&mut self, function: &str, replies: impl IntoIterator<Item = Reply>) {
        self.replies.insert(function.to_owned(), replies.into_iter().collect());
        self.write(REPLIES, &serde_json::to_string(&self.replies).unwrap());
    }

    /// The worker answers a function with this JSON.
    pub(crate) fn replies_json(&mut self, function: &str, body: &Value) {
        self.replies(function, [Reply { body: body.to_string(), ..Reply::default() }]);
    }

    pub(crate) fn options(&self) -> HostOptions {
        HostOptions {
            script_root: self.root.path().to_owned(),
            worker: Some(WorkerCommand {
                program: std::env::current_exe().unwrap(),
                arguments: ["--exact", "fake_worker::serve", "--nocapture"].map(str::to_owned).to_vec(),
            }),
            settings: self.settings.clone(),
            schedule_status_folder: self.status_folder.then(|| self.root.path().join("status")),
            ..HostOptions::default()
        }
    }

    pub(crate) async fn try_start(&self) -> Result<FunctionsHost, HostError> {
        functions::start(self.options()).await
    }

    /// The host, with the worker ready.
    pub(crate) async fn start(&self) -> FunctionsHost {
        let host = self.try_start().await.unwrap();
        assert_eq!(host.ready().await, HostState::Running, "{:#?}", host.logs());
        host
    }

    /// The requests that the worker got for a function, except for the probes.
    pub(crate) fn seen(&self, function: &str) -> Vec<Seen> {
        let text = std::fs::read_to_string(self.root.path().join(REQUESTS)).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str::<Seen>(line).unwrap())
            .filter(|seen| seen.path.trim_start_matches('/') == function)
            .collect()
    }

    /// The envelopes that a function got.
    pub(crate) fn envelopes(&self, function: &str) -> Vec<Value> {
        self.seen(function).iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect()
    }

    /// The paths of requests whose caller hung up on the worker.
    pub(crate) fn left(&self) -> Vec<String> {
        self.lines(LEFT)
    }

    /// The paths of requests whose head the worker has got.
    pub(crate) fn begun(&self) -> Vec<String> {
        self.lines(BEGUN)
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.root.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What each worker process found at its start.
    pub(crate) fn starts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.root.path().join(STARTED)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The address of a path on a host.
pub(crate) fn url(host: &FunctionsHost, path: &str) -> String {
    format!("http://{}{path}", host.address())
}

/// Status and body of a GET.
pub(crate) async fn get(host: &FunctionsHost, path: &str) -> (u16, String) {
    let response = client().get(url(host, path)).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Whether a log line contains the text.
pub(crate) fn logged(host: &FunctionsHost, text: &str) -> bool {
    host.logs().iter().any(|line| line.text.contains(text))
}
