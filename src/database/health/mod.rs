//! Whether connections can be opened, so that an outage costs callers milliseconds and the server is not besieged.
//!
//! [`Health`] (`state.rs`) is the rule, a state machine without a clock; [`SharedHealth`] is one of them among threads. A
//! [`Gate`] stands before each opening of one database: it asks the health of the server, which all its databases share and
//! which learns whether the address of the connection string can be reached; and the health of the database, which learns
//! what the server says at login (a paused database must not slow its neighbours) and whether the node can be reached to which
//! the login was redirected.

mod gate;
mod shared;
mod state;

pub(super) use gate::{Gate, Gates, Pass, Refusal, Verdict};
