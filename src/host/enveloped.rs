//! An invocation in the host's default mode: the envelope that it posts to `/{FunctionName}`, answered with `Outputs`.

use std::sync::Arc;
use std::time::Instant;

use super::envelope::{self, EnvelopeError};
use super::reply::{HostReply, HttpAnswer};
use super::worker::{Worker, log_outcome};
use crate::functions::{Answered, Delivery, Function, Trigger};
use crate::invocation::{InvocationLog, Problem, TriggerInput};
use crate::logging;

/// An envelope of more bytes than this is read on a thread for such work: the thread that reads requests has others to
/// answer meanwhile, the host's ping among them.
const READ_BESIDE: usize = 1024 * 1024;

/// Answers one invocation: `body` is the envelope that the host posted to `/name`. It is dropped once it was read, so that
/// a large one doesn't wait in memory for the database. It must be called inside a tokio runtime.
pub async fn invoke(worker: &Worker, name: &str, id: &str, body: Vec<u8>) -> HostReply {
    invoke_since(Instant::now(), worker, name, id, body).await
}

/// The same for an invocation that arrived earlier: its time runs from then on, while its body came.
pub(super) async fn invoke_since(
    arrived: Instant,
    worker: &Worker,
    name: &str,
    id: &str,
    body: Vec<u8>,
) -> HostReply {
    let function = match worker.function(name) {
        Ok(function) => function,
        Err(unavailable) => return refusal(worker, name, id, arrived, &unavailable.problem),
    };
    let log = InvocationLog::default();
    let input = read(&function, body).await;
    let result = match worker.run_since(arrived, &function, id, input, Delivery::Whole, &log).await {
        Ok(Answered::Whole { shaped, format }) => Ok((shaped, format)),
        // It was to come whole.
        Ok(Answered::Streaming(_)) => Err(Problem::defect()),
        Err(problem) => Err(problem),
    };
    let logs = log.lines();
    match (&function.trigger, result) {
        (Trigger::Http(trigger), Ok((mut shaped, format))) => {
            let outputs = std::mem::take(&mut shaped.outputs);
            let answer = HttpAnswer::of(shaped, format, id).for_function(&function);
            HostReply::http(&trigger.output, answer, &outputs, &logs)
        }
        (Trigger::Http(trigger), Err(problem)) => {
            let answer = HttpAnswer::problem(&problem, id).for_function(&function);
            HostReply::http(&trigger.output, answer, &[], &logs)
        }
        (Trigger::Timer(_) | Trigger::Message(_), Ok((shaped, _))) => match &shaped.problem {
            None => HostReply::success(&shaped.outputs, &logs),
            // The definition says that nothing found is a failure, and only the host can hear of it.
            Some(problem) => failure(name, id, problem),
        },
        (Trigger::Timer(_) | Trigger::Message(_), Err(problem)) => failure(name, id, &problem),
    }
}

/// Reads an envelope and drops it.
async fn read(function: &Arc<Function>, body: Vec<u8>) -> Result<TriggerInput, Problem> {
    let read = |function: &Function, body: &[u8]| {
        envelope::read(body, &function.trigger, function.metadata_names())
            .map_err(|error| invalid_envelope(&error))
    };
    if body.len() <= READ_BESIDE {
        return read(function, &body);
    }
    let function = Arc::clone(function);
    let input = tokio::task::spawn_blocking(move || read(&function, &body)).await;
    // It fails only when it panics, which is told where every panic is.
    input.unwrap_or_else(|_| Err(Problem::defect()))
}

/// Refuses an invocation before it runs, or cuts it off: an HTTP caller gets the problem through the function's http output,
/// where there is one. The host would make an empty 500 of any other reply.
pub(super) fn refusal(
    worker: &Worker,
    name: &str,
    id: &str,
    arrived: Instant,
    problem: &Problem,
) -> HostReply {
    log_outcome(name, id, arrived, Some(problem));
    match worker.http_output(name) {
        Some(binding) => HostReply::http(&binding, HttpAnswer::problem(problem, id), &[], &[]),
        None => failure(name, id, problem),
    }
}

/// The host throws the body and the logs of a failure away: stderr is the only way to say why.
fn failure(name: &str, id: &str, problem: &Problem) -> HostReply {
    logging::say_that_an_invocation_failed(name, id, problem);
    HostReply::failure(problem, id)
}

fn invalid_envelope(error: &EnvelopeError) -> Problem {
    Problem::new(400, "invalid-envelope", "Not an invocation", format!("{error}."))
}
