//! The TDS 7.4 protocol, server side ([MS-TDS]): packets, login, requests and the tokens of a reply.
//!
//! | module | does |
//! |---|---|
//! | [`bytes`] | reads little-endian fields and never past the end |
//! | [`packet`] | packets: reading whole messages, splitting replies |
//! | [`prelogin`], `handshake`, [`login`] | what comes before the first request |
//! | [`request`], [`rpc`] | requests: batches, procedure calls, the transaction manager |
//! | [`type_info`], [`decode`], [`encode`] | types and values on the wire |
//! | [`token`], [`reply`] | what the server sends |
//! | `authentication`, `admission` | who may log in |
//! | `interrupt`, [`session`], `worker`, `prepared` | a session on a thread of its own, and how it is stopped |
//! | `connection`, `stream` | one connection from its first byte to its last |
//! | `session_request`, `struck` | requests as faults see them, and what faults do to them |
//! | `outgoing`, `disturbance` | faults of answers, and of connections without a login |
//!
//! [MS-TDS]: https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/

mod admission;
pub(crate) mod authentication;
pub mod bytes;
pub(crate) mod connection;
pub mod decode;
pub(crate) mod disturbance;
pub mod encode;
pub(crate) mod handshake;
pub(crate) mod interrupt;
pub mod login;
pub(crate) mod outgoing;
pub mod packet;
pub mod prelogin;
pub(crate) mod prepared;
pub mod reply;
pub mod request;
pub mod rpc;
pub mod session;
mod session_request;
pub(crate) mod stream;
mod struck;
mod table_value;
pub mod token;
pub mod type_info;
pub(crate) mod worker;
