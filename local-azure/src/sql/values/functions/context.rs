//! What the functions of one SQLite connection share: the statement's clock, and the way of an error around SQLite.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};

use crate::sql::reply::SqlError;
use crate::sql::types::{SqlType, Value};
use crate::sql::values::{errors, storage};

/// See the module. One for each session.
#[derive(Debug, Default)]
pub struct FunctionContext {
    /// Ticks of 100 ns since 0001-01-01 in UTC: GETDATE and its kin give one instant for a whole statement.
    now: AtomicI64,
    error: Mutex<Option<SqlError>>,
}

impl FunctionContext {
    /// Sets the clock for the statement that begins, in ticks of 100 ns since 0001-01-01 in UTC.
    pub fn set_now(&self, utc_ticks: i64) {
        self.now.store(utc_ticks, Ordering::Relaxed);
    }

    /// The statement's instant.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The error that made the last statement fail, if one of these functions raised it.
    #[must_use]
    pub fn take_error(&self) -> Option<SqlError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the error, which SQLite would flatten to a text, and gives SQLite one to stop with. The first one stays.
    pub(super) fn fail(&self, error: SqlError) -> rusqlite::Error {
        let mut kept = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let stop = rusqlite::Error::UserFunctionError(Box::new(error.clone()));
        kept.get_or_insert(error);
        stop
    }
}

/// A call's arguments, read as the table says.
pub(super) struct Arguments<'a, 'c>(&'a Context<'c>);

impl<'a, 'c> Arguments<'a, 'c> {
    /// The arguments of an aggregate's step.
    pub(super) fn of(call: &'a Context<'c>) -> Self {
        Self(call)
    }
}

impl Arguments<'_, '_> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn stored(&self, at: usize) -> ValueRef<'_> {
        if at < self.0.len() { self.0.get_raw(at) } else { ValueRef::Null }
    }

    pub(super) fn is_null(&self, at: usize) -> bool {
        matches!(self.stored(at), ValueRef::Null)
    }

    /// The type whose canonical spelling is this argument.
    pub(super) fn sql_type(&self, at: usize) -> Result<SqlType, SqlError> {
        // Parsing once per call site and statement; SQLite keeps it beside the constant argument.
        let index = i32::try_from(at).map_err(|_| errors::internal("an argument's number"))?;
        let cached: Arc<SqlType> = self
            .0
            .get_or_create_aux(
                index,
                |spelling| -> Result<SqlType, Box<dyn std::error::Error + Send + Sync>> {
                    Ok(SqlType::parse(spelling.as_str()?)?)
                },
            )
            .map_err(|_| errors::internal("a type's spelling"))?;
        Ok(*cached)
    }

    /// The value of the type at an argument.
    pub(super) fn value(&self, at: usize, sql_type: SqlType) -> Result<Value, SqlError> {
        storage::from_sqlite(self.stored(at), sql_type)
    }

    /// A text argument; None for NULL.
    pub(super) fn text(&self, at: usize) -> Result<Option<&str>, SqlError> {
        match self.stored(at) {
            ValueRef::Null => Ok(None),
            other => other.as_str().map(Some).map_err(|_| errors::internal("a text argument")),
        }
    }

    /// An integer argument; None for NULL.
    pub(super) fn integer(&self, at: usize) -> Result<Option<i64>, SqlError> {
        match self.stored(at) {
            ValueRef::Null => Ok(None),
            other => other.as_i64().map(Some).map_err(|_| errors::internal("an integer argument")),
        }
    }

    /// A float argument; None for NULL.
    pub(super) fn float(&self, at: usize) -> Result<Option<f64>, SqlError> {
        match self.stored(at) {
            ValueRef::Null => Ok(None),
            ValueRef::Real(float) => Ok(Some(float)),
            _ => Err(errors::internal("a float argument")),
        }
    }
}

/// Registers a function that always gives the same for the same arguments. `arguments` is -1 for any number.
pub(super) fn pure(
    connection: &Connection,
    context: &Arc<FunctionContext>,
    name: &str,
    arguments: i32,
    function: impl Fn(&Arguments<'_, '_>) -> Result<Stored, SqlError> + Send + 'static,
) -> rusqlite::Result<()> {
    scalar(connection, context, name, arguments, FunctionFlags::SQLITE_DETERMINISTIC, move |_, arguments| {
        function(arguments)
    })
}

/// Registers a function that depends on the clock or on chance.
pub(super) fn changing(
    connection: &Connection,
    context: &Arc<FunctionContext>,
    name: &str,
    arguments: i32,
    function: impl Fn(&FunctionContext, &Arguments<'_, '_>) -> Result<Stored, SqlError> + Send + 'static,
) -> rusqlite::Result<()> {
    scalar(connection, context, name, arguments, FunctionFlags::empty(), function)
}

fn scalar(
    connection: &Connection,
    context: &Arc<FunctionContext>,
    name: &str,
    arguments: i32,
    flags: FunctionFlags,
    function: impl Fn(&FunctionContext, &Arguments<'_, '_>) -> Result<Stored, SqlError> + Send + 'static,
) -> rusqlite::Result<()> {
    let shared = Arc::clone(context);
    let flags = flags | FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function(name, arguments, flags, move |call| {
        function(&shared, &Arguments(call)).map_err(|error| shared.fail(error))
    })
}
