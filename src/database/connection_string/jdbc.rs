//! The grammar of mssql-jdbc: `jdbc:sqlserver://[host[\instance][:port]][;property=value]*`.
//!
//! A value may stand in `{..}`, in which `}}` is one `}` (since its version 8.4). A `{` inside a plain value is refused, as
//! the driver does; quotes are nothing special.

use super::ConnectionStringError;
use super::scan::{Part, is_ascii_blank, next_part, plain, skip_separators, unquote};
use super::server::{self, Server};

const PREFIX: &str = "jdbc:sqlserver://";

/// Whether the text is a JDBC URL, of whatever database.
pub(super) fn is_url(text: &str) -> bool {
    starts_with(text, "jdbc:")
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The server before the first `;`, if there is one, and the properties. The server is part 1.
pub(super) fn parts(url: &str) -> Result<(Option<Server>, Vec<Part>), ConnectionStringError> {
    if !starts_with(url, PREFIX) {
        return Err(ConnectionStringError::OtherUrl);
    }
    let rest = url.get(PREFIX.len()..).unwrap_or_default();
    let (authority, mut rest) = plain(rest, is_ascii_blank);
    let server = if authority.is_empty() { None } else { Some(server::of_url(&authority)?) };
    let mut parts = Vec::new();
    loop {
        rest = skip_separators(rest);
        if rest.is_empty() {
            return Ok((server, parts));
        }
        let number = parts.len() + 2;
        let syntax = ConnectionStringError::Syntax { part: number };
        let Some((keyword, after)) = rest.split_once('=') else { return Err(syntax) };
        let keyword = keyword.trim();
        if keyword.is_empty() || keyword.contains(';') {
            return Err(syntax);
        }
        let after = after.trim_start_matches(is_ascii_blank);
        let value;
        (value, rest) = match after.strip_prefix('{') {
            Some(braced) => {
                let (value, after) =
                    unquote(braced, '}').ok_or(ConnectionStringError::NoEndQuote { part: number })?;
                (value, next_part(after, number)?)
            }
            None => plain(after, is_ascii_blank),
        };
        if !after.starts_with('{') && value.contains('{') {
            return Err(ConnectionStringError::BraceInside { part: number });
        }
        parts.push(Part { number, keyword: keyword.to_owned(), value });
    }
}
