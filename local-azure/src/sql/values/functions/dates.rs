//! (under construction)

use std::sync::Arc;

use rusqlite::Connection;

use super::FunctionContext;

pub(super) fn register(_connection: &Connection, _context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    Ok(())
}
