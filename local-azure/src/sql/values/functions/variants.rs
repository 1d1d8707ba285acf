//! Functions of sql_variant.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value as Stored, ValueRef};

use super::FunctionContext;
use super::context::{Arguments, pure};
use crate::sql::reply::SqlError;
use crate::sql::types::Variant;
use crate::sql::values::{errors, variant};

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_variant_key", 1, |call| match held(call)? {
        Some(held) => variant::key(&held).map(Stored::Blob),
        None => Ok(Stored::Null),
    })?;
    pure(connection, context, "tsql_variant_property", 2, |call| {
        let (Some(held), Some(name)) = (held(call)?, call.text(1)?) else { return Ok(Stored::Null) };
        Ok(variant::property(&held, name).map_or(Stored::Null, |found| Stored::Blob(variant::stored(&found))))
    })
}

fn held(call: &Arguments<'_, '_>) -> Result<Option<Variant>, SqlError> {
    match call.stored(0) {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => variant::read(bytes).map(Some),
        _ => Err(errors::internal("a sql_variant was asked of what is none")),
    }
}
