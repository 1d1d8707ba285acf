//! The TDS server against clients that we did not write: tiberius over real sockets, and tds-protocol's decoder;
//! sessions are canned, so that only the protocol is under test.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::panic, reason = "a test may panic")]

mod attention;
mod chaos;
mod chaos_script;
mod faults;
mod faults_of_commit;
mod faults_of_connections;
mod faults_of_replies;
mod faults_of_statements;
mod harness;
mod login;
mod malformed;
mod procedures;
mod raw;
mod requests;
mod rights;
mod special_types;
mod specification;
mod tokens;
mod transactions;
mod types;
