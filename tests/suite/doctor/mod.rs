//! `azsql-worker doctor` over real sockets: each known failure with its step and its cure, and what nothing may show.

mod built_in;
mod document;
mod grant;
mod login;
mod network;
mod server;

use crate::support::clinic;
