//! A desk: SQL endpoint, identity endpoint, Functions host, and the real worker under it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use local_azure::functions::{FunctionsHost, LogSource};
use local_azure::identity::IdentityEndpoint;
use local_azure::sql::faults::{Fault, RequestFault, RequestKind, Until};
use local_azure::sql::{self, LoginRecord, SqlOptions, SqlServer};
use reqwest::Method;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::answer::Answer;
use super::desk_builder::DeskBuilder;
use super::lone_worker::listening_port;
use super::secrets::{FUNCTION_KEY, Secrets};
use super::sql_client::{self, SqlClient};
use super::{Mode, eventually, process};

/// Nothing that a test asks for takes longer, or the test hangs.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What runs.
pub(crate) struct Parts {
    pub(crate) host: FunctionsHost,
    pub(crate) sql: SqlServer,
    pub(crate) identity: IdentityEndpoint,
}

/// See the module. Each test ends with [`Desk::finish`].
pub(crate) struct Desk {
    parts: Option<Parts>,
    sql_options: SqlOptions,
    password: String,
    base_url: String,
    mode: Mode,
    secrets: Secrets,
    _folder: TempDir,
}

impl Desk {
    /// The sample functions on the sample database.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    pub(crate) fn builder() -> DeskBuilder {
        DeskBuilder::default()
    }

    pub(super) fn new(
        parts: Parts,
        sql_options: SqlOptions,
        password: String,
        mode: Mode,
        secrets: Secrets,
        folder: TempDir,
    ) -> Self {
        let base_url = parts.host.base_url().to_owned();
        let sql_options = SqlOptions {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, parts.sql.address().port())),
            certificates: parts.sql.certificates(),
            ..sql_options
        };
        Self { parts: Some(parts), sql_options, password, base_url, mode, secrets, _folder: folder }
    }

    fn parts(&self) -> &Parts {
        self.parts.as_ref().expect("the SQL endpoint was stopped, or the desk is finished")
    }

    /// How HTTP requests come.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn host(&self) -> &FunctionsHost {
        &self.parts().host
    }

    pub(crate) fn sql(&self) -> &SqlServer {
        &self.parts().sql
    }

    pub(crate) fn identity(&self) -> &IdentityEndpoint {
        &self.parts().identity
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, None).await
    }

    /// Asks in the background; the status.
    pub(crate) fn get_later(&self, path: &str) -> tokio::task::JoinHandle<u16> {
        let url = format!("{}{path}", self.base_url);
        tokio::spawn(async move { reqwest::get(url).await.unwrap().status().as_u16() })
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.request(Method::POST, path, Some(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Json) -> Answer {
        self.request(Method::PUT, path, Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path, None).await
    }

    /// A GET with these headers beside those that every request has.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send_request(Method::GET, path, None, headers).await
    }

    /// A POST with these headers beside those that every request has.
    pub(crate) async fn post_with(&self, path: &str, body: &Json, headers: &[(&str, &str)]) -> Answer {
        self.send_request(Method::POST, path, Some(body.to_string()), headers).await
    }

    /// Any request, with the function key in query and header as callers send it.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        self.send_request(method, path, body, &[]).await
    }

    async fn send_request(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{separator}code={FUNCTION_KEY}", self.base_url);
        let mut request = http()
            .request(method, url)
            .header("x-functions-key", FUNCTION_KEY)
            .header("x-test", "CANARY-HEADER");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        if answer.status >= 400 {
            self.secrets.saw(&answer.text);
        }
        answer
    }

    /// For a test that leaks on purpose.
    pub(crate) fn forget_what_was_written(&self) {
        self.secrets.forget(|_| true);
    }

    /// For an answer that may hold what it holds.
    pub(crate) fn forget_answer(&self, answer: &Answer) {
        self.secrets.forget(|text| text == answer.text);
    }

    /// Posts to the worker itself, past the host.
    pub(crate) async fn post_to_worker(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send_to_worker(Method::POST, path, body.into()).await
    }

    /// Any request to the worker itself.
    pub(crate) async fn send_to_worker(&self, method: Method, path: &str, body: reqwest::Body) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.worker_port().await);
        let answer = Answer::read(http().request(method, url).body(body).send().await.unwrap()).await;
        assert!(!answer.text.is_empty(), "an empty answer: the host would wait for its timeout");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        if answer.status >= 400 {
            self.secrets.saw(&answer.text);
        }
        answer
    }

    /// Runs a function through the host's admin address.
    pub(crate) async fn run(&self, function: &str) {
        self.send(function, "").await;
    }

    /// Runs a function through the host's admin address on this message.
    pub(crate) async fn send(&self, function: &str, message: &str) {
        let path = format!("/admin/functions/{function}");
        let input = serde_json::json!({ "input": message }).to_string();
        let answer = self.request(Method::POST, &path, Some(input)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }

    /// The process that takes invocations now.
    #[track_caller]
    pub(crate) fn worker_pid(&self) -> u32 {
        self.host().worker_pid().expect("no worker is ready")
    }

    /// The port that the newest worker listens on.
    pub(crate) async fn worker_port(&self) -> u16 {
        let listening = async || self.worker_lines().iter().rev().find_map(|line| listening_line(line));
        eventually("the worker says where it listens", listening).await
    }

    /// The ports that the workers of this desk listened on, oldest first.
    pub(crate) fn worker_ports(&self) -> Vec<u16> {
        self.worker_lines().iter().filter_map(|line| listening_line(line)).collect()
    }

    /// What the worker has written so far.
    pub(crate) fn worker_lines(&self) -> Vec<String> {
        self.lines(|source| *source == LogSource::Worker)
    }

    /// The worker's JSON events so far.
    pub(crate) fn worker_events(&self) -> Vec<Json> {
        self.worker_lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The worker's events that `wanted` takes, once there are `count`.
    pub(crate) async fn events(&self, what: &str, count: usize, wanted: impl Fn(&Json) -> bool) -> Vec<Json> {
        eventually(what, async || {
            let events: Vec<Json> = self.worker_events().into_iter().filter(|event| wanted(event)).collect();
            (events.len() >= count).then_some(events)
        })
        .await
    }

    /// What the host has logged about a function so far, its `Logs` among it.
    pub(crate) fn function_lines(&self, function: &str) -> Vec<String> {
        self.lines(|source| *source == LogSource::Function(function.to_owned()))
    }

    fn lines(&self, wanted: impl Fn(&LogSource) -> bool) -> Vec<String> {
        let lines = self.host().logs().into_iter();
        lines.filter(|line| wanted(&line.source)).map(|line| line.text).collect()
    }

    /// The worker's logins at the SQL endpoint so far.
    pub(crate) fn worker_logins(&self) -> Vec<LoginRecord> {
        let logins = self.sql().logins().into_iter();
        logins.filter(|login| login.application != sql_client::APPLICATION).collect()
    }

    /// A client of the SQL endpoint, to look at what the worker did.
    pub(crate) async fn sql_client(&self) -> SqlClient {
        SqlClient::connect(self.sql().address().port(), &self.password).await
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&self, query: &str) -> i32 {
        self.sql_client().await.number(query).await
    }

    /// The next `times` readers of people hang before their statement runs; what prepares a session does not count.
    pub(crate) fn stall_readers(&self, times: u32) {
        let stall = RequestFault::Stall(Until::Released);
        self.sql()
            .faults()
            .arm(Fault::at(RequestKind::Statement, stall).containing("dbo.Persons").times(times));
    }

    /// Waits until `times` planned faults of statements are left, so that the others have hit their statements.
    pub(crate) async fn statement_faults_left(&self, times: u32) {
        let faults = self.sql().faults();
        eventually("the planned fault hits a statement", async || {
            (faults.statement_faults_left() == times).then_some(())
        })
        .await;
    }

    /// A second SQL endpoint like the first, with its own database, seeded with this script alone.
    pub(crate) async fn second_sql(&self, seed: &str) -> SqlServer {
        let options = SqlOptions {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_file: None,
            seed: Some(seed.to_owned()),
            ca_out: None,
            ..self.sql_options.clone()
        };
        sql::start(options).await.unwrap()
    }

    /// Stops the SQL endpoint while `act` runs, and starts it again: same port, same database, same certificates.
    pub(crate) async fn without_sql<T>(mut self, act: impl AsyncFnOnce(&Outage<'_>) -> T) -> (Self, T) {
        let Parts { host, sql, identity } = self.parts.take().unwrap();
        sql.stop().await;
        let result = act(&Outage { base_url: &self.base_url, host: &host, secrets: &self.secrets }).await;
        let sql = sql::start(self.sql_options.clone()).await.unwrap();
        self.parts = Some(Parts { host, sql, identity });
        (self, result)
    }

    /// Ends everything, and looks at everything that was written.
    pub(crate) async fn finish(mut self) {
        let Parts { host, sql, identity } = self.parts.take().unwrap();
        let pid = host.worker_pid();
        sql.faults().clear();
        host.stop().await;
        sql.stop().await;
        identity.stop().await;
        assert!(pid.is_none_or(|pid| !process::is_alive(pid)), "the worker outlives its host");
        self.secrets.assert_kept();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A test that fails says why itself; one that forgets `finish` is checked all the same.
        if !std::thread::panicking() {
            self.secrets.assert_kept();
        }
    }
}

/// What is left of a desk while its SQL endpoint is stopped.
pub(crate) struct Outage<'a> {
    base_url: &'a str,
    host: &'a FunctionsHost,
    secrets: &'a Secrets,
}

impl Outage<'_> {
    /// Waits until the worker writes a line that holds this.
    pub(crate) async fn worker_writes(&self, part: &str) {
        eventually(part, async || {
            let lines = self.host.logs();
            lines
                .iter()
                .any(|line| line.source == LogSource::Worker && line.text.contains(part))
                .then_some(())
        })
        .await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = Answer::read(http().get(format!("{}{path}", self.base_url)).send().await.unwrap()).await;
        self.secrets.saw(&answer.text);
        answer
    }
}

fn listening_line(line: &str) -> Option<u16> {
    line.contains("\"message\":\"listening\"").then(|| listening_port(line)).flatten()
}

/// A client without connections of its own: each test has a runtime of its own, in which a kept one would die.
fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(REQUEST_TIMEOUT).build().unwrap()
}
