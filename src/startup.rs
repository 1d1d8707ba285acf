//! Puts the worker together: settings, `host.json`, all functions, and the database that they run on.

use std::path::Path;

use crate::database::{Database, Tasks};
use crate::functions::{self, Service};
use crate::host::host_json;
use crate::host::router::Router;
use crate::host::worker::Worker;
use crate::settings::{ListenSettings, Lookup, WorkerSettings};

/// Reads everything under `script_root` and logs what is wrong with it. Commands run on `tasks`.
///
/// Whatever is wrong with settings or files, there is a worker: it answers with what to mend.
#[must_use]
pub fn worker(script_root: &Path, lookup: Lookup<'_>, tasks: std::io::Result<Tasks>) -> Worker {
    let settings = WorkerSettings::read(lookup).map_err(|errors| {
        let sentences: Vec<_> = errors.iter().map(ToString::to_string).collect();
        sentences.join("; ")
    });
    let mut functions = functions::load(script_root).map_err(|error| {
        format!("the script root {} can't be read ({})", script_root.display(), error.kind())
    });
    let host = host_json::read(script_root, lookup);
    let router = match (&mut functions, &host) {
        (Ok(functions), Ok(host)) => Router::new(functions, host),
        (Err(sentence), _) => Err(sentence.clone()),
        (_, Err(error)) => Err(error.to_string()),
    };
    let tasks =
        tasks.map_err(|error| format!("threads for the database can't be started ({})", error.kind()));
    let service = settings.and_then(|settings| {
        let functions = functions.as_ref().map_err(String::clone)?;
        let identity = settings.database.identity.clone();
        let database = Database::new(settings.database, tasks?);
        Ok(Service::new(database, functions.valid(), lookup, &identity, settings.show_database_errors))
    });
    let worker = Worker::new(functions, host, router, service, ListenSettings::max_body(lookup));
    worker.report();
    worker
}
