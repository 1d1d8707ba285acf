//! Requests other than procedure calls: batches and the transaction manager; and the headers in front of all of them.

use super::bytes::{Malformed, Reader, utf16_text};
use super::type_info::RequestError;
use crate::sql::engine::Isolation;
use crate::sql::reply::SqlError;

/// Reads `ALL_HEADERS` (MS-TDS 2.2.5.3): their lengths must add up; what they hold this endpoint does not need,
/// since a connection without MARS has one transaction at most.
///
/// # Errors
/// When the lengths don't add up.
pub fn skip_headers(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let total =
        reader.length32()?.checked_sub(4).ok_or(Malformed("the headers are shorter than their length"))?;
    let mut headers = Reader::new(reader.take(total)?);
    while !headers.is_empty() {
        let length = headers
            .length32()?
            .checked_sub(4)
            .filter(|&length| length >= 2)
            .ok_or(Malformed("a header is shorter than its length"))?;
        headers.take(length)?;
    }
    Ok(())
}

/// The text of a SQL batch (MS-TDS 2.2.6.7).
///
/// # Errors
/// When the headers are wrong or the text is not UTF-16.
pub fn batch_text(payload: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader::new(payload);
    skip_headers(&mut reader)?;
    utf16_text(reader.take_rest())
}

/// A new transaction that a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Its isolation level.
    pub isolation: Isolation,
    /// Its name, often empty.
    pub name: String,
}

/// A request to the transaction manager (MS-TDS 2.2.6.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionRequest {
    /// `TM_BEGIN_XACT`
    Begin(Begin),
    /// `TM_COMMIT_XACT`, and perhaps the next begins at once.
    Commit {
        /// The transaction that follows.
        next: Option<Begin>,
    },
    /// `TM_ROLLBACK_XACT`, and perhaps the next begins at once.
    Rollback {
        /// A savepoint or the transaction's name; empty for all of it.
        name: String,
        /// The transaction that follows.
        next: Option<Begin>,
    },
    /// `TM_SAVE_XACT`
    Save {
        /// The savepoint.
        name: String,
    },
}

impl TransactionRequest {
    /// Reads a message of type 0x0E.
    ///
    /// # Errors
    /// When it is malformed, or asks for a distributed transaction.
    pub fn parse(payload: &[u8]) -> Result<Self, RequestError> {
        let mut reader = Reader::new(payload);
        skip_headers(&mut reader)?;
        // The specification and Microsoft's clients count a name's bytes; tiberius and others count characters.
        // Only one of the two ends where the message does.
        match Self::read(reader, 1) {
            Err(RequestError::Malformed(_)) => Self::read(reader, 2),
            outcome => outcome,
        }
    }

    fn read(mut reader: Reader<'_>, unit: usize) -> Result<Self, RequestError> {
        let reader = &mut reader;
        let request = match reader.u16()? {
            5 => Self::Begin(begin(reader, unit)?),
            7 => {
                name(reader, unit)?;
                Self::Commit { next: next(reader, unit)? }
            }
            8 => Self::Rollback { name: name(reader, unit)?, next: next(reader, unit)? },
            9 => Self::Save { name: name(reader, unit)? },
            0 | 1 | 6 => {
                return Err(RequestError::Refused(SqlError::new(
                    40510,
                    "Distributed transactions are not supported in this version of SQL Server: the local SQL endpoint has no transaction coordinator.",
                )));
            }
            _ => return Err(Malformed("an unknown transaction manager request").into()),
        };
        if reader.is_empty() {
            Ok(request)
        } else {
            Err(Malformed("a transaction manager request is longer than its fields").into())
        }
    }
}

/// A name; `unit` is how many bytes its count counts at a time.
fn name(reader: &mut Reader<'_>, unit: usize) -> Result<String, Malformed> {
    let count = usize::from(reader.u8()?);
    utf16_text(reader.take(count.saturating_mul(unit))?)
}

fn begin(reader: &mut Reader<'_>, unit: usize) -> Result<Begin, Malformed> {
    let isolation = match reader.u8()? {
        0 => Isolation::Unchanged,
        1 => Isolation::ReadUncommitted,
        2 => Isolation::ReadCommitted,
        3 => Isolation::RepeatableRead,
        4 => Isolation::Serializable,
        5 => Isolation::Snapshot,
        _ => return Err(Malformed("an unknown isolation level")),
    };
    let name = if reader.is_empty() { String::new() } else { name(reader, unit)? };
    Ok(Begin { isolation, name })
}

/// The flag `fBeginXact` and what follows it.
fn next(reader: &mut Reader<'_>, unit: usize) -> Result<Option<Begin>, Malformed> {
    if reader.is_empty() || reader.u8()? & 1 == 0 {
        return Ok(None);
    }
    begin(reader, unit).map(Some)
}
