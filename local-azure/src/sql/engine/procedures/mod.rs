//! Stored procedures.
//!
//! | module | does |
//! |---|---|
//! | [`catalog`] | keeps them in the SQLite file |
//! | `define` | CREATE, ALTER, DROP |
//! | `rights` | who may define and who may call |
//! | `arguments` | what a call passes, against what the procedure takes |
//! | `call` | runs one |
//! | `execute` | EXEC of one, and its results in the caller's variables |
//! | `remote` | a client's call by name |
//!
//! A procedure is kept as its text and read again at every call, so that names in it are looked up when it runs.

mod arguments;
mod call;
pub(crate) mod catalog;
mod define;
mod execute;
mod remote;
mod rights;

/// The procedure whose body runs.
#[derive(Clone, Debug)]
pub(super) struct RunningProcedure {
    /// `@@PROCID`
    pub(super) id: i64,
    /// Its name without the schema.
    pub(super) name: String,
    /// The name that errors carry: with the schema if the call named it.
    pub(super) shown: String,
}
