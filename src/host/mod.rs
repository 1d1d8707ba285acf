//! The Functions host's side: the HTTP server it posts to, the envelope in, `Outputs`, `Logs` and `ReturnValue` out.

pub mod envelope;
pub mod enveloped;
pub mod host_json;
mod outputs;
pub mod reply;
pub mod server;
pub mod worker;
