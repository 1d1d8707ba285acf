//! The functions of dates and times, by the table of the module above.
//!
//! | module | functions |
//! |---|---|
//! | `clock` | `GETDATE` and its kin |
//! | `add` | `DATEADD`, `EOMONTH` |
//! | `difference` | `DATEDIFF`, `DATEDIFF_BIG` |
//! | `name` | `DATEPART`, `DATENAME` |
//! | `truncate` | `DATETRUNC` |
//! | `from_parts` | `DATEFROMPARTS` and its kin, `ISDATE` |
//! | `zones` | `TODATETIMEOFFSET`, `SWITCHOFFSET`, `AT TIME ZONE` |
//!
//! `parts` holds the words for parts and which type has which; `moment` the value that all of them work on.

mod add;
mod clock;
mod difference;
mod from_parts;
mod moment;
mod name;
mod parts;
mod truncate;
mod zones;

use std::sync::Arc;

use rusqlite::Connection;

use super::FunctionContext;

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    clock::register(connection, context)?;
    add::register(connection, context)?;
    difference::register(connection, context)?;
    name::register(connection, context)?;
    truncate::register(connection, context)?;
    from_parts::register(connection, context)?;
    zones::register(connection, context)
}

#[cfg(test)]
mod test_support;
