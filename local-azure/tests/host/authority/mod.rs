//! The stand-in of the Entra authority, asked over HTTPS by a client that knows only its CA.

mod client;
mod client_credentials;
mod faults;
mod signed_assertions;
