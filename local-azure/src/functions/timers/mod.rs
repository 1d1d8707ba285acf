//! Timer triggers: when a function is due, what it was told of its last run, and running it.

mod runner;
mod schedule;
mod status;

pub(super) use runner::TimerRunner;
pub(super) use schedule::Schedule;
pub(super) use status::{ScheduleStatus, StatusStore};
