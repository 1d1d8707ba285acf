//! Writes results as JSON text into one buffer while they come.

mod finished;
mod json_form;

use std::ops::Range;
use std::sync::Arc;

use self::json_form::MadeText;
use super::Shaped;
use super::call_end::{CallEnd, Ended, Held};
use super::wanted::Wanted;
use crate::database::{Cell, ResultColumn, ResultSink, SinkError};
use crate::functions::json_text::{check_number, write_cell, write_string};
use crate::functions::output::Output;
use crate::functions::plan::{Answer, Plan, ResultForm};
use crate::functions::stored_answer;

/// Writes results as JSON text into one buffer, which feeds the answer and the outputs.
///
/// A command whose results don't have the declared form ends with [`SinkError::Form`]: more than one result set but for
/// `resultSets`, more than one row for `row` and `value`, more than one column for `value` and `json`, unnamed columns and two of
/// one name for objects, a text that is no JSON for `json`, a result set for `rowsAffected` and `outputParameters`, none where
/// one is wanted. Nothing is left out in silence, except by `none`.
///
/// What is written is only ever appended to, and never read again but for outputs, so that it can leave in pieces.
pub struct JsonSink {
    answer: Answer,
    outputs: Vec<Output>,
    /// The answer, once it was stored or replayed.
    finished: Option<Shaped>,
    wanted: Wanted,
    json: String,
    /// What the form `json` answers when there is no row.
    json_without_rows: Arc<str>,
    /// The form `json`'s text.
    text: MadeText,
    /// Waits for the end of a procedure's call, where the answer tells of it.
    call_end: Option<CallEnd>,
    /// How the call ended.
    ended: Ended,
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
    /// Rows of all result sets.
    rows: u64,
    /// Rows of the last result set.
    rows_of_set: u64,
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
            json_without_rows: Arc::clone(plan.json_without_rows()),
            text: MadeText::default(),
            call_end: plan.procedure().filter(|_| plan.answer().form.tells_outputs()).map(CallEnd::of),
            ended: Ended::default(),
            row_ranges: Vec::new(),
            row_begin: 0,
            value: None,
            keys: Vec::new(),
            column: 0,
            result_sets: 0,
            rows: 0,
            rows_of_set: 0,
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
}

/// The parts of a result set that are not the end of a procedure's call.
impl JsonSink {
    fn begin_set(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        self.result_sets += 1;
        self.rows_of_set = 0;
        let wanted = self.wanted;
        if !wanted.rows() {
            return match self.answer.form {
                ResultForm::RowsAffected => Err(wanted.mismatch(
                    "the command returned a result set; leave out its SELECT or OUTPUT, or declare `rows`",
                )),
                ResultForm::OutputParameters => Err(wanted.mismatch(
                    "the procedure returned a result set; leave out its SELECT or OUTPUT, or declare `resultSets`",
                )),
                _ => Ok(()),
            };
        }
        if self.result_sets > 1 && !wanted.many {
            return Err(wanted.second_result_set());
        }
        if wanted.value && columns.len() != 1 {
            let message =
                format!("the command returned {} columns; SELECT one, or declare `row`", columns.len());
            return Err(SinkError::Form(match self.answer.form {
                ResultForm::Value => format!("`sql.result` is `value`, but {message}."),
                _ => format!("`sql.outputs` takes a `value`, but {message}."),
            }));
        }
        if wanted.text {
            self.begin_text(columns)?;
        }
        if !wanted.objects {
            return Ok(());
        }
        wanted.check_names(columns)?;
        self.read_keys(columns);
        match self.answer.form {
            ResultForm::Rows => self.json.push('['),
            ResultForm::ResultSets if self.result_sets == 1 => self.json.push_str("{\"resultSets\":[["),
            ResultForm::ResultSets => self.json.push_str("],["),
            _ => {}
        }
        Ok(())
    }

    /// Keeps the names of a result set's columns.
    fn read_keys(&mut self, columns: &[ResultColumn<'_>]) {
        self.keys.clear();
        for (index, &ResultColumn { name, .. }) in columns.iter().enumerate() {
            let mut key = String::with_capacity(name.len() + 4);
            key.push_str(if index == 0 { "{" } else { "," });
            write_string(&mut key, name);
            key.push(':');
            self.keys.push(key);
        }
    }

    fn open_row(&mut self) -> Result<(), SinkError> {
        if self.rows_of_set > 0 {
            if self.wanted.one_row {
                return Err(self.wanted.mismatch(
                    "the command returned more than one row; narrow its WHERE, write TOP (1), or declare `rows`",
                ));
            }
            if self.wanted.text && !self.text.is_for_json() {
                return Err(self.wanted.mismatch(
                    "the command returned more than one row of a column that FOR JSON did not make; let it end in FOR JSON \
                     PATH, or declare `rows`",
                ));
            }
            if self.wanted.objects {
                self.json.push(',');
            }
        }
        self.rows += 1;
        self.rows_of_set += 1;
        self.column = 0;
        self.row_begin = self.json.len();
        Ok(())
    }

    fn write(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        if self.wanted.text {
            return self.write_text(cell);
        }
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

    fn close_row(&mut self) -> Result<(), SinkError> {
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

    /// Takes up what was held back, since more has come: it is the procedure's own.
    fn take_up(&mut self) -> Result<(), SinkError> {
        let Some(call_end) = &mut self.call_end else { return Ok(()) };
        let Some(held) = call_end.release() else { return Ok(()) };
        let names = call_end.columns().to_vec();
        let columns: Vec<ResultColumn<'_>> = names
            .iter()
            .zip(held.types())
            .map(|(name, &bare_type)| ResultColumn { name, bare_type })
            .collect();
        self.begin_set(&columns)?;
        let Some(row) = Held::row(&held) else { return Ok(()) };
        self.open_row()?;
        for cell in row {
            self.write(cell)?;
        }
        self.close_row()
    }
}

impl ResultSink for JsonSink {
    fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        self.take_up()?;
        if self.call_end.as_mut().is_some_and(|end| end.begin(columns)) {
            return Ok(());
        }
        self.begin_set(columns)
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        if self.call_end.as_mut().is_some_and(CallEnd::begin_row) {
            return Ok(());
        }
        self.take_up()?;
        self.open_row()
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        if self.call_end.as_mut().is_some_and(|end| end.keep(cell)) {
            return Ok(());
        }
        self.write(cell)
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        if self.call_end.as_mut().is_some_and(CallEnd::end_row) {
            return Ok(());
        }
        self.close_row()
    }

    fn rows_affected(&mut self, count: u64) {
        self.rows_affected = self.rows_affected.saturating_add(count);
    }

    fn complete(&mut self) -> Result<(), SinkError> {
        if let Some(call_end) = &mut self.call_end {
            let ended = call_end.ended(self.answer.numbers, self.answer.nan)?;
            self.ended =
                ended.ok_or_else(|| self.wanted.mismatch("the procedure's return status did not come"))?;
        }
        if self.wanted.rows() && !self.wanted.many && self.result_sets == 0 {
            return Err(self.wanted.no_result_set());
        }
        if self.wanted.text { self.complete_text() } else { Ok(()) }
    }

    fn restart(&mut self) -> bool {
        self.finished = None;
        self.json.clear();
        self.text = MadeText::default();
        if let Some(call_end) = &mut self.call_end {
            call_end.restart();
        }
        self.ended = Ended::default();
        self.row_ranges.clear();
        self.row_begin = 0;
        self.value = None;
        self.keys.clear();
        self.column = 0;
        self.result_sets = 0;
        self.rows = 0;
        self.rows_of_set = 0;
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
