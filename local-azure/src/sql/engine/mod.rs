//! A database in a SQLite file, and the sessions that run T-SQL on it.

mod alter;
pub(crate) mod bind;
pub(crate) mod catalog;
mod conflict;
mod constraint;
mod context;
mod database;
mod define;
pub(crate) mod errors;
mod evaluate;
mod execute;
mod identity;
mod index;
mod modify;
mod pieces;
mod planned;
mod procedures;
mod raise;
mod row_version;
mod run;
pub(crate) mod security;
mod select;
mod session;
pub(crate) mod sessions;
pub(crate) mod table_types;
mod transaction;

pub use database::Database;
pub use planned::PlannedFailure;
pub use security::login::{DirectoryEntry, Login, LoginIdentity};
pub use session::{CancelHandle, Session};
pub use table_types::argument::{SentColumn, SentTable, TableArgument};
pub use table_types::variable::TableVariable;

use super::types::{SqlType, Value};

/// One argument of an RPC: a value with its name and type.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name with its `@`; empty when it was passed by position.
    pub name: String,
    /// The type it came with on the wire.
    pub sql_type: SqlType,
    /// The value.
    pub value: Value,
    /// Whether the caller wants it back.
    pub output: bool,
    /// What a table-valued parameter is passed; `value` is NULL then, and its type of no meaning.
    pub table: Option<TableArgument>,
}

/// The isolation level of a transaction (MS-TDS 2.2.6.9, table of isolation levels).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Leave it as the session has it.
    #[default]
    Unchanged,
    /// READ UNCOMMITTED
    ReadUncommitted,
    /// READ COMMITTED
    ReadCommitted,
    /// REPEATABLE READ
    RepeatableRead,
    /// SERIALIZABLE
    Serializable,
    /// SNAPSHOT
    Snapshot,
}

impl Isolation {
    /// Whether all statements of a transaction see the same committed state.
    pub(crate) fn sees_one_state(self) -> bool {
        matches!(self, Self::RepeatableRead | Self::Serializable | Self::Snapshot)
    }
}
