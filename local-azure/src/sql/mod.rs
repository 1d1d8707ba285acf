//! A SQL endpoint on loopback: TDS 7.4 in front, our own T-SQL reader in the middle, SQLite behind.
//!
//! Data flows one way: [`tds`] reads a request from the socket and calls a [`engine::Session`]; the session reads
//! T-SQL with [`tsql`], computes with [`values`], and pushes what comes out into a [`reply::ReplySink`], which
//! [`tds`] writes to the socket as tokens. [`start`] puts it together.

mod code_page;
pub mod engine;
pub mod faults;
pub mod logins;
pub mod reply;
pub mod seed;
pub mod server;
pub mod tds;
pub mod tsql;
pub mod types;
pub mod values;

pub use crate::certificates;
pub use engine::{DirectoryEntry, LoginIdentity};
pub use server::{
    Credential, Encryption, LoginCounts, LoginRecord, SqlLogin, SqlOptions, SqlServer, TokenCheck, start,
};
