//! The worker once it is built: functions, what host.json says, and the service that runs invocations.

use std::sync::Arc;
use std::time::Instant;

use super::host_json::{HostJsonError, HostSettings};
use crate::functions::{Catalogue, Function, Service, Shaped, Trigger};
use crate::invocation::{Invocation, InvocationLog, Problem, TriggerInput};

/// See the module. Whatever is wrong with settings or files, there is a worker: it answers with what to mend.
#[derive(Debug)]
pub struct Worker {
    functions: Result<Catalogue, String>,
    host: Result<HostSettings, HostJsonError>,
    service: Result<Service, String>,
}

impl Worker {
    /// A worker from its parts, each of which may be a sentence about what is wrong with it.
    #[must_use]
    pub fn new(
        functions: Result<Catalogue, String>,
        host: Result<HostSettings, HostJsonError>,
        service: Result<Service, String>,
    ) -> Self {
        Self { functions, host, service }
    }

    /// Logs what is wrong with its parts.
    pub fn report(&self) {
        match &self.functions {
            Ok(functions) => {
                for (name, error) in functions.invalid() {
                    tracing::error!(function = name, "the definition is not valid: {error}");
                }
                tracing::info!(functions = functions.valid().count(), "ready");
            }
            Err(sentence) => tracing::error!("{sentence}"),
        }
        if let Err(error) = &self.host {
            tracing::error!("{error}");
        }
        match &self.service {
            Ok(service) => service.connection_errors().for_each(|sentence| tracing::error!("{sentence}")),
            Err(sentence) => tracing::error!("{sentence}"),
        }
    }

    /// Runs one invocation of `function` on `input` and logs how it ended.
    ///
    /// # Errors
    /// The problem that its caller gets.
    pub(super) async fn run(
        &self,
        function: &Function,
        id: &str,
        input: Result<TriggerInput, Problem>,
        log: &InvocationLog,
    ) -> Result<Shaped, Problem> {
        let begun = Instant::now();
        let result = match input {
            Ok(input) => self.run_on(function, id, &input, log).await,
            Err(problem) => Err(problem),
        };
        log_outcome(&function.name, id, begun, result.as_ref().err());
        result
    }

    async fn run_on(
        &self,
        function: &Function,
        id: &str,
        input: &TriggerInput,
        log: &InvocationLog,
    ) -> Result<Shaped, Problem> {
        let host = self.host.as_ref().map_err(|error| Problem::not_configured(&error.to_string()))?;
        let service = self.service.as_ref().map_err(|sentence| Problem::not_configured(sentence))?;
        let limit = match &function.trigger {
            Trigger::Http(_) => host.limits.http,
            Trigger::Timer(_) | Trigger::Message(_) => host.limits.other,
        };
        let limit = function.plan.timeout().map_or(limit, |timeout| timeout.min(limit));
        let mut invocation = Invocation::new(id, Arc::clone(&function.name), limit);
        invocation.log = log.clone();
        service.run(function, invocation, input).await
    }

    /// The function, or why it can't be called.
    pub(super) fn function(&self, name: &str) -> Result<Arc<Function>, Box<Unavailable>> {
        let functions = self
            .functions
            .as_ref()
            .map_err(|sentence| Unavailable::new(Problem::not_configured(sentence), None))?;
        match functions.get(name) {
            Some(Ok(function)) => Ok(Arc::clone(function)),
            Some(Err(error)) => {
                let detail = format!("The function's definition is not valid. {error}");
                let problem = Problem::new(500, "invalid-definition", "The function is not valid", detail);
                Err(Unavailable::new(problem, error.http_output()))
            }
            None => {
                let known: Vec<_> = functions.names().collect();
                let detail = format!("There is no function of this name; there are: {}.", known.join(", "));
                Err(Unavailable::new(Problem::new(404, "unknown-function", "No such function", detail), None))
            }
        }
    }
}

/// Why a function can't be called, and where its caller can be told.
pub(super) struct Unavailable {
    pub(super) problem: Problem,
    /// The name of its http output, where its definition still tells it.
    pub(super) http_output: Option<String>,
}

impl Unavailable {
    fn new(problem: Problem, http_output: Option<&str>) -> Box<Self> {
        Box::new(Self { problem, http_output: http_output.map(str::to_owned) })
    }
}

/// One line of the log for each invocation, whichever way it came.
pub(super) fn log_outcome(function: &str, id: &str, begun: Instant, problem: Option<&Problem>) {
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match problem {
        None => tracing::info!(function, id, duration_ms, "the invocation succeeded"),
        Some(Problem { status, kind, sql_error, .. }) => {
            tracing::warn!(function, id, duration_ms, status, kind, sql_error, "the invocation failed");
        }
    }
}
