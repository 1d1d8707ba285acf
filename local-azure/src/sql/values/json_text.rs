//! json: whether a text is a JSON document.
//!
//! The type takes any JSON value of RFC 8259 and refuses other text with 13609. SQL Server keeps a binary form and writes
//! the text anew; how it spaces that text isn't documented, so the text stays as it came here.

use super::json::reader::Reader;
use crate::sql::reply::SqlError;

/// The text itself if it is a JSON document.
///
/// # Errors
/// 13609 with the character and its place, counted in UTF-16 units from 0; 13606 for more than 128 levels.
pub(crate) fn checked(text: &str) -> Result<&str, SqlError> {
    let mut reader = Reader::new(text);
    reader.value()?;
    reader.end()?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn any_json_value_is_a_document() {
        for text in
            ["{}", "[1, 2.50, 1e400]", "\"a\"", "null", " 12345678901234567890123 ", "{\"a\":{\"a\":[]}}"]
        {
            assert_eq!(checked(text).unwrap(), text);
        }
    }

    #[test]
    fn other_text_is_refused_with_its_place() {
        for (text, found, position) in
            [("[1, x]", 'x', 4), ("{\"é\": }", '}', 6), ("", '.', 0), ("{} {}", '{', 3), ("{\"a\":1", '.', 6)]
        {
            let error = checked(text).unwrap_err();
            assert_eq!(error.number, 13609);
            assert!(
                error.message.ends_with(&format!("'{found}' is found at position {position}.")),
                "{text}: {}",
                error.message
            );
        }
    }

    #[test]
    fn a_document_that_is_too_deep_is_refused_and_not_followed() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(checked(&nested(128)).is_ok());
        for depth in [129, 130, 100_000] {
            assert_eq!(checked(&nested(depth)).unwrap_err().number, 13606, "{depth}");
        }
    }
}
