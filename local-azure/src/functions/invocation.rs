//! Runs one invocation: sends the envelope, waits within the function timeout, applies the reply.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::app::FunctionDefinition;
use super::envelope::{RetryContext, TriggerInput, envelope};
use super::log::{HostLog, LogLevel};
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
    pub(super) function_timeout: Option<Duration>,
    outputs: Mutex<VecDeque<RecordedOutput>>,
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
    pub(super) fn new(log: HostLog, worker: Option<Worker>, function_timeout: Option<Duration>) -> Self {
        Self { log, worker, function_timeout, outputs: Mutex::default() }
    }

    /// The outputs for services so far.
    pub(super) fn outputs(&self) -> Vec<RecordedOutput> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Runs a function once. `reason` goes into the log.
    pub(super) async fn invoke(
        &self,
        function: &FunctionDefinition,
        input: &TriggerInput,
        reason: &str,
        retry: Option<&RetryContext>,
    ) -> Result<FunctionOutputs, InvocationFailed> {
        let id = uuid::Uuid::new_v4().to_string();
        let name = function.name.as_str();
        self.log.function(
            LogLevel::Information,
            name,
            format!("Executing 'Functions.{name}' (Reason='{reason}', Id={id})"),
        );
        let started = Instant::now();
        let outcome = self.run(function, input, &id, retry).await;
        let duration = started.elapsed().as_millis();
        match outcome {
            Ok(outputs) => {
                self.log.function(
                    LogLevel::Information,
                    name,
                    format!("Executed 'Functions.{name}' (Succeeded, Id={id}, Duration={duration}ms)"),
                );
                Ok(outputs)
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
                let limit = self.function_timeout.map(format_time_span).unwrap_or_default();
                format!(
                    "Timeout value of {limit} exceeded by function 'Functions.{name}' (Id: '{id}'). Initiating cancellation."
                )
            }
        }
    }

    async fn run(
        &self,
        function: &FunctionDefinition,
        input: &TriggerInput,
        id: &str,
        retry: Option<&RetryContext>,
    ) -> Result<FunctionOutputs, Failure> {
        let mut generation = None;
        let work = async {
            let instance = self.ready_worker().await?;
            generation = Some(instance.generation);
            self.call(&instance, function, input, id, retry).await
        };
        let Some(limit) = self.function_timeout else {
            return work.await.map_err(Failure::Function);
        };
        match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome.map_err(Failure::Function),
            Err(_) => Err(Failure::Timeout { generation }),
        }
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
        instance: &WorkerInstance,
        function: &FunctionDefinition,
        input: &TriggerInput,
        id: &str,
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
