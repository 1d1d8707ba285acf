//! An Azure Functions custom handler that runs SQL on Azure SQL with no password anywhere.
//!
//! A function is a folder with a `function.json` and a `.sql` file. An invocation walks one way:
//! `host` reads it, `functions` binds its values to the command's parameters, `database` runs the command,
//! `functions` shapes what comes back, `host` answers. All three stand on `invocation`; `host` and `database` never
//! meet.

mod commands;
pub mod database;
pub mod functions;
pub mod host;
pub mod invocation;
pub mod logging;
pub mod settings;

pub use commands::run;
