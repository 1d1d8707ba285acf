//! The contract with the Functions host, held against what hosts really send and against arbitrary requests.

mod any_request;
mod captures;
mod fixtures;
mod rules;
mod wire;
