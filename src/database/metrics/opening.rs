//! A connection that is being opened: it counts as abandoned unless it is told how that ended.

use super::{Entered, OpeningFailure, PoolMetrics};
use crate::database::connect::ConnectError;

/// See the module.
#[derive(Debug)]
pub(in crate::database) struct Opening<'a> {
    metrics: &'a PoolMetrics,
    _opening: Entered,
    is_over: bool,
}

impl<'a> Opening<'a> {
    pub(in crate::database) fn begin(metrics: &'a PoolMetrics) -> Self {
        Self { metrics, _opening: metrics.opening.enter(), is_over: false }
    }

    pub(in crate::database) fn end<C>(mut self, result: &Result<C, ConnectError>) {
        self.is_over = true;
        match result {
            Ok(_) => self.metrics.opened(),
            Err(error) => {
                if let Some(why) = OpeningFailure::of(error) {
                    self.metrics.opening_failed(why);
                }
            }
        }
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.metrics.opening_failed(OpeningFailure::Abandoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::faults::{Fault, FaultClass};

    #[test]
    fn an_opening_is_under_way_until_it_ends_and_counts_once_as_what_it_became() {
        let metrics = PoolMetrics::default();
        let fault = |class| ConnectError::Fault(Fault::without_number(class, "a fault"));
        let opening = Opening::begin(&metrics);
        assert_eq!((metrics.opening.value(), metrics.open_or_opening()), (1, 1));

        opening.end(&Ok(()));
        assert_eq!((metrics.opening.value(), metrics.open_or_opening()), (0, 1));
        Opening::begin(&metrics).end::<()>(&Err(fault(FaultClass::Opening)));
        Opening::begin(&metrics).end::<()>(&Err(fault(FaultClass::Permanent)));
        drop(Opening::begin(&metrics));
        // Not tried, so nothing failed.
        let met = || Fault::without_number(FaultClass::Opening, "what others met");
        Opening::begin(&metrics).end::<()>(&Err(ConnectError::Down(met())));
        Opening::begin(&metrics).end::<()>(&Err(ConnectError::NotReady(met())));

        let failed = metrics.openings_failed.counts();
        assert_eq!(
            ["transient", "permanent", "identity", "abandoned"].map(|why| failed.of(why)),
            [1, 1, 0, 1]
        );
        assert_eq!((metrics.opening.value(), metrics.open_or_opening()), (0, 1));
    }
}
