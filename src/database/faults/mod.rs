//! What went wrong between us and the server, and whether it may be tried again.
//!
//! A [`Fault`] has a [`FaultClass`], which the table of numbers in `numbers.rs` gives it; the class and the [`Unit`] of work
//! that it met decide, in [`FaultPolicy::next_try`], whether there is another try and after what wait.

mod fault;
mod left_out;
mod numbers;
mod policy;
mod retry_budget;
mod table;
#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultClass, Stage};
pub use left_out::{LEFT_OUT, LeftOut};
pub use policy::{FaultPolicy, OwnRetryLimits, RetryLimits};
pub use retry_budget::{RetryBudget, RetryShare};
pub use table::{
    BUSY_WAIT, Connections, DATABASE_NOT_AVAILABLE, DATABASE_NOT_OPENED, Entry, LOGIN_FAILED, Outcome,
    SERVICE_BUSY, SERVICE_ERROR, SESSION_TOKEN_EXPIRED, Source, entries, entry,
};

#[cfg(doc)]
use super::Unit;
