//! The engine's errors, with SQL Server's numbers and sentences.

use crate::sql::reply::SqlError;
use crate::sql::tsql::statement::Name;

/// A procedure left another number of transactions open than it found; XACT_ABORT makes nothing more of it.
pub(crate) const TRANSACTION_COUNT: i32 = 266;

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The statement ends, the batch goes on.
    Statement,
    /// The text ends in which the statement stands: the batch, or what one sp_executesql runs; the transaction stays.
    Scope,
    /// The batch ends; the transaction stays.
    Batch,
    /// The batch ends and the transaction is rolled back (in TRY: can only be rolled back).
    Transaction,
}

/// What SQL Server does after an error of this number while XACT_ABORT is OFF.
pub(crate) fn reach(error: &SqlError) -> Reach {
    match error.number {
        // conversions of values, deadlock, snapshot conflict
        241 | 242 | 245 | 295 | 8114 | 8169 | 1205 | 3960 => Reach::Transaction,
        // what is wrong with a JSON text or path while the statement runs
        13607 | 13608 | 13609 | 13611 | 13621 | 13623 | 13624 | 13625 => Reach::Transaction,
        // names and syntax of the scope, unsupported constructs, doomed transaction
        102..=199
        | 203..=214
        | 241..=257
        | 306
        | 319
        | 402
        | 911
        | 1011
        | 1087
        | 10700
        | 1033
        | 3930
        | 4104
        | 4145
        | 8116
        | 8117
        | 8120
        | 8155
        | 8156
        | 8178
        | 8630
        | 13600..=13605
        | 13618
        | 13620 => Reach::Scope,
        217 | 40517 => Reach::Batch,
        _ if error.class >= 19 => Reach::Transaction,
        _ => Reach::Statement,
    }
}

/// 208.
pub(crate) fn invalid_object(name: &Name) -> SqlError {
    SqlError::new(208, format!("Invalid object name '{}'.", display(name)))
}

/// 207.
pub(crate) fn invalid_column(name: &str) -> SqlError {
    SqlError::new(207, format!("Invalid column name '{name}'."))
}

/// `schema.object` as it was written.
pub(crate) fn display(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{schema}.{}", name.object),
        None => name.object.clone(),
    }
}

/// A failure of SQLite that stands for no error of SQL Server's.
pub(crate) fn internal(error: &rusqlite::Error) -> SqlError {
    tracing::debug!(code = ?error.sqlite_error_code(), "SQLite refused a statement");
    let what = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    crate::sql::values::errors::internal(&what)
}
