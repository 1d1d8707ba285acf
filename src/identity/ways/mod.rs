//! The ways to a token, one file each, and which of them a [`Method`] takes.

mod managed_identity;

use std::sync::Arc;

use super::{Cloud, IdentityEnvironment, Method, TokenFetcher};
use managed_identity::ManagedIdentity;

/// The way that `method` takes with what `environment` gives. `cloud` is that of the server, and tells the authority
/// where the environment names none.
///
/// Nothing is asked and no file is read until the first token is.
#[must_use]
pub fn fetcher_of(method: &Method, environment: &IdentityEnvironment, cloud: Cloud) -> Arc<dyn TokenFetcher> {
    // The other ways come with their own files; the connection string names only this one so far.
    let _ = cloud;
    let client_id = match method {
        Method::ManagedIdentity { client_id } => client_id.clone(),
        _ => None,
    };
    Arc::new(ManagedIdentity::new(client_id, environment))
}
