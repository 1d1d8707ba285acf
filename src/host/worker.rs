//! The worker once it is built: functions, limits and the service that runs them; one invocation's way through it.

use std::sync::Arc;

use super::envelope::Envelope;
use super::host_json::{HostJsonError, Limits};
use super::reply::{HostReply, HttpAnswer};
use crate::functions::{self, Catalogue, Function, Service, Trigger};
use crate::invocation::{Invocation, InvocationLog, Problem};

/// See the module. Whatever is wrong with settings or files, there is a worker: it answers with what to mend.
#[derive(Debug)]
pub struct Worker {
    functions: Result<Catalogue, String>,
    limits: Result<Limits, HostJsonError>,
    service: Result<Service, String>,
}

impl Worker {
    /// A worker from its parts, each of which may be a sentence about what is wrong with it.
    #[must_use]
    pub fn new(
        functions: Result<Catalogue, String>,
        limits: Result<Limits, HostJsonError>,
        service: Result<Service, String>,
    ) -> Self {
        Self { functions, limits, service }
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
        if let Err(error) = &self.limits {
            tracing::error!("{error}");
        }
        match &self.service {
            Ok(service) => service.connection_errors().for_each(|sentence| tracing::error!("{sentence}")),
            Err(sentence) => tracing::error!("{sentence}"),
        }
    }

    /// Answers one invocation: `body` is the envelope that the host posted to `/name`.
    pub async fn invoke(&self, name: &str, id: &str, body: &[u8]) -> HostReply {
        let begun = std::time::Instant::now();
        let log = InvocationLog::default();
        let (reply, problem) = self.answer(name, id, body, log).await;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match problem {
            None => tracing::info!(function = name, id, duration_ms, "the invocation succeeded"),
            Some(problem) => {
                let Problem { status, kind, sql_error, .. } = problem;
                tracing::warn!(
                    function = name,
                    id,
                    duration_ms,
                    status,
                    kind,
                    sql_error,
                    "the invocation failed"
                );
            }
        }
        reply
    }

    async fn answer(
        &self,
        name: &str,
        id: &str,
        body: &[u8],
        log: InvocationLog,
    ) -> (HostReply, Option<Problem>) {
        let function = match self.function(name) {
            Ok(function) => function,
            Err(unavailable) => {
                let Unavailable { problem, http_output } = *unavailable;
                let reply = match http_output {
                    Some(binding) => HostReply::http(&binding, HttpAnswer::problem(&problem, id), &[]),
                    None => HostReply::failure(&problem, id),
                };
                return (reply, Some(problem));
            }
        };
        let result = self.run(&function, id, body, &log).await;
        let reply = match (&function.trigger, &result) {
            (Trigger::Http(trigger), Ok(shaped)) => {
                let answer = match &shaped.problem {
                    Some(problem) => HttpAnswer::problem(problem, id),
                    None => HttpAnswer::json(shaped.status, shaped.body.clone()),
                };
                HostReply::http(&trigger.output, answer, &log.lines())
            }
            (Trigger::Http(trigger), Err(problem)) => {
                HostReply::http(&trigger.output, HttpAnswer::problem(problem, id), &log.lines())
            }
            (Trigger::Timer(_), Ok(_)) => HostReply::success(&log.lines()),
            (Trigger::Timer(_), Err(problem)) => HostReply::failure(problem, id),
        };
        (reply, result.err())
    }

    async fn run(
        &self,
        function: &Function,
        id: &str,
        body: &[u8],
        log: &InvocationLog,
    ) -> Result<functions::Shaped, Problem> {
        let limits = self.limits.as_ref().map_err(|error| Problem::not_configured(&error.to_string()))?;
        let service = self.service.as_ref().map_err(|sentence| Problem::not_configured(sentence))?;
        let envelope = Envelope::parse(body).map_err(|error| invalid_envelope(&error.to_string()))?;
        let (input, limit) = match &function.trigger {
            Trigger::Http(trigger) => (envelope.into_http(&trigger.binding), limits.http),
            Trigger::Timer(trigger) => (envelope.into_timer(&trigger.binding), limits.other),
        };
        let input = input.map_err(|error| invalid_envelope(&error.to_string()))?;
        let limit = function.plan.timeout().map_or(limit, |timeout| timeout.min(limit));
        let mut invocation = Invocation::new(id, Arc::clone(&function.name), limit);
        invocation.log = log.clone();
        service.run(function, invocation, &input).await
    }

    /// The function, or why it can't be called.
    fn function(&self, name: &str) -> Result<Arc<Function>, Box<Unavailable>> {
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
struct Unavailable {
    problem: Problem,
    /// The name of its http output, where its definition still tells it.
    http_output: Option<String>,
}

impl Unavailable {
    fn new(problem: Problem, http_output: Option<&str>) -> Box<Self> {
        Box::new(Self { problem, http_output: http_output.map(str::to_owned) })
    }
}

fn invalid_envelope(sentence: &str) -> Problem {
    Problem::new(400, "invalid-envelope", "Not an invocation", format!("{sentence}."))
}
