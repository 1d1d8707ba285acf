//! Which grammar a connection string is written in.
//!
//! A JDBC URL is known by its beginning. A list of keywords may be ADO.NET's or ODBC's, and most strings mean the same in
//! both: then there is no question. Where they don't, because a value begins with a quote or a brace or ends with
//! a blank beyond ASCII,
//! 1. `Driver` or a DSN make it ODBC;
//! 2. else the reading that is possible at all counts, if its driver knows all the keywords;
//! 3. if both are, the reading counts whose driver knows every keyword, then the one with fewer keywords that nobody knows;
//! 4. else the string is refused, with how to make it plain.
//!
//! So no value is taken otherwise than its own driver would take it.

use super::ConnectionStringError;
use super::keywords::{self, Keyword};
use super::scan::Part;
use super::server::Server;
use super::{ado_net, jdbc, odbc};

/// A connection string's parts, and the server of a JDBC URL.
pub(super) struct Reading {
    pub(super) server: Option<Server>,
    pub(super) parts: Vec<Part>,
    pub(super) is_url: bool,
}

pub(super) fn read(text: &str) -> Result<Reading, ConnectionStringError> {
    // The end is each grammar's own: a no-break space belongs to an ODBC value.
    let text = text.trim_start();
    if jdbc::is_url(text) {
        let (server, parts) = jdbc::parts(text)?;
        return Ok(Reading { server, parts, is_url: true });
    }
    Ok(Reading { server: None, parts: list(text)?, is_url: false })
}

fn list(text: &str) -> Result<Vec<Part>, ConnectionStringError> {
    if is_url(text) {
        return Err(ConnectionStringError::OtherUrl);
    }
    let (ado_net, odbc) = match (ado_net::parts(text), odbc::parts(text)) {
        (Ok(ado_net), Ok(odbc)) => (ado_net, odbc),
        (Ok(parts), Err(error)) => {
            let own = Strangeness::of(&parts, |spelling| spelling.drivers.have_sql_client());
            return if own.has_foreign { Err(error) } else { Ok(parts) };
        }
        (Err(error), Ok(parts)) => {
            let own = Strangeness::of(&parts, |spelling| spelling.drivers.have_odbc());
            return if own.has_foreign && !names_driver(&parts) { Err(error) } else { Ok(parts) };
        }
        (Err(error), Err(_)) => return Err(error),
    };
    let Some(part) = first_difference(&ado_net, &odbc) else { return Ok(ado_net) };
    if names_driver(&ado_net) && names_driver(&odbc) {
        return Ok(odbc);
    }
    let own = Strangeness::of(&ado_net, |spelling| spelling.drivers.have_sql_client());
    let other = Strangeness::of(&odbc, |spelling| spelling.drivers.have_odbc());
    match own.cmp(&other) {
        std::cmp::Ordering::Less => Ok(ado_net),
        std::cmp::Ordering::Greater => Ok(odbc),
        std::cmp::Ordering::Equal => Err(ConnectionStringError::TwoReadings { part }),
    }
}

/// `sqlserver://..` and other schemes: a list has no `://` before its first `=`.
fn is_url(text: &str) -> bool {
    let start = text.split('=').next().unwrap_or_default();
    start.contains("://")
}

fn names_driver(parts: &[Part]) -> bool {
    let mut folded = parts.iter().map(|part| keywords::folded(&part.keyword));
    folded.any(|keyword| matches!(keyword.as_str(), "driver" | "dsn" | "filedsn"))
}

/// How little a reading looks like a string that a driver takes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Strangeness {
    has_foreign: bool,
    unknown: usize,
}

impl Strangeness {
    fn of(parts: &[Part], knows: impl Fn(keywords::Spelling) -> bool) -> Self {
        let found: Vec<_> = parts.iter().map(|part| keywords::find(&part.keyword)).collect();
        Self {
            has_foreign: found.iter().flatten().any(|spelling| !knows(*spelling)),
            unknown: found.iter().filter(|spelling| spelling.is_none()).count(),
        }
    }
}

/// The first part that the readings differ in; what is ignored anyway doesn't count.
fn first_difference(one: &[Part], other: &[Part]) -> Option<usize> {
    let matters = |part: &&Part| {
        keywords::find(&part.keyword).is_none_or(|spelling| spelling.keyword != Keyword::Ignored)
    };
    let (mut one, mut other) = (one.iter().filter(matters), other.iter().filter(matters));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (Some(left), Some(right)) => {
                let alike = left.keyword.eq_ignore_ascii_case(&right.keyword) && left.value == right.value;
                if !alike {
                    return Some(left.number);
                }
            }
            (Some(part), None) | (None, Some(part)) => return Some(part.number),
        }
    }
}
