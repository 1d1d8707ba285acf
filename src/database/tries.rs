//! One invocation's tries: one after the other until it succeeds, or may not be tried again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::attempt::{Attempt, before_running};
use super::faults::{Fault, FaultClass, FaultPolicy, RetryBudget};
use super::idempotency::IdempotencyFailure;
use super::sink::ResultSink;
use super::{Failure, Unit};

/// One invocation's tries.
pub(super) struct Tries {
    attempt: Attempt,
    policy: FaultPolicy,
    retry_budget: Arc<RetryBudget>,
    /// The fault of a try that may have committed under an idempotency key, until a later one claims the key.
    unknown: Option<Fault>,
    /// It has said that it waits for a connection.
    is_waiting: bool,
}

/// What comes after a try that failed.
#[derive(Clone, Copy)]
enum After {
    /// Another one, after this wait.
    Wait(Duration),
    /// Nothing: the fault, the tries or their time forbid it.
    Over,
    /// Nothing: too much of the pool's traffic is repeats.
    OverShare,
}

impl Tries {
    pub(super) fn new(attempt: Attempt, policy: FaultPolicy, retry_budget: Arc<RetryBudget>) -> Self {
        Self { attempt, policy, retry_budget, unknown: None, is_waiting: false }
    }

    /// Tries until the command succeeds, or no other try is allowed.
    pub(super) async fn run(mut self, sink: &mut dyn ResultSink) -> Result<(), Failure> {
        let begun = Instant::now();
        self.retry_budget.command_at(begun.into_std());
        loop {
            let number = self.policy.begin_try();
            self.attempt.pool.metrics().try_begins(number);
            let failure = match self.attempt.run(sink).await {
                Ok(()) => {
                    if number > 1 {
                        self.attempt.invocation.log.push(format!("info: try {number} succeeded"));
                        tracing::info!(r#try = number, "the command succeeded after other tries");
                    }
                    return Ok(());
                }
                Err(ended) => {
                    if ended.has_claimed {
                        self.unknown = None;
                    }
                    ended.failure
                }
            };
            if let Failure::ServerDown(_) | Failure::PoolFull | Failure::QueueFull = &failure {
                match self.wait_for_connection(&failure, begun.elapsed()) {
                    Some(wait) => tokio::select! {
                        stop = self.attempt.stopped() => return Err(self.settled(before_running(stop))),
                        () = sleep(wait) => continue,
                    },
                    None => return Err(self.settled(failure)),
                }
            }
            let Some(fault) = retryable(&failure) else { return Err(self.settled(failure)) };
            if fault.class == FaultClass::Unknown && matches!(self.policy.unit(), Unit::Keyed(_)) {
                self.unknown = Some(fault.clone());
            }
            let after = self.after(&fault, begun, sink);
            self.report(number, &fault, after);
            let After::Wait(wait) = after else { return Err(self.settled(failure)) };
            tokio::select! {
                stop = self.attempt.stopped() => return Err(self.settled(before_running(stop))),
                () = sleep(wait) => {}
            }
        }
    }

    fn after(&mut self, fault: &Fault, begun: Instant, sink: &mut dyn ResultSink) -> After {
        let now = Instant::now();
        let Some(wait) = self.policy.next_try(fault, now.saturating_duration_since(begun)) else {
            return After::Over;
        };
        // Bytes that have left for the caller can't be taken back.
        if !sink.restart() {
            return After::Over;
        }
        // An opening sent nothing of the command: the server's health bounds those.
        if fault.class != FaultClass::Opening && !self.retry_budget.may_repeat_at(now.into_std()) {
            return After::OverShare;
        }
        After::Wait(wait)
    }

    /// The failure to tell. Where a try under an idempotency key may have committed, and no later one claimed the key, only what
    /// the key's row says is certain: after anything else the outcome is as unknown as before.
    fn settled(&self, failure: Failure) -> Failure {
        let Some(unknown) = &self.unknown else { return failure };
        let is_certain = match &failure {
            Failure::Idempotency(failure) => match failure {
                IdempotencyFailure::OtherRequest
                | IdempotencyFailure::Unanswered
                | IdempotencyFailure::Unreadable => true,
                // Another try of ours may be what still runs, and without the table or the right nothing was read.
                IdempotencyFailure::InProgress
                | IdempotencyFailure::AnswerTooLong
                | IdempotencyFailure::RowGone
                | IdempotencyFailure::NoTable
                | IdempotencyFailure::NoRight => false,
            },
            // Nobody is told.
            Failure::Cancelled => true,
            Failure::Fault(_)
            | Failure::Results(_)
            | Failure::AnswerTooLarge { .. }
            | Failure::OpenTransaction
            | Failure::EndedTransaction
            | Failure::Internal(_)
            | Failure::Identity(_)
            | Failure::ServerDown(_)
            | Failure::PoolFull
            | Failure::QueueFull
            | Failure::DeadlineBeforeRunning
            | Failure::Deadline
            | Failure::DeadlineRolledBack => false,
        };
        if is_certain { failure } else { Failure::Fault(unknown.clone()) }
    }

    /// How long an invocation without a caller waits before it asks again for a connection, which it did not get because the server
    /// is down or the pool is full: the host would count a failed delivery. It is told once: an outage has a line of its own,
    /// and so has each invocation's end.
    fn wait_for_connection(&mut self, failure: &Failure, spent: Duration) -> Option<Duration> {
        let wait =
            if self.attempt.invocation.has_caller { None } else { self.policy.wait_for_connection(spent) };
        let log = &mut self.attempt.invocation.log;
        if wait.is_some() && !self.is_waiting {
            self.is_waiting = true;
            let what = if matches!(failure, Failure::ServerDown(_)) {
                "the server's return"
            } else {
                "room in the pool"
            };
            tracing::info!("waits for {what}");
            log.push(format!("warn: {failure}: waiting for {what}"));
        } else if wait.is_none() {
            log.push(format!("error: {failure}; no other try"));
        }
        wait
    }

    /// One line in the log and one for the host. Where an error came from in the command is told by number, severity,
    /// state and line: the server's own words can hold values.
    fn report(&self, number: u32, fault: &Fault, after: After) {
        let Fault { number: sql_error, severity, state, line, .. } = fault;
        let what = &fault.description;
        let place = line.map(|line| format!(" in line {line} of the command")).unwrap_or_default();
        let told = match after {
            After::Wait(wait) => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(
                    r#try = number,
                    sql_error,
                    severity,
                    state,
                    line,
                    wait_ms,
                    "try failed: {what}"
                );
                format!("warn: try {number} failed: {what}; next try in {wait_ms} ms")
            }
            // What another try would not mend is mostly the caller's or the definition's: no alarm for the operator.
            After::Over | After::OverShare if fault.class == FaultClass::Permanent => {
                tracing::warn!(r#try = number, sql_error, severity, state, line, "try failed: {what}{place}");
                format!("warn: try {number} failed: {what}{place}")
            }
            After::Over | After::OverShare => {
                let why = if matches!(after, After::OverShare) {
                    ": too many of the pool's commands are repeats already (AZSQL_RETRY_SHARE_PERCENT)"
                } else {
                    ""
                };
                tracing::error!(
                    r#try = number,
                    sql_error,
                    severity,
                    state,
                    line,
                    "try failed: {what}; no other try{why}"
                );
                format!("error: try {number} failed: {what}{place}; no other try{why}")
            }
        };
        self.attempt.invocation.log.push(told);
    }
}

/// The fault behind a failure that another try could mend.
fn retryable(failure: &Failure) -> Option<Fault> {
    match failure {
        Failure::Fault(fault) => Some(fault.clone()),
        Failure::Identity(error) => Some(Fault::without_number(FaultClass::Permanent, &error.to_string())),
        Failure::ServerDown(_)
        | Failure::PoolFull
        | Failure::QueueFull
        | Failure::Results(_)
        | Failure::AnswerTooLarge { .. }
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
