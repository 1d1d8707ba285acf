//! A stand-in for the Entra authority, `https://login.microsoftonline.com`, on loopback ports.
//!
//! It speaks the OAuth 2.0 dialect of the Microsoft identity platform, version 2.0, over HTTPS with a certificate of our
//! own authority (`ca_out`), and the same over plain HTTP for what takes it. Requests are checked field by field and
//! refused with Entra's errors: a JSON object with an `AADSTS` number ([`EntraError`]). Tokens come from a
//! [`TokenService`](crate::identity::TokenService), which the identity endpoint can share, so that one verifier accepts
//! both and one switchboard spoils both.
//!
//! | request | what for |
//! |---|---|
//! | `POST /{tenant}/oauth2/v2.0/token` | client secret, certificate, federated assertion; authorization code, device code, refresh token |
//! | `GET /{tenant}/oauth2/v2.0/authorize` | a user signs in with a browser: at once, without a page |
//! | `POST /{tenant}/oauth2/v2.0/devicecode`, `GET /devicelogin` | a user signs in elsewhere |
//! | `GET /{tenant}/v2.0/.well-known/openid-configuration` | where libraries look the others up |
//! | `POST /oidc` | Azure Pipelines' `SYSTEM_OIDCREQUESTURI` |
//!
//! The numbers and OAuth error names are those seen in public reports of Entra's replies; where none was found, the
//! variant of [`EntraError`] says so. The sentences are ours.

mod application;
mod assertion;
mod authorize;
mod client_proof;
mod device;
mod discovery;
mod entra_error;
mod form;
mod options;
mod page;
mod pipelines;
mod scope;
mod server;
mod sign_ins;
mod state;
mod token;
mod user_grants;

pub use crate::recorded::RecordedRequest;
pub use application::{Application, AuthorityUser};
pub use entra_error::EntraError;
pub use options::{AuthorityOptions, DeviceSignIn, Pipeline};
pub use server::{Authority, AuthorityError, start};
