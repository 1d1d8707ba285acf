//! How large a pool may be, how many wait for it and how long its connections are kept.

use std::time::Duration;

/// The most connections that a core is given unless the settings say otherwise. A command mostly waits for the server, so
/// a core serves many; what it does of its own, TLS and the JSON of rows, fills a core with far fewer than eight at once.
const CONNECTIONS_PER_CORE: usize = 8;

/// Never fewer: the smallest instances have one core.
const LEAST_DEFAULT: usize = 8;

/// Never more: several instances share the sessions and workers that the database has.
const MOST_DEFAULT: usize = 64;

/// As many callers may wait for each connection: a burst that commands of 10 ms work off in about half a second.
const WAITING_PER_CONNECTION: usize = 50;

/// How many connections, who waits for them, and how long they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections at the most, 1 to 1,000.
    pub max_size: usize,
    /// Connections that are opened at the first use and not closed for idleness, 0 to `max_size`.
    pub min_size: usize,
    /// Callers that may wait for a connection; more are turned away at once.
    pub queue: usize,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// How long the sign of life may take.
    pub recycle: Duration,
    /// How long a connection stays open that nobody asks for.
    pub max_idle: Duration,
}

impl PoolLimits {
    /// The defaults for a pool of this size.
    #[must_use]
    pub fn of_size(max_size: usize) -> Self {
        Self {
            max_size,
            min_size: 0,
            queue: max_size.saturating_mul(WAITING_PER_CONNECTION),
            wait: Duration::from_secs(10),
            recycle: Duration::from_secs(2),
            max_idle: Duration::from_secs(10 * 60),
        }
    }

    /// The default of `AZSQL_POOL_MAX_SIZE`: eight for each core that this process may use, at least 8 and at most 64.
    #[must_use]
    pub fn default_size() -> usize {
        size_for(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

fn size_for(cores: usize) -> usize {
    cores.saturating_mul(CONNECTIONS_PER_CORE).clamp(LEAST_DEFAULT, MOST_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_size_is_eight_for_each_core_within_its_bounds() {
        let sizes = [0, 1, 2, 4, 8, 9, 64, usize::MAX].map(size_for);
        assert_eq!(sizes, [8, 8, 16, 32, 64, 64, 64, 64]);
    }

    #[test]
    fn ten_may_wait_for_each_connection() {
        assert_eq!(PoolLimits::of_size(16).queue, 800);
        assert_eq!(PoolLimits::of_size(usize::MAX).queue, usize::MAX);
    }
}
