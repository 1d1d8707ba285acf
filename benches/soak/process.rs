//! The worker's process: started as the host starts it, watched through `/proc`, ended by SIGTERM.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// How long it may take to listen.
const START: Duration = Duration::from_secs(20);

/// Its exit code after SIGTERM: 128 + 15, since the host takes 0 for an end that nobody asked for.
const AFTER_SIGTERM: i32 = 143;

/// See the module. Dropping it kills the process.
pub(crate) struct Worker {
    child: Child,
    pub(crate) port: u16,
    panics: Arc<AtomicUsize>,
}

impl Worker {
    /// Starts `serve` with these settings and no others, and waits until it listens.
    pub(crate) fn start(functions: &Path, settings: &BTreeMap<&str, String>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_azsql-worker"))
            .args(["serve", "--functions"])
            .arg(functions)
            .env_clear()
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the worker");
        let panics = Arc::new(AtomicUsize::new(0));
        let (ports, port) = mpsc::channel();
        follow(child.stdout.take().expect("stdout"), ports.clone(), &panics);
        follow(child.stderr.take().expect("stderr"), ports, &panics);
        let port = port.recv_timeout(START).expect("the worker listens");
        Self { child, port, panics }
    }

    /// Resident memory in KiB; None when the process is gone.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Open files and sockets.
    pub(crate) fn files(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count())
    }

    /// CPU seconds of all its threads so far, as the scheduler accounts them.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten();
        let nanoseconds: u64 = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
            .sum();
        nanoseconds as f64 / 1e9
    }

    /// Lines about panics that it has written.
    pub(crate) fn panics(&self) -> usize {
        self.panics.load(Ordering::SeqCst)
    }

    /// Asks it to end, and says how that went; `bound` is how long it may take.
    pub(crate) fn end(mut self, bound: Duration) -> Result<(), String> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if !asked.is_ok_and(|status| status.success()) {
            return Err("it was gone before".to_owned());
        }
        let begun = Instant::now();
        while begun.elapsed() < bound {
            match self.child.try_wait() {
                Ok(Some(status)) if status.code() == Some(AFTER_SIGTERM) => return Ok(()),
                Ok(Some(status)) => return Err(format!("it ended with {status}")),
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("it was still there {bound:?} after SIGTERM"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It has ended when `end` was called, and then both fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what it writes, for the port and for panics.
fn follow(stream: impl std::io::Read + Send + 'static, ports: mpsc::Sender<u16>, panics: &Arc<AtomicUsize>) {
    let panics = Arc::clone(panics);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if line.contains("\"message\":\"listening\"") {
                let port = line.split_once("127.0.0.1:").map(|(_, rest)| rest);
                let digits =
                    port.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
                if let Some(port) = digits.and_then(|digits| digits.parse().ok()) {
                    // Nobody waits for a second one.
                    let _ = ports.send(port);
                }
            } else if line.contains("panicked") || line.contains("overflowed its stack") {
                panics.fetch_add(1, Ordering::SeqCst);
                eprintln!("the worker wrote: {line}");
            }
        }
    });
}
