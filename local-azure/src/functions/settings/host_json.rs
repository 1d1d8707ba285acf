//! Reads host.json and the environment variables that override it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{AppSettings, parse_time_span, without_comments};

/// `customHandler.initializationTimeout` when it isn't given.
const DEFAULT_INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);
/// `functionTimeout` when it isn't given: the Dedicated and Premium plans' value, and Core Tools'.
const DEFAULT_FUNCTION_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// `extensions.queues.maxDequeueCount` when it isn't given (`QueuesOptions.cs`).
const DEFAULT_MAX_DEQUEUE_COUNT: u32 = 5;

/// host.json can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HostJsonError {
    /// The file can't be read.
    #[error(
        "host.json was not read at {path}: {source}; run in the folder that holds it, or name that folder"
    )]
    Read {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It isn't JSON.
    #[error("{path} is not JSON: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// A value has the wrong form.
    #[error("host.json, key {key}: {problem}")]
    Value {
        /// The key with its parents.
        key: &'static str,
        /// What is wrong and what to write.
        problem: String,
    },
}

/// The worker as host.json describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::functions) struct WorkerDescription {
    pub(in crate::functions) executable: String,
    pub(in crate::functions) working_directory: Option<String>,
    pub(in crate::functions) arguments: Vec<String>,
}

/// What the host uses of host.json.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct HostConfiguration {
    pub(in crate::functions) worker: WorkerDescription,
    pub(in crate::functions) initialization_timeout: Duration,
    /// `None` = unlimited.
    pub(in crate::functions) function_timeout: Option<Duration>,
    /// Without slashes at its ends; may be empty.
    pub(in crate::functions) route_prefix: String,
    pub(in crate::functions) http_mode: HttpMode,
    /// `DefaultHttpWorkerService.cs`, `CreateHttpClient`: a redirect of the worker is followed unless forwarding is on,
    /// for every function of the app.
    pub(in crate::functions) follow_redirects: bool,
    /// `customHandler.port`: where the worker is told to listen; `None` = any free port.
    pub(in crate::functions) worker_port: Option<u16>,
    /// `extensions.queues`.
    pub(in crate::functions) queues: QueueSettings,
}

/// What host.json says of storage queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) struct QueueSettings {
    /// Deliveries of a message before it is moved to the poison queue.
    pub(in crate::functions) max_dequeue_count: u32,
    /// The wait between a failure and the next delivery.
    pub(in crate::functions) visibility_timeout: Duration,
}

/// How functions with one httpTrigger and one http output, and nothing else, are called. All others get the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum HttpMode {
    /// `POST /{FunctionName}` with the envelope.
    Enveloped,
    /// `enableForwardingHttpRequest`: the request is built again and its reply buffered.
    Forwarding,
    /// `enableProxyingHttpRequest`, which wins: request and reply stream through.
    Proxying,
}

impl HostConfiguration {
    /// Reads `host.json` in the script root.
    pub(in crate::functions) fn read(path: &Path, settings: &AppSettings) -> Result<Self, HostJsonError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| HostJsonError::Read { path: path.to_owned(), source })?;
        let json = serde_json::from_str(&without_comments(&text))
            .map_err(|source| HostJsonError::Json { path: path.to_owned(), source })?;
        Self::from_json(&json, settings)
    }

    fn from_json(json: &Value, settings: &AppSettings) -> Result<Self, HostJsonError> {
        let keys = Keys { json, settings };
        let forwarding = keys.boolean("customHandler:enableForwardingHttpRequest")?;
        let proxying = keys.boolean("customHandler:enableProxyingHttpRequest")?;
        if keys.value("customHandler:http:routes").is_some_and(|routes| !routes.is_null()) {
            return Err(wrong(
                "customHandler.http.routes",
                "this host does not know routes in host.json: describe each function in its own function.json",
            ));
        }
        Ok(Self {
            worker: keys.worker()?,
            initialization_timeout: keys
                .span("customHandler:initializationTimeout", "customHandler.initializationTimeout")?
                .unwrap_or(DEFAULT_INITIALIZATION_TIMEOUT),
            function_timeout: keys.function_timeout()?,
            route_prefix: keys
                .text("extensions:http:routePrefix")
                .unwrap_or_else(|| "api".to_owned())
                .trim_matches('/')
                .to_owned(),
            http_mode: match (proxying, forwarding) {
                (true, _) => HttpMode::Proxying,
                (false, true) => HttpMode::Forwarding,
                (false, false) => HttpMode::Enveloped,
            },
            follow_redirects: !forwarding,
            // HttpWorkerOptionsSetup.cs, GetPort: what is no number counts as absent.
            worker_port: keys
                .text("customHandler:port")
                .and_then(|port| port.parse().ok())
                .filter(|port| *port > 0),
            queues: keys.queues()?,
        })
    }
}

/// Looks keys up: first the variable `AzureFunctionsJobHost__a__b`, then the file, both without regard to case.
struct Keys<'a> {
    json: &'a Value,
    settings: &'a AppSettings,
}

impl Keys<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        key.split(':').try_fold(self.json, |value, name| {
            value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    }

    /// A scalar as text.
    fn text(&self, key: &str) -> Option<String> {
        if let Some(value) = self.settings.get(&format!("AzureFunctionsJobHost:{key}")) {
            return Some(value.to_owned());
        }
        match self.value(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        }
    }

    fn boolean(&self, key: &'static str) -> Result<bool, HostJsonError> {
        match self.text(key) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") || text.is_empty() => Ok(false),
            Some(_) => Err(wrong(key, "write true or false")),
        }
    }

    fn span(&self, key: &str, name: &'static str) -> Result<Option<Duration>, HostJsonError> {
        self.text(key)
            .map(|text| {
                parse_time_span(&text)
                    .filter(|span| !span.is_zero())
                    .ok_or_else(|| wrong(name, "write a time span such as \"00:00:30\""))
            })
            .transpose()
    }

    fn function_timeout(&self) -> Result<Option<Duration>, HostJsonError> {
        match self.text("functionTimeout") {
            // .NET binds an empty text to no value.
            None => Ok(Some(DEFAULT_FUNCTION_TIMEOUT)),
            Some(text) if text.is_empty() => Ok(Some(DEFAULT_FUNCTION_TIMEOUT)),
            Some(text) if text == "-1" => Ok(None),
            Some(_) => self.span("functionTimeout", "functionTimeout"),
        }
    }

    fn queues(&self) -> Result<QueueSettings, HostJsonError> {
        const COUNT: &str = "extensions.queues.maxDequeueCount";
        const TIMEOUT: &str = "extensions.queues.visibilityTimeout";
        let max_dequeue_count = match self.text("extensions:queues:maxDequeueCount") {
            None => DEFAULT_MAX_DEQUEUE_COUNT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|count| *count > 0)
                .ok_or_else(|| wrong(COUNT, "write a whole number from 1 on"))?,
        };
        let visibility_timeout = match self.text("extensions:queues:visibilityTimeout") {
            None => Duration::ZERO,
            Some(text) => parse_time_span(&text)
                .ok_or_else(|| wrong(TIMEOUT, "write a time span such as \"00:00:30\""))?,
        };
        Ok(QueueSettings { max_dequeue_count, visibility_timeout })
    }

    fn worker(&self) -> Result<WorkerDescription, HostJsonError> {
        let expanded = |key: &str| {
            self.text(key).map(|text| self.settings.expand_known(&text)).filter(|text| !text.is_empty())
        };
        let arguments = match self.value("customHandler:description:arguments") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(|text| self.settings.expand_known(text)))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong("customHandler.description.arguments", "write an array of strings"))?,
            Some(_) => {
                return Err(wrong("customHandler.description.arguments", "write an array of strings"));
            }
        };
        Ok(WorkerDescription {
            executable: expanded("customHandler:description:defaultExecutablePath").unwrap_or_default(),
            working_directory: expanded("customHandler:description:workingDirectory"),
            // The host joins the arguments with blanks and quotes nothing (HttpWorkerOptionsSetup.cs), so an argument
            // with a blank in it reaches the process as two.
            arguments: arguments.join(" ").split_whitespace().map(str::to_owned).collect(),
        })
    }
}

fn wrong(key: &'static str, problem: &str) -> HostJsonError {
    HostJsonError::Value { key, problem: problem.to_owned() }
}
