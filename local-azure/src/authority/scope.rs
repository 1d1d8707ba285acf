//! What a scope asks for: which audience, and a refresh token or not.

use super::entra_error::EntraError;

/// Scopes that belong to no resource.
const SIGN_IN_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// What is left of the audience when this is taken off the end of a scope.
const DEFAULT: &str = "/.default";

/// A readable scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The resource, without `/.default` or a permission.
    pub(super) audience: String,
    /// Whether `offline_access` was asked for.
    pub(super) refreshable: bool,
    /// The scopes of the resource, for the reply.
    pub(super) text: String,
}

impl Scope {
    /// The scope of an application that asks for itself: one resource's `/.default`.
    pub(super) fn of_application(text: &str) -> Result<Self, EntraError> {
        let audience = text.strip_suffix(DEFAULT).ok_or(EntraError::ScopeNotDefault)?;
        if audience.is_empty() || audience.contains(char::is_whitespace) {
            return Err(EntraError::ScopeNotDefault);
        }
        Ok(Self { audience: audience.to_owned(), refreshable: false, text: text.to_owned() })
    }

    /// The scope of a user: permissions of one resource, each a URL whose last part is the permission, beside those of
    /// signing in.
    pub(super) fn of_user(text: &str) -> Result<Self, EntraError> {
        let (sign_in, permissions): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|scope| SIGN_IN_SCOPES.contains(scope));
        let resource_of = |scope: &str| scope.rsplit_once('/').map(|(resource, _)| resource.to_owned());
        let audience = permissions.first().and_then(|scope| resource_of(scope)).ok_or(EntraError::Scope)?;
        let one_resource = permissions.iter().all(|scope| resource_of(scope).as_deref() == Some(&audience));
        if audience.is_empty() || !one_resource {
            return Err(EntraError::Scope);
        }
        Ok(Self { audience, refreshable: sign_in.contains(&"offline_access"), text: permissions.join(" ") })
    }
}
