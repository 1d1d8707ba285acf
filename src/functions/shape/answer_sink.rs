//! Takes results in the format that the caller accepts: within the limit of an answer, or in chunks that leave while more comes.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use tokio::sync::mpsc;

use super::Shaped;
use super::lines::{LineFormat, Lines};
use super::sink::JsonSink;
use crate::database::{Cell, ResultColumn, ResultSink, SinkError};
use crate::functions::format::Format;
use crate::functions::meta::ColumnsAround;
use crate::functions::plan::Plan;

/// An answer of fewer bytes leaves whole. A chunk is this long, and longer by what its last row has over it: enough rows that
/// handing it over costs little beside writing them, and few enough that a thousand callers' chunks fit in the memory.
pub(in crate::functions) const CHUNK: usize = 64 * 1024;

/// Chunks that wait for a caller who reads slowly, beside the one that is being written.
const CHUNKS_UNDER_WAY: usize = 2;

/// Where chunks come out.
pub(in crate::functions) type Chunks = mpsc::Receiver<String>;

/// See the module.
#[derive(Debug)]
pub(in crate::functions) struct AnswerSink {
    shaper: Shaper,
    /// The most bytes that it keeps.
    limit: usize,
    /// Where chunks go, when the answer may leave before it is complete.
    out: Option<mpsc::Sender<String>>,
    /// A chunk has left.
    has_begun: bool,
    /// The columns, where the caller asks for them; they stand round an answer in JSON.
    around: Option<ColumnsAround>,
}

enum Shaper {
    Json(Box<JsonSink>),
    Lines(Lines),
}

// What is in it is for the caller.
impl std::fmt::Debug for Shaper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(json) => json.fmt(f),
            Self::Lines(lines) => write!(f, "Lines({} bytes)", lines.length()),
        }
    }
}

impl AnswerSink {
    /// A sink that keeps the whole answer, of at most `limit` bytes.
    pub(in crate::functions) fn whole(plan: &Plan, format: Format, limit: usize) -> Self {
        let shaper = match format {
            Format::Json => Shaper::Json(Box::new(JsonSink::new(plan))),
            Format::NdJson => Shaper::Lines(Lines::new(plan, LineFormat::NdJson)),
            Format::Csv => Shaper::Lines(Lines::new(plan, LineFormat::Csv)),
        };
        Self { shaper, limit, out: None, has_begun: false, around: None }
    }

    /// A sink whose answer leaves in chunks once it is longer than one. No row may be longer than `limit` bytes.
    pub(in crate::functions) fn in_chunks(plan: &Plan, format: Format, limit: usize) -> (Self, Chunks) {
        let (out, chunks) = mpsc::channel(CHUNKS_UNDER_WAY);
        (Self { out: Some(out), ..Self::whole(plan, format, limit) }, chunks)
    }

    /// The same with the columns round the answer, which is JSON.
    pub(in crate::functions) fn with_columns(self, around: Option<ColumnsAround>) -> Self {
        Self { around, ..self }
    }

    /// The whole answer, once the command has succeeded and no chunk has left.
    pub(in crate::functions) fn finish(self) -> Shaped {
        let shaped = match self.shaper {
            Shaper::Json(json) => json.finish(),
            Shaper::Lines(lines) => lines.finish(),
        };
        match self.around {
            Some(around) if !around.before().is_empty() => {
                Shaped { body: shaped.body.map(|body| around.wrap(&body)), ..shaped }
            }
            _ => shaped,
        }
    }

    /// What follows the chunks that have left, once the command has succeeded.
    pub(in crate::functions) fn rest(self) -> String {
        let after = if self.around.is_some() { ColumnsAround::AFTER } else { "" };
        match self.shaper {
            Shaper::Json(json) => json.rest() + after,
            Shaper::Lines(mut lines) => lines.take(),
        }
    }

    fn length(&self) -> usize {
        match &self.shaper {
            Shaper::Json(json) => json.length(),
            Shaper::Lines(lines) => lines.length(),
        }
    }

    fn within_limit(&self) -> Result<(), SinkError> {
        if self.length() > self.limit { Err(SinkError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl ResultSink for AnswerSink {
    fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError> {
        if let Some(around) = &mut self.around {
            around.begin(columns);
        }
        match &mut self.shaper {
            Shaper::Json(json) => json.columns(columns)?,
            Shaper::Lines(lines) => lines.columns(columns)?,
        }
        self.within_limit()
    }

    fn begin_row(&mut self) -> Result<(), SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.begin_row(),
            Shaper::Lines(lines) => {
                lines.begin_row();
                Ok(())
            }
        }
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.cell(cell)?,
            Shaper::Lines(lines) => lines.cell(cell)?,
        }
        self.within_limit()
    }

    fn end_row(&mut self) -> Result<(), SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.end_row()?,
            Shaper::Lines(lines) => lines.end_row()?,
        }
        self.within_limit()
    }

    fn is_full(&self) -> bool {
        self.out.is_some() && self.length() >= CHUNK
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), SinkError>> {
        async {
            let Some(out) = &self.out else { return Ok(()) };
            let Ok(room) = out.reserve().await else {
                // The caller has left, and its command is being cancelled: that ends this wait.
                return pending().await;
            };
            let before = match &self.around {
                Some(around) if !self.has_begun => around.before(),
                _ => "",
            };
            let chunk = match &mut self.shaper {
                Shaper::Json(json) => json.take(),
                Shaper::Lines(lines) => lines.take(),
            };
            let chunk = if before.is_empty() { chunk } else { [before, &chunk].concat() };
            self.has_begun = true;
            room.send(chunk);
            Ok(())
        }
        .boxed()
    }

    fn rows_affected(&mut self, count: u64) {
        match &mut self.shaper {
            Shaper::Json(json) => json.rows_affected(count),
            Shaper::Lines(_) => {}
        }
    }

    fn complete(&mut self) -> Result<(), SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.complete()?,
            Shaper::Lines(lines) => lines.complete()?,
        }
        self.within_limit()
    }

    fn restart(&mut self) -> bool {
        if self.has_begun {
            return false;
        }
        if let Some(around) = &mut self.around {
            around.restart();
        }
        match &mut self.shaper {
            Shaper::Json(json) => json.restart(),
            Shaper::Lines(lines) => {
                lines.restart();
                true
            }
        }
    }

    fn answer_to_store(&mut self) -> Result<Vec<u8>, SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.answer_to_store(),
            // A function with a key answers JSON only.
            Shaper::Lines(_) => Err(SinkError::Unwritable),
        }
    }

    fn replay(&mut self, stored: &[u8]) -> Result<(), SinkError> {
        match &mut self.shaper {
            Shaper::Json(json) => json.replay(stored),
            Shaper::Lines(_) => Err(SinkError::Unreadable),
        }
    }
}
