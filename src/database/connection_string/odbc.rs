//! ODBC's grammar, [MS-ODBCSTR].
//!
//! A value may stand in `{..}`, in which `}}` is one `}`. Braces inside a plain value, and quotes anywhere, are nothing
//! special. A plain value ends at `;`; the blanks around it don't count, as in mssql-python's own reader.
//!
//! [MS-ODBCSTR]: https://learn.microsoft.com/openspecs/sql_server_protocols/ms-odbcstr/

use super::ConnectionStringError;
use super::scan::{Part, is_ascii_blank, next_part, plain, skip_separators, unquote};

pub(super) fn parts(text: &str) -> Result<Vec<Part>, ConnectionStringError> {
    let mut parts = Vec::new();
    let mut rest = skip_separators(text);
    while !rest.is_empty() {
        let number = parts.len() + 1;
        let (part, after) = part(rest, number)?;
        parts.push(part);
        rest = skip_separators(after);
    }
    Ok(parts)
}

fn part(text: &str, number: usize) -> Result<(Part, &str), ConnectionStringError> {
    let syntax = ConnectionStringError::Syntax { part: number };
    let Some((keyword, after)) = text.split_once('=') else { return Err(syntax) };
    let keyword = keyword.trim();
    if keyword.is_empty() || keyword.contains(';') {
        return Err(syntax);
    }
    let after = after.trim_start_matches(is_ascii_blank);
    let (value, after) = match after.strip_prefix('{') {
        Some(braced) => {
            let (value, after) =
                unquote(braced, '}').ok_or(ConnectionStringError::NoEndQuote { part: number })?;
            (value, next_part(after, number)?)
        }
        None => plain(after, is_ascii_blank),
    };
    Ok((Part { number, keyword: keyword.to_owned(), value }, after))
}
