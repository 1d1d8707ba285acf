//! Refuses in a JSON text what `serde_json` refuses when it builds a value, and lets pass where it skips one: nesting
//! without end, and strings that are no text.

/// The deepest nesting that is taken, that of `serde_json` (its `remaining_depth`).
const MAX_DEPTH: usize = 127;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// In bytes; 1 is the first of the line.
    pub(super) column: usize,
}

impl Place {
    /// The place of the byte at this offset.
    pub(super) fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self {
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + before.len() - line_start,
        }
    }
}

/// Checks a text of which nobody knows yet whether it is JSON: in one that isn't, any place or none may be told.
pub(super) fn check(text: &str) -> Result<(), Place> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (in_string, byte) {
            (_, b'"') => in_string = !in_string,
            (true, b'\\') => match escape_length(bytes.get(at..).unwrap_or_default()) {
                Some(length) => at += length - 1,
                None => return Err(Place::of(bytes, at)),
            },
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Place::of(bytes, at));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The length of the escape that this begins with, and of the second half if it is the first of a surrogate pair; None
/// for half a pair.
fn escape_length(escape: &[u8]) -> Option<usize> {
    match unit(escape) {
        Some(0xD800..=0xDBFF) => match unit(escape.get(6..).unwrap_or_default()) {
            Some(0xDC00..=0xDFFF) => Some(12),
            _ => None,
        },
        Some(0xDC00..=0xDFFF) => None,
        Some(_) => Some(6),
        None => Some(2),
    }
}

/// The UTF-16 unit of an escape `\u0061`.
fn unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(br"\u")?.get(..4)?;
    // Rust's own reading would also take a plus sign.
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    #[test]
    fn nesting_ends_where_it_ends_for_a_value() {
        for depth in [126, 127, 128, 129, 10_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let value = serde_json::from_str::<Json>(&text);
                assert_eq!(check(&text).is_ok(), value.is_ok(), "{depth} {open}");
                assert_eq!(check(&text).is_ok(), depth <= MAX_DEPTH);
            }
        }
        // Brackets beside each other, or in a string, are no nesting.
        assert_eq!(check(&format!("[{}\"{}\"]", "[],".repeat(500), "[{\\\"".repeat(500))), Ok(()));
    }

    #[test]
    fn half_a_surrogate_pair_is_told_with_its_place() {
        let one = |column| Err(Place { line: 1, column });
        for (text, result) in [
            (r#""\ud83d\ude00""#, Ok(())),
            (r#""\\ud83d""#, Ok(())),
            (r#""\ud83d""#, one(2)),
            (r#"["é\ude00"]"#, one(5)),
            (r#""\ud83d\u0061""#, one(2)),
            (r#""\ud83d\ud83d\ude00""#, one(2)),
        ] {
            assert_eq!(check(text), result, "{text}");
        }
        assert_eq!(check("[\n\n \"\\udfff\"]"), Err(Place { line: 3, column: 3 }));
    }
}
