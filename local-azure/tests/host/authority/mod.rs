//! The stand-in of the Entra authority, asked over HTTPS by a client that knows only its CA.

mod client;
mod client_credentials;
mod device_code;
mod discovery;
mod faults;
mod interactive;
mod pipelines;
mod signed_assertions;
