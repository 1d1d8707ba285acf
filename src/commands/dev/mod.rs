//! `azsql-worker dev`: a SQL endpoint, an identity endpoint and a Functions host on this machine, and the worker under
//! the host as its child process.

mod parts;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;

use local_azure::functions::HostState;

use super::EXIT_FAILURE;
use crate::logging;

/// Options of `dev`; scripts rely on their names and defaults.
#[derive(Clone, clap::Args)]
pub(super) struct DevOptions {
    /// Port of the Functions host on localhost; 0 takes any free one
    #[arg(long, default_value_t = 7071)]
    port: u16,
    /// Port of the SQL endpoint on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 14330)]
    sql_port: u16,
    /// Keep the database in this file; without it, it ends with the command
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Fill a new database from this script instead of the sample one
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The folder with the functions [default: function-definitions if it is there, else this folder]
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Name of a SQL login beside the tokens
    #[arg(long, default_value = "sa", value_name = "NAME")]
    sql_user: String,
    /// Its password; without it, a random one is printed. Other users of this machine can see it here: better set
    /// AZSQL_DEV_SQL_PASSWORD
    #[arg(long, env = "AZSQL_DEV_SQL_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    sql_password: Option<String>,
    /// Use this server instead of the local SQL endpoint
    #[arg(long, env = "AZSQL_DEV_CONNECTION_STRING", hide_env_values = true, value_name = "STRING")]
    connection_string: Option<String>,
    /// Make happen what goes wrong in this script of faults
    #[arg(long, value_name = "FILE")]
    chaos: Option<PathBuf>,
    /// Listen for other scripts of faults on this port of 127.0.0.1; 0 takes any free one [default: any with --chaos,
    /// else don't]
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
}

/// Runs everything until ^C, SIGTERM, or the host gives up on the worker.
pub(super) fn run(options: DevOptions) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match runtime.block_on(serve(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => failed(&sentence),
    }
}

fn failed(sentence: &str) -> ExitCode {
    logging::say_why_it_ends(sentence);
    ExitCode::from(EXIT_FAILURE)
}

async fn serve(options: DevOptions) -> Result<(), String> {
    // Listening for ^C comes first: one that comes while the parts start must end them too.
    let end = AskedToEnd::new()?;
    let parts = parts::start(options).await?;
    let started = tokio::select! {
        state = parts.host.ready() => state,
        () = end.asked() => return parts.stop().await,
    };
    if started == HostState::Running {
        screen::say(&parts.summary());
    }
    let outcome = tokio::select! {
        state = parts.host.stopped() => match state {
            HostState::Stopped(why) => Err(why),
            HostState::WorkerStarting | HostState::Running | HostState::WorkerExited => Ok(()),
        },
        () = end.asked() => Ok(()),
    };
    parts.stop().await?;
    outcome
}

/// ^C and SIGTERM.
struct AskedToEnd {
    interrupt: tokio::sync::Mutex<tokio::signal::unix::Signal>,
    terminate: tokio::sync::Mutex<tokio::signal::unix::Signal>,
}

impl AskedToEnd {
    fn new() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| format!("can't listen for signals: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?.into(),
            terminate: listen(SignalKind::terminate())?.into(),
        })
    }

    async fn asked(&self) {
        let (mut interrupt, mut terminate) = (self.interrupt.lock().await, self.terminate.lock().await);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
