//! The command line: `local-azure sql`, `identity`, `authority`, `functions`.

mod authority;
mod functions;
mod identity;
mod sql;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Stand-ins for parts of Azure, on loopback ports.
#[derive(Debug, Parser)]
#[command(name = "local-azure", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// A SQL endpoint that speaks TDS
    Sql(sql::Options),
    /// The managed-identity endpoint of App Service
    Identity(identity::Options),
    /// The Entra authority, login.microsoftonline.com
    Authority(authority::Options),
    /// A Functions host for the custom handler that host.json names
    Functions(functions::Options),
}

/// Runs until ^C or SIGTERM.
pub(crate) fn run() -> ExitCode {
    let command_line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(async {
        match command_line.command {
            Subcommands::Sql(options) => sql::run(options).await,
            Subcommands::Identity(options) => identity::run(options).await,
            Subcommands::Authority(options) => authority::run(options).await,
            Subcommands::Functions(options) => functions::run(options).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => failed(&sentence),
    }
}

fn failed(sentence: &dyn Display) -> ExitCode {
    // Nobody is left to tell when stderr is closed.
    let _closed = writeln!(std::io::stderr(), "local-azure: {sentence}");
    ExitCode::FAILURE
}

/// One line on stdout, at once, so that a script that waits for it goes on.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _closed = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Completes when the program is asked to end.
async fn asked_to_end() -> Result<(), String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
