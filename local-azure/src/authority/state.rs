//! What the authority's handlers share.

use super::application::Application;
use super::entra_error::EntraError;
use super::options::AuthorityOptions;
use super::recorded::Records;
use crate::identity::TokenService;

/// Paths that stand for any tenant.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

pub(super) struct State {
    pub(super) options: AuthorityOptions,
    pub(super) tokens: TokenService,
    pub(super) records: Records,
    /// The ways to write the beginning of every URL here, without a slash at the end.
    pub(super) bases: Vec<String>,
}

impl State {
    /// The tenant that a path names for an application: one of its own.
    pub(super) fn tenant<'a>(&'a self, name: &str) -> Result<&'a str, EntraError> {
        if SHARED_TENANTS.contains(&name) {
            return Err(EntraError::NoTenant);
        }
        let known = self.options.tenants.iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map(String::as_str).ok_or_else(|| EntraError::TenantNotFound { tenant: name.to_owned() })
    }

    /// The application with this client id.
    pub(super) fn application<'a>(&'a self, client_id: &str) -> Result<&'a Application, EntraError> {
        let mut applications = self.options.applications.iter();
        applications
            .find(|known| known.client_id.eq_ignore_ascii_case(client_id))
            .ok_or_else(|| EntraError::UnknownApplication { client_id: client_id.to_owned() })
    }
}
