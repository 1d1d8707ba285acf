//! The formats of an answer: JSON for all, and for rows also one JSON object a line, or CSV.

mod accept;
pub(super) mod csv;

use crate::functions::plan::{Plan, ResultForm};
use crate::invocation::{Problem, TriggerInput};

/// What an answer is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON text (RFC 8259).
    #[default]
    Json,
    /// Each row as a JSON object on a line of its own, ended by a line feed.
    NdJson,
    /// Comma-separated values with a header line (RFC 4180).
    Csv,
}

impl Format {
    /// All there are, the preferred one first.
    pub const ALL: [Self; 3] = [Self::Json, Self::NdJson, Self::Csv];

    /// Its media type, without parameters.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            // There is no registered one; this is the one that ndjson-spec gives and that clients ask for.
            Self::NdJson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// The header Content-Type of an answer in it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::NdJson => "application/x-ndjson; charset=utf-8",
            // The parameter says that the first line holds the names (RFC 4180, section 3).
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

impl Plan {
    /// The formats that its answer can have, the preferred one first. What a queue or a stored answer gets is JSON, and so
    /// is the caller's answer beside it.
    #[must_use]
    pub fn formats(&self) -> &'static [Format] {
        let is_rows = self.answer.form == ResultForm::Rows;
        if is_rows && self.outputs.is_empty() && self.idempotency_key.is_none() {
            &Format::ALL
        } else {
            &[Format::Json]
        }
    }

    /// Whether its answer may begin to leave before the command has ended: it changes nothing, so that nothing has to be acknowledged
    /// first, nothing else waits for what it returns, and each part of that can be written when it comes.
    #[must_use]
    pub fn may_stream(&self) -> bool {
        self.command.effect().is_none()
            && matches!(self.answer.form, ResultForm::Rows | ResultForm::ResultSets | ResultForm::Json)
            && self.outputs.is_empty()
            && self.idempotency_key.is_none()
    }

    /// The format of the answer to `input`: what its header Accept likes best, JSON when there is none. A message and a timer
    /// accept nothing but JSON, and where the answer never has a body it doesn't matter.
    ///
    /// # Errors
    /// The 406 that lists what there is; the command has not run.
    pub(super) fn format_for(&self, input: &TriggerInput) -> Result<Format, Problem> {
        let TriggerInput::Http(request) = input else { return Ok(Format::Json) };
        if self.answer.form == ResultForm::None {
            return Ok(Format::Json);
        }
        let accept = request.headers.get("accept").map(String::as_str);
        accept::choose(accept, self.formats()).ok_or_else(|| not_acceptable(self.formats()))
    }
}

/// The 406 of a caller who accepts none of these.
fn not_acceptable(offered: &[Format]) -> Problem {
    let types: Vec<&str> = offered.iter().map(|format| format.media_type()).collect();
    let detail = format!(
        "The function answers as {}; send one of these in the header Accept, or no such header. Nothing was run.",
        types.join(", ")
    );
    Problem::new(406, "not-acceptable", "Not acceptable", detail)
}
