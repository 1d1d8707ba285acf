//! Shapes a command's results into the answer that the definition declares, while they come.

use super::json_text::{write_cell, write_string};
use super::plan::{Answer, Plan, ResultForm};
use crate::database::{Cell, ResultSink, SinkError};
use crate::invocation::Problem;

/// A finished answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Shaped {
    /// HTTP status, 200 to 299, or 400 to 599 with a problem.
    pub status: u16,
    /// JSON text; None = no body.
    pub body: Option<String>,
    /// What the caller gets instead of the body when `whenEmpty` is 400 or more and there was nothing: the command
    /// has succeeded all the same.
    pub problem: Option<Problem>,
}

// A body holds what the database holds, which must not reach a log.
impl std::fmt::Debug for Shaped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shaped")
            .field("status", &self.status)
            .field("body_bytes", &self.body.as_ref().map(String::len))
            .field("problem", &self.problem)
            .finish()
    }
}

/// Writes results as JSON text into one buffer.
///
/// A command whose results don't have the declared form ends with [`SinkError::Form`]: more than one result set, more
/// than one row for `row` and `value`, more than one column for `value`, unnamed columns and two of one name for `rows`
/// and `row`, a result set for `rowsAffected`. Nothing is left out in silence, except by `none`.
pub struct JsonSink {
    answer: Answer,
    json: String,
    /// Each column's `"name":` as JSON text.
    keys: Vec<String>,
    column: usize,
    result_sets: usize,
    rows: u64,
    rows_affected: u64,
}

impl std::fmt::Debug for JsonSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonSink")
            .field("answer", &self.answer)
            .field("bytes", &self.json.len())
            .field("rows", &self.rows)
            .field("rows_affected", &self.rows_affected)
            .finish_non_exhaustive()
    }
}

impl JsonSink {
    /// A sink for the answer that the plan declares.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            answer: plan.answer(),
            json: String::new(),
            keys: Vec::new(),
            column: 0,
            result_sets: 0,
            rows: 0,
            rows_affected: 0,
        }
    }

    /// The answer, once the command has ended.
    ///
    /// # Errors
    /// A 500 when the command returned no result set where the form needs one.
    pub fn finish(self, plan: &Plan) -> Result<Shaped, Problem> {
        let Answer { form, status, when_empty, .. } = plan.answer();
        let needs_result_set = matches!(form, ResultForm::Rows | ResultForm::Row | ResultForm::Value);
        if needs_result_set && self.result_sets == 0 {
            return Err(Problem::new(
                500,
                "results",
                "The function's results don't fit",
                format!(
                    "The command returned no result set, but `sql.result` is `{}`: let it SELECT, or declare `rowsAffected` or `none`.",
                    form.name()
                ),
            ));
        }
        let empty = match form {
            ResultForm::Rows | ResultForm::Row | ResultForm::Value => self.rows == 0,
            ResultForm::RowsAffected => self.rows_affected == 0,
            ResultForm::None => self.rows == 0 && self.rows_affected == 0,
        };
        let status = if empty { when_empty.unwrap_or(status) } else { status };
        if status >= 400 {
            return Ok(Shaped { status, body: None, problem: Some(nothing(status, form)) });
        }
        let body = match form {
            // These statuses have no body, whatever the form (RFC 9110, 15.3.5 and 15.3.6).
            _ if matches!(status, 204 | 205) => None,
            ResultForm::None => None,
            ResultForm::Rows if self.json.is_empty() => Some("[]".to_owned()),
            ResultForm::Rows => Some(self.json + "]"),
            ResultForm::Row | ResultForm::Value if empty => Some("null".to_owned()),
            ResultForm::Row | ResultForm::Value => Some(self.json),
            ResultForm::RowsAffected => Some(format!("{{\"rowsAffected\":{}}}", self.rows_affected)),
        };
        Ok(Shaped { status, body, problem: None })
    }
}

fn nothing(status: u16, form: ResultForm) -> Problem {
    let detail = match form {
        ResultForm::Rows | ResultForm::Row | ResultForm::Value => {
            "The command found nothing for these parameters."
        }
        ResultForm::RowsAffected | ResultForm::None => "The command changed nothing for these parameters.",
    };
    match status {
        404 => Problem::new(404, "not-found", "Not found", detail),
        _ => Problem::new(status, "nothing", "Nothing was found or changed", detail),
    }
}

impl ResultSink for JsonSink {
    fn columns(&mut self, names: &[&str]) -> Result<(), SinkError> {
        self.result_sets += 1;
        let form = self.answer.form;
        match form {
            ResultForm::None => return Ok(()),
            ResultForm::RowsAffected => {
                return Err(mismatch(
                    form,
                    "the command returned a result set; leave out its SELECT or OUTPUT, or declare `rows`",
                ));
            }
            _ if self.result_sets > 1 => {
                return Err(mismatch(
                    form,
                    "the command returned a second result set, and `resultSets` is not supported yet; return one",
                ));
            }
            ResultForm::Value if names.len() != 1 => {
                let message =
                    format!("the command returned {} columns; SELECT one, or declare `row`", names.len());
                return Err(mismatch(form, &message));
            }
            ResultForm::Value => return Ok(()),
            ResultForm::Rows | ResultForm::Row => {}
        }
        self.keys.clear();
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                let message = format!("column {} has no name; write `AS name` after it", index + 1);
                return Err(mismatch(form, &message));
            }
            if names.iter().take(index).any(|other| other == name) {
                let message = format!("two columns are called `{name}`; name one of them otherwise with AS");
                return Err(mismatch(form, &message));
            }
            let mut key = String::with_capacity(name.len() + 4);
            key.push_str(if index == 0 { "{" } else { "," });
            write_string(&mut key, name);
            key.push(':');
            self.keys.push(key);
        }
        if form == ResultForm::Rows {
            self.json.push('[');
        }
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        let form = self.answer.form;
        if self.rows > 0 {
            match form {
                ResultForm::Row | ResultForm::Value => {
                    return Err(mismatch(
                        form,
                        "the command returned more than one row; narrow its WHERE, write TOP (1), or declare `rows`",
                    ));
                }
                ResultForm::Rows => self.json.push(','),
                ResultForm::RowsAffected | ResultForm::None => {}
            }
        }
        self.rows += 1;
        self.column = 0;
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        match self.answer.form {
            ResultForm::RowsAffected | ResultForm::None => return Ok(()),
            ResultForm::Value => {}
            ResultForm::Rows | ResultForm::Row => match self.keys.get(self.column) {
                Some(key) => self.json.push_str(key),
                None => {
                    return Err(mismatch(self.answer.form, "a row has more values than there are columns"));
                }
            },
        }
        self.column += 1;
        write_cell(&mut self.json, cell, self.answer.numbers);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        if matches!(self.answer.form, ResultForm::Rows | ResultForm::Row) {
            if self.column != self.keys.len() {
                return Err(mismatch(self.answer.form, "a row has fewer values than there are columns"));
            }
            self.json.push('}');
        }
        Ok(())
    }

    fn rows_affected(&mut self, count: u64) {
        self.rows_affected = self.rows_affected.saturating_add(count);
    }

    fn restart(&mut self) -> bool {
        self.json.clear();
        self.keys.clear();
        self.column = 0;
        self.result_sets = 0;
        self.rows = 0;
        self.rows_affected = 0;
        // Everything is kept here until the command has ended.
        true
    }
}

fn mismatch(form: ResultForm, message: &str) -> SinkError {
    SinkError::Form(format!("`sql.result` is `{}`, but {message}.", form.name()))
}
