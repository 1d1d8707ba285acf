//! The doctor as a function of the worker: `"sql": { "builtIn": "doctor" }`.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::Doctor;
use crate::functions::{BuiltIn, BuiltInAnswer, BuiltInFunctions};
use crate::invocation::{HttpRequest, Invocation, Problem};

/// What is left of an invocation's time for the answer itself.
const FOR_THE_ANSWER: Duration = Duration::from_secs(2);

/// Answers with the report: 200 when no step failed, else 503.
#[derive(Debug)]
pub struct BuiltInDoctor {
    doctor: Doctor,
}

impl BuiltInDoctor {
    /// Each call is a run of this doctor, which ends before the invocation must.
    #[must_use]
    pub fn new(doctor: Doctor) -> Self {
        Self { doctor }
    }

    async fn report(&self, invocation: &Invocation) -> BuiltInAnswer {
        let left = invocation.deadline.saturating_duration_since(Instant::now());
        // Of a short time half, so that there is a report at all.
        let limit = left.saturating_sub(FOR_THE_ANSWER).max(left / 2);
        let report = self.doctor.within(limit).run(&mut |_| ()).await;
        let status = if report.is_healthy() { 200 } else { 503 };
        BuiltInAnswer { status, body: report.json().to_string() }
    }
}

impl BuiltInFunctions for BuiltInDoctor {
    fn run(
        &self,
        which: BuiltIn,
        invocation: Invocation,
        _request: HttpRequest,
    ) -> BoxFuture<'_, Result<BuiltInAnswer, Problem>> {
        match which {
            BuiltIn::Doctor => async move { Ok(self.report(&invocation).await) }.boxed(),
        }
    }
}
