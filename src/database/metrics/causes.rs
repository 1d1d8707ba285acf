//! The closed lists that a pool counts by.

use super::counters::Counted;
use crate::database::Failure;
use crate::database::connect::ConnectError;
use crate::database::faults::FaultClass;

/// Why a connection left the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) enum DiscardCause {
    /// A command failed on it, and its reply was not read to the end or its state is not known.
    Fault,
    /// The caller left, or the time of its invocation was over.
    Cancelled,
    /// The command changed the session.
    SessionState,
    /// The command left a transaction open.
    OpenTransaction,
    /// Whoever had it ended without a word, as a task does that panics.
    Abandoned,
    /// It was old.
    Old,
    /// Nobody asked for it.
    Idle,
    /// Its token ends soon.
    TokenEndsSoon,
    /// The server said that its token has ended.
    TokenEnded,
    /// Another of its time broke.
    Distrusted,
    /// It was idle and gave no sign of life.
    NoSignOfLife,
}

impl DiscardCause {
    /// For the log.
    pub(in crate::database) fn reason(self) -> &'static str {
        match self {
            Self::Fault => "a command failed on it",
            Self::Cancelled => "its caller left",
            Self::SessionState => "the command changed its session",
            Self::OpenTransaction => "the command left a transaction open",
            Self::Abandoned => "its task ended without a word",
            Self::Old => "it is old",
            Self::Idle => "nobody asked for it",
            Self::TokenEndsSoon => "its token ends soon",
            Self::TokenEnded => "its token has ended",
            Self::Distrusted => "another of its time broke",
            Self::NoSignOfLife => "it gave no sign of life",
        }
    }
}

impl Counted for DiscardCause {
    const ALL: &[Self] = &[
        Self::Fault,
        Self::Cancelled,
        Self::SessionState,
        Self::OpenTransaction,
        Self::Abandoned,
        Self::Old,
        Self::Idle,
        Self::TokenEndsSoon,
        Self::TokenEnded,
        Self::Distrusted,
        Self::NoSignOfLife,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Cancelled => "cancelled",
            Self::SessionState => "sessionState",
            Self::OpenTransaction => "openTransaction",
            Self::Abandoned => "abandoned",
            Self::Old => "old",
            Self::Idle => "idle",
            Self::TokenEndsSoon => "tokenEndsSoon",
            Self::TokenEnded => "tokenEnded",
            Self::Distrusted => "distrusted",
            Self::NoSignOfLife => "noSignOfLife",
        }
    }
}

/// Why a connection did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) enum OpeningFailure {
    /// Another try may find it mended: network, a busy or absent database.
    Transient,
    /// Another try would fail in the same way: a refused login, TLS.
    Permanent,
    /// There was no token.
    Identity,
    /// It took too long, or was given up: the server went down meanwhile.
    Abandoned,
}

impl OpeningFailure {
    /// None when it was not even tried, because the server is known to be down or not ready.
    pub(in crate::database) fn of(error: &ConnectError) -> Option<Self> {
        match error {
            ConnectError::Down(_) | ConnectError::NotReady(_) => None,
            ConnectError::Identity(_) => Some(Self::Identity),
            ConnectError::Fault(fault) => Some(match fault.class {
                FaultClass::Opening => Self::Transient,
                FaultClass::RolledBack | FaultClass::Unknown | FaultClass::Permanent => Self::Permanent,
            }),
        }
    }
}

impl Counted for OpeningFailure {
    const ALL: &[Self] = &[Self::Transient, Self::Permanent, Self::Identity, Self::Abandoned];

    fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Identity => "identity",
            Self::Abandoned => "abandoned",
        }
    }
}

/// How a command ended, after all its tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::database) enum Outcome {
    Succeeded,
    /// The pool was full for the whole wait.
    PoolFull,
    /// Too many waited already.
    QueueFull,
    /// No connection came about.
    Unavailable,
    /// The server says that it did not take effect.
    RolledBack,
    /// Nobody knows whether it took effect.
    Unknown,
    /// The server refused it.
    Permanent,
    /// There was no token.
    Identity,
    /// Its results are not of the declared form, or too many.
    Results,
    /// It left a transaction open.
    OpenTransaction,
    /// Its time was over.
    Deadline,
    /// Its caller left.
    Cancelled,
    /// Its idempotency key was in use, or could not be used.
    Idempotency,
    /// A defect of the worker.
    Defect,
}

impl Outcome {
    pub(super) fn of(result: &Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Succeeded,
            Err(Failure::ServerDown(_)) => Self::Unavailable,
            Err(Failure::PoolFull) => Self::PoolFull,
            Err(Failure::QueueFull) => Self::QueueFull,
            Err(Failure::Identity(_)) => Self::Identity,
            Err(Failure::Fault(fault)) => match fault.class {
                FaultClass::Opening => Self::Unavailable,
                FaultClass::RolledBack => Self::RolledBack,
                FaultClass::Unknown => Self::Unknown,
                FaultClass::Permanent => Self::Permanent,
            },
            Err(Failure::Results(_) | Failure::AnswerTooLarge { .. }) => Self::Results,
            Err(Failure::OpenTransaction | Failure::EndedTransaction) => Self::OpenTransaction,
            Err(Failure::DeadlineBeforeRunning | Failure::Deadline | Failure::DeadlineRolledBack) => {
                Self::Deadline
            }
            Err(Failure::Cancelled) => Self::Cancelled,
            Err(Failure::Idempotency(_)) => Self::Idempotency,
            Err(Failure::Internal(_)) => Self::Defect,
        }
    }
}

impl Counted for Outcome {
    const ALL: &[Self] = &[
        Self::Succeeded,
        Self::PoolFull,
        Self::QueueFull,
        Self::Unavailable,
        Self::RolledBack,
        Self::Unknown,
        Self::Permanent,
        Self::Identity,
        Self::Results,
        Self::OpenTransaction,
        Self::Deadline,
        Self::Cancelled,
        Self::Idempotency,
        Self::Defect,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::PoolFull => "poolFull",
            Self::QueueFull => "queueFull",
            Self::Unavailable => "unavailable",
            Self::RolledBack => "rolledBack",
            Self::Unknown => "unknown",
            Self::Permanent => "permanent",
            Self::Identity => "identity",
            Self::Results => "results",
            Self::OpenTransaction => "openTransaction",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Idempotency => "idempotency",
            Self::Defect => "defect",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A value that is missing in ALL would never be counted. The last of each enum has the highest number.
    #[test]
    fn every_cause_is_in_its_list_once_and_under_a_name_of_its_own() {
        fn names<E: Counted>() -> usize {
            E::ALL.iter().map(|value| value.name()).collect::<BTreeSet<_>>().len()
        }
        assert_eq!((names::<DiscardCause>(), DiscardCause::NoSignOfLife as usize + 1), (11, 11));
        assert_eq!((names::<OpeningFailure>(), OpeningFailure::Abandoned as usize + 1), (4, 4));
        assert_eq!((names::<Outcome>(), Outcome::Defect as usize + 1), (14, 14));
    }
}
