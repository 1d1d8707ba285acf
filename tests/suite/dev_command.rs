//! `azsql-worker dev`: everything at the desk with one command.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::support::mode::DEV_PROGRAM;
use crate::support::wait::within;
use crate::support::{Answer, LoneWorker, eventually, process, script_root};

/// A running `dev`, found by what it prints.
pub(crate) struct Dev {
    program: LoneWorker,
    url: String,
}

impl Dev {
    /// Starts it with all ports free to choose; waits until it says that it is ready.
    pub(crate) async fn start(options: &[&Path]) -> Self {
        let mut arguments: Vec<PathBuf> =
            ["dev", "--port", "0", "--sql-port", "0"].into_iter().map(PathBuf::from).collect();
        arguments.extend(options.iter().map(|option| option.to_path_buf()));
        let environment =
            BTreeMap::from([("AZSQL_DEV_SQL_PASSWORD", "CANARY-PASSWORD"), ("AZSQL_LOG", "trace")]);
        let program = LoneWorker::run_program(Path::new(DEV_PROGRAM), &arguments, &environment);
        let line = program.line_with("Functions host:").await;
        let url = line.split_whitespace().last().unwrap().to_owned();
        Self { program, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts it with options that it refuses; waits for the line with this in it.
    pub(crate) async fn refused(options: &[&Path], part: &str) -> String {
        let arguments: Vec<PathBuf> = ["dev", "--port", "0", "--sql-port", "0"]
            .into_iter()
            .map(PathBuf::from)
            .chain(options.iter().map(|option| option.to_path_buf()))
            .collect();
        let mut program = LoneWorker::run_program(Path::new(DEV_PROGRAM), &arguments, &BTreeMap::new());
        assert_eq!(program.ended().await.code(), Some(70));
        program.line_with(part).await
    }

    /// The line that it printed, or is about to print, with this in it.
    pub(crate) async fn line_with(&self, part: &str) -> String {
        self.program.line_with(part).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(reqwest::get(format!("{}{path}", self.url)).await.unwrap()).await
    }

    /// Ends it as ^C does; it must exit with 0, take its worker along and have kept all secrets.
    pub(crate) async fn interrupt(mut self) {
        let children = process::children(self.program.pid());
        assert_eq!(children.len(), 1, "the worker is its one child");
        process::signal("INT", self.program.pid());
        let status = self.program.ended().await;
        assert_eq!(status.code(), Some(0), "{:#?}", self.program.lines());
        for child in children {
            eventually("the worker is gone", async || (!process::is_alive(child)).then_some(())).await;
        }
        self.program.secrets.assert_kept();
    }
}

impl Drop for Dev {
    /// A test that fails leaves no worker behind either: `dev` itself is killed, and can't do it.
    fn drop(&mut self) {
        if let Some(pid) = self.program.pid_if_running() {
            for child in process::children(pid) {
                process::signal("KILL", child);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_prints_its_functions_urls_and_lines_to_try() {
    let dev = Dev::start(&[]).await;

    dev.program.line_with("End it with ^C").await;

    let lines = dev.program.lines().join("\n");
    for part in [
        "GetPerson: [GET] http://localhost:",
        "/api/persons/{id:int}",
        "SQL endpoint:      127.0.0.1:",
        "Identity endpoint: http://127.0.0.1:",
        "/api/sql/ping",
    ] {
        assert!(lines.contains(part), "`{part}` is not in:\n{lines}");
    }
    assert_eq!(lines.matches("  curl ").count(), 3, "{lines}");
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_answers_on_every_line_to_try_and_ends_on_interrupt_without_an_orphan() {
    let dev = Dev::start(&[]).await;

    let ping = dev.get("/api/sql/ping").await.json(200);
    let page = dev.get("/api/persons?limit=3").await.json(200);
    let body = r#"{"name": "Ada", "city": "Oslo", "balance": 12.5}"#;
    let request = reqwest::Client::new().post(format!("{}/api/persons", dev.url)).body(body);
    let created = Answer::read(request.send().await.unwrap()).await.json(201);

    assert_eq!(ping, json!({ "status": "ok", "sample_table": "Persons" }));
    assert_eq!(page.as_array().map(Vec::len), Some(3));
    assert_eq!((&created["Name"], &created["City"]), (&json!("Ada"), &json!("Oslo")));
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_that_is_terminated_ends_its_worker_too() {
    let mut dev = Dev::start(&[]).await;
    let children = process::children(dev.program.pid());

    process::signal("TERM", dev.program.pid());

    assert_eq!(dev.program.ended().await.code(), Some(0));
    for child in children {
        eventually("the worker is gone", async || (!process::is_alive(child)).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_keeps_its_rows_between_two_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.db");
    let options = [Path::new("--database"), file.as_path()];

    let dev = Dev::start(&options).await;
    let request = reqwest::Client::new().post(format!("{}/api/persons", dev.url)).body(r#"{"name":"Kept"}"#);
    let created = Answer::read(request.send().await.unwrap()).await.json(201);
    dev.interrupt().await;
    let dev = Dev::start(&options).await;
    let again = dev.get(&format!("/api/persons/{}", created["Id"])).await;

    assert_eq!(again.json(200), created);
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_settings_json_reaches_the_worker_and_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(script_root::sample_host_json(), folder.path().join("host.json")).unwrap();
    script_root::copy_samples(folder.path());
    let values = json!({ "AZSQL_POOL_MAX_SIZE": "0", "SOMETHING_SECRET": "CANARY" });
    let text = json!({ "IsEncrypted": false, "Values": values }).to_string();
    fs::write(folder.path().join("local.settings.json"), text).unwrap();

    let dev = Dev::start(&[Path::new("--functions"), folder.path()]).await;
    let answer = dev.get("/api/sql/ping").await;

    assert!(answer.detail().contains("AZSQL_POOL_MAX_SIZE must be a whole number"), "{}", answer.text);
    dev.interrupt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_told_and_nothing_is_left() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let arguments: Vec<PathBuf> =
        ["dev", "--sql-port", "0", "--port", &port].into_iter().map(PathBuf::from).collect();
    let mut program = LoneWorker::run_program(Path::new(DEV_PROGRAM), &arguments, &BTreeMap::new());

    let status = program.ended().await;

    assert_eq!(status.code(), Some(70));
    let line = within(Duration::from_secs(5), "the reason on stderr", async || {
        program.lines().into_iter().find(|line| line.contains(&port))
    })
    .await;
    assert!(line.contains("choose another port"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_local_settings_json_is_told_with_its_line_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(script_root::sample_host_json(), folder.path().join("host.json")).unwrap();
    fs::write(folder.path().join("local.settings.json"), "{\n  \"Values\": { \"A\": [\"CANARY\"] }\n}")
        .unwrap();
    let arguments: Vec<PathBuf> = ["dev", "--sql-port", "0", "--port", "0", "--functions"]
        .into_iter()
        .map(PathBuf::from)
        .chain([folder.path().to_path_buf()])
        .collect();
    let mut program = LoneWorker::run_program(Path::new(DEV_PROGRAM), &arguments, &BTreeMap::new());

    let status = program.ended().await;

    assert_eq!(status.code(), Some(70));
    program.line_with("local.settings.json, line 2").await;
    program.secrets.assert_kept();
}
