//! Faults by script: what goes wrong with the stand-ins, where, how often, and with which seed.
//!
//! Data flows one way: [`Script::parse`] turns JSON into types once; [`Chaos`] runs a script and is asked by the stand-ins
//! at each event; [`control`] lets a program outside change the script while everything runs.

mod control;
mod draw;
mod mistake;
mod read;
mod rules;
mod running;
mod script;
mod words;

pub use control::{ChaosControl, ControlError, control};
pub use mistake::{Mistake, Mistakes};
pub use read::LONGEST_SCRIPT;
pub use rules::Counts;
pub use running::{Chaos, OutageError, ScriptError};
pub use script::{Fault, LONGEST_WAIT, MOST_RULES, Place, Probability, Rule, Script};
