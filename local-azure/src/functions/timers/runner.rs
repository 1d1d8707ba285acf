//! Runs a timer function when it is due, one run at a time, and again when it fails and has a retry policy.
//!
//! Facts: `TimerListener.cs` of azure-webjobs-sdk-extensions.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::sync::Mutex;

use super::schedule::Schedule;
use super::status::{ScheduleStatus, StatusStore};
use crate::functions::app::{FunctionDefinition, TimerTrigger};
use crate::functions::envelope::TriggerInput;
use crate::functions::invocation::Invoker;
use crate::functions::log::LogLevel;

/// The longest sleep in one piece, so that a changed clock is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);

/// Why a run happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Schedule,
    Startup,
    PastDue { missed: DateTime<Utc> },
}

/// One timer function and what is known of its runs.
#[derive(Debug)]
pub(in crate::functions) struct TimerRunner {
    function: Arc<FunctionDefinition>,
    trigger: TimerTrigger,
    invoker: Arc<Invoker>,
    store: StatusStore,
    status: Mutex<Option<ScheduleStatus>>,
}

impl TimerRunner {
    pub(in crate::functions) fn new(
        function: Arc<FunctionDefinition>,
        trigger: TimerTrigger,
        invoker: Arc<Invoker>,
        store: StatusStore,
    ) -> Self {
        Self { function, trigger, invoker, store, status: Mutex::new(None) }
    }

    /// The payload for a run by hand: with the current status, never past due.
    pub(in crate::functions) async fn manual_input(&self) -> TriggerInput {
        self.input(self.status.lock().await.clone(), false)
    }

    /// Fires for as long as the task lives.
    pub(in crate::functions) async fn run(&self) {
        let now = Utc::now();
        let stored = self.stored_status();
        let missed = stored.as_ref().map(|status| status.next).filter(|next| *next < now);
        let Some(first) = stored.or_else(|| self.first_status(now)) else {
            self.invoker.log.function(
                LogLevel::Warning,
                &self.function.name,
                "The schedule has no next occurrence.",
            );
            return;
        };
        *self.status.lock().await = Some(first);
        if let Some(missed) = missed {
            self.fire(Cause::PastDue { missed }).await;
        } else if self.trigger.run_on_startup {
            self.fire(Cause::Startup).await;
        }
        loop {
            let Some(next) = self.status.lock().await.as_ref().map(|status| status.next) else {
                return;
            };
            self.sleep_until(next).await;
            self.fire(Cause::Schedule).await;
        }
    }

    /// What an earlier host left, unless the schedule has been changed since (`ScheduleMonitor.cs`, `CheckPastDueAsync`).
    fn stored_status(&self) -> Option<ScheduleStatus> {
        let stored = self.store.load(&self.function.name).filter(|_| self.trigger.use_monitor)?;
        let since = stored.last.or(stored.last_updated)?;
        (self.trigger.schedule.next_after(since) == Some(stored.next)).then_some(stored)
    }

    /// The status before the first run. What is kept says when it was made, or a run missed before the first one would
    /// go unnoticed; what the function is shown doesn't.
    fn first_status(&self, now: DateTime<Utc>) -> Option<ScheduleStatus> {
        let first =
            ScheduleStatus { last: None, next: self.trigger.schedule.next_after(now)?, last_updated: None };
        self.keep(&ScheduleStatus { last_updated: Some(now), ..first.clone() });
        Some(first)
    }

    fn keep(&self, status: &ScheduleStatus) {
        if !self.trigger.use_monitor {
            return;
        }
        if let Err(error) = self.store.save(&self.function.name, status) {
            self.invoker.log.function(
                LogLevel::Warning,
                &self.function.name,
                format!("The schedule status could not be kept: {error}"),
            );
        }
    }

    async fn sleep_until(&self, then: DateTime<Utc>) {
        loop {
            let left = Schedule::wait(Utc::now(), then);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }

    async fn fire(&self, cause: Cause) {
        let now = Utc::now();
        let status = self.status.lock().await.clone();
        let reason = format!("Timer fired at {}", now.to_rfc3339_opts(SecondsFormat::Micros, false));
        if let Some(details) = cause.details() {
            self.invoker.log.function(
                LogLevel::Information,
                &self.function.name,
                format!("Trigger Details: {details}"),
            );
        }
        let input = self.input(status.clone(), matches!(cause, Cause::PastDue { .. }));
        // A failure is in the log; it doesn't stop the schedule.
        let _failed = self.invoker.invoke_with_retries(&self.function, &input, &reason).await;
        // A run that began a moment before its time counts as on time, or it would be due again at once.
        let scheduled =
            status.map(|status| status.next).filter(|next| cause == Cause::Schedule && *next > now);
        let last = scheduled.unwrap_or(now);
        let next = self.trigger.schedule.next_after(last).map(|next| ScheduleStatus {
            last: Some(last),
            next,
            last_updated: Some(last),
        });
        if let Some(status) = &next {
            self.keep(status);
        }
        *self.status.lock().await = next;
    }

    fn input(&self, status: Option<ScheduleStatus>, is_past_due: bool) -> TriggerInput {
        TriggerInput::Timer {
            adjust_for_dst: self.trigger.schedule.adjusts_for_dst(),
            status: status.filter(|_| self.trigger.use_monitor),
            is_past_due,
        }
    }
}

impl Cause {
    fn details(self) -> Option<String> {
        match self {
            Self::Schedule => None,
            Self::Startup => Some("UnscheduledInvocationReason: RunOnStartup".to_owned()),
            Self::PastDue { missed } => Some(format!(
                "UnscheduledInvocationReason: IsPastDue, OriginalSchedule: {}",
                missed.to_rfc3339_opts(SecondsFormat::Micros, false)
            )),
        }
    }
}
