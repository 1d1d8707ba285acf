//! A small Azure Functions host for one custom handler.
//!
//! [`start`] reads host.json and the function.json files under a script root, starts the worker process, and serves the
//! HTTP functions, the timers and a few admin endpoints on a loopback port. It shares no types with any worker: what the
//! two agree on is the documented protocol. Where the real host has a quirk, the code that mimics it names the source file
//! of the host that it is known from.
//!
//! Different from the real host, on purpose:
//! - Like Core Tools, it asks nobody for a key: `authLevel` is read and shown, and `code=` is not among the metadata.
//! - `customHandler.http.routes` is refused.
//! - Triggers of services that aren't here (queues, topics, ...) run through `POST /admin/functions/{name}` only; what
//!   functions put out for such services is kept in memory ([`FunctionsHost::outputs`]). Input bindings are refused.
//! - All schedules are in UTC.

mod app;
mod envelope;
mod host;
mod invocation;
mod log;
mod messages;
mod options;
mod pass_through;
mod reply;
mod routes;
mod server;
mod settings;
mod timers;
mod worker;

pub use host::{FunctionsHost, HostError, HostState, start};
pub use invocation::RecordedOutput;
pub use log::{LogLevel, LogLine, LogSink, LogSource};
pub use messages::PoisonMessage;
pub use options::{HostOptions, WorkerCommand};
pub use reply::OutputValue;
pub(crate) use settings::without_comments;
pub use settings::{HostJsonError, LocalSettingsError, local_settings};
