//! Puts the worker together: settings, `host.json`, all functions, and the database that they run on.

mod built_ins;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::database::{Database, Tasks};
use crate::doctor::{BuiltInDoctor, Doctor};
use crate::functions::{self, BuiltIn, Catalogue, OpenApiOptions, Service, Work};
use crate::host::host_json::{self, HostSettings, HttpMode};
use crate::host::router::Router;
use crate::host::worker::Worker;
use crate::settings::{ListenSettings, Lookup, WorkerSettings};
use built_ins::BuiltIns;

/// A call of the built-in doctor takes no longer; Azure's load balancer hangs up after 230 s.
const DOCTOR_LIMIT: Duration = Duration::from_secs(200);

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
    let made = settings.and_then(|settings| {
        let functions = functions.as_ref().map_err(String::clone)?;
        let identity = settings.database.identity.clone();
        let database = Database::new(settings.database, tasks?);
        let shown = settings.show_database_errors;
        let service = Service::new(database.clone(), functions.valid(), lookup, &identity, shown);
        Ok((service.with_max_answer(settings.max_answer), database))
    });
    let (service, database) = made.map_or_else(
        |sentence| (Err(sentence.clone()), Err(sentence)),
        |(service, database)| (Ok(service), Ok(database)),
    );
    let doctor = functions.as_ref().ok().filter(|functions| asks_for(functions, BuiltIn::Doctor)).map(
        // Also when the settings are wrong: it may be what tells so.
        |functions| BuiltInDoctor::new(Doctor::new(functions, lookup, &[], DOCTOR_LIMIT)),
    );
    let openapi =
        functions.as_ref().ok().filter(|functions| asks_for(functions, BuiltIn::OpenApi)).map(|functions| {
            match &host {
                Ok(host) => openapi_document(functions, host),
                Err(error) => Err(error.to_string()),
            }
        });
    let worker = Worker::new(functions, host, router, service, ListenSettings::max_body(lookup))
        .with_built_in(Arc::new(BuiltIns { doctor, database, openapi }));
    worker.report();
    worker
}

/// The document that the built-in function answers with; its paths follow the address that it is read from.
fn openapi_document(functions: &Catalogue, host: &HostSettings) -> Result<String, String> {
    let options = OpenApiOptions {
        title: OpenApiOptions::TITLE,
        version: OpenApiOptions::VERSION,
        server: None,
        route_prefix: &host.route_prefix,
        reads_bodies: host.http_mode != HttpMode::Enveloped,
    };
    let made = functions::openapi(functions, &options)
        .map_err(|error| format!("{}: extensions.http.routePrefix: {error}", host_json::FILE))?;
    made.omissions.iter().for_each(|sentence| tracing::warn!("OpenAPI: {sentence}"));
    Ok(made.document.to_string())
}

/// Whether a function asks for it: all are off by default.
fn asks_for(functions: &Catalogue, built_in: BuiltIn) -> bool {
    functions.valid().any(|function| matches!(function.work, Work::BuiltIn(which) if which == built_in))
}
