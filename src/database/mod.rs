//! Azure SQL's side: connecting, running a command, reading what comes back.

mod sink;

pub use sink::{Cell, ResultSink, SinkError};
