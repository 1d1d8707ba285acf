//! The statement's instant: GETDATE, GETUTCDATE, SYSDATETIME, SYSUTCDATETIME, SYSDATETIMEOFFSET.

use std::sync::Arc;

use rusqlite::Connection;

use super::super::FunctionContext;
use super::super::context::changing;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::convert::{Conversion, convert};
use crate::sql::values::storage;

pub(super) fn register(
    connection: &Connection,
    context: &Arc<FunctionContext>,
) -> rusqlite::Result<()> {
    changing(connection, context, "tsql_now", 1, |context, call| {
        let to = call.sql_type(0)?;
        let now = Value::DateTime(context.now());
        let from = SqlType::DateTime2 { scale: 7 };
        let value = convert(&now, from, to, Conversion::Explicit, None)?;
        Ok(storage::to_sqlite(&value, to))
    })
}
