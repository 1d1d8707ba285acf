//! What the authority's handlers share.

use super::application::{Application, AuthorityUser};
use super::entra_error::EntraError;
use super::options::AuthorityOptions;
use super::sign_ins::SignIns;
use crate::identity::{IdentityFaults, TokenService};
use crate::recorded::Records;

/// Paths that stand for any tenant.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

pub(super) struct State {
    pub(super) options: AuthorityOptions,
    pub(super) tokens: TokenService,
    pub(super) records: Records,
    pub(super) users: SignIns,
    pub(super) pipeline_faults: IdentityFaults,
    /// The beginning of every URL here, without a slash at the end.
    pub(super) url: String,
    /// The other ways to write it, and itself.
    pub(super) bases: Vec<String>,
}

impl State {
    /// The tenant that a path names for an application: one of its own.
    pub(super) fn tenant_of_application<'a>(&'a self, name: &str) -> Result<&'a str, EntraError> {
        if SHARED_TENANTS.contains(&name) {
            return Err(EntraError::NoTenant);
        }
        let known = self.options.tenants.iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map(String::as_str).ok_or_else(|| EntraError::TenantNotFound { tenant: name.to_owned() })
    }

    /// The tenant that a path names for a user: where it is shared, the user's home.
    pub(super) fn tenant_of_user<'a>(&'a self, name: &str) -> Result<&'a str, EntraError> {
        match self.options.tenants.first() {
            Some(home) if SHARED_TENANTS.contains(&name) => Ok(home),
            _ => self.tenant_of_application(name),
        }
    }

    /// The application with this client id.
    pub(super) fn application<'a>(&'a self, client_id: &str) -> Result<&'a Application, EntraError> {
        let mut applications = self.options.applications.iter();
        applications
            .find(|known| known.client_id.eq_ignore_ascii_case(client_id))
            .ok_or_else(|| EntraError::UnknownApplication { client_id: client_id.to_owned() })
    }

    /// Who signs in where nobody is named; None if the directory has no users.
    pub(super) fn home_user(&self) -> Option<AuthorityUser> {
        self.options.users.first().cloned()
    }

    /// Unix seconds of the endpoints' clock.
    pub(super) fn now(&self) -> i64 {
        self.tokens.issuer().clock().now()
    }
}
