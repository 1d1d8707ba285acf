//! Writes results as JSON text into one buffer while they come.

use std::ops::Range;

use super::wanted::Wanted;
use super::{Shaped, nothing};
use crate::database::{Cell, ResultColumn, ResultSink, SinkError};
use crate::functions::json_text::{check_number, write_cell, write_string};
use crate::functions::output::{Output, OutputContent, OutputForm, ShapedOutput};
use crate::functions::plan::{Answer, Plan, ResultForm};
use crate::functions::stored_answer;

/// Writes results as JSON text into one buffer, which feeds the answer and the outputs.
///
/// A command whose results don't have the declared form ends with [`SinkError::Form`]: more than one result set, more
/// than one row for `row` and `value`, more than one column for `value`, unnamed columns and two of one name for `rows`
/// and `row`, a result set for `rowsAffected`, none where rows are wanted. Nothing is left out in silence, except by `none`.
pub struct JsonSink {
    answer: Answer,
    outputs: Vec<Output>,
    /// The answer, once it was stored or replayed.
    finished: Option<Shaped>,
    wanted: Wanted,
    json: String,
    /// Where each row stands in `json`, when an output sends them one by one.
    row_ranges: Vec<Range<usize>>,
    /// Where the last row begins in `json`.
    row_begin: usize,
    /// Where the last value stands in `json`, and of which kind it is.
    value: Option<(Range<usize>, ValueKind)>,
    /// Each column's `"name":` as JSON text.
    keys: Vec<String>,
    column: usize,
    result_sets: usize,
    rows: u64,
    rows_affected: u64,
}

/// What a value is to a receiver of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Null,
    Base64,
    Other,
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
    /// A sink for the answer and the outputs that the plan declares.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            answer: plan.answer(),
            outputs: plan.outputs().to_vec(),
            finished: None,
            wanted: Wanted::of(plan),
            json: String::new(),
            row_ranges: Vec::new(),
            row_begin: 0,
            value: None,
            keys: Vec::new(),
            column: 0,
            result_sets: 0,
            rows: 0,
            rows_affected: 0,
        }
    }

    /// The answer and the outputs, once the command has succeeded.
    #[must_use]
    pub fn finish(mut self) -> Shaped {
        match self.finished.take() {
            Some(shaped) => shaped,
            None => self.shape(),
        }
    }

    /// Shapes what has been kept, and keeps it no more.
    fn shape(&mut self) -> Shaped {
        let Answer { form, status, when_empty, .. } = self.answer;
        let empty = match form {
            ResultForm::Rows | ResultForm::Row | ResultForm::Value => self.rows == 0,
            ResultForm::RowsAffected => self.rows_affected == 0,
            ResultForm::None => self.rows == 0 && self.rows_affected == 0,
        };
        let status = if empty { when_empty.unwrap_or(status) } else { status };
        if status >= 400 {
            let problem = Some(nothing(status, form));
            return Shaped { status, body: None, problem, outputs: Vec::new(), replayed: false };
        }
        let sends = |output: &&Output| output.form != OutputForm::Body;
        let mut outputs: Vec<ShapedOutput> =
            self.outputs.iter().filter(sends).filter_map(|output| self.output(output)).collect();
        let body = match form {
            // These statuses have no body, whatever the form (RFC 9110, 15.3.5 and 15.3.6).
            _ if matches!(status, 204 | 205) => None,
            ResultForm::None => None,
            ResultForm::Rows if self.json.is_empty() => Some("[]".to_owned()),
            ResultForm::Rows => Some(std::mem::take(&mut self.json) + "]"),
            ResultForm::Row | ResultForm::Value if empty => Some("null".to_owned()),
            ResultForm::Value if self.wanted.objects => self.value_text().map(str::to_owned),
            ResultForm::Row | ResultForm::Value => Some(std::mem::take(&mut self.json)),
            ResultForm::RowsAffected => Some(format!("{{\"rowsAffected\":{}}}", self.rows_affected)),
        };
        if let Some(body) = &body {
            let bodies = self.outputs.iter().filter(|output| output.form == OutputForm::Body);
            outputs.extend(bodies.map(|output| ShapedOutput {
                output: output.clone(),
                content: OutputContent::Json(body.clone()),
            }));
        }
        Shaped { status, body, problem: None, outputs, replayed: false }
    }

    /// What goes to an output; nothing when there is no row, or no value.
    fn output(&self, output: &Output) -> Option<ShapedOutput> {
        let content = match output.form {
            OutputForm::Body => None,
            OutputForm::Rows => {
                let rows = self.row_ranges.iter().filter_map(|range| self.json.get(range.clone()));
                let rows: Vec<String> = rows.map(str::to_owned).collect();
                (!rows.is_empty()).then_some(OutputContent::JsonList(rows))
            }
            OutputForm::Row if self.rows == 0 => None,
            OutputForm::Row => self.json.get(self.row_begin..).map(|row| OutputContent::Json(row.to_owned())),
            OutputForm::Value => self.value_content(),
        };
        Some(ShapedOutput { output: output.clone(), content: content? })
    }

    fn value_text(&self) -> Option<&str> {
        self.json.get(self.value.as_ref()?.0.clone())
    }

    fn value_content(&self) -> Option<OutputContent> {
        let (_, kind) = self.value.as_ref()?;
        let json = self.value_text()?;
        match (kind, serde_json::from_str::<String>(json)) {
            (ValueKind::Null, _) => None,
            (ValueKind::Base64, Ok(text)) => Some(OutputContent::Base64(text)),
            (ValueKind::Other, Ok(text)) => Some(OutputContent::Text(text)),
            (ValueKind::Base64 | ValueKind::Other, Err(_)) => Some(OutputContent::Json(json.to_owned())),
        }
    }
}

impl ResultSink for JsonSink {
    fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        self.result_sets += 1;
        let wanted = self.wanted;
        if !wanted.rows() {
            return match self.answer.form {
                ResultForm::RowsAffected => Err(wanted.mismatch(
                    "the command returned a result set; leave out its SELECT or OUTPUT, or declare `rows`",
                )),
                _ => Ok(()),
            };
        }
        if self.result_sets > 1 {
            return Err(wanted.mismatch(
                "the command returned a second result set, and `resultSets` is not supported yet; return one",
            ));
        }
        if wanted.value && columns.len() != 1 {
            let message =
                format!("the command returned {} columns; SELECT one, or declare `row`", columns.len());
            return Err(SinkError::Form(match self.answer.form {
                ResultForm::Value => format!("`sql.result` is `value`, but {message}."),
                _ => format!("`sql.outputs` takes a `value`, but {message}."),
            }));
        }
        if !wanted.objects {
            return Ok(());
        }
        self.keys.clear();
        for (index, &ResultColumn { name, .. }) in columns.iter().enumerate() {
            if name.is_empty() {
                let message = format!("column {} has no name; write `AS name` after it", index + 1);
                return Err(wanted.mismatch(&message));
            }
            if columns.iter().take(index).any(|other| other.name == name) {
                let message = format!("two columns are called `{name}`; name one of them otherwise with AS");
                return Err(wanted.mismatch(&message));
            }
            let mut key = String::with_capacity(name.len() + 4);
            key.push_str(if index == 0 { "{" } else { "," });
            write_string(&mut key, name);
            key.push(':');
            self.keys.push(key);
        }
        if self.answer.form == ResultForm::Rows {
            self.json.push('[');
        }
        Ok(())
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        if self.rows > 0 {
            if self.wanted.one_row {
                return Err(self.wanted.mismatch(
                    "the command returned more than one row; narrow its WHERE, write TOP (1), or declare `rows`",
                ));
            }
            if self.wanted.objects {
                self.json.push(',');
            }
        }
        self.rows += 1;
        self.column = 0;
        self.row_begin = self.json.len();
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        if !self.wanted.rows() {
            return Ok(());
        }
        if self.wanted.objects {
            match self.keys.get(self.column) {
                Some(key) => self.json.push_str(key),
                None => return Err(self.wanted.mismatch("a row has more values than there are columns")),
            }
        }
        self.column += 1;
        check_number(cell, self.answer.nan)?;
        let begin = self.json.len();
        write_cell(&mut self.json, cell, self.answer.numbers);
        if self.wanted.value {
            let kind = match cell {
                Cell::Null => ValueKind::Null,
                Cell::Binary(_) => ValueKind::Base64,
                _ => ValueKind::Other,
            };
            self.value = Some((begin..self.json.len(), kind));
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        if self.wanted.objects {
            if self.column != self.keys.len() {
                return Err(self.wanted.mismatch("a row has fewer values than there are columns"));
            }
            self.json.push('}');
            if self.wanted.apart {
                self.row_ranges.push(self.row_begin..self.json.len());
            }
        }
        Ok(())
    }

    fn rows_affected(&mut self, count: u64) {
        self.rows_affected = self.rows_affected.saturating_add(count);
    }

    fn complete(&mut self) -> Result<(), SinkError> {
        if self.wanted.rows() && self.result_sets == 0 {
            return Err(self.wanted.mismatch(
                "the command returned no result set; let it SELECT, or declare `rowsAffected` or `none`",
            ));
        }
        Ok(())
    }

    fn restart(&mut self) -> bool {
        self.finished = None;
        self.json.clear();
        self.row_ranges.clear();
        self.row_begin = 0;
        self.value = None;
        self.keys.clear();
        self.column = 0;
        self.result_sets = 0;
        self.rows = 0;
        self.rows_affected = 0;
        // Everything is kept here until the command has ended.
        true
    }

    fn answer_to_store(&mut self) -> Result<Vec<u8>, SinkError> {
        let shaped = self.shape();
        let stored = stored_answer::write(&shaped).ok_or(SinkError::Unwritable)?;
        self.finished = Some(shaped);
        Ok(stored)
    }

    fn replay(&mut self, stored: &[u8]) -> Result<(), SinkError> {
        let read = stored_answer::read(stored, self.answer.form, &self.outputs);
        self.finished = Some(read.ok_or(SinkError::Unreadable)?);
        Ok(())
    }
}
