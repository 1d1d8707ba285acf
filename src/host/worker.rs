//! The worker once it is built: functions, what host.json says, and the service that runs invocations.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::host_json::{HostJsonError, HostSettings, HttpMode};
use super::router::{Destination, Router, Target};
use crate::functions::{
    Answered, BuiltIn, BuiltInFunctions, Catalogue, Delivery, Format, Function, Plan, Service, Shaped,
    Trigger, Work,
};
use crate::invocation::{Invocation, InvocationLog, Problem, TriggerInput};

/// See the module. Whatever is wrong with settings or files, there is a worker: it answers with what to mend.
pub struct Worker {
    functions: Result<Catalogue, String>,
    host: Result<HostSettings, HostJsonError>,
    router: Result<Router, String>,
    service: Result<Service, String>,
    built_in: Option<Arc<dyn BuiltInFunctions>>,
    max_body: usize,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("functions", &self.functions)
            .field("host", &self.host)
            .field("router", &self.router)
            .field("service", &self.service)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

/// How long a body may take when nobody knows the host's limits.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(60);

impl Worker {
    /// A worker from its parts, each of which may be a sentence about what is wrong with it. A caller's body may have
    /// `max_body` bytes.
    #[must_use]
    pub fn new(
        functions: Result<Catalogue, String>,
        host: Result<HostSettings, HostJsonError>,
        router: Result<Router, String>,
        service: Result<Service, String>,
        max_body: usize,
    ) -> Self {
        Self { functions, host, router, service, built_in: None, max_body }
    }

    /// The same worker with functions of its own, which a definition names with `builtIn`. Without them such a function
    /// answers that there are none.
    #[must_use]
    pub fn with_built_in(self, functions: Arc<dyn BuiltInFunctions>) -> Self {
        Self { built_in: Some(functions), ..self }
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
        if let Err(sentence) = &self.router {
            tracing::error!("{sentence}");
        }
        match &self.service {
            Ok(service) => {
                service.connection_errors().for_each(|sentence| tracing::error!("{sentence}"));
                for function in service.without_callers() {
                    tracing::error!(
                        function,
                        "the function takes principal.*, and App Service authentication is off here"
                    );
                }
                service.connection_warnings().for_each(|sentence| tracing::warn!("{sentence}"));
            }
            Err(sentence) => tracing::error!("{sentence}"),
        }
    }

    /// Runs one invocation of `function` on `input` and logs how it ended, unless its answer streams: then whoever passes the
    /// answer on knows its end. Its time runs from when it arrived, while its body came.
    ///
    /// # Errors
    /// The problem that its caller gets.
    pub(super) async fn run_since(
        &self,
        arrived: Instant,
        function: &Function,
        id: &str,
        input: Result<TriggerInput, Problem>,
        delivery: Delivery,
        log: &InvocationLog,
    ) -> Result<Answered, Problem> {
        let result = match input {
            Ok(TriggerInput::Http(request)) if request.body.len() > self.max_body => {
                Err(too_large(self.max_body))
            }
            Ok(input) => self.run_on(function, id, input, delivery, log, arrived.elapsed()).await,
            Err(problem) => Err(problem),
        };
        // What the definition makes a failure is the answer of an HTTP function, but the end of any other.
        let failure = match (&result, &function.trigger) {
            (Err(problem), _) => Some(problem),
            (Ok(Answered::Streaming(_)), _) => return result,
            (Ok(Answered::Whole { .. }), Trigger::Http(_)) => None,
            (Ok(Answered::Whole { shaped, .. }), Trigger::Timer(_) | Trigger::Message(_)) => {
                shaped.problem.as_ref()
            }
        };
        log_outcome(&function.name, id, arrived, failure);
        result
    }

    async fn run_on(
        &self,
        function: &Function,
        id: &str,
        input: TriggerInput,
        delivery: Delivery,
        log: &InvocationLog,
        used: Duration,
    ) -> Result<Answered, Problem> {
        let host = self.host.as_ref().map_err(|error| Problem::not_configured(&error.to_string()))?;
        // Without a router nobody knows whether a caller could have written the envelope.
        self.router.as_ref().map_err(|sentence| Problem::not_configured(sentence))?;
        let limit = match &function.trigger {
            Trigger::Http(_) => host.limits.http,
            Trigger::Timer(_) | Trigger::Message(_) => host.limits.other,
        };
        let timeout = function.plan().and_then(Plan::timeout);
        let limit = timeout.map_or(limit, |timeout| timeout.min(limit));
        let mut invocation = Invocation::new(id, Arc::clone(&function.name), limit.saturating_sub(used));
        invocation.log = log.clone();
        invocation.has_caller = matches!(function.trigger, Trigger::Http(_));
        match &function.work {
            Work::Command(plan) => {
                let service = self.service.as_ref().map_err(|sentence| Problem::not_configured(sentence))?;
                service.run(plan, invocation, input, delivery).await
            }
            // Whatever is wrong with settings, such a function may be what tells it.
            Work::BuiltIn(which) => {
                let shaped = self.run_built_in(*which, invocation, input).await?;
                Ok(Answered::Whole { shaped, format: Format::Json })
            }
        }
    }

    async fn run_built_in(
        &self,
        which: BuiltIn,
        invocation: Invocation,
        input: TriggerInput,
    ) -> Result<Shaped, Problem> {
        let Some(functions) = &self.built_in else {
            let sentence = format!("this program has no built-in function `{}`", which.name());
            return Err(Problem::not_configured(&sentence));
        };
        // Definitions are checked for it.
        let TriggerInput::Http(request) = input else { return Err(Problem::defect()) };
        let deadline = invocation.deadline;
        match tokio::time::timeout_at(deadline, functions.run(which, invocation, request)).await {
            Ok(answer) => answer.map(|answer| Shaped {
                status: answer.status,
                body: Some(answer.body),
                problem: None,
                outputs: Vec::new(),
                replayed: false,
            }),
            Err(_) => Err(Problem::new(
                504,
                "deadline",
                "Too slow",
                "The built-in function did not end in time. Call it again, or raise functionTimeout in host.json.",
            )),
        }
    }

    /// Whom a request is for.
    ///
    /// # Errors
    /// The problem of a worker that doesn't know the host's mode or its own functions.
    pub(super) fn destination(&self, target: Target<'_>) -> Result<Destination, Problem> {
        let functions = self.functions.as_ref().ok();
        match &self.router {
            Ok(router) => Ok(router.find(target, functions)),
            // No function runs then, but one with an http output can still tell its caller why.
            Err(sentence) => match Router::Enveloped.find(target, functions) {
                Destination::Nothing => Err(Problem::not_configured(sentence)),
                found => Ok(found),
            },
        }
    }

    /// Whether callers' own requests come.
    pub(super) fn is_forwarded(&self) -> bool {
        self.router.as_ref().is_ok_and(Router::is_forwarded)
    }

    /// Whether they come in proxying mode.
    pub(super) fn is_proxied(&self) -> bool {
        self.host.as_ref().is_ok_and(|host| host.http_mode == HttpMode::Proxying)
    }

    /// The largest body of a caller's request, in bytes.
    pub(super) fn max_body(&self) -> usize {
        self.max_body
    }

    /// How long an HTTP invocation may take.
    pub(super) fn http_limit(&self) -> Duration {
        self.host.as_ref().map_or(UNKNOWN_LIMIT, |host| host.limits.http)
    }

    /// The name of the function's http output, where it has one.
    pub(super) fn http_output(&self, name: &str) -> Option<String> {
        match self.function(name) {
            Ok(function) => match &function.trigger {
                Trigger::Http(trigger) => Some(trigger.output.clone()),
                _ => None,
            },
            Err(unavailable) => unavailable.http_output,
        }
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

/// The 413 of a caller whose body has more than `most` bytes.
pub(super) fn too_large(most: usize) -> Problem {
    Problem::new(
        413,
        "too-large",
        "Too large",
        format!(
            "A body may have {} MiB at the most. The operator can raise AZSQL_MAX_BODY_MB to 100.",
            most / 1024 / 1024
        ),
    )
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

/// The line of an invocation whose answer left in chunks: `bytes` of it were handed over, and they are all of it or the caller's
/// connection was closed in mid-answer. Nobody else is told of that problem.
pub(super) fn log_end_of_stream(
    function: &str,
    id: &str,
    begun: Instant,
    bytes: u64,
    end: Result<(), &Problem>,
) {
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match end {
        Ok(()) => tracing::info!(function, id, duration_ms, bytes, "the invocation succeeded"),
        Err(problem) => {
            let Problem { status, kind, sql_error, .. } = problem;
            let detail = problem.detail_for_logs();
            tracing::warn!(
                function,
                id,
                duration_ms,
                bytes,
                status,
                kind,
                sql_error,
                detail,
                "the invocation failed in the middle of its answer, which was broken off"
            );
        }
    }
}

#[cfg(test)]
mod tests;
