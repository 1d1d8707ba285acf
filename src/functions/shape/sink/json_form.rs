//! The form `json`: a JSON text that the command itself made, in one column and, where FOR JSON made it, over several rows.

use super::JsonSink;
use crate::database::{Cell, ResultColumn, SinkError};
use crate::functions::shape::json_syntax::{JsonSyntax, NotJson};

/// The name of the column that FOR JSON makes. The server hands out a long text in several rows of it (Microsoft Learn, "Use FOR
/// JSON output in SQL Server and in client apps").
const FOR_JSON_COLUMN: &str = "JSON_F52E2B61-18A1-11d1-B105-00805F49916B";

/// What has come of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct MadeText {
    /// How much of it was JSON so far.
    syntax: JsonSyntax,
    /// FOR JSON made it.
    is_for_json: bool,
    /// The only row was NULL.
    is_null: bool,
}

impl MadeText {
    pub(super) fn is_for_json(&self) -> bool {
        self.is_for_json
    }

    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }
}

impl JsonSink {
    /// A result set for the form `json`: one column of text.
    pub(super) fn begin_text(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        let [column] = columns else {
            let message = format!(
                "the command returned {} columns; let it end in FOR JSON PATH, or declare `rows`",
                columns.len()
            );
            return Err(self.wanted.mismatch(&message));
        };
        if !["char", "varchar", "nchar", "nvarchar", "text", "ntext"].contains(&column.bare_type) {
            return Err(self.wanted.mismatch(
                "the command returned a column that is no text; let it end in FOR JSON PATH, or declare `value`",
            ));
        }
        self.text.is_for_json = column.name == FOR_JSON_COLUMN;
        Ok(())
    }

    /// The next piece of a JSON text that the command made.
    pub(super) fn write_text(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        match cell {
            Cell::Text(piece) if !self.text.is_null => {
                self.text.syntax.push(piece).map_err(|NotJson| self.not_json())?;
                self.json.push_str(piece);
                Ok(())
            }
            Cell::Null if self.rows == 1 => {
                self.text.is_null = true;
                Ok(())
            }
            _ => Err(self.not_json()),
        }
    }

    pub(super) fn not_json(&self) -> SinkError {
        self.wanted.mismatch(
            "what the command returned is not JSON; let it end in FOR JSON PATH, and write WITHOUT_ARRAY_WRAPPER only where \
             there is one row at the most",
        )
    }

    /// The reply has ended: what has come must be the whole of a JSON text.
    pub(super) fn complete_text(&self) -> Result<(), SinkError> {
        if self.rows == 0 || self.text.is_null {
            return Ok(());
        }
        self.text.syntax.finish().map_err(|NotJson| self.not_json())
    }
}
