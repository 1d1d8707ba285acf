//! Shapes a command's results into the answer and the outputs that the definition declares, while they come.

mod answer_sink;
mod call_end;
mod json_syntax;
mod lines;
mod sink;
mod wanted;

pub(super) use answer_sink::{AnswerSink, Chunks};
pub use sink::JsonSink;
pub(super) use wanted::Wanted;

use super::output::ShapedOutput;
use super::plan::ResultForm;
use crate::invocation::Problem;

/// A finished answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Shaped {
    /// HTTP status: 200 to 299, or 400 to 599 with a problem; any but 300 to 399 of a built-in function.
    pub status: u16,
    /// JSON text; None = no body.
    pub body: Option<String>,
    /// What the caller gets instead of the body when `whenEmpty` is 400 or more and there was nothing: the command
    /// has succeeded all the same.
    pub problem: Option<Problem>,
    /// What goes to other out bindings; nothing beside a problem.
    pub outputs: Vec<ShapedOutput>,
    /// An earlier call with the same idempotency key did the work; this is its answer.
    pub replayed: bool,
}

// A body holds what the database holds, which must not reach a log.
impl std::fmt::Debug for Shaped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shaped")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map(String::len))
            .field("problem", &self.problem)
            .field("outputs", &self.outputs)
            .field("replayed", &self.replayed)
            .finish()
    }
}

/// The problem that stands for an empty result.
pub(super) fn nothing(status: u16, form: ResultForm) -> Problem {
    let detail = match form {
        ResultForm::Rows | ResultForm::Row | ResultForm::Value | ResultForm::Json => {
            "The command found nothing for these parameters."
        }
        ResultForm::ResultSets => "The command found nothing and changed nothing for these parameters.",
        ResultForm::OutputParameters => "The procedure gave no value for these parameters.",
        ResultForm::RowsAffected | ResultForm::None => "The command changed nothing for these parameters.",
    };
    match status {
        404 => Problem::new(404, "not-found", "Not found", detail),
        _ => Problem::new(status, "nothing", "Nothing was found or changed", detail),
    }
}
