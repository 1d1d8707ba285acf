//! Why a pooled connection that nobody uses must go.

use std::time::Duration;

/// A connection retires at this age, so that a failover or a scaled server is found by all of them in the end; what
/// other pools use.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// A connection that was idle for longer is dropped, well before Azure's gateway does it after 30 minutes.
const MAX_IDLE: Duration = Duration::from_secs(10 * 60);

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retirement {
    Old,
    Idle,
    TokenEnds,
}

impl Retirement {
    /// For the log.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Old => "it is old",
            Self::Idle => "it was idle for long",
            Self::TokenEnds => "its token ends soon",
        }
    }
}

/// `now` and `retire_at` are Unix seconds; `retire_at` is what its token allows, None for a SQL login.
pub(super) fn retirement(
    age: Duration,
    idle: Duration,
    now: i64,
    retire_at: Option<i64>,
) -> Option<Retirement> {
    if age > MAX_AGE {
        Some(Retirement::Old)
    } else if idle > MAX_IDLE {
        Some(Retirement::Idle)
    } else if retire_at.is_some_and(|end| now >= end) {
        Some(Retirement::TokenEnds)
    } else {
        None
    }
}
