//! What a definition's result form and outputs want of a command's rows.

use crate::database::{ResultColumn, SinkError};
use crate::functions::output::OutputForm;
use crate::functions::plan::{Plan, ResultForm};

/// What of the rows is kept for answer and outputs together.
#[derive(Clone, Copy, Debug)]
pub(in crate::functions) struct Wanted {
    /// Rows as objects.
    pub(in crate::functions) objects: bool,
    /// The only value.
    pub(in crate::functions) value: bool,
    /// A JSON text in one column, perhaps over several rows.
    pub(in crate::functions) text: bool,
    /// As many result sets as there are; all others take one and need one.
    pub(in crate::functions) many: bool,
    /// A second row is an error.
    pub(super) one_row: bool,
    /// Rows are sent one by one.
    pub(super) apart: bool,
    /// What the definition says that the command must fit: the word, and below which key of `sql` it stands.
    pub(in crate::functions) word: &'static str,
    pub(in crate::functions) key: &'static str,
}

impl Wanted {
    pub(in crate::functions) fn of(plan: &Plan) -> Self {
        let outputs: Vec<OutputForm> = plan.outputs().iter().map(|output| output.form).collect();
        Self::new(plan.answer().form, &outputs)
    }

    /// What this form and these forms of outputs want.
    pub(in crate::functions) fn new(form: ResultForm, outputs: &[OutputForm]) -> Self {
        let has = |wanted: OutputForm| outputs.contains(&wanted);
        let kept = match form {
            ResultForm::Rows
            | ResultForm::Row
            | ResultForm::Value
            | ResultForm::ResultSets
            | ResultForm::Json => true,
            ResultForm::RowsAffected | ResultForm::OutputParameters | ResultForm::None => false,
        };
        let of_outputs = outputs.iter().find(|output| **output != OutputForm::Body);
        let (word, key) = match of_outputs {
            Some(output) if !kept => (output.name(), "outputs"),
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

    pub(in crate::functions) fn rows(self) -> bool {
        self.objects || self.value || self.text
    }

    /// Whether each column can be a member of an object.
    ///
    /// # Errors
    /// For a column without a name, and for two of one name.
    pub(super) fn check_names(self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        for (index, &ResultColumn { name, .. }) in columns.iter().enumerate() {
            if name.is_empty() {
                let message = format!("column {} has no name; write `AS name` after it", index + 1);
                return Err(self.mismatch(&message));
            }
            if columns.iter().take(index).any(|other| other.name == name) {
                let message = format!("two columns are called `{name}`; name one of them otherwise with AS");
                return Err(self.mismatch(&message));
            }
        }
        Ok(())
    }

    /// The second result set of a command that may return one.
    pub(super) fn second_result_set(self) -> SinkError {
        self.mismatch("the command returned a second result set; return one, or declare `resultSets`")
    }

    /// A command without a result set, where rows are wanted.
    pub(super) fn no_result_set(self) -> SinkError {
        self.mismatch(
            "the command returned no result set; let it SELECT, or declare `rowsAffected` or `none`",
        )
    }

    pub(super) fn mismatch(self, message: &str) -> SinkError {
        SinkError::Form(format!("`sql.{}` is `{}`, but {message}.", self.key, self.word))
    }
}
