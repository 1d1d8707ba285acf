//! Signed access tokens: what the identity endpoint and the authority issue and the SQL endpoint verifies.
//!
//! A token is a JWT (RFC 7519) signed with ES256 (RFC 7518 section 3.4) by a key that is made afresh at each start, so
//! nothing that this crate signs is worth anything outside the running process. The claims carry the names that Entra
//! uses in an access token of version 1.0. Neither a token nor a key appears in any `Debug` text.

mod claims;
mod clock;
mod issuer;
mod verifier;

pub use claims::Claims;
pub use clock::Clock;
pub use issuer::{IssueError, Subject, TokenIssuer, TokenRequest};
pub use verifier::{TokenRefusal, TokenVerifier};

/// The audience of an access token for Azure SQL Database in the public cloud.
pub const AZURE_SQL_AUDIENCE: &str = "https://database.windows.net";

/// The tenant in every token of this crate: a made-up one, since nothing here belongs to a real tenant.
pub const LOCAL_TENANT_ID: &str = "7f1d3a52-0c4e-4b8a-9d61-5a2be0c7f410";
