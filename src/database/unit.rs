//! The unit of work that a command is: what of it may be repeated after which fault.

/// How a command runs, which decides what may be repeated of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Reads only: may run again whatever happened.
    Repeatable,
    /// One plain statement, which the server runs wholly or not at all: may run again when the server says that it did
    /// not run.
    SingleStatement,
    /// Everything as one transaction of ours, begun at this level: may run again when it is certain that it was not
    /// committed.
    Transaction(Isolation),
    /// A command that manages transactions on its own: parts of it may be committed already, so it is sent at most once.
    OnItsOwn,
}

/// The isolation level of a transaction of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// What a new session has: read committed, which Azure SQL serves from row versions unless the database says otherwise.
    #[default]
    Default,
    /// `READ UNCOMMITTED`
    ReadUncommitted,
    /// `READ COMMITTED`
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
    /// `SNAPSHOT`
    Snapshot,
}
