//! Keeps one instance of the worker running.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::client::WorkerClient;
use super::crashes::Crashes;
use super::output::{LastErrors, follow_stderr, follow_stdout};
use super::process::WorkerProcess;
use crate::functions::log::{HostLog, LogLevel};

/// The pause between two readiness probes (`WorkerConstants.cs`, `WorkerReadyCheckPollingIntervalMilliseconds`).
const PROBE_PAUSE: Duration = Duration::from_millis(25);
/// The exit code that asks for a restart (`WorkerConstants.cs`, `IntentionalRestartExitCode`).
const RESTART_EXIT_CODE: i32 = 200;
/// How long the last lines of a dead worker are waited for: a grandchild may hold the pipe open.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// A running instance that answered the probe.
#[derive(Clone, Debug)]
pub(in crate::functions) struct WorkerInstance {
    pub(in crate::functions) generation: u64,
    pub(in crate::functions) pid: Option<u32>,
    pub(in crate::functions) client: WorkerClient,
}

/// Where the worker stands.
#[derive(Clone, Debug)]
pub(in crate::functions) enum WorkerState {
    /// Started for the first time or again, and not ready yet.
    Starting,
    /// Takes invocations.
    Ready(WorkerInstance),
    /// Exited with 0, which is taken as success: it stays down, and invocations are refused.
    Exited,
    /// It crashed too often, or was told to end: the host is over.
    Stopped(String),
}

enum Command {
    /// A function ran into its timeout: end this instance, if it is still the one, and start another.
    Replace {
        generation: u64,
    },
    Stop,
}

/// How the worker is treated.
#[derive(Clone, Copy, Debug)]
pub(in crate::functions) struct WorkerOptions {
    /// How long it may take to answer the probe.
    pub(in crate::functions) initialization_timeout: Duration,
    /// Whether a redirect in reply to an envelope is followed.
    pub(in crate::functions) follow_redirects: bool,
}

/// The worker as the rest of the host sees it. Dropping it kills the process.
#[derive(Debug)]
pub(in crate::functions) struct Worker {
    state: watch::Receiver<WorkerState>,
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts the worker and the task that watches it.
    pub(in crate::functions) fn start(process: WorkerProcess, options: WorkerOptions, log: HostLog) -> Self {
        let (publish, state) = watch::channel(WorkerState::Starting);
        let (commands, receive) = mpsc::unbounded_channel();
        let supervisor = Supervisor {
            process,
            options,
            log,
            state: publish,
            commands: receive,
            crashes: Crashes::default(),
            generation: 0,
        };
        Self { state, commands, task: tokio::spawn(supervisor.run()) }
    }

    pub(in crate::functions) fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.clone()
    }

    /// Kills an instance and all its invocations; another is started, and nothing is counted.
    pub(in crate::functions) fn replace(&self, generation: u64) {
        // The supervisor is gone only if the host has stopped.
        let _gone = self.commands.send(Command::Replace { generation });
    }

    /// Kills the worker for good and waits until it is gone.
    pub(in crate::functions) async fn stop(&self) {
        let mut state = self.state.clone();
        if self.commands.send(Command::Stop).is_ok() {
            let _gone = state.wait_for(|state| matches!(state, WorkerState::Stopped(_))).await;
        }
    }

    /// Kills the worker without waiting: the task owns the child, which is killed when it is dropped.
    pub(in crate::functions) fn abandon(&self) {
        self.task.abort();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.abandon();
    }
}

struct Supervisor {
    process: WorkerProcess,
    options: WorkerOptions,
    log: HostLog,
    state: watch::Sender<WorkerState>,
    commands: mpsc::UnboundedReceiver<Command>,
    crashes: Crashes,
    generation: u64,
}

/// How an instance's life ended.
enum End {
    Exit(std::io::Result<ExitStatus>),
    /// It could not be started or did not become ready.
    Failed(String),
    Replaced,
    Stop,
}

impl Supervisor {
    async fn run(mut self) {
        loop {
            self.generation = self.generation.saturating_add(1);
            self.state.send_replace(WorkerState::Starting);
            let last_errors = LastErrors::default();
            let (end, readers) = match self.process.spawn() {
                Ok(mut child) => {
                    let readers = self.follow(&mut child, &last_errors);
                    let end = self.live(&mut child).await;
                    // At once, so that nobody is sent to an instance that is gone.
                    self.state.send_replace(WorkerState::Starting);
                    // SIGKILL, as the host does it; there is no SIGTERM before. An exited child is only reaped.
                    let _dead = child.kill().await;
                    (end, readers)
                }
                Err(problem) => (End::Failed(problem), Vec::new()),
            };
            for reader in readers {
                let _ended = tokio::time::timeout(LAST_OUTPUT, reader).await;
            }
            if !self.goes_on_after(end, &last_errors).await {
                return;
            }
        }
    }

    fn follow(&self, child: &mut Child, last_errors: &LastErrors) -> Vec<JoinHandle<()>> {
        let stdout = child.stdout.take().map(|stream| follow_stdout(stream, self.log.clone()));
        let stderr =
            child.stderr.take().map(|stream| follow_stderr(stream, self.log.clone(), last_errors.clone()));
        stdout.into_iter().chain(stderr).collect()
    }

    /// From the start to the end of one instance.
    async fn live(&mut self, child: &mut Child) -> End {
        let pid = child.id();
        let client = match WorkerClient::new(self.process.port(), self.options.follow_redirects) {
            Ok(client) => client,
            Err(error) => {
                return End::Failed(format!("the HTTP client for the worker could not be made: {error}"));
            }
        };
        let mut ready = false;
        let probe = wait_until_ready(&client, self.options.initialization_timeout);
        tokio::pin!(probe);
        loop {
            tokio::select! {
                answered = &mut probe, if !ready => {
                    if !answered {
                        return End::Failed(format!(
                            "Unable to reach the custom handler on 127.0.0.1:{} within {} s: it must listen on FUNCTIONS_CUSTOMHANDLER_PORT and answer GET /",
                            self.process.port(),
                            self.options.initialization_timeout.as_secs_f64()
                        ));
                    }
                    ready = true;
                    self.log.host(LogLevel::Debug, format!("Worker process started and initialized (pid {}).", pid.unwrap_or_default()));
                    let instance = WorkerInstance { generation: self.generation, pid, client: client.clone() };
                    self.state.send_replace(WorkerState::Ready(instance));
                }
                exit = child.wait() => return End::Exit(exit),
                command = self.commands.recv() => match command {
                    Some(Command::Replace { generation }) if generation == self.generation => return End::Replaced,
                    // A timeout of an instance that is gone already.
                    Some(Command::Replace { .. }) => {}
                    Some(Command::Stop) | None => return End::Stop,
                },
            }
        }
    }

    /// What follows; false ends the supervision.
    async fn goes_on_after(&mut self, end: End, last_errors: &LastErrors) -> bool {
        let problem = match end {
            End::Stop => return self.stopped("the host was stopped".to_owned()),
            End::Replaced => return true,
            End::Failed(problem) => problem,
            End::Exit(Ok(status)) => match status.code() {
                Some(0) => return self.exited().await,
                Some(RESTART_EXIT_CODE) => {
                    self.log.host(
                        LogLevel::Information,
                        "The custom handler asked for a restart (exit code 200).",
                    );
                    return true;
                }
                _ => exit_message(status, &last_errors.joined()),
            },
            End::Exit(Err(error)) => format!("The custom handler can't be watched: {error}"),
        };
        self.log.host(LogLevel::Error, problem.clone());
        if self.crashes.add(Instant::now()) {
            self.log.host(
                LogLevel::Error,
                "Exceeded http worker restart retry count. Shutting down Functions Host",
            );
            return self.stopped(problem);
        }
        true
    }

    fn stopped(&self, why: String) -> bool {
        self.state.send_replace(WorkerState::Stopped(why));
        false
    }

    /// Exit code 0: nothing is started again, until the host is told to end or a timeout asks for another instance.
    async fn exited(&mut self) -> bool {
        self.log.host(LogLevel::Warning, "The custom handler exited with code 0: it is not started again, and every invocation fails from now on.");
        self.state.send_replace(WorkerState::Exited);
        loop {
            match self.commands.recv().await {
                Some(Command::Replace { generation }) if generation == self.generation => {
                    return true;
                }
                Some(Command::Replace { .. }) => {}
                Some(Command::Stop) | None => {
                    return self.stopped("the host was stopped".to_owned());
                }
            }
        }
    }
}

/// `WorkerProcess.cs`: the exit code, and the last stderr lines as the reason.
fn exit_message(status: ExitStatus, last_errors: &str) -> String {
    let how = status.code().map_or_else(|| status.to_string(), |code| format!("code {code} (0x{code:X})"));
    let conflict = if last_errors.to_ascii_lowercase().contains("address already in use") {
        " Another process listens on the worker's port."
    } else {
        ""
    };
    format!("The custom handler exited with {how}.{conflict}\n {last_errors}").trim_end().to_owned()
}

async fn wait_until_ready(client: &WorkerClient, limit: Duration) -> bool {
    let probes = async {
        while !client.answers().await {
            tokio::time::sleep(PROBE_PAUSE).await;
        }
    };
    tokio::time::timeout(limit, probes).await.is_ok()
}
