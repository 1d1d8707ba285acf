//! Where the host's log lines go.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines [`HostLog`] keeps for [`super::FunctionsHost::logs`]; older ones are dropped.
const KEPT_LINES: usize = 10_000;

/// How loud a line is, in the words of .NET's logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever develops the host; hidden by Core Tools.
    Debug,
    /// The normal flow.
    Information,
    /// Something odd that didn't fail.
    Warning,
    /// Something failed.
    Error,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// The host itself.
    Host,
    /// The host about one function, or the function through `Logs` of its reply.
    Function(String),
    /// A line that the worker process wrote to stdout or stderr. It belongs to no invocation.
    Worker,
}

/// One line of the log. It never holds a query string, a header or a key of a request, unless the worker wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: LogLevel,
    /// Who speaks.
    pub source: LogSource,
    /// The text, without a line end.
    pub text: String,
}

/// Takes each log line as it is written. It must not block for long: it is called from the host's tasks.
pub type LogSink = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The log of one host: keeps the newest lines and passes each on to the sink.
#[derive(Clone)]
pub(super) struct HostLog {
    sink: Option<LogSink>,
    lines: Arc<Mutex<VecDeque<LogLine>>>,
}

impl fmt::Debug for HostLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HostLog").finish_non_exhaustive()
    }
}

impl HostLog {
    pub(super) fn new(sink: Option<LogSink>) -> Self {
        Self { sink, lines: Arc::default() }
    }

    pub(super) fn write(&self, level: LogLevel, source: LogSource, text: impl Into<String>) {
        let line = LogLine { level, source, text: text.into() };
        if let Some(sink) = &self.sink {
            sink(&line);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(super) fn host(&self, level: LogLevel, text: impl Into<String>) {
        self.write(level, LogSource::Host, text);
    }

    pub(super) fn function(&self, level: LogLevel, function: &str, text: impl Into<String>) {
        self.write(level, LogSource::Function(function.to_owned()), text);
    }

    pub(super) fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
