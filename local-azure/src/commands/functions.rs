//! `local-azure functions`: the Functions host alone.

use std::path::PathBuf;
use std::sync::Arc;

use local_azure::functions::{HostOptions, HostState, LogLevel, local_settings, start};

/// Options of `local-azure functions`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where to listen on 127.0.0.1; 0 takes any free port
    #[arg(long, default_value_t = 7071)]
    port: u16,
    /// The folder with host.json and a folder for each function. `Values` of a local.settings.json beside host.json are
    /// app settings, as for `func start`
    #[arg(long, value_name = "DIR", default_value = ".")]
    functions: PathBuf,
}

/// Runs the host until the program is asked to end, or the worker crashed too often.
pub(super) async fn run(options: Options) -> Result<(), String> {
    let mut settings = local_settings(&options.functions).map_err(|error| error.to_string())?;
    settings.retain(|name, _| {
        let is_free = std::env::var_os(name).is_none();
        if !is_free {
            super::say(&format!("Skipping '{name}' of local.settings.json: the environment has it already."));
        }
        is_free
    });
    let host = start(HostOptions {
        script_root: options.functions,
        port: options.port,
        settings,
        log: Some(Arc::new(|line| {
            if line.level > LogLevel::Debug {
                super::say(&line.text);
            }
        })),
        ..HostOptions::default()
    })
    .await
    .map_err(|error| error.to_string())?;
    super::say(&format!("ready functions {}", host.base_url()));
    let outcome = tokio::select! {
        asked = super::asked_to_end() => asked,
        state = host.stopped() => match state {
            HostState::Stopped(why) => Err(why),
            HostState::WorkerStarting | HostState::Running | HostState::WorkerExited => Ok(()),
        },
    };
    host.stop().await;
    outcome
}
