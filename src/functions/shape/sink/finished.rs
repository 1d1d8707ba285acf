//! The end of an answer, and what goes to outputs beside it, once the command has ended.

use std::fmt::Write;

use super::{Ended, JsonSink, Shaped, ValueKind};
use crate::functions::output::{Output, OutputContent, OutputForm, ShapedOutput};
use crate::functions::plan::{Answer, ResultForm};
use crate::functions::shape::nothing;

impl JsonSink {
    /// Shapes what has been kept, and keeps it no more.
    pub(super) fn shape(&mut self) -> Shaped {
        let Answer { form, status, when_empty, .. } = self.answer;
        let empty = match form {
            ResultForm::Rows | ResultForm::Row | ResultForm::Value => self.rows == 0,
            ResultForm::Json => self.rows == 0 || self.text.is_null(),
            ResultForm::RowsAffected => self.rows_affected == 0,
            ResultForm::ResultSets | ResultForm::None => self.rows == 0 && self.rows_affected == 0,
            ResultForm::OutputParameters => self.ended.gave_nothing,
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
            ResultForm::Rows | ResultForm::ResultSets | ResultForm::OutputParameters => {
                self.close();
                Some(std::mem::take(&mut self.json))
            }
            ResultForm::Row | ResultForm::Value if empty => Some("null".to_owned()),
            ResultForm::Json if empty => Some(self.json_without_rows.to_string()),
            ResultForm::Value if self.wanted.objects => self.value_text().map(str::to_owned),
            ResultForm::Row | ResultForm::Value | ResultForm::Json => Some(std::mem::take(&mut self.json)),
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

    /// What is written and not taken, in bytes; the end of a procedure's call counts once it has come.
    pub(in crate::functions::shape) fn length(&self) -> usize {
        self.json.len().saturating_add(self.ended.outputs.len())
    }

    /// Takes what is written so far, for a caller who gets the answer in pieces. Outputs and stored answers may not need it.
    pub(in crate::functions::shape) fn take(&mut self) -> String {
        std::mem::take(&mut self.json)
    }

    /// What follows the pieces that were taken.
    pub(in crate::functions::shape) fn rest(mut self) -> String {
        self.close();
        self.json
    }

    /// Ends what has been written of the answer.
    fn close(&mut self) {
        match self.answer.form {
            ResultForm::Rows => self.json.push_str(if self.result_sets == 0 { "[]" } else { "]" }),
            ResultForm::ResultSets => {
                let open = if self.result_sets == 0 { "{\"resultSets\":[]" } else { "]]" };
                self.json.push_str(open);
                // Writing to a String never fails.
                let _ = write!(self.json, ",\"rowsAffected\":{}", self.rows_affected);
                if self.call_end.is_some() {
                    let Ended { outputs, status, .. } = &self.ended;
                    let _ = write!(self.json, ",\"outputs\":{{{outputs}}},\"returnStatus\":{status}");
                }
                self.json.push('}');
            }
            ResultForm::OutputParameters => {
                let Ended { outputs, status, .. } = &self.ended;
                let comma = if outputs.is_empty() { "" } else { "," };
                let _ = write!(self.json, "{{{outputs}{comma}\"returnStatus\":{status}}}");
            }
            ResultForm::Row
            | ResultForm::Value
            | ResultForm::RowsAffected
            | ResultForm::Json
            | ResultForm::None => {}
        }
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
