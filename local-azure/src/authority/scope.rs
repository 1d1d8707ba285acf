//! What a scope asks for: which audience, and a refresh token or not.

use super::entra_error::EntraError;

/// What is left of the audience when this is taken off the end of a scope.
const DEFAULT: &str = "/.default";

/// A readable scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The resource, without `/.default` or a permission.
    pub(super) audience: String,
    /// Whether `offline_access` was asked for.
    pub(super) refreshable: bool,
    /// As the request has it, for the reply.
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
}
