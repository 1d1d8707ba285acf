//! Stand-ins for the parts of Azure that an `azsql-worker` function talks to, for work at the desk and for tests.
//!
//! | module | stands in for | speaks |
//! |---|---|---|
//! | [`sql`] | Azure SQL Database | TDS 7.4 over TLS, T-SQL on SQLite |
//! | [`identity`] | the managed-identity endpoints of App Service and of virtual machines | HTTP, API versions 2019-08-01 and 2018-02-01 |
//! | [`authority`] | login.microsoftonline.com and Azure Pipelines' token endpoint | HTTPS, OAuth 2.0 |
//! | [`functions`] | the Azure Functions host for one custom handler | HTTP, host.json, function.json |
//!
//! What goes wrong with them can be scripted: [`chaos`].
//!
//! Each has a `start` function that binds a loopback port (0 = any free one) and returns a handle with the address.
//! Nothing here knows the worker or shares a type with it: what the two agree on is the real protocol on a socket.

pub mod authority;
pub mod certificates;
pub mod chaos;
pub mod functions;
pub mod identity;
mod recorded;
pub mod sql;
mod tls_front;
pub mod tokens;
mod web_server;
