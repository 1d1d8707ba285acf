//! `azsql-worker serve`: the custom handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::{EXIT_FAILURE, ServeOptions};
use crate::database::Tasks;
use crate::host::server;
use crate::settings::{ListenSettings, log_level, script_root};
use crate::{logging, startup};

/// Serves until the process is ended from outside; returns only when that is impossible.
pub(super) fn run(options: &ServeOptions) -> ExitCode {
    let sentence = match serve(options) {
        Ok(()) => "the HTTP server stopped".to_owned(),
        Err(sentence) => sentence,
    };
    logging::say_why_it_ends(&sentence);
    ExitCode::from(EXIT_FAILURE)
}

fn serve(options: &ServeOptions) -> Result<(), String> {
    let lookup = |name: &str| std::env::var(name).ok();
    let listen = ListenSettings::read(&lookup).map_err(|error| error.to_string())?;
    let listener = server::listen(listen.port)
        .map_err(|error| format!("can't listen on 127.0.0.1:{}: {}", listen.port, error.kind()))?;
    logging::start(log_level(&lookup).unwrap_or(tracing::level_filters::LevelFilter::INFO));
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    }

    let (ready, worker) = watch::channel(None);
    let script_root = options.functions.clone().unwrap_or_else(|| script_root(&lookup));
    // Reading definitions and starting the database's runtime must not hold up the first answers.
    std::thread::Builder::new()
        .name("start".to_owned())
        .spawn(move || {
            let start =
                || startup::worker(&script_root, &|name| std::env::var(name).ok(), Tasks::on_own_threads());
            match catch_unwind(AssertUnwindSafe(start)) {
                Ok(worker) => {
                    ready.send_replace(Some(Arc::new(worker)));
                }
                Err(_) => {
                    // A worker that can never answer must go, so that the host starts another.
                    logging::say_why_it_ends(
                        "the worker could not start; its log has the place of the defect",
                    );
                    std::process::exit(EXIT_FAILURE.into());
                }
            }
        })
        .map_err(|error| format!("can't start a thread: {}", error.kind()))?;

    actix_web::rt::System::new()
        .block_on(server::serve(listener, listen.threads, move || worker.clone()))
        .map_err(|error| format!("the HTTP server can't run: {}", error.kind()))
}
