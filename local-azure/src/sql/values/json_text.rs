//! json: whether a text is a JSON document.
//!
//! The type takes any JSON value of RFC 8259 and refuses other text with 13609. SQL Server keeps a binary form and writes
//! the text anew; how it spaces that text isn't documented, so the text stays as it came here.

use serde::de::IgnoredAny;

use crate::sql::reply::SqlError;

/// The text itself if it is a JSON document.
///
/// # Errors
/// 13609 with the character and its place, counted in UTF-16 units from 0; also for more than 128 levels.
pub(crate) fn checked(text: &str) -> Result<&str, SqlError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(text),
        Err(error) => {
            // Lines and columns count from 1, columns in bytes; 0 is the place before the first one of a line.
            let line_start: usize =
                text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let place = line_start.saturating_add(error.column().saturating_sub(1));
            let place = if error.is_eof() { text.len() } else { place.min(text.len()) };
            let before =
                text.char_indices().take_while(|(at, _)| *at < place).map(|(_, one)| one.len_utf16());
            let position = before.sum::<usize>();
            let unexpected = text.char_indices().find(|(at, _)| *at >= place).map(|(_, one)| one);
            Err(SqlError::new(
                13609,
                format!(
                    "JSON text is not properly formatted. Unexpected character '{}' is found at position {position}.",
                    unexpected.unwrap_or('.')
                ),
            )
            .with_state(1))
        }
    }
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
        let deep = "[".repeat(100_000);
        assert_eq!(checked(&deep).unwrap_err().number, 13609);
    }
}
