//! The problem that a caller gets instead of an answer: `application/problem+json` (RFC 9457).

use serde::Serialize;

/// One parameter that did not fit, in a 400 problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The parameter's name with its `@`.
    pub parameter: String,
    /// Where its value came from, such as `query.city`.
    pub from: String,
    /// What is wrong with it, without the value itself.
    pub message: String,
}

/// An answer that says what went wrong; never holds a parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// The last part of the problem's type, such as `invalid-parameters`.
    pub kind: &'static str,
    /// A short title that is the same for each problem of this kind.
    pub title: &'static str,
    /// What happened this time and what to do.
    pub detail: String,
    /// For `invalid-parameters`: all violations.
    pub violations: Vec<Violation>,
    /// The number of the SQL error behind it.
    pub sql_error: Option<u32>,
    /// Seconds after which another try makes sense; becomes `Retry-After`.
    pub retry_after_seconds: Option<u64>,
    /// `detail` is meant for the caller alone: it is the text of a THROW, which may hold values.
    pub detail_may_hold_values: bool,
}

impl Problem {
    /// A problem without violations, SQL error and retry advice.
    #[must_use]
    pub fn new(status: u16, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            violations: Vec::new(),
            sql_error: None,
            retry_after_seconds: None,
            detail_may_hold_values: false,
        }
    }

    /// The detail without anything that must not reach a log.
    #[must_use]
    pub fn detail_for_logs(&self) -> &str {
        if self.detail_may_hold_values {
            "the command ended with a THROW; its text may hold values, so it is logged only with AZSQL_SHOW_DATABASE_ERRORS"
        } else {
            &self.detail
        }
    }

    /// The 400 that lists every violated parameter.
    #[must_use]
    pub fn invalid_parameters(violations: Vec<Violation>) -> Self {
        let detail = match violations.len() {
            1 => "1 parameter is not valid; see violations.".to_owned(),
            n => format!("{n} parameters are not valid; see violations."),
        };
        Self { violations, ..Self::new(400, "invalid-parameters", "Parameters are not valid", detail) }
    }

    /// The 500 of a worker whose settings or files must be mended first; `sentence` says which, without a final stop.
    #[must_use]
    pub fn not_configured(sentence: &str) -> Self {
        Self::new(
            500,
            "not-configured",
            "The worker is not configured",
            format!("Not configured: {sentence}."),
        )
    }

    /// The 500 after a panic.
    #[must_use]
    pub fn defect() -> Self {
        Self::new(
            500,
            "defect",
            "The worker has a defect",
            "The invocation failed for a reason that the worker did not foresee; its log has the place.",
        )
    }

    /// The body, with the invocation's id as the member `invocationId`.
    #[must_use]
    pub fn to_json(&self, invocation_id: &str) -> String {
        let mut body = serde_json::Map::new();
        body.insert("type".into(), format!("urn:azsql-worker:problem:{}", self.kind).into());
        body.insert("title".into(), self.title.into());
        body.insert("status".into(), self.status.into());
        body.insert("detail".into(), self.detail.as_str().into());
        body.insert("invocationId".into(), invocation_id.into());
        if let Some(number) = self.sql_error {
            body.insert("sqlError".into(), number.into());
        }
        if !self.violations.is_empty() {
            body.insert("violations".into(), serde_json::json!(self.violations));
        }
        serde_json::Value::Object(body).to_string()
    }
}
