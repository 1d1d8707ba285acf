//! The Functions host and the identity endpoint, driven over real sockets with a real worker process.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod app;
mod authority;
mod command_line;
mod discovery;
mod envelope;
mod fake_worker;
mod forwarding;
mod identity;
mod messages;
mod proxying;
mod quirks;
mod reply;
mod routing;
mod start_and_stop;
mod timers;
mod tokens;
mod worker_life;
