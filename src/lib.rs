//! An Azure Functions custom handler that runs SQL on Azure SQL with no password anywhere.
//!
//! A function is a folder with a `function.json` and a `.sql` file. An invocation walks one way:
//! `host` reads it, `functions` binds its values to the command's parameters, `database` runs the command,
//! `functions` shapes what comes back, `host` answers. All three stand on `invocation`; `host` and `database` never
//! meet.

mod commands;
pub mod database;
pub mod doctor;
pub mod functions;
pub mod host;
pub mod identity;
pub mod invocation;
pub mod logging;
pub mod settings;
pub mod startup;

pub use commands::run;

/// The script that fills the sample database: `dbo.Persons` with its rows, and `dbo.NightlySummaries`.
#[cfg(feature = "dev")]
pub const SAMPLE_SEED: &str = include_str!("commands/dev/seed.sql");
