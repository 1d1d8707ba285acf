//! Table types, table variables and table-valued parameters.
//!
//! | module | holds |
//! |---|---|
//! | [`argument`] | a table-valued parameter: the rows that a client sends, or the caller's variable |
//! | [`catalog`] | the types that the database has |
//! | [`definition`] | CREATE TYPE, DROP TYPE, their rights |
//! | [`variable`] | DECLARE of a table variable, and how long it lives |
//!
//! A table variable is a temporary table of SQLite's that nobody finds by a name in the catalogue: the text that declares
//! it knows it. On SQL Server it isn't part of a transaction: after a rollback it has the rows that it had before it.

pub(crate) mod argument;
pub(crate) mod catalog;
mod definition;
pub(crate) mod variable;
