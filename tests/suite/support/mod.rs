//! What all tests stand on: a desk with everything started, the answers it gives, and the check for leaked secrets.

pub(crate) mod answer;
pub(crate) mod clinic;
pub(crate) mod desk;
pub(crate) mod desk_builder;
pub(crate) mod envelope;
pub(crate) mod lone_worker;
pub(crate) mod mode;
pub(crate) mod principal;
pub(crate) mod process;
pub(crate) mod raw_http;
pub(crate) mod script_root;
pub(crate) mod secrets;
pub(crate) mod sql_client;
pub(crate) mod wait;

pub(crate) use answer::Answer;
pub(crate) use desk::Desk;
pub(crate) use lone_worker::LoneWorker;
pub(crate) use mode::Mode;
pub(crate) use wait::eventually;
