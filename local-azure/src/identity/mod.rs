//! The managed-identity endpoint that App Service gives to a process, on a loopback port.
//!
//! It speaks API version 2019-08-01: `GET {url}?api-version=2019-08-01&resource=...` with the header
//! `X-IDENTITY-HEADER`. A process finds it through `IDENTITY_ENDPOINT` ([`IdentityEndpoint::url`]) and
//! `IDENTITY_HEADER` ([`IdentityEndpoint::secret`]). Its tokens are signed with a key of the running process.

mod endpoint;
mod faults;
mod options;
mod request;

pub use endpoint::{IdentityEndpoint, IdentityError, start};
pub use faults::{IdentityFaults, TokenFault};
pub use options::{IdentityOptions, ManagedIdentity};
