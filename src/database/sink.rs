//! Where a command's results go: borrowed values, pushed one by one, with nothing built in between.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uuid::Uuid;

use crate::invocation::Decimal;

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// NULL of any type.
    Null,
    /// bit
    Bit(bool),
    /// tinyint, smallint, int
    Integer(i32),
    /// bigint: apart from the others since not every JavaScript number can hold one, see `sql.numbers`
    BigInt(i64),
    /// decimal and numeric, all digits, at the column's scale
    Decimal(Decimal),
    /// real
    Real(f32),
    /// float
    Float(f64),
    /// char, varchar, nchar, nvarchar, text, ntext, xml
    Text(&'a str),
    /// binary, varbinary, image, rowversion
    Binary(&'a [u8]),
    /// uniqueidentifier
    UniqueIdentifier(Uuid),
    /// date
    Date(NaiveDate),
    /// time
    Time {
        /// The time of day.
        value: NaiveTime,
        /// Digits of the fraction that the column has, 0 to 7.
        scale: u8,
    },
    /// datetime (scale 3), smalldatetime (scale 0), datetime2
    DateTime {
        /// The date and time of day, in no particular zone.
        value: NaiveDateTime,
        /// Digits of the fraction that the column has, 0 to 7.
        scale: u8,
    },
    /// datetimeoffset
    DateTimeOffset {
        /// The instant with its offset.
        value: DateTime<FixedOffset>,
        /// Digits of the fraction that the column has, 0 to 7.
        scale: u8,
    },
}

/// A column of a result set, as far as the reply tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultColumn<'a> {
    /// As SQL gives it; empty for an unnamed column.
    pub name: &'a str,
    /// The type's T-SQL name without length, precision and scale: `nvarchar`, `decimal`. A json column says `varchar` or
    /// `nvarchar`, a rowversion `binary`, since nothing on the wire tells them apart.
    pub bare_type: &'static str,
}

/// Why a sink takes no more; it ends the command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The command's results don't have the form that its definition declares.
    #[error("{0}")]
    Form(String),
    /// The answer has more bytes than a function may answer.
    #[error("The answer has more than {} MiB.", limit / 1024 / 1024)]
    TooLarge {
        /// The most bytes that it may have.
        limit: usize,
    },
    /// The answer can't be written for storing.
    #[error("The answer can't be written for storing.")]
    Unwritable,
    /// A stored answer can't be read.
    #[error("The stored answer can't be read.")]
    Unreadable,
}

/// Takes a command's results in the order in which they come.
///
/// A result set is `columns`, then for each row `begin_row`, `cell` once per column, `end_row`.
pub trait ResultSink: Send {
    /// A result set begins.
    ///
    /// # Errors
    /// When the declared result form has no place for these columns.
    fn columns(&mut self, columns: &[ResultColumn<'_>]) -> Result<(), SinkError>;
    /// A row begins.
    ///
    /// # Errors
    /// When the declared result form has no place for one more row.
    fn begin_row(&mut self) -> Result<(), SinkError>;
    /// The row's next value.
    ///
    /// # Errors
    /// When the value can't be written in the declared form.
    fn cell(&mut self, cell: Cell<'_>) -> Result<(), SinkError>;
    /// The row is complete.
    ///
    /// # Errors
    /// When the row doesn't fit the declared form.
    fn end_row(&mut self) -> Result<(), SinkError>;
    /// Whether [`ResultSink::flush`] must be waited for before the next row. Asked after each row, so it must cost nothing.
    fn is_full(&self) -> bool {
        false
    }
    /// Makes room, which can take as long as the caller takes to read. Nothing is read from the server meanwhile.
    ///
    /// # Errors
    /// When nobody takes what has been written any more.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), SinkError>> {
        ready(Ok(())).boxed()
    }
    /// A statement without a result set says how many rows it changed.
    fn rows_affected(&mut self, count: u64);
    /// The command's reply was read to its end, and nothing of it is committed yet where it runs in a transaction. Only
    /// [`ResultSink::answer_to_store`] and [`ResultSink::restart`] follow.
    ///
    /// # Errors
    /// When the results as a whole don't have the declared form; the transaction is then rolled back.
    fn complete(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
    /// The command will run again: forget everything. False when something has already left for the caller, which
    /// forbids the repeat.
    fn restart(&mut self) -> bool;
    /// The command has run and its transaction is open still: the whole answer as bytes, to be stored with the effect. Nothing
    /// is pushed afterwards but [`ResultSink::restart`].
    ///
    /// # Errors
    /// When the results don't have the declared form; the transaction is then rolled back. A sink that doesn't say otherwise
    /// stores none.
    fn answer_to_store(&mut self) -> Result<Vec<u8>, SinkError> {
        Err(SinkError::Form("These results can't be stored under an idempotency key.".to_owned()))
    }
    /// The command ran before: `stored` is what [`ResultSink::answer_to_store`] gave then, and takes the place of all results.
    ///
    /// # Errors
    /// When it can't be read.
    fn replay(&mut self, stored: &[u8]) -> Result<(), SinkError> {
        let _ = stored;
        Err(SinkError::Unreadable)
    }
}
