//! A histogram of times in fixed buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::snapshot::Times;

/// The buckets' upper bounds in milliseconds, each included: one, two and five of each power of ten, from what a cached
/// look-up takes to the longest wait that Azure's load balancer allows (230 s). Longer times are counted beside them.
const BOUNDS: [u64; 17] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 230_000];

/// See the module.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Box<[(u64, AtomicU64)]>,
    beyond: AtomicU64,
    microseconds: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: BOUNDS.into_iter().map(|bound| (bound, AtomicU64::new(0))).collect(),
            beyond: AtomicU64::new(0),
            microseconds: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(super) fn record(&self, time: Duration) {
        let bucket = self.buckets.iter().find(|(bound, _)| time <= Duration::from_millis(*bound));
        bucket.map_or(&self.beyond, |(_, count)| count).fetch_add(1, Ordering::Relaxed);
        // Half a million years of it fit.
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    pub(super) fn times(&self) -> Times {
        let buckets = self.buckets.iter().map(|(bound, count)| (*bound, count.load(Ordering::Relaxed)));
        Times {
            buckets: buckets.collect(),
            beyond: self.beyond.load(Ordering::Relaxed),
            microseconds: self.microseconds.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[Duration]) -> Times {
        let histogram = Histogram::default();
        times.iter().for_each(|time| histogram.record(*time));
        histogram.times()
    }

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let exact = of(&[Duration::from_millis(5)]);
        let more = of(&[Duration::from_micros(5_001)]);
        assert_eq!((exact.quantile(1.0), more.quantile(1.0)), (Some(5), Some(10)));
    }

    #[test]
    fn a_time_beyond_the_last_bound_is_counted_all_the_same() {
        let times = of(&[Duration::from_secs(231)]);
        assert_eq!((times.count(), times.beyond, times.quantile(0.5)), (1, 1, Some(230_000)));
    }

    proptest! {
        #[test]
        fn every_time_is_in_one_bucket_and_in_the_sum(milliseconds in prop::collection::vec(0_u64..300_000, 0..50)) {
            let times: Vec<_> = milliseconds.iter().copied().map(Duration::from_millis).collect();
            let seen = of(&times);
            prop_assert_eq!(seen.count(), milliseconds.len() as u64);
            prop_assert_eq!(seen.microseconds, milliseconds.iter().sum::<u64>() * 1_000);
        }

        /// The oracle is the sorted list.
        #[test]
        fn a_quantile_is_the_least_bound_that_the_true_one_does_not_exceed(
            mut milliseconds in prop::collection::vec(0_u64..230_000, 1..50),
        ) {
            let times: Vec<_> = milliseconds.iter().copied().map(Duration::from_millis).collect();
            milliseconds.sort_unstable();
            let median = milliseconds[(milliseconds.len() - 1) / 2];
            let bound = BOUNDS.into_iter().find(|bound| median <= *bound);
            prop_assert_eq!(of(&times).quantile(0.5), bound);
        }
    }
}
