//! What a definition's result form and outputs want of a command's rows.

use crate::database::SinkError;
use crate::functions::output::OutputForm;
use crate::functions::plan::{Plan, ResultForm};

/// What of the rows is kept for answer and outputs together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Rows as objects.
    pub(super) objects: bool,
    /// The only value.
    pub(super) value: bool,
    /// A JSON text in one column, perhaps over several rows.
    pub(super) text: bool,
    /// As many result sets as there are; all others take one and need one.
    pub(super) many: bool,
    /// A second row is an error.
    pub(super) one_row: bool,
    /// Rows are sent one by one.
    pub(super) apart: bool,
    /// What the definition says that the command must fit: the word, and below which key of `sql` it stands.
    pub(super) word: &'static str,
    pub(super) key: &'static str,
}

impl Wanted {
    pub(super) fn of(plan: &Plan) -> Self {
        let form = plan.answer().form;
        let has = |wanted: OutputForm| plan.outputs().iter().any(|output| output.form == wanted);
        let kept = match form {
            ResultForm::Rows
            | ResultForm::Row
            | ResultForm::Value
            | ResultForm::ResultSets
            | ResultForm::Json => true,
            ResultForm::RowsAffected | ResultForm::OutputParameters | ResultForm::None => false,
        };
        let of_outputs = plan.outputs().iter().find(|output| output.form != OutputForm::Body);
        let (word, key) = match of_outputs {
            Some(output) if !kept => (output.form.name(), "outputs"),
            _ => (form.name(), "result"),
        };
        Self {
            objects: matches!(form, ResultForm::Rows | ResultForm::Row | ResultForm::ResultSets)
                || has(OutputForm::Rows)
                || has(OutputForm::Row),
            value: form == ResultForm::Value || has(OutputForm::Value),
            text: form == ResultForm::Json,
            many: form == ResultForm::ResultSets,
            one_row: matches!(form, ResultForm::Row | ResultForm::Value)
                || has(OutputForm::Row)
                || has(OutputForm::Value),
            apart: has(OutputForm::Rows),
            word,
            key,
        }
    }

    pub(super) fn rows(self) -> bool {
        self.objects || self.value || self.text
    }

    pub(super) fn mismatch(self, message: &str) -> SinkError {
        SinkError::Form(format!("`sql.{}` is `{}`, but {message}.", self.key, self.word))
    }
}
