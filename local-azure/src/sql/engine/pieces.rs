//! The text of FOR JSON on its way to the client: cut into rows, as SQL Server streams it.

use super::session::Failure;
use crate::sql::types::{Column, Value};
use crate::sql::values::json::document::Document;

/// How many UTF-16 units a row holds. SQL Server cuts a surrogate pair in two; text here can't hold half of one, so a row
/// whose end would cut one has one unit less.
const UNITS: usize = 2033;

/// Takes the rows of a query and gives those of its text.
pub(super) struct Pieces {
    document: Document,
    columns: Vec<Column>,
    /// What hasn't been given away yet.
    text: String,
    begun: bool,
}

impl Pieces {
    /// `columns` are those that the client sees: one.
    pub(super) fn new(document: Document, columns: Vec<Column>) -> Self {
        Self { document, columns, text: String::new(), begun: false }
    }

    /// A row of the query, or None before the first.
    pub(super) fn take(
        &mut self,
        row: Option<&[Value]>,
        give: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(row) = row else { return self.begin(give) };
        self.document.row(row, &mut self.text)?;
        self.cut(false, give)
    }

    /// The end: what is left goes out. Without a row there is none here either.
    pub(super) fn end(
        mut self,
        give: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.begin(give)?;
        self.document.end(&mut self.text);
        self.cut(true, give)
    }

    fn begin(
        &mut self,
        give: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.begun, true) {
            give(&self.columns, None)?;
        }
        Ok(())
    }

    fn cut(
        &mut self,
        all: bool,
        give: &mut impl FnMut(&[Column], Option<&[Value]>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut start = 0;
        while let Some(rest) = self.text.get(start..).filter(|rest| !rest.is_empty()) {
            let length = match whole(rest) {
                Some(length) => length,
                None if all => rest.len(),
                None => break,
            };
            let piece = rest.get(..length).unwrap_or(rest).to_owned();
            start += length;
            give(&self.columns, Some(&[Value::Text(piece)]))?;
        }
        self.text.drain(..start);
        Ok(())
    }
}

/// How many bytes the next whole row has; None if there isn't enough text for one.
fn whole(text: &str) -> Option<usize> {
    // No character has more units than bytes.
    if text.len() < UNITS {
        return None;
    }
    let mut units = 0;
    for (place, character) in text.char_indices() {
        if units + character.len_utf16() > UNITS {
            return Some(place);
        }
        units += character.len_utf16();
    }
    (units == UNITS).then_some(text.len())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_row_has_2033_units_and_never_half_a_pair() {
        assert_eq!(whole(&"x".repeat(2032)), None);
        assert_eq!(whole(&"x".repeat(2033)), Some(2033));
        assert_eq!(whole(&"x".repeat(5000)), Some(2033));
        assert_eq!(whole(&"€".repeat(2033)), Some(3 * 2033));
        assert_eq!(whole(&"€".repeat(2000)), None);
        assert_eq!(whole(&"😀".repeat(1017)).unwrap(), 4 * 1016);
    }
}
