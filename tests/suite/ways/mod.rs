//! The ways to a token, each over real sockets: the real program against the local authority, the local identity endpoint,
//! or tools that stand in for Azure's.

mod certificates;
mod chain;
mod command_lines;
mod endpoints_that_fail;
mod managed_identities;
mod people;
mod running_workers;
mod service_principals;
mod stage;
mod token_command;
mod token_files;
