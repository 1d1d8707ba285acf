//! The command line: `serve` (the default), `dev`, `check`, `doctor`, `package`, `token`, `openapi`,
//! `schema`.

mod check;
#[cfg(feature = "dev")]
mod dev;
mod doctor;
mod local_settings;
mod openapi;
mod package;
mod schema;
mod serve;
mod stop_signal;
mod terminal;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The worker was called in a way that it doesn't have; what `sysexits.h` calls `EX_USAGE`.
const EXIT_USAGE: u8 = 64;

/// What `check` looked at has mistakes; what `sysexits.h` calls `EX_DATAERR`.
const EXIT_MISTAKES: u8 = 65;

/// A folder or file that was named can't be read; what `sysexits.h` calls `EX_NOINPUT`.
const EXIT_NO_INPUT: u8 = 66;

/// A step of `doctor` failed; what `sysexits.h` calls `EX_UNAVAILABLE`.
const EXIT_UNHEALTHY: u8 = 69;

/// The worker can't run, or stopped running: any number but 0 and 200 makes the Functions host start it again.
const EXIT_FAILURE: u8 = 70;

/// What was to be written can't be, or must not be; what `sysexits.h` calls `EX_CANTCREAT`.
const EXIT_CANT_CREATE: u8 = 73;

/// The program's name.
const NAME: &str = "azsql-worker";

/// What the version of a build with the local parts ends with: `package` warns of one.
const LOCAL_PARTS: &str = "(with the local parts)";

#[cfg(feature = "dev")]
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (with the local parts)");
#[cfg(not(feature = "dev"))]
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs SQL functions on Azure SQL as a custom handler of Azure Functions.
#[derive(Parser)]
#[command(name = NAME, version = VERSION)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Subcommands>,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Answer the Functions host on FUNCTIONS_CUSTOMHANDLER_PORT; what runs without a command
    Serve(ServeOptions),
    /// Run everything locally: SQL endpoint, identity endpoint, Functions host and the worker under it
    #[cfg(feature = "dev")]
    Dev(dev::DevOptions),
    /// Look for mistakes in all definitions and host.json; each with its file, line and cure
    Check(check::CheckOptions),
    /// Go the way to the database step by step: what fails, and what to do; --grant prints the script with the rights
    Doctor(doctor::DoctorOptions),
    /// Write the folder to deploy: host.json, the functions and the worker built for production
    Package(package::PackageOptions),
    /// Get a token as the worker would; who it is for, and until when
    Token(token::TokenOptions),
    /// Describe the HTTP functions as an OpenAPI 3.1 document, for those who call them
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApiCommand),
    /// Print the JSON Schema of function.json, with which editors complete and check definitions
    Schema(schema::SchemaOptions),
}

/// Options of `serve`.
#[derive(Clone, Debug, Default, clap::Args)]
struct ServeOptions {
    /// The script root: the folder with host.json and a folder for each function [default: FUNCTIONS_APP_ROOT_PATH]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
}

/// Runs the command line of this process and says with which code to exit.
///
/// The code is never 0 for a worker that stopped serving: the Functions host would take it for success and start it
/// no more.
#[must_use]
pub fn run() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are no failures; `print` writes to stdout or stderr as fits.
            let _closed = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match command_line.command {
        None => serve::run(&ServeOptions::default()),
        Some(Subcommands::Serve(options)) => serve::run(&options),
        #[cfg(feature = "dev")]
        Some(Subcommands::Dev(options)) => dev::run(options),
        Some(Subcommands::Check(options)) => check::run(&options),
        Some(Subcommands::Doctor(options)) => doctor::run(&options),
        Some(Subcommands::Package(options)) => package::run(&options),
        Some(Subcommands::Token(options)) => token::run(&options),
        Some(Subcommands::OpenApi(options)) => openapi::run(&options),
        Some(Subcommands::Schema(options)) => schema::run(&options),
    }
}

/// In a checkout of this project the functions have a folder of their own; in a Function App they stand beside
/// host.json.
fn default_functions() -> PathBuf {
    let own = PathBuf::from("function-definitions");
    if own.is_dir() { own } else { PathBuf::from(".") }
}
