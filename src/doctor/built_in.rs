//! The doctor as a function of the worker: `"sql": { "builtIn": "doctor" }`.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::report::printable;
use super::{Doctor, Report};
use crate::functions::BuiltInAnswer;
use crate::invocation::{Invocation, Problem};

/// What is left of an invocation's time for the answer itself.
const FOR_THE_ANSWER: Duration = Duration::from_secs(2);

/// How long a report answers further calls. Each run logs in, past the pools' memory of refused logins: however often
/// somebody calls, no more than six logins a minute of each connection must come of it, or Azure blocks the app.
const SERVES_FOR: Duration = Duration::from_secs(10);

/// Answers with the report: 200 when no step failed, else 503. One run at a time; its report answers all who wait for it,
/// and whoever asks soon after.
#[derive(Debug)]
pub struct BuiltInDoctor {
    doctor: Doctor,
    last: Mutex<Option<(Instant, Report)>>,
}

impl BuiltInDoctor {
    /// Each call is a run of this doctor, which ends before the invocation must.
    #[must_use]
    pub fn new(doctor: Doctor) -> Self {
        Self { doctor, last: Mutex::new(None) }
    }

    /// The report, or that of another call.
    ///
    /// # Errors
    /// When another call's run doesn't end in time.
    pub async fn answer(&self, invocation: &Invocation) -> Result<BuiltInAnswer, Problem> {
        let Ok(mut last) = timeout(limit(invocation), self.last.lock()).await else {
            return Err(Problem::new(
                503,
                "doctor-busy",
                "The doctor is busy",
                "Another call's run has not ended. Call again in a while.",
            ));
        };
        let fresh = last.take().filter(|(ended, _)| ended.elapsed() < SERVES_FOR);
        let (ended, report) = match fresh {
            Some(fresh) => fresh,
            None => {
                let report = self.doctor.within(limit(invocation)).run(&mut |_| ()).await;
                (Instant::now(), report)
            }
        };
        let status = if report.is_healthy() { 200 } else { 503 };
        let body = printable(&report.json().to_string());
        *last = Some((ended, report));
        Ok(BuiltInAnswer { status, body })
    }
}

/// What is left of an invocation's time but for the answer; of a short time half, so that there is a report at all.
fn limit(invocation: &Invocation) -> Duration {
    let left = invocation.deadline.saturating_duration_since(Instant::now());
    left.saturating_sub(FOR_THE_ANSWER).max(left / 2)
}
