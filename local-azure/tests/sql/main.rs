//! Black-box tests of the SQL engine: a text goes into a session, replies come out.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test may panic, and needs no documentation"
)]

mod bind_comparisons;
mod bind_functions;
mod bind_queries;
mod statements_errors;
mod statements_modify;
mod statements_refused;
mod statements_select;
mod support;
