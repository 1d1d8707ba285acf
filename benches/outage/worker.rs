//! The worker's process: as `serve` runs it, on the sample functions.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use azsql_worker::database::Tasks;
use azsql_worker::host::server;
use azsql_worker::startup;
use tokio::sync::watch;

/// The variable that makes this program the worker.
pub(crate) const ROLE: &str = "AZSQL_BENCH_ROLE";

/// Serves until the process is killed.
pub(crate) fn play() {
    let functions = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("function-definitions");
    let listener = server::listen(0).expect("a port");
    println!("ready {}", listener.local_addr().expect("an address").port());
    let lookup = |name: &str| std::env::var(name).ok();
    let worker = Arc::new(startup::worker(&functions, &lookup, Tasks::on_own_threads()));
    let ready = move || watch::channel(Some(Arc::clone(&worker))).1;
    let options =
        server::ServerOptions { threads: 1, body_memory: 128 * 1024 * 1024, shutdown: Duration::ZERO };
    let serve = server::serve(listener, options, ready, std::future::pending());
    actix_web::rt::System::new().block_on(serve).expect("a server");
}

/// A worker that runs. Dropping it kills the process.
pub(crate) struct Worker {
    process: Child,
    pub(crate) port: u16,
}

impl Worker {
    pub(crate) fn start(environment: &[(&str, String)]) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .env(ROLE, "worker")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let port = line.trim().strip_prefix("ready ").and_then(|port| port.parse().ok()).expect("a port");
        Self { process, port }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
