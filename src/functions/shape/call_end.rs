//! The result set with which the call of a procedure ends: its return status and what it put into its OUT parameters.

use crate::database::{Cell, ResultColumn, SinkError};
use crate::functions::json_text::{check_number, write_cell, write_string};
use crate::functions::plan::{NotANumber, Numbers};
use crate::functions::procedure::{Procedure, STATUS_COLUMN};

/// Holds back each result set that could be the last one, the worker's own, until it is known to be that.
///
/// A procedure may return a result set of the same columns itself. The worker's is the last of all and has one row, so
/// never more than one row is held back; what turns out to be the procedure's is handed out again, see [`Held`].
#[derive(Debug)]
pub(super) struct CallEnd {
    /// The names of the worker's own columns: the status, then the OUT parameters.
    columns: Vec<String>,
    held: Option<Held>,
}

/// A result set that could be the worker's: its columns, and its row when that has come.
#[derive(Debug)]
pub(super) struct Held {
    types: Vec<&'static str>,
    cells: Vec<HeldCell>,
    row: HeldRow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeldRow {
    None,
    Open,
    Complete,
}

/// A value that outlives its row.
enum HeldCell {
    Text(String),
    Binary(Vec<u8>),
    Other(Cell<'static>),
}

// A value of the database's must not reach a log.
impl std::fmt::Debug for HeldCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldCell")
    }
}

impl HeldCell {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Cell::Null => Self::Other(Cell::Null),
            Cell::Bit(value) => Self::Other(Cell::Bit(value)),
            Cell::Integer(value) => Self::Other(Cell::Integer(value)),
            Cell::BigInt(value) => Self::Other(Cell::BigInt(value)),
            Cell::Decimal(value) => Self::Other(Cell::Decimal(value)),
            Cell::Real(value) => Self::Other(Cell::Real(value)),
            Cell::Float(value) => Self::Other(Cell::Float(value)),
            Cell::UniqueIdentifier(value) => Self::Other(Cell::UniqueIdentifier(value)),
            Cell::Date(value) => Self::Other(Cell::Date(value)),
            Cell::Time { value, scale } => Self::Other(Cell::Time { value, scale }),
            Cell::DateTime { value, scale } => Self::Other(Cell::DateTime { value, scale }),
            Cell::DateTimeOffset { value, scale } => Self::Other(Cell::DateTimeOffset { value, scale }),
        }
    }

    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Text(text) => Cell::Text(text),
            Self::Binary(bytes) => Cell::Binary(bytes),
            Self::Other(cell) => *cell,
        }
    }
}

/// How a call ended.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// The OUT parameters as the members of a JSON object, without its braces.
    pub(super) outputs: String,
    /// Every OUT parameter is NULL; also where there is none.
    pub(super) gave_nothing: bool,
    /// The return status as JSON.
    pub(super) status: String,
}

impl CallEnd {
    pub(super) fn of(procedure: &Procedure) -> Self {
        let outputs = procedure.outputs().iter().map(|output| output.bare_name().to_owned());
        Self { columns: std::iter::once(STATUS_COLUMN.to_owned()).chain(outputs).collect(), held: None }
    }

    /// Holds back a result set of these columns if it can be the last one; whether it does so.
    pub(super) fn begin(&mut self, columns: &[ResultColumn<'_>]) -> bool {
        let is_alike = columns.iter().map(|column| column.name).eq(self.columns.iter().map(String::as_str));
        if is_alike {
            let types = columns.iter().map(|column| column.bare_type).collect();
            self.held = Some(Held { types, cells: Vec::new(), row: HeldRow::None });
        }
        is_alike
    }

    /// Whether a row of the result set that is held back begins with this; a second one shows that it isn't the worker's.
    pub(super) fn begin_row(&mut self) -> bool {
        match &mut self.held {
            Some(held) if held.row == HeldRow::None => {
                held.row = HeldRow::Open;
                true
            }
            _ => false,
        }
    }

    /// Whether the value belongs to a row that is held back.
    pub(super) fn keep(&mut self, cell: Cell<'_>) -> bool {
        match &mut self.held {
            Some(held) if held.row == HeldRow::Open => {
                held.cells.push(HeldCell::of(cell));
                true
            }
            _ => false,
        }
    }

    /// Whether the row that ends was held back.
    pub(super) fn end_row(&mut self) -> bool {
        match &mut self.held {
            Some(held) if held.row == HeldRow::Open => {
                held.row = HeldRow::Complete;
                true
            }
            _ => false,
        }
    }

    /// What is held back and turned out to be the procedure's own.
    pub(super) fn release(&mut self) -> Option<Held> {
        self.held.take()
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The reply has ended: what is held back is the worker's own. None when nothing is.
    ///
    /// # Errors
    /// For a value that has no form in JSON, where the settings refuse it.
    pub(super) fn ended(&mut self, numbers: Numbers, nan: NotANumber) -> Result<Option<Ended>, SinkError> {
        let held = self.held.take().filter(|held| held.row == HeldRow::Complete);
        let Some((status, cells)) = held.as_ref().and_then(|held| held.cells.split_first()) else {
            return Ok(None);
        };
        let names = self.columns.iter().skip(1);
        let mut ended = Ended { gave_nothing: true, ..Ended::default() };
        write_cell(&mut ended.status, status.cell(), numbers);
        for (name, cell) in names.zip(cells) {
            if !ended.outputs.is_empty() {
                ended.outputs.push(',');
            }
            write_string(&mut ended.outputs, name);
            ended.outputs.push(':');
            check_number(cell.cell(), nan)?;
            write_cell(&mut ended.outputs, cell.cell(), numbers);
            ended.gave_nothing &= cell.cell() == Cell::Null;
        }
        Ok(Some(ended))
    }

    /// Forgets what is held back.
    pub(super) fn restart(&mut self) {
        self.held = None;
    }
}

impl Held {
    pub(super) fn types(&self) -> &[&'static str] {
        &self.types
    }

    /// Its row, where one has come.
    pub(super) fn row(&self) -> Option<impl Iterator<Item = Cell<'_>>> {
        (self.row == HeldRow::Complete).then(|| self.cells.iter().map(HeldCell::cell))
    }
}
