//! Puts the parts together: starts the host, and the handle to a running one.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::app::{FunctionDefinition, FunctionProblem, Trigger, discover};
use super::invocation::{Invoker, Limits, RecordedOutput};
use super::log::{HostLog, LogLevel, LogLine};
use super::messages::{Deliveries, PoisonMessage};
use super::options::HostOptions;
use super::routes::RouteTable;
use super::server;
use super::settings::{AppSettings, HostConfiguration, HostJsonError, HttpMode, WorkerDescription};
use super::timers::{StatusStore, TimerRunner};
use super::worker::{Worker, WorkerOptions, WorkerProcess, WorkerState};
use crate::web_server::{WebServer, WebServerError};

/// The host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// host.json can't be used.
    #[error(transparent)]
    HostJson(#[from] HostJsonError),
    /// The script root can't be listed.
    #[error("the script root {path} can't be read: {source}")]
    ScriptRoot {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing says what to start.
    #[error("host.json names no worker: set customHandler.description.defaultExecutablePath")]
    NoWorker,
    /// The host's port is taken or not allowed, or there is none for the worker.
    #[error(
        "the host can't listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server could not be run.
    #[error(transparent)]
    Server(#[from] WebServerError),
}

/// Where a running host stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostState {
    /// The worker is being started or restarted; requests wait for it.
    WorkerStarting,
    /// The worker takes invocations (or there is no function, and so no worker).
    Running,
    /// The worker exited with code 0: invocations fail.
    WorkerExited,
    /// The worker crashed three times, or the host was stopped. The text says why.
    Stopped(String),
}

impl From<&WorkerState> for HostState {
    fn from(state: &WorkerState) -> Self {
        match state {
            WorkerState::Starting => Self::WorkerStarting,
            WorkerState::Ready(_) => Self::Running,
            WorkerState::Exited => Self::WorkerExited,
            WorkerState::Stopped(why) => Self::Stopped(why.clone()),
        }
    }
}

/// What the HTTP side works with.
#[derive(Debug)]
pub(super) struct HostParts {
    pub(super) base_url: String,
    pub(super) functions: Vec<Arc<FunctionDefinition>>,
    pub(super) problems: Vec<FunctionProblem>,
    pub(super) routes: RouteTable<Arc<FunctionDefinition>>,
    pub(super) http_mode: HttpMode,
    pub(super) timers: BTreeMap<String, Arc<TimerRunner>>,
    pub(super) invoker: Arc<Invoker>,
    pub(super) deliveries: Deliveries,
    /// The runtime of the caller of [`start`]: invocations, timers and the worker's supervision run there.
    pub(super) runtime: Handle,
    pub(super) started: Instant,
}

impl HostParts {
    /// How a function is called over HTTP.
    pub(super) fn http_mode(&self, function: &FunctionDefinition) -> HttpMode {
        if function.is_http_in_and_out() { self.http_mode } else { HttpMode::Enveloped }
    }

    /// A function by its name, in any case.
    pub(super) fn function(&self, name: &str) -> Option<&Arc<FunctionDefinition>> {
        self.functions.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

/// A running host. Dropping it kills the worker and stops everything without waiting; [`FunctionsHost::stop`] waits.
///
/// The library handles no signals: on SIGINT or SIGTERM the program calls `stop`. If the program itself is killed with
/// SIGKILL, or ends through `std::process::exit` without `stop`, the worker process lives on.
pub struct FunctionsHost {
    address: SocketAddr,
    parts: Arc<HostParts>,
    log: HostLog,
    worker_port: Option<u16>,
    server: WebServer,
    timer_tasks: Vec<JoinHandle<()>>,
}

impl fmt::Debug for FunctionsHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FunctionsHost")
            .field("address", &self.address)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl FunctionsHost {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://localhost:{port}`, without a slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.parts.base_url
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> HostState {
        self.parts
            .invoker
            .worker
            .as_ref()
            .map_or(HostState::Running, |worker| HostState::from(&*worker.state().borrow()))
    }

    /// The process id of the worker that takes invocations; `None` while there is none.
    #[must_use]
    pub fn worker_pid(&self) -> Option<u32> {
        match &*self.parts.invoker.worker.as_ref()?.state().borrow() {
            WorkerState::Ready(instance) => instance.pid,
            WorkerState::Starting | WorkerState::Exited | WorkerState::Stopped(_) => None,
        }
    }

    /// Where the worker is told to listen on 127.0.0.1, the same for every instance; `None` if there is no function.
    ///
    /// Only the host is meant to call there: a test that does shows what a neighbour on the machine could.
    #[must_use]
    pub fn worker_port(&self) -> Option<u16> {
        self.worker_port
    }

    /// Waits until the worker takes invocations, or can't any more.
    pub async fn ready(&self) -> HostState {
        if self.parts.invoker.worker.is_none() {
            return HostState::Running;
        }
        self.wait_for(|state| !matches!(state, WorkerState::Starting)).await
    }

    /// Waits until the host is over because the worker crashed too often. A program that runs the host ends then.
    pub async fn stopped(&self) -> HostState {
        self.wait_for(|state| matches!(state, WorkerState::Stopped(_))).await
    }

    async fn wait_for(&self, wanted: impl FnMut(&WorkerState) -> bool) -> HostState {
        let Some(worker) = &self.parts.invoker.worker else {
            return std::future::pending().await;
        };
        let mut state = worker.state();
        match state.wait_for(wanted).await {
            Ok(state) => HostState::from(&*state),
            Err(_) => HostState::Stopped("the supervision of the worker has ended".to_owned()),
        }
    }

    /// The functions that can't run, each with the reason.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        self.parts.problems.iter().map(|problem| (problem.name.clone(), problem.message.clone())).collect()
    }

    /// The newest log lines, at most 10,000.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.log.lines()
    }

    /// What functions put out for services that aren't here (queues, tables, ...): the newest 1,000.
    #[must_use]
    pub fn outputs(&self) -> Vec<RecordedOutput> {
        self.parts.invoker.outputs()
    }

    /// Messages that failed as often as their service delivers one: the newest 1,000.
    #[must_use]
    pub fn poison_messages(&self) -> Vec<PoisonMessage> {
        self.parts.deliveries.given_up()
    }

    /// Kills the worker, as the real host does, and waits until it and the server are gone.
    pub async fn stop(mut self) {
        for task in self.timer_tasks.drain(..) {
            task.abort();
        }
        if let Some(worker) = &self.parts.invoker.worker {
            worker.stop().await;
        }
        self.server.shut_down().await;
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        for task in &self.timer_tasks {
            task.abort();
        }
        // The server's threads may hold the parts a little longer than this handle: end the worker now.
        if let Some(worker) = &self.parts.invoker.worker {
            worker.abandon();
        }
    }
}

/// Starts the host for the app in `options.script_root`. It returns as soon as it listens; the worker is being started
/// then, and requests wait for it.
///
/// It must be called inside a tokio runtime, which has to stay alive: invocations, timers and the worker run on it.
///
/// # Errors
/// [`HostError`]. A function that can't run is no error: see [`FunctionsHost::problems`].
pub async fn start(options: HostOptions) -> Result<FunctionsHost, HostError> {
    let log = HostLog::new(options.log.clone());
    let script_root =
        std::path::absolute(&options.script_root).unwrap_or_else(|_| options.script_root.clone());
    let settings = AppSettings::new(&options.settings, options.inherit_environment);
    let configuration = HostConfiguration::read(
        &options.host_json.clone().unwrap_or_else(|| script_root.join("host.json")),
        &settings,
    )?;
    let app = discover(&script_root, &configuration, &settings)
        .map_err(|source| HostError::ScriptRoot { path: script_root.clone(), source })?;

    let listen = |source| HostError::Listen { port: options.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let base_url = format!("http://localhost:{}", address.port());
    let functions: Vec<Arc<FunctionDefinition>> = app.functions.into_iter().map(Arc::new).collect();
    announce(&log, &functions, &app.problems, &base_url);

    let mut worker_port = None;
    let worker = if functions.is_empty() {
        None
    } else {
        let description = worker_description(&options, &configuration)?;
        let port = configuration.worker_port.map_or_else(free_port, Ok).map_err(listen)?;
        worker_port = Some(port);
        let process = WorkerProcess::new(&script_root, &description, settings, port);
        let how = WorkerOptions {
            initialization_timeout: configuration.initialization_timeout,
            follow_redirects: configuration.follow_redirects,
        };
        Some(Worker::start(process, how, log.clone()))
    };
    let limits = Limits {
        function_timeout: configuration.function_timeout,
        proxy_activity_timeout: options.proxy_activity_timeout,
    };
    let invoker = Arc::new(Invoker::new(log.clone(), worker, limits));
    let timers = timers(&functions, &invoker, &StatusStore::new(options.schedule_status_folder.as_deref()));
    let enabled = functions.iter().filter(|function| !function.disabled);
    let routes = enabled.filter_map(|function| {
        function.http().map(|http| (http.route.clone(), http.methods.clone(), Arc::clone(function)))
    });
    let parts = Arc::new(HostParts {
        base_url,
        routes: RouteTable::new(routes),
        http_mode: configuration.http_mode,
        problems: app.problems,
        timers,
        invoker,
        deliveries: Deliveries::new(configuration.queues),
        runtime: Handle::current(),
        started: Instant::now(),
        functions,
    });
    let server = server::serve(listener, Arc::clone(&parts)).await?;
    let timer_tasks = parts
        .functions
        .iter()
        .filter(|function| !function.disabled)
        .filter_map(|function| parts.timers.get(&function.name).cloned())
        .map(|timer| tokio::spawn(async move { timer.run().await }))
        .collect();
    Ok(FunctionsHost { address, parts, log, worker_port, server, timer_tasks })
}

fn worker_description(
    options: &HostOptions,
    configuration: &HostConfiguration,
) -> Result<WorkerDescription, HostError> {
    match &options.worker {
        Some(command) => Ok(WorkerDescription {
            executable: command.program.to_string_lossy().into_owned(),
            arguments: command.arguments.clone(),
            working_directory: configuration.worker.working_directory.clone(),
        }),
        None if configuration.worker.executable.is_empty() => Err(HostError::NoWorker),
        None => Ok(configuration.worker.clone()),
    }
}

/// A port for the worker. It is free now; the host keeps it for every restart.
fn free_port() -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}

fn timers(
    functions: &[Arc<FunctionDefinition>],
    invoker: &Arc<Invoker>,
    store: &StatusStore,
) -> BTreeMap<String, Arc<TimerRunner>> {
    functions
        .iter()
        .filter_map(|function| match &function.trigger {
            Trigger::Timer(trigger) => {
                let runner = TimerRunner::new(
                    Arc::clone(function),
                    trigger.clone(),
                    Arc::clone(invoker),
                    store.clone(),
                );
                Some((function.name.clone(), Arc::new(runner)))
            }
            Trigger::Http(_) | Trigger::Service(_) => None,
        })
        .collect()
}

fn announce(
    log: &HostLog,
    functions: &[Arc<FunctionDefinition>],
    problems: &[FunctionProblem],
    base_url: &str,
) {
    if functions.is_empty() {
        log.host(
            LogLevel::Warning,
            "No job functions found: a function is a folder beside host.json with a function.json in it.",
        );
    } else {
        for line in server::function_lines(functions.iter().map(AsRef::as_ref), base_url) {
            log.host(LogLevel::Information, line);
        }
    }
    for function in functions.iter().filter(|function| function.disabled) {
        log.host(LogLevel::Information, format!("Function {} is disabled via settings", function.name));
    }
    for problem in problems {
        log.function(
            LogLevel::Error,
            &problem.name,
            format!("The '{}' function is in error: {}", problem.name, problem.message),
        );
    }
}
