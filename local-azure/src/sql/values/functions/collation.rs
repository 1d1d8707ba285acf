//! (under construction)

use rusqlite::Connection;

pub(super) fn register(_connection: &Connection) -> rusqlite::Result<()> {
    Ok(())
}
