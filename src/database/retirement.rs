//! Why a pooled connection that nobody uses must go.

use std::time::Duration;

/// A connection retires at this age at the latest, so that a failover or a scaled server is found by all of them in the
/// end, and before Azure's gateway drops one that is kept idle; what other pools use.
pub(super) const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// By which part of [`MAX_AGE`] a connection may retire earlier: those that a burst opened together don't go together.
const AGE_JITTER: u32 = 5;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retirement {
    Old,
    TokenEnds,
    /// The weakest reason: a minimum is kept all the same.
    Idle,
}

/// How long one connection may live.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    pub(super) max_age: Duration,
    pub(super) max_idle: Duration,
}

impl Lifetime {
    /// Of a new connection: its age's limit is a chance of its own.
    pub(super) fn of_new(max_idle: Duration) -> Self {
        let jitter = (MAX_AGE / AGE_JITTER).mul_f64(fastrand::f64());
        Self { max_age: MAX_AGE.saturating_sub(jitter), max_idle }
    }

    /// `now` and `retire_at` are Unix seconds; `retire_at` is what its token allows, None for a SQL login.
    pub(super) fn retirement(
        &self,
        age: Duration,
        idle: Duration,
        now: i64,
        retire_at: Option<i64>,
    ) -> Option<Retirement> {
        if age > self.max_age {
            Some(Retirement::Old)
        } else if retire_at.is_some_and(|end| now >= end) {
            Some(Retirement::TokenEnds)
        } else if idle > self.max_idle {
            Some(Retirement::Idle)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_IDLE: Duration = Duration::from_secs(10 * 60);
    const NOT_IDLE: Duration = Duration::ZERO;

    #[test]
    fn connections_of_one_moment_do_not_go_in_one_moment() {
        fastrand::seed(5);
        let mut ages: Vec<_> = (0..64).map(|_| Lifetime::of_new(MAX_IDLE).max_age).collect();
        ages.sort_unstable();
        ages.dedup();
        assert!(ages.len() > 60, "{ages:?}");
        assert!(
            ages.iter().all(|age| *age > Duration::from_secs(24 * 60) - Duration::from_secs(1)),
            "{ages:?}"
        );
        assert!(ages.iter().all(|age| *age <= MAX_AGE), "{ages:?}");
    }

    #[test]
    fn age_comes_first_then_the_token_then_idleness() {
        let lifetime = Lifetime { max_age: MAX_AGE, max_idle: MAX_IDLE };
        let beyond = |limit: Duration| limit + Duration::from_secs(1);
        let reason = |age, idle, now| lifetime.retirement(age, idle, now, Some(100));
        assert_eq!(reason(MAX_AGE, MAX_IDLE, 99), None, "a limit itself is within");
        assert_eq!(reason(beyond(MAX_AGE), beyond(MAX_IDLE), 100), Some(Retirement::Old));
        assert_eq!(reason(NOT_IDLE, beyond(MAX_IDLE), 100), Some(Retirement::TokenEnds));
        assert_eq!(reason(NOT_IDLE, beyond(MAX_IDLE), 99), Some(Retirement::Idle));
        assert_eq!(lifetime.retirement(NOT_IDLE, NOT_IDLE, 100, None), None, "a password doesn't end");
    }
}
