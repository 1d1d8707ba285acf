//! What connection strings mean, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
