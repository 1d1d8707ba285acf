//! The whole way through the server: the same call as the host's envelope, and as the caller's own request.
//!
//! Each contender is the worker in a process of its own, in the host's mode for it, without a database: it reads, routes,
//! binds, and answers that it is not configured. What is counted is the CPU time of that process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use azsql_worker::database::Tasks;
use azsql_worker::host::server::{self, ServerOptions};
use azsql_worker::startup;
use tokio::sync::watch;

use super::{app, measure, request};

/// The variable that makes this program one of the contenders: its mode.
const MODE: &str = "AZSQL_BENCH_MODE";

const ENVELOPED: &str = "envelope";
const PROXYING: &str = "proxied request";

/// What every answer holds.
const EXPECTED: &str = "not-configured";

/// Serves in the mode that the environment names, until the process is killed. False when it names none.
pub(crate) fn served() -> bool {
    let Ok(mode) = std::env::var(MODE) else { return false };
    let root = app::script_root();
    let proxying = mode == PROXYING;
    let lookup = |name: &str| {
        let is_switch = name == "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest";
        (is_switch && proxying).then(|| "true".to_owned())
    };
    let listener = server::listen(0).expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    let worker = Arc::new(startup::worker(root.path(), &lookup, Tasks::on_own_threads()));
    let ready = move || watch::channel(Some(Arc::clone(&worker))).1;
    let options = ServerOptions { threads: 1, body_memory: 128 * 1024 * 1024, shutdown: Duration::ZERO };
    let serve = server::serve(listener, options, ready, std::future::pending());
    actix_web::rt::System::new().block_on(serve).expect("a server");
    true
}

/// Runs all rounds and prints their part of the table.
pub(crate) fn run(rounds: usize) {
    for (size, bytes, requests) in [("2 KB", 2 * 1024, 1_000_u32), ("200 KB", 200 * 1024, 100)] {
        let mut contenders = [
            Contender::start(ENVELOPED, request::posted(bytes)),
            Contender::start(PROXYING, request::proxied(bytes)),
        ];
        let mut costs = vec![Vec::with_capacity(rounds); contenders.len()];
        for round in 0..=rounds {
            for (contender, costs) in contenders.iter_mut().zip(&mut costs) {
                let cost = contender.work(requests);
                // The first round warms up.
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        let names =
            contenders.iter().map(|contender| format!("through the server, {size} body: {}", contender.mode));
        measure::print(&names.collect::<Vec<_>>(), &mut costs);
        for contender in &mut contenders {
            contender.process.kill().expect("an end");
            contender.process.wait().expect("an end");
        }
    }
}

struct Contender {
    mode: &'static str,
    process: Child,
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Contender {
    fn start(mode: &'static str, request: Vec<u8>) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .env(MODE, mode)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let port: u16 = line.trim().parse().expect("a port");
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        Self { mode, process, stream: BufReader::new(stream), request }
    }

    /// µs of CPU per request.
    fn work(&mut self, requests: u32) -> f64 {
        let before = self.cpu_nanoseconds();
        for _ in 0..requests {
            self.stream.get_mut().write_all(&self.request).expect("a request");
            let answer = self.answer();
            assert!(answer.contains(EXPECTED), "{answer}");
        }
        (self.cpu_nanoseconds() - before) as f64 / f64::from(requests) / 1e3
    }

    fn answer(&mut self) -> String {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("an answer");
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a number");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        String::from_utf8(body).expect("text")
    }

    /// CPU time of all its threads (`/proc/PID/task/TID/schedstat`, first field).
    fn cpu_nanoseconds(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("a process");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
            .sum()
    }
}
