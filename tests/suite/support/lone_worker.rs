//! A worker process without a host: for what the host itself would refuse, and for how the process ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::eventually;
use super::mode::worker_program;
use super::secrets::Secrets;
use super::wait::BOUND;

/// See the module. Dropping it kills the process.
pub(crate) struct LoneWorker {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
    pub(crate) secrets: Secrets,
}

impl LoneWorker {
    /// Starts `serve` on the functions of a folder, on any free port, with these settings and no others.
    pub(crate) fn start(functions: &Path, settings: &[(&str, &str)]) -> Self {
        let mut all = BTreeMap::from([("FUNCTIONS_CUSTOMHANDLER_PORT", "0"), ("AZSQL_LOG", "trace")]);
        all.extend(settings.iter().copied());
        Self::run(&["serve".into(), "--functions".into(), functions.to_path_buf()], &all)
    }

    /// Starts the program under test with these arguments and this environment.
    pub(crate) fn run(arguments: &[PathBuf], environment: &BTreeMap<&str, &str>) -> Self {
        Self::run_program(&worker_program(), arguments, environment)
    }

    /// Starts a program with these arguments and this environment.
    pub(crate) fn run_program(
        program: &Path,
        arguments: &[PathBuf],
        environment: &BTreeMap<&str, &str>,
    ) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = Arc::default();
        let secrets = Secrets::new();
        let readers = vec![
            follow(child.stdout.take().unwrap(), &lines, &secrets),
            follow(child.stderr.take().unwrap(), &lines, &secrets),
        ];
        Self { child, lines, readers, secrets }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// None once it has ended.
    pub(crate) fn pid_if_running(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has written to stdout and stderr so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The first line that holds `part`, once it is there.
    pub(crate) async fn line_with(&self, part: &str) -> String {
        let what = format!("a line with `{part}`");
        eventually(&what, async || self.lines().into_iter().find(|line| line.contains(part))).await
    }

    /// The port that it listens on, once it does.
    pub(crate) async fn port(&self) -> u16 {
        let line = self.line_with("\"message\":\"listening\"").await;
        listening_port(&line).unwrap()
    }

    /// Posts an invocation.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.port().await);
        self.send(reqwest::Client::new().post(url).body(body)).await
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.port().await);
        self.send(reqwest::Client::new().get(url)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!(!answer.text.is_empty(), "an empty answer: the host would wait for its timeout");
        self.secrets.saw(&answer.text);
        answer
    }

    /// How it ended, once it has and everything it wrote was read.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let end = async {
            let status = self.child.wait().await.unwrap();
            for reader in self.readers.drain(..) {
                reader.await.unwrap();
            }
            status
        };
        tokio::time::timeout(BOUND, end).await.expect("it goes on, or somebody holds its stdout")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it and looks at everything it has written.
    pub(crate) async fn finish(mut self) {
        assert!(self.is_running(), "the worker has ended:\n{}", self.lines().join("\n"));
        self.child.start_kill().unwrap();
        self.ended().await;
        self.secrets.assert_kept();
    }
}

/// The port in the worker's line about it.
pub(crate) fn listening_port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("127.0.0.1:")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn follow(
    stream: impl AsyncRead + Unpin + Send + 'static,
    lines: &Arc<Mutex<Vec<String>>>,
    secrets: &Secrets,
) -> JoinHandle<()> {
    let (lines, secrets) = (Arc::clone(lines), secrets.clone());
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            secrets.saw(&line);
            lines.lock().unwrap().push(line);
        }
    })
}
