//! Writes rows line by line: as NDJSON or as CSV.

use super::wanted::Wanted;
use super::{Shaped, nothing};
use crate::database::{Cell, ResultColumn, SinkError};
use crate::functions::format::csv;
use crate::functions::json_text::{check_number, write_cell, write_string};
use crate::functions::plan::{Answer, Plan};

/// How the lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFormat {
    NdJson,
    Csv,
}

/// Rows as lines in one buffer, for a function that answers `rows` and sends nothing elsewhere.
pub(super) struct Lines {
    format: LineFormat,
    answer: Answer,
    wanted: Wanted,
    text: String,
    /// What stands before each value: a member's name in NDJSON.
    before: Vec<String>,
    column: usize,
    result_sets: usize,
    rows: u64,
}

impl Lines {
    pub(super) fn new(plan: &Plan, format: LineFormat) -> Self {
        Self {
            format,
            answer: plan.answer(),
            wanted: Wanted::of(plan),
            text: String::new(),
            before: Vec::new(),
            column: 0,
            result_sets: 0,
            rows: 0,
        }
    }

    /// What is written and not taken, in bytes.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Takes what is written so far.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// The whole answer, if nothing of it was taken.
    pub(super) fn finish(self) -> Shaped {
        let Answer { form, status, when_empty, .. } = self.answer;
        let status = if self.rows == 0 { when_empty.unwrap_or(status) } else { status };
        let problem = (status >= 400).then(|| nothing(status, form));
        let has_body = problem.is_none() && !matches!(status, 204 | 205);
        let body = has_body.then_some(self.text);
        Shaped { status, body, problem, outputs: Vec::new(), replayed: false }
    }

    pub(super) fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        self.result_sets = self.result_sets.saturating_add(1);
        if self.result_sets > 1 {
            return Err(self.wanted.second_result_set());
        }
        self.wanted.check_names(columns)?;
        for (index, &ResultColumn { name, .. }) in columns.iter().enumerate() {
            match self.format {
                LineFormat::NdJson => {
                    let mut key = (if index == 0 { "{" } else { "," }).to_owned();
                    write_string(&mut key, name);
                    key.push(':');
                    self.before.push(key);
                }
                LineFormat::Csv => {
                    let separator = if index == 0 { "" } else { "," };
                    self.text.push_str(separator);
                    csv::write_text(&mut self.text, name);
                    self.before.push(separator.to_owned());
                }
            }
        }
        if self.format == LineFormat::Csv {
            self.text.push_str(csv::LINE_END);
        }
        Ok(())
    }

    pub(super) fn begin_row(&mut self) {
        self.rows = self.rows.saturating_add(1);
        self.column = 0;
    }

    pub(super) fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        let Some(before) = self.before.get(self.column) else {
            return Err(self.wanted.mismatch("a row has more values than there are columns"));
        };
        check_number(cell, self.answer.nan)?;
        self.text.push_str(before);
        self.column = self.column.saturating_add(1);
        match self.format {
            LineFormat::NdJson => write_cell(&mut self.text, cell, self.answer.numbers),
            LineFormat::Csv => csv::write_field(&mut self.text, cell),
        }
        Ok(())
    }

    pub(super) fn end_row(&mut self) -> Result<(), SinkError> {
        if self.column != self.before.len() {
            return Err(self.wanted.mismatch("a row has fewer values than there are columns"));
        }
        self.text.push_str(match self.format {
            LineFormat::NdJson => "}\n",
            LineFormat::Csv => csv::LINE_END,
        });
        Ok(())
    }

    pub(super) fn complete(&self) -> Result<(), SinkError> {
        if self.result_sets == 0 { Err(self.wanted.no_result_set()) } else { Ok(()) }
    }

    pub(super) fn restart(&mut self) {
        self.text.clear();
        self.before.clear();
        self.column = 0;
        self.result_sets = 0;
        self.rows = 0;
    }
}
