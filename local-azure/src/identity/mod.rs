//! The managed-identity endpoints that Azure gives to a process, on a loopback port.
//!
//! App Service's speaks API version 2019-08-01: `GET {url}?api-version=2019-08-01&resource=...` with the header
//! `X-IDENTITY-HEADER`. A process finds it through `IDENTITY_ENDPOINT` ([`IdentityEndpoint::url`]) and
//! `IDENTITY_HEADER` ([`IdentityEndpoint::secret`]). A virtual machine's instance metadata service is beside it:
//! `GET {host}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=...` with the header `Metadata: true`,
//! for processes that look for it at `AZURE_POD_IDENTITY_AUTHORITY_HOST` ([`IdentityEndpoint::metadata_host`]).
//!
//! Tokens come from a [`TokenService`], which the [`authority`](crate::authority) can share: one key, one switchboard of
//! faults ([`IdentityFaults`]), one clock and one log of the tokens handed out. The key is that of the running process.

mod endpoint;
mod faults;
mod options;
pub(crate) mod reply;
mod request;
mod service;

pub use crate::recorded::RecordedRequest;
pub use endpoint::{IdentityEndpoint, IdentityError, start};
pub use faults::{IdentityFaults, ReplyFault, TokenFault, TokenFaultSource, TokenRequestFault};
pub use options::{IdentityOptions, ManagedIdentity};
pub use service::{IssuedToken, TokenService};
