//! The functions that stand for arithmetic operators.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;

use super::FunctionContext;
use super::context::pure;
use crate::sql::values::{arithmetic, errors, storage};

pub(super) fn register(connection: &Connection, context: &Arc<FunctionContext>) -> rusqlite::Result<()> {
    pure(connection, context, "tsql_arith", 6, |call| {
        let op =
            call.text(0)?.and_then(|op| op.chars().next()).ok_or_else(|| errors::internal("an operator"))?;
        let (a_type, b_type, result) = (call.sql_type(2)?, call.sql_type(4)?, call.sql_type(5)?);
        let (a, b) = (call.value(1, a_type)?, call.value(3, b_type)?);
        Ok(storage::to_sqlite(&arithmetic::compute(op, &a, a_type, &b, b_type, result)?, result))
    })?;
    pure(connection, context, "tsql_negate", 2, |call| {
        let sql_type = call.sql_type(1)?;
        Ok(storage::to_sqlite(&arithmetic::negate(&call.value(0, sql_type)?, sql_type)?, sql_type))
    })?;
    pure(connection, context, "tsql_bit_xor", 2, |call| {
        Ok(match (call.integer(0)?, call.integer(1)?) {
            (Some(a), Some(b)) => Stored::Integer(a ^ b),
            _ => Stored::Null,
        })
    })
}
