//! Passes the worker's stdout and stderr on to the log.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::task::JoinHandle;

use crate::functions::log::{HostLog, LogLevel, LogSource};

/// How many of the last stderr lines become the exit error (`WorkerProcess.cs` keeps a queue of three).
const KEPT_ERRORS: usize = 3;

/// The last lines of stderr.
#[derive(Clone, Debug, Default)]
pub(super) struct LastErrors {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl LastErrors {
    fn add(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEPT_ERRORS {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines, joined as the host joins them.
    pub(super) fn joined(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

/// Logs every stdout line at Information until the stream ends.
pub(super) fn follow_stdout(stream: impl AsyncRead + Unpin + Send + 'static, log: HostLog) -> JoinHandle<()> {
    tokio::spawn(each_line(stream, move |line| {
        log.write(stdout_level(&line), LogSource::Worker, line);
    }))
}

/// Logs every stderr line at Error, or Warning, and keeps the last ones.
pub(super) fn follow_stderr(
    stream: impl AsyncRead + Unpin + Send + 'static,
    log: HostLog,
    last: LastErrors,
) -> JoinHandle<()> {
    tokio::spawn(each_line(stream, move |line| {
        if !is_hidden(&line) {
            last.add(line.clone());
        }
        log.write(stderr_level(&line), LogSource::Worker, line);
    }))
}

/// These lines are for a hidden log and for tooling (`WorkerProcessUtilities.cs`, `IsConsoleLog`/`IsToolingConsoleJsonLogEntry`).
fn is_hidden(line: &str) -> bool {
    let begins = |mark: &str| line.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    begins("LanguageWorkerConsoleLog") || begins("azfuncjsonlog:")
}

fn stdout_level(line: &str) -> LogLevel {
    if is_hidden(line) { LogLevel::Debug } else { LogLevel::Information }
}

fn stderr_level(line: &str) -> LogLevel {
    if is_hidden(line) {
        LogLevel::Debug
    } else if line.to_ascii_lowercase().contains("warn") {
        LogLevel::Warning
    } else {
        LogLevel::Error
    }
}

async fn each_line(stream: impl AsyncRead + Unpin, mut take: impl FnMut(String)) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|read| read > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        if !line.trim().is_empty() {
            take(line);
        }
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{LogLevel, stderr_level, stdout_level};

    #[test]
    fn a_stderr_line_is_an_error_unless_it_warns_and_a_marked_line_is_hidden() {
        let levels = ["boom", "Warning: old", "LanguageWorkerConsoleLog boom"].map(stderr_level);
        assert_eq!(levels, [LogLevel::Error, LogLevel::Warning, LogLevel::Debug]);
        assert_eq!(["hello", "azfuncjsonlog:{}"].map(stdout_level), [LogLevel::Information, LogLevel::Debug]);
    }
}
