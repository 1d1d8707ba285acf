//! The host's own retry policy, at the top level of function.json.

use std::time::Duration;

use serde_json::Value;

use crate::functions::settings::parse_time_span;

/// How often and after which wait a failed run is repeated. The host applies it to triggers that support it: timers,
/// Event Hubs and Cosmos DB, of those known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) struct RetryPolicy {
    /// `None` = for ever (`-1`).
    pub(in crate::functions) max_retry_count: Option<u32>,
    wait: Wait,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wait {
    Fixed(Duration),
    Exponential { minimum: Duration, maximum: Duration },
}

impl RetryPolicy {
    /// Reads the key `retry`.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub(super) fn from_json(json: &Value) -> Result<Self, String> {
        let span = |key: &str| {
            json.get(key)
                .and_then(Value::as_str)
                .and_then(parse_time_span)
                .ok_or_else(|| format!("retry.{key} must be a time span such as \"00:00:05\""))
        };
        let max_retry_count = match json.get("maxRetryCount").and_then(Value::as_i64) {
            Some(-1) => None,
            Some(count) => Some(
                u32::try_from(count).map_err(|_| "retry.maxRetryCount must be -1 or a small whole number")?,
            ),
            None => {
                return Err(
                    "retry.maxRetryCount is missing: write a whole number, or -1 for no limit".to_owned()
                );
            }
        };
        let strategy = json.get("strategy").and_then(Value::as_str).unwrap_or_default();
        let wait = if strategy.eq_ignore_ascii_case("fixedDelay") {
            Wait::Fixed(span("delayInterval")?)
        } else if strategy.eq_ignore_ascii_case("exponentialBackoff") {
            let (minimum, maximum) = (span("minimumInterval")?, span("maximumInterval")?);
            if minimum >= maximum {
                return Err("retry.minimumInterval must be shorter than retry.maximumInterval".to_owned());
            }
            Wait::Exponential { minimum, maximum }
        } else {
            return Err("retry.strategy must be \"fixedDelay\" or \"exponentialBackoff\"".to_owned());
        };
        Ok(Self { max_retry_count, wait })
    }

    /// The wait before retry number `retry`, which starts at 1. The exponential one doubles from the minimum up to the
    /// maximum; the host's random part is left out.
    pub(in crate::functions) fn wait_before(&self, retry: u32) -> Duration {
        match self.wait {
            Wait::Fixed(delay) => delay,
            Wait::Exponential { minimum, maximum } => {
                let factor = 2_u32.saturating_pow(retry.saturating_sub(1));
                minimum.checked_mul(factor).unwrap_or(maximum).min(maximum)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RetryPolicy;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn the_exponential_wait_doubles_and_stays_below_the_maximum() {
        let policy = RetryPolicy::from_json(&json!({
            "strategy": "exponentialBackoff", "maxRetryCount": -1, "minimumInterval": "00:00:01", "maximumInterval": "00:00:05"
        }));
        let waits = policy.map(|policy| [1, 2, 3, 4, u32::MAX].map(|retry| policy.wait_before(retry)));
        assert_eq!(waits, Ok([1, 2, 4, 5, 5].map(Duration::from_secs)));
    }
}
