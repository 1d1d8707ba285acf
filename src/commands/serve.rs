//! `azsql-worker serve`: the custom handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::stop_signal::StopSignals;
use super::{EXIT_FAILURE, ServeOptions};
use crate::database::Tasks;
use crate::host::server::{self, ServerOptions};
use crate::settings::{ListenSettings, environment, log_level, script_root};
use crate::{logging, startup};

/// Serves until a signal ends the process from inside, with the signal's own code; returns only when serving is impossible.
pub(super) fn run(options: &ServeOptions) -> ExitCode {
    let sentence = match serve(options) {
        Ok(()) => "the HTTP server stopped".to_owned(),
        Err(sentence) => sentence,
    };
    logging::say_why_it_ends(&sentence);
    ExitCode::from(EXIT_FAILURE)
}

fn serve(options: &ServeOptions) -> Result<(), String> {
    let listen = ListenSettings::read(&environment).map_err(|error| error.to_string())?;
    let listener = server::listen(listen.port)
        .map_err(|error| format!("can't listen on 127.0.0.1:{}: {}", listen.port, error.kind()))?;
    logging::start(log_level(&environment).unwrap_or(tracing::level_filters::LevelFilter::INFO));
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    }

    let (ready, worker) = watch::channel(None);
    let script_root = options.functions.clone().unwrap_or_else(|| script_root(&environment));
    // Reading definitions and starting the database's runtime must not hold up the first answers.
    std::thread::Builder::new()
        .name("start".to_owned())
        .spawn(move || {
            let start = || startup::worker(&script_root, &environment, Tasks::on_own_threads());
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

    let options =
        ServerOptions { threads: listen.threads, body_memory: listen.body_memory, shutdown: listen.shutdown };
    // The server drops its own when it closes its connections. Commands that were cut off then still tell the server so, on
    // the runtime that ends with the worker.
    let _kept_to_the_end = worker.clone();
    let served = actix_web::rt::System::new().block_on(async move {
        let mut signals = StopSignals::listen()?;
        let (stop, mut stopped) = watch::channel(None);
        let first = async move {
            let signal = signals.next().await;
            stop.send_replace(Some(signal));
            // Whoever asks twice doesn't want to wait.
            actix_web::rt::spawn(async move {
                let second = signals.next().await;
                logging::say_why_it_ends("a second signal ended it at once");
                std::process::exit(second.exit_code());
            });
        };
        server::serve(listener, options, move || worker.clone(), first).await?;
        let signal = *stopped.borrow_and_update();
        if let Some(signal) = signal {
            logging::say_why_it_ends(&format!("stopped by {signal}"));
            // Not by returning: the threads of the database can't be ended here.
            std::process::exit(signal.exit_code());
        }
        Ok(())
    });
    served.map_err(|error: std::io::Error| format!("the HTTP server can't run: {}", error.kind()))
}
