//! The unit of work that a command is: what of it may be repeated after which fault.

use super::faults::FaultClass;

/// How a command runs, which decides what may be repeated of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Reads only: may run again whatever happened.
    Repeatable,
    /// Reads only, in one transaction at this level, so that all its statements see what the level promises: may run again
    /// whatever happened.
    RepeatableTransaction(Isolation),
    /// One plain statement, which the server runs wholly or not at all: may run again when the server says that it did
    /// not run.
    SingleStatement,
    /// Everything as one transaction of ours, begun at this level: may run again when it is certain that it was not
    /// committed.
    Transaction(Isolation),
    /// The same, and its first statement claims an idempotency key: may run again whatever happened, since a run that was
    /// committed holds the key.
    Keyed(Isolation),
    /// A command that manages transactions on its own: parts of it may be committed already, so it is sent at most once.
    OnItsOwn,
}

impl Unit {
    /// Whether a fault of this class, judged for the unit as a whole, allows another run.
    #[must_use]
    pub fn repeats_after(self, class: FaultClass) -> bool {
        match class {
            FaultClass::Opening => true,
            FaultClass::RolledBack => self != Self::OnItsOwn,
            FaultClass::Unknown => match self {
                Self::Repeatable | Self::RepeatableTransaction(_) | Self::Keyed(_) => true,
                Self::SingleStatement | Self::Transaction(_) | Self::OnItsOwn => false,
            },
            FaultClass::Permanent => false,
        }
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        matches!(self, Self::Repeatable | Self::RepeatableTransaction(_))
    }

    /// The level of the transaction that it runs in; None when it runs in none of ours.
    #[must_use]
    pub fn transaction(self) -> Option<Isolation> {
        match self {
            Self::RepeatableTransaction(isolation)
            | Self::Transaction(isolation)
            | Self::Keyed(isolation) => Some(isolation),
            Self::Repeatable | Self::SingleStatement | Self::OnItsOwn => None,
        }
    }
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
