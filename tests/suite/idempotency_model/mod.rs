//! Randomised schedules of calls and faults on the running parts, held against a model: every acknowledged effect is there
//! exactly once, none is lost, none is there twice.
//!
//! - **In process** ([`in_process`]): the library's service over sockets to the real SQL endpoint, thousands of schedules.
//!   Each has two to four calls, with keys that they share or not and callers that repeat what wasn't acknowledged, and
//!   faults at the steps of the protocol: at the login, at BEGIN, at the claim, in the command, at the record, at COMMIT before its
//!   effect, after it and late.
//! - **With SIGKILL** ([`killed`]): tens of schedules in which the real worker is killed under the local host, with
//!   messages that are delivered again and HTTP callers that repeat.
//! - **Breaches** ([`breach`]): the same schedules on a protocol that was broken on purpose must be found out.
//!
//! ```sh
//! AZSQL_MODEL_SCHEDULES=5000 cargo test --test suite idempotency_model::in_process -- --nocapture   # more of them
//! AZSQL_MODEL_KILLS=40 cargo test --test suite idempotency_model::killed -- --nocapture
//! AZSQL_MODEL_SEED=7 cargo test --test suite idempotency_model::in_process                          # one, many times
//! ```
//!
//! A schedule follows from its seed to the last fault; how its calls meet is up to the machine. That is why a seed is
//! replayed many times.

#![expect(
    clippy::print_stdout,
    reason = "how many schedules ran, and what was found out, is for people to read"
)]

mod account;
mod breach;
mod caller;
mod in_process;
mod killed;
mod lane;
mod schedule;
