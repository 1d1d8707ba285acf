//! ADO.NET's grammar, that of `DbConnectionStringBuilder` and SqlClient.
//!
//! A value may stand in `'..'` or `".."`, in which the same quote twice is one quote. Quotes inside a plain value, and
//! braces anywhere, are nothing special. In a keyword `==` is one `=`, so that a plain value can't begin with `=`.

use super::ConnectionStringError;
use super::scan::{Part, next_part, plain, skip_separators, unquote};

pub(super) fn parts(text: &str) -> Result<Vec<Part>, ConnectionStringError> {
    let mut parts = Vec::new();
    let mut rest = skip_separators(text);
    while !rest.is_empty() {
        let number = parts.len() + 1;
        let (keyword, after) = keyword(rest).ok_or(ConnectionStringError::Syntax { part: number })?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let (value, after) = match quote.and_then(|quote| Some((quote, after.strip_prefix(quote)?))) {
            Some((quote, quoted)) => {
                let unquoted = unquote(quoted, quote);
                let (value, after) = unquoted.ok_or(ConnectionStringError::NoEndQuote { part: number })?;
                (value, next_part(after, number)?)
            }
            None => plain(after, char::is_whitespace),
        };
        parts.push(Part { number, keyword, value });
        rest = skip_separators(after);
    }
    Ok(parts)
}

/// The keyword and what follows its `=`.
fn keyword(text: &str) -> Option<(String, &str)> {
    let mut keyword = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('=')?;
        keyword.push_str(before);
        match after.strip_prefix('=') {
            Some(after) => {
                keyword.push('=');
                rest = after;
            }
            None => {
                let keyword = keyword.trim();
                let plain = !keyword.is_empty() && !keyword.contains(';');
                return plain.then(|| (keyword.to_owned(), after));
            }
        }
    }
}
