//! An invocation in the host's default mode: the envelope that it posts to `/{FunctionName}`, answered with `Outputs`.

use std::time::Instant;

use super::envelope::{Envelope, EnvelopeError};
use super::reply::{HostReply, HttpAnswer};
use super::worker::{Unavailable, Worker, log_outcome};
use crate::functions::{Function, Trigger};
use crate::invocation::{InvocationLog, Problem, TriggerInput};

/// Answers one invocation: `body` is the envelope that the host posted to `/name`.
pub async fn invoke(worker: &Worker, name: &str, id: &str, body: &[u8]) -> HostReply {
    let function = match worker.function(name) {
        Ok(function) => function,
        Err(unavailable) => {
            let Unavailable { problem, http_output } = *unavailable;
            log_outcome(name, id, Instant::now(), Some(&problem));
            return match http_output {
                Some(binding) => HostReply::http(&binding, HttpAnswer::problem(&problem, id), &[]),
                None => HostReply::failure(&problem, id),
            };
        }
    };
    let log = InvocationLog::default();
    let input = input(&function, body).map_err(|error| invalid_envelope(&error));
    let result = worker.run(&function, id, input, &log).await;
    match (&function.trigger, result) {
        (Trigger::Http(trigger), Ok(shaped)) => {
            let answer = match &shaped.problem {
                Some(problem) => HttpAnswer::problem(problem, id),
                None => HttpAnswer::json(shaped.status, shaped.body),
            };
            HostReply::http(&trigger.output, answer, &log.lines())
        }
        (Trigger::Http(trigger), Err(problem)) => {
            HostReply::http(&trigger.output, HttpAnswer::problem(&problem, id), &log.lines())
        }
        (Trigger::Timer(_), Ok(_)) => HostReply::success(&log.lines()),
        (Trigger::Timer(_), Err(problem)) => HostReply::failure(&problem, id),
    }
}

fn input(function: &Function, body: &[u8]) -> Result<TriggerInput, EnvelopeError> {
    let envelope = Envelope::parse(body)?;
    match &function.trigger {
        Trigger::Http(trigger) => envelope.into_http(&trigger.binding),
        Trigger::Timer(trigger) => envelope.into_timer(&trigger.binding),
    }
}

fn invalid_envelope(error: &EnvelopeError) -> Problem {
    Problem::new(400, "invalid-envelope", "Not an invocation", format!("{error}."))
}
