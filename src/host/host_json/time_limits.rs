//! How long an invocation may run: from the host's `functionTimeout` and Azure's front end.

use std::time::Duration;

use crate::invocation::time_span;

/// The host's own limit when nothing is set: 5 minutes on Consumption, the shortest of all plans.
const DEFAULT_FUNCTION_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Azure's front end cuts an HTTP request at 230 s, whatever the host allows.
const FRONT_END_LIMIT: Duration = Duration::from_secs(230);

/// We end this much earlier, so that our answer still gets through: at the function timeout the host kills the
/// process and with it every invocation in flight.
const MARGIN: Duration = Duration::from_secs(5);

/// The longest `functionTimeout` of an app on the Consumption plan.
pub(super) const CONSUMPTION_LIMIT: Duration = Duration::from_secs(10 * 60);

/// How long an invocation may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a function with an HTTP trigger.
    pub http: Duration,
    /// Of any other.
    pub other: Duration,
}

/// `functionTimeout` as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionTimeout {
    /// `-1`
    Unlimited,
    /// A time span.
    After(Duration),
}

impl FunctionTimeout {
    /// Reads `hh:mm:ss` or `-1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "-1" => Some(Self::Unlimited),
            _ => parse_time_span(text).map(Self::After),
        }
    }
}

impl Limits {
    /// The limits under the host's own.
    pub(super) fn under(function_timeout: Option<FunctionTimeout>) -> Self {
        // A day stands for "unlimited"; below twice the margin, half of the limit is what is left to work with.
        let own = |limit: Duration| limit.saturating_sub(MARGIN).max(limit / 2);
        let other = match function_timeout {
            None => own(DEFAULT_FUNCTION_TIMEOUT),
            Some(FunctionTimeout::After(limit)) => own(limit),
            Some(FunctionTimeout::Unlimited) => Duration::from_secs(24 * 3600),
        };
        Self { http: other.min(own(FRONT_END_LIMIT)), other }
    }
}

/// A time span of more than 0 and at most a year.
pub(super) fn parse_time_span(text: &str) -> Option<Duration> {
    time_span(text).filter(|span| !span.is_zero() && *span <= Duration::from_secs(366 * 24 * 3600))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn limits(function_timeout: Option<&str>) -> Limits {
        Limits::under(function_timeout.map(|text| FunctionTimeout::parse(text).unwrap()))
    }

    #[test]
    fn an_invocation_ends_before_the_host_kills_the_process() {
        assert_eq!(limits(Some("00:01:00")).other, Duration::from_secs(55));
        assert_eq!(limits(Some("00:00:04")).other, Duration::from_secs(2));
        assert_eq!(limits(Some("1.00:00:05")).other, Duration::from_secs(24 * 3600));
        assert_eq!(limits(None).other, Duration::from_secs(295));
    }

    #[test]
    fn an_http_invocation_ends_before_the_front_end_cuts_it() {
        assert_eq!(limits(Some("-1")).http, Duration::from_secs(225));
        assert_eq!(limits(Some("00:30:00")).http, Duration::from_secs(225));
        assert_eq!(limits(Some("00:01:00")).http, Duration::from_secs(55));
    }

    #[test]
    fn a_wrong_time_span_is_refused() {
        for text in ["", "5", "00:00:00", "00:61:00", "1:2", "1:2:3:4", "-00:01:00", "24:00:00", "+1:00:00"] {
            assert_eq!(FunctionTimeout::parse(text), None, "{text}");
        }
    }
}
