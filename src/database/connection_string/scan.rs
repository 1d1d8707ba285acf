//! What the three grammars have in common: a part, and how a quoted value ends.

use super::ConnectionStringError;

/// `keyword=value`, unquoted. No `Debug`: the value may be a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its place in the string, from 1.
    pub(super) number: usize,
    /// As written, without the blanks around it.
    pub(super) keyword: String,
    pub(super) value: String,
}

/// The text up to the end quote, in which a doubled end quote stands for one, and what follows it; None without an end.
pub(super) fn unquote(text: &str, end: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once(end)?;
        value.push_str(before);
        match after.strip_prefix(end) {
            Some(after) => {
                value.push(end);
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

/// What comes after a quoted value: blanks, and the next part or nothing.
pub(super) fn next_part(after: &str, part: usize) -> Result<&str, ConnectionStringError> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with(';') {
        Ok(after)
    } else {
        Err(ConnectionStringError::TextAfterQuote { part })
    }
}

/// The value that ends at the next `;`, without the blanks around it, and the rest.
pub(super) fn plain(text: &str, is_blank: impl Fn(char) -> bool) -> (String, &str) {
    let end = text.find(';').unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    (value.trim_matches(is_blank).to_owned(), rest)
}

/// What Java's `String.trim` takes away, and ODBC at the most: a no-break space belongs to the value.
pub(super) fn is_ascii_blank(character: char) -> bool {
    character <= ' '
}

/// The text without the `;` and blanks that it begins with.
pub(super) fn skip_separators(text: &str) -> &str {
    text.trim_start_matches(|c: char| c == ';' || c.is_whitespace())
}
