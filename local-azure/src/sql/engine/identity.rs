//! IDENTITY counters. They live beside the transactions: what is rolled back leaves a gap, and no number comes twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension};

use super::catalog::{Table, quote};
use crate::sql::reply::SqlError;
use crate::sql::types::SqlType;

#[derive(Clone, Copy, Debug)]
struct Counter {
    next: Option<i64>,
    last: Option<i64>,
    increment: i64,
    least: i64,
    most: i64,
}

/// The counters of all tables, by object id.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<HashMap<i64, Counter>>);

/// What the functions of one connection tell its session.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) last_identity: Option<i64>,
    pub(crate) error: Option<SqlError>,
    /// What `local_azure_note` was called with last.
    pub(crate) note: Option<String>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counters {
    /// Makes sure that the table's counter is known; at the first use after a start it is read from the file.
    pub(crate) fn prepare(&self, connection: &Connection, table: &Table) -> rusqlite::Result<()> {
        let Some((index, seed, increment)) = table.identity() else { return Ok(()) };
        let mut counters = lock(&self.0);
        if counters.contains_key(&table.id) {
            return Ok(());
        }
        let Some(column) = table.columns.get(index) else { return Ok(()) };
        let kept: Option<i64> = connection
            .query_row(
                &format!("SELECT last FROM {}.local_azure_identities WHERE object_id = ?1", table.database()),
                [table.id],
                |row| row.get(0),
            )
            .optional()?;
        let function = if increment > 0 { "max" } else { "min" };
        let stored: Option<i64> = match column.sql_type {
            SqlType::Decimal { .. } => None,
            _ => connection.query_row(
                &format!("SELECT {function}({}) FROM {}", quote(&column.name), table.sql()),
                [],
                |row| row.get(0),
            )?,
        };
        let last = match (kept, stored) {
            (Some(a), Some(b)) => Some(if increment > 0 { a.max(b) } else { a.min(b) }),
            (a, b) => a.or(b),
        };
        let (least, most) = match column.sql_type {
            SqlType::TinyInt => (0, 255),
            SqlType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
            SqlType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let next = last.map_or(Some(seed), |last| last.checked_add(increment));
        counters.insert(table.id, Counter { next, last, increment, least, most });
        Ok(())
    }

    fn take(&self, id: i64) -> Option<i64> {
        let mut counters = lock(&self.0);
        let counter = counters.get_mut(&id)?;
        let value = counter.next.filter(|value| (counter.least..=counter.most).contains(value))?;
        counter.last = Some(value);
        counter.next = value.checked_add(counter.increment);
        Some(value)
    }

    fn raise(&self, id: i64, value: i64) {
        if let Some(counter) = lock(&self.0).get_mut(&id) {
            let beyond = counter
                .last
                .is_none_or(|last| if counter.increment > 0 { value > last } else { value < last });
            if beyond {
                counter.last = Some(value);
                counter.next = value.checked_add(counter.increment);
            }
        }
    }

    /// The last value, to be kept in the file.
    pub(crate) fn last(&self, id: i64) -> Option<i64> {
        lock(&self.0).get(&id).and_then(|counter| counter.last)
    }

    /// Does something that takes numbers of a table, and puts its counter back to where it was.
    /// Call it only inside a transaction that writes: nobody else takes numbers then.
    pub(crate) fn unmoved<T>(&self, id: i64, run: impl FnOnce() -> T) -> T {
        let before = lock(&self.0).get(&id).copied();
        let result = run();
        if let Some(before) = before {
            lock(&self.0).insert(id, before);
        }
        result
    }

    /// TRUNCATE begins at the seed again.
    pub(crate) fn forget(&self, id: i64) {
        lock(&self.0).remove(&id);
    }
}

/// Registers the functions that the binder calls besides those of `values`:
/// `local_azure_identity(table)`, `local_azure_identity_set(table, value)`, `local_azure_row_count(n)`,
/// `local_azure_single(value, rows)`, `local_azure_note(text)`.
pub(crate) fn register(
    connection: &Connection,
    counters: &Arc<Counters>,
    shared: &Arc<Mutex<Shared>>,
) -> rusqlite::Result<()> {
    let fail = |shared: &Arc<Mutex<Shared>>, error: SqlError| {
        lock(shared).error = Some(error.clone());
        rusqlite::Error::UserFunctionError(Box::new(error))
    };
    let (c, s) = (Arc::clone(counters), Arc::clone(shared));
    connection.create_scalar_function(
        "local_azure_identity",
        1,
        FunctionFlags::SQLITE_UTF8,
        move |call| {
            let value = c.take(call.get(0)?).ok_or_else(|| {
                fail(
                    &s,
                    SqlError::new(8115, "Arithmetic overflow error converting IDENTITY to data type int."),
                )
            })?;
            lock(&s).last_identity = Some(value);
            Ok(value)
        },
    )?;
    let (c, s) = (Arc::clone(counters), Arc::clone(shared));
    connection.create_scalar_function(
        "local_azure_identity_set",
        2,
        FunctionFlags::SQLITE_UTF8,
        move |call| {
            let value: Option<i64> = call.get(1)?;
            if let Some(value) = value {
                c.raise(call.get(0)?, value);
                lock(&s).last_identity = Some(value);
            }
            Ok(value)
        },
    )?;
    let s = Arc::clone(shared);
    connection.create_scalar_function("local_azure_note", 1, FunctionFlags::SQLITE_UTF8, move |call| {
        lock(&s).note = call.get(0)?;
        Ok(0)
    })?;
    let s = Arc::clone(shared);
    connection.create_scalar_function("local_azure_row_count", 1, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, move |call| match call.get::<Option<i64>>(0)? {
        Some(count) if count >= 0 => Ok(count),
        Some(_) => Err(fail(&s, SqlError::new(1014, "A TOP or FETCH clause contains an invalid value.").with_class(15))),
        None => Err(fail(&s, SqlError::new(1060, "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.").with_class(15))),
    })?;
    let s = Arc::clone(shared);
    connection.create_scalar_function("local_azure_single", 2, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, move |call| {
        if call.get::<i64>(1)? > 1 {
            return Err(fail(&s, SqlError::new(512, "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.")));
        }
        Ok(rusqlite::types::Value::from(call.get_raw(0)))
    })
}
