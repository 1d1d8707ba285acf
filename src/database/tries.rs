//! One invocation's tries: one after the other until it succeeds, or may not be tried again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Failure;
use super::attempt::{Attempt, before_running};
use super::faults::{Fault, FaultClass, FaultPolicy};
use super::sink::ResultSink;

/// One invocation's tries.
pub(super) struct Tries {
    attempt: Attempt,
    policy: FaultPolicy,
}

impl Tries {
    pub(super) fn new(attempt: Attempt, policy: FaultPolicy) -> Self {
        Self { attempt, policy }
    }

    /// Tries until the command succeeds, or no other try is allowed.
    pub(super) async fn run(mut self, sink: &mut dyn ResultSink) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let number = self.policy.begin_try();
            let failure = match self.attempt.run(sink).await {
                Ok(()) => {
                    if number > 1 {
                        self.attempt.invocation.log.push(format!("info: try {number} succeeded"));
                        tracing::info!(r#try = number, "the command succeeded after other tries");
                    }
                    return Ok(());
                }
                Err(failure) => failure,
            };
            let Some(fault) = retryable(&failure) else { return Err(failure) };
            let Some(wait) = self.policy.next_try(&fault, begun.elapsed()) else {
                self.report(number, &fault, None);
                return Err(failure);
            };
            // Bytes that have left for the caller can't be taken back.
            if !sink.restart() {
                self.report(number, &fault, None);
                return Err(failure);
            }
            self.report(number, &fault, Some(wait));
            tokio::select! {
                stop = self.attempt.stopped() => return Err(before_running(stop)),
                () = sleep(wait) => {}
            }
        }
    }

    /// One line in the log and one for the host. Where an error came from in the command is told by number, severity,
    /// state and line: the server's own words can hold values.
    fn report(&self, number: u32, fault: &Fault, wait: Option<Duration>) {
        let Fault { number: sql_error, severity, state, line, .. } = fault;
        let what = &fault.description;
        let place = line.map(|line| format!(" in line {line} of the command")).unwrap_or_default();
        if let Some(wait) = wait {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(r#try = number, sql_error, severity, state, line, wait_ms, "try failed: {what}");
            self.attempt
                .invocation
                .log
                .push(format!("warn: try {number} failed: {what}; next try in {wait_ms} ms"));
        } else if fault.class == FaultClass::Permanent {
            // What another try would not mend is mostly the caller's or the definition's: no alarm for the operator.
            tracing::warn!(r#try = number, sql_error, severity, state, line, "try failed: {what}{place}");
            self.attempt.invocation.log.push(format!("warn: try {number} failed: {what}{place}"));
        } else {
            tracing::error!(
                r#try = number,
                sql_error,
                severity,
                state,
                line,
                "try failed: {what}; no other try"
            );
            self.attempt
                .invocation
                .log
                .push(format!("error: try {number} failed: {what}{place}; no other try"));
        }
    }
}

/// The fault behind a failure that another try could mend.
fn retryable(failure: &Failure) -> Option<Fault> {
    match failure {
        Failure::Fault(fault) => Some(fault.clone()),
        Failure::Identity(error) => Some(Fault::without_number(FaultClass::Permanent, &error.to_string())),
        Failure::PoolFull
        | Failure::Results(_)
        | Failure::OpenTransaction
        | Failure::EndedTransaction
        | Failure::DeadlineBeforeRunning
        | Failure::Deadline
        | Failure::DeadlineRolledBack
        | Failure::Cancelled
        | Failure::Idempotency(_)
        | Failure::Internal(_) => None,
    }
}
