//! Black box: the real program under the local Functions host, over real sockets. One module for each behaviour.
//!
//! Every desk runs the worker at trace level and ends with a look at everything that was written: no secret and no
//! value of a caller may be in it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod answer_limit;
mod bad_input;
mod body_limits;
mod callers;
mod cancellation;
mod chaos;
mod check_command;
mod check_live;
mod column_metadata;
mod connection_strings;
mod constraint_errors;
mod contract;
mod cut_replies;
mod deadlines;
mod dev_command;
mod doctor;
mod faults;
mod forged_envelopes;
mod formats;
mod guides;
mod idempotency;
mod idempotency_model;
mod identity;
mod invalid_parameters;
mod json_results;
mod messages;
mod openapi;
mod outage;
mod outputs;
mod package_command;
mod panics;
mod pool;
mod procedures;
mod process_life;
mod readme;
mod replicas;
mod result_sets;
mod retries;
mod round_trips;
mod routes;
mod samples;
mod secrets_stay_inside;
mod server_health;
mod session_context;
mod session_state;
mod stream_memory;
mod streaming;
mod support;
mod timers;
mod tls;
mod token_life;
mod transactions;
mod ways;
mod worker_process;
