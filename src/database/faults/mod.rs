//! What went wrong between us and the server, and whether it may be tried again.
//!
//! A [`Fault`] has a [`FaultClass`], which the table of numbers in `table.rs` gives it; the class and the [`Unit`] of work
//! that it met decide, in [`FaultPolicy::next_try`], whether there is another try and after what wait.

mod fault;
mod policy;
mod table;

pub use fault::{Fault, FaultClass, Stage};
pub use policy::{FaultPolicy, RetryLimits};
pub use table::{
    BUSY_WAIT, DATABASE_NOT_AVAILABLE, LOGIN_FAILED, SERVICE_BUSY, SERVICE_ERROR, SESSION_TOKEN_EXPIRED,
};

#[cfg(doc)]
use super::Unit;
