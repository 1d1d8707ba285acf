//! Answers of the SQL server cut at every single byte: the HTTP caller sees the right rows, a problem or an aborted body,
//! never shorter JSON that parses; and an acknowledged write is there once.
//!
//! | module | holds |
//! |---|---|
//! | `recording` | what the server answers to a call, and at which bytes those answers are cut |
//! | `stage` | the worker, the cuts one after the other, and what the caller saw |
//! | `reads`, `writes` | the sessions that are cut |
//!
//! Each session is recorded first. Then each of its answers is cut, from before its first byte to after its last, by FIN and by
//! RST in turn, one cut for one call. The functions have one try, so a caller sees what each single cut does; what tries mend is
//! in `faults/matrix.rs`. Answers of one packet are cut at every byte. Those of several are cut at the places that
//! [`recording::places`] names, or at every byte too:
//!
//! ```text
//! AZSQL_CUTS=all cargo test --test suite cut_replies -- --nocapture
//! ```

#![expect(
    clippy::print_stdout,
    reason = "how many cuts there were, and how they ended, is for people to read"
)]

mod reads;
mod recording;
mod stage;
mod writes;
