//! Runs one invocation: sends the envelope or the request itself, waits within the function timeout, applies the reply.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::app::FunctionDefinition;
use super::envelope::{RetryContext, TriggerInput, envelope};
use super::log::{HostLog, LogLevel};
use super::pass_through::{BufferedReply, Caller, PassedRequest, ProxyEnd, Proxying, RequestBody, forward};
use super::reply::{FunctionOutputs, OutputValue, ReadReply, apply_outputs, read_reply};
use super::settings::format_time_span;
use super::worker::{Worker, WorkerInstance, WorkerState};

/// How long an invocation waits for a worker that is being started: four starts of 60 s
/// (`WorkerFunctionInvoker.cs`, `DelayUntilFunctionDispatcherInitializedOrShutdown`).
const WORKER_WAIT: Duration = Duration::from_secs(4 * 60);
/// How long a failed invocation waits for the news that the worker is gone.
const EXIT_NOTICE: Duration = Duration::from_millis(250);
/// How many outputs are kept for [`super::FunctionsHost::outputs`].
const KEPT_OUTPUTS: usize = 1_000;

/// What a function put out for a service that isn't here: a message to a queue, a row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedOutput {
    /// The function.
    pub function: String,
    /// The output binding's name.
    pub binding: String,
    /// The value as the host would hand it to the service.
    pub value: OutputValue,
}

/// What invocations need.
#[derive(Debug)]
pub(super) struct Invoker {
    pub(super) log: HostLog,
    /// `None` when the app has no function: then no worker is started.
    pub(super) worker: Option<Worker>,
    limits: Limits,
    outputs: Mutex<VecDeque<RecordedOutput>>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// `None` = unlimited.
    pub(super) function_timeout: Option<Duration>,
    pub(super) proxy_activity_timeout: Duration,
}

/// One run under way, and the instance of the worker that it is for.
struct Invocation {
    id: String,
    instance: WorkerInstance,
}

/// An invocation failed; the reason is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvocationFailed;

/// Why an invocation failed.
enum Failure {
    Function(String),
    Timeout { generation: Option<u64> },
}

impl Invoker {
    pub(super) fn new(log: HostLog, worker: Option<Worker>, limits: Limits) -> Self {
        Self { log, worker, limits, outputs: Mutex::default() }
    }

    /// The outputs for services so far.
    pub(super) fn outputs(&self) -> Vec<RecordedOutput> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Runs a function once, with the envelope. `reason` goes into the log.
    pub(super) async fn invoke(
        &self,
        function: &FunctionDefinition,
        input: &TriggerInput,
        reason: &str,
        retry: Option<&RetryContext>,
    ) -> Result<FunctionOutputs, InvocationFailed> {
        self.perform(function, reason, |invocation| async move {
            self.call(&invocation, function, input, retry).await
        })
        .await
    }

    /// One run and, with a retry policy, its repetitions. The first run carries no `RetryContext`.
    pub(super) async fn invoke_with_retries(
        &self,
        function: &FunctionDefinition,
        input: &TriggerInput,
        reason: &str,
    ) -> Result<(), InvocationFailed> {
        let mut retry: Option<RetryContext> = None;
        loop {
            let failed = match self.invoke(function, input, reason, retry.as_ref()).await {
                Ok(_) => return Ok(()),
                Err(failed) => failed,
            };
            let Some(policy) = function.retry.as_ref().filter(|_| !self.is_over()) else {
                return Err(failed);
            };
            let count = retry.map_or(0, |retry| retry.retry_count).saturating_add(1);
            if policy.max_retry_count.is_some_and(|most| count > most) {
                return Err(failed);
            }
            let wait = policy.wait_before(count);
            self.log.function(
                LogLevel::Information,
                &function.name,
                format!(
                    "Waiting for `{}` before retrying function execution. Next attempt: '{count}'.",
                    format_time_span(wait)
                ),
            );
            tokio::time::sleep(wait).await;
            retry = Some(RetryContext { retry_count: count, max_retry_count: policy.max_retry_count });
        }
    }

    /// Runs an HTTP function once in forwarding mode.
    pub(super) async fn forward(
        &self,
        function: &FunctionDefinition,
        request: &PassedRequest,
        body: Vec<u8>,
        reason: &str,
    ) -> Result<BufferedReply, InvocationFailed> {
        self.perform(function, reason, |Invocation { id, instance }| async move {
            match forward(&instance.client, request, body, &id).await {
                Ok(reply) => Ok(reply),
                Err(problem) => {
                    self.notice_exit(&instance).await;
                    Err(problem)
                }
            }
        })
        .await
    }

    /// Runs an HTTP function once in proxying mode, until the reply has gone through or the caller has left.
    pub(super) async fn proxy(
        &self,
        function: &FunctionDefinition,
        request: &PassedRequest,
        body: Option<&RequestBody>,
        mut caller: Caller,
        reason: &str,
    ) {
        let to = &mut caller;
        let outcome = self
            .perform(function, reason, |Invocation { id, instance }| async move {
                let proxying = Proxying {
                    worker: &instance.client,
                    request,
                    body,
                    invocation_id: &id,
                    activity_timeout: self.limits.proxy_activity_timeout,
                };
                match proxying.run(to, |line| self.log.host(LogLevel::Warning, line)).await {
                    Ok(ProxyEnd::Complete) => Ok(()),
                    Ok(ProxyEnd::CallerLeft) => {
                        // `DefaultHttpProxyService.cs` takes it for a success.
                        self.log.host(
                            LogLevel::Information,
                            "The client disconnected while the function was processing the request.",
                        );
                        Ok(())
                    }
                    Err(problem) => {
                        self.notice_exit(&instance).await;
                        Err(problem)
                    }
                }
            })
            .await;
        if outcome.is_err() {
            caller.cut().await;
        }
    }

    /// What all runs have in common: waits for the worker, keeps the function timeout, and logs beginning and end.
    async fn perform<T, W>(
        &self,
        function: &FunctionDefinition,
        reason: &str,
        work: impl FnOnce(Invocation) -> W,
    ) -> Result<T, InvocationFailed>
    where
        W: Future<Output = Result<T, String>>,
    {
        let id = uuid::Uuid::new_v4().to_string();
        let name = function.name.as_str();
        self.log.function(
            LogLevel::Information,
            name,
            format!("Executing 'Functions.{name}' (Reason='{reason}', Id={id})"),
        );
        let started = Instant::now();
        let outcome = self.run(&id, work).await;
        let duration = started.elapsed().as_millis();
        match outcome {
            Ok(value) => {
                self.log.function(
                    LogLevel::Information,
                    name,
                    format!("Executed 'Functions.{name}' (Succeeded, Id={id}, Duration={duration}ms)"),
                );
                Ok(value)
            }
            Err(failure) => {
                let message = self.explain(name, &id, failure);
                self.log.function(
                    LogLevel::Error,
                    name,
                    format!("Executed 'Functions.{name}' (Failed, Id={id}, Duration={duration}ms)"),
                );
                self.log.function(
                    LogLevel::Error,
                    name,
                    format!("Exception while executing function: Functions.{name}. {message}"),
                );
                Err(InvocationFailed)
            }
        }
    }

    fn explain(&self, name: &str, id: &str, failure: Failure) -> String {
        match failure {
            Failure::Function(message) => message,
            Failure::Timeout { generation } => {
                if let (Some(worker), Some(generation)) = (&self.worker, generation) {
                    self.log.host(LogLevel::Error, format!("A function timeout has occurred. Restarting worker process executing invocationId '{id}'."));
                    // One process serves all: every other invocation in flight fails with this one.
                    worker.replace(generation);
                }
                let limit = self.limits.function_timeout.map(format_time_span).unwrap_or_default();
                format!(
                    "Timeout value of {limit} exceeded by function 'Functions.{name}' (Id: '{id}'). Initiating cancellation."
                )
            }
        }
    }

    async fn run<T, W>(&self, id: &str, work: impl FnOnce(Invocation) -> W) -> Result<T, Failure>
    where
        W: Future<Output = Result<T, String>>,
    {
        let mut generation = None;
        let work = async {
            let instance = self.ready_worker().await?;
            generation = Some(instance.generation);
            work(Invocation { id: id.to_owned(), instance }).await
        };
        let Some(limit) = self.limits.function_timeout else {
            return work.await.map_err(Failure::Function);
        };
        match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome.map_err(Failure::Function),
            Err(_) => Err(Failure::Timeout { generation }),
        }
    }

    /// Whether the host has stopped: what fails now is nobody's fault, and isn't tried again.
    pub(super) fn is_over(&self) -> bool {
        self.worker.as_ref().is_none_or(|worker| {
            let state = worker.state();
            state.has_changed().is_err() || matches!(*state.borrow(), WorkerState::Stopped(_))
        })
    }

    /// Waits while the worker is being started or restarted.
    async fn ready_worker(&self) -> Result<WorkerInstance, String> {
        let worker = self.worker.as_ref().ok_or("there is no worker")?;
        let mut state = worker.state();
        let settled = state.wait_for(|state| !matches!(state, WorkerState::Starting));
        let settled = tokio::time::timeout(WORKER_WAIT, settled)
            .await
            .map_err(|_| "Initialization of the custom handler timed out")?;
        match settled.as_deref() {
            Ok(WorkerState::Ready(instance)) => Ok(instance.clone()),
            Ok(WorkerState::Exited) => {
                Err("Connection refused: the custom handler has exited with code 0".to_owned())
            }
            Ok(WorkerState::Stopped(why)) => Err(format!("the host has stopped: {why}")),
            Ok(WorkerState::Starting) | Err(_) => Err("the host is being stopped".to_owned()),
        }
    }

    async fn call(
        &self,
        Invocation { id, instance }: &Invocation,
        function: &FunctionDefinition,
        input: &TriggerInput,
        retry: Option<&RetryContext>,
    ) -> Result<FunctionOutputs, String> {
        let body = envelope(function, input, retry).to_string().into_bytes();
        let reply = match instance.client.invoke(&function.name, id, body).await {
            Ok(reply) => reply,
            Err(problem) => {
                self.notice_exit(instance).await;
                return Err(problem);
            }
        };
        if !(200..300).contains(&reply.status) {
            // EnsureSuccessStatusCode: the body, Outputs and Logs are thrown away.
            return Err(format!("Response status code does not indicate success: {}.", reply.status));
        }
        let result = match read_reply(reply.content_type.as_deref(), &reply.body) {
            ReadReply::Result(result) => result,
            ReadReply::NeverCompletes => {
                self.log.function(LogLevel::Warning, &function.name, "The custom handler replied with an empty body: the invocation never completes (it ends with the function timeout).");
                std::future::pending().await
            }
            ReadReply::Invalid(message) => return Err(message),
        };
        if result.outputs.as_ref().is_none_or(serde_json::Map::is_empty) {
            self.log.function(
                LogLevel::Debug,
                &function.name,
                format!("Outputs not set on http response for invocationId:{id}"),
            );
        }
        for line in &result.logs {
            self.log.function(LogLevel::Information, &function.name, line.as_str());
        }
        let outputs = apply_outputs(&function.outputs, &result)?;
        self.record(&function.name, &outputs);
        Ok(outputs)
    }

    /// A broken connection mostly means that the worker has just died. Waiting until the supervisor knows it lets a caller
    /// who tries again at once wait for the new worker, in place of being refused by the old one's port.
    async fn notice_exit(&self, instance: &WorkerInstance) {
        let Some(worker) = &self.worker else { return };
        let mut state = worker.state();
        let gone = state.wait_for(
            |state| !matches!(state, WorkerState::Ready(now) if now.generation == instance.generation),
        );
        // Either way the invocation has failed.
        let _noticed = tokio::time::timeout(EXIT_NOTICE, gone).await;
    }

    fn record(&self, function: &str, outputs: &FunctionOutputs) {
        let mut kept = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        for (binding, value) in &outputs.values {
            if kept.len() >= KEPT_OUTPUTS {
                kept.pop_front();
            }
            // The value may be anything, so only its being there is logged.
            self.log.function(
                LogLevel::Debug,
                function,
                format!("The output '{binding}' was set; this host keeps it in memory."),
            );
            kept.push_back(RecordedOutput {
                function: function.to_owned(),
                binding: binding.clone(),
                value: value.clone(),
            });
        }
    }
}
