//! The Functions host's side: the HTTP server it calls; in its default mode the envelope in, `Outputs`, `Logs` and
//! `ReturnValue` out; in forwarding and proxying mode the callers' own requests.

pub mod envelope;
pub mod enveloped;
mod forwarded;
pub mod host_json;
mod outputs;
mod query;
pub mod reply;
pub mod router;
pub mod server;
pub mod worker;
