//! Who calls an HTTP function, as App Service authentication says in its request headers.
//!
//! Where that authentication is on, Azure's front end takes these headers out of what a caller sends and writes its own;
//! where it is off, they are a caller's to write ("Work with user identities in Azure App Service authentication",
//! Microsoft Learn). So nothing is read from them unless the platform says that it is on.

mod claims;
mod path;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) use path::PrincipalPath;

use crate::database::idempotency::CallerIdentity;
use crate::invocation::Problem;
use crate::settings::{APP_SERVICE_AUTHENTICATION, Lookup, app_service_authentication};
use claims::Claims;

/// What all headers with a caller's identity begin with.
pub(super) const HEADER_PREFIX: &str = "x-ms-client-principal";
const ID_HEADER: &str = "x-ms-client-principal-id";
const NAME_HEADER: &str = "x-ms-client-principal-name";
const PROVIDER_HEADER: &str = "x-ms-client-principal-idp";

/// Whether App Service authentication stands before the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppServiceAuthentication {
    /// Callers' identities come from Azure's front end.
    On,
    /// They could come from anyone.
    Off,
}

impl AppServiceAuthentication {
    /// What the platform says in `WEBSITE_AUTH_ENABLED`.
    #[must_use]
    pub fn read(lookup: Lookup<'_>) -> Self {
        if app_service_authentication(lookup) { Self::On } else { Self::Off }
    }
}

/// The problem of a function that needs to know its caller where nobody can be believed.
pub(super) fn not_trusted(path: &str) -> Problem {
    Problem::not_configured(&format!(
        "the function takes `{path}`, and {APP_SERVICE_AUTHENTICATION} is not true here, so anyone could send the header with \
         it; turn on App Service authentication for the Function App (Settings, Authentication), which sets the variable. \
         For a try at the desk set it in local.settings.json"
    ))
}

/// Who calls.
pub(super) enum Caller {
    /// The platform lets callers in without a token, and this one had none.
    Anonymous,
    /// Somebody whose token the platform has checked.
    Known(Principal),
}

/// The identity of a caller.
pub(super) struct Principal {
    id: Option<String>,
    name: Option<String>,
    provider: Option<String>,
    claims: Claims,
}

impl Caller {
    /// Reads the headers of a request that came through App Service authentication.
    ///
    /// # Errors
    /// A 401 problem when they are not what App Service writes.
    pub(super) fn read(headers: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let header = |name: &str| headers.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let Some(encoded) = header(HEADER_PREFIX) else { return Ok(Self::Anonymous) };
        let claims = STANDARD.decode(encoded).ok().and_then(|json| Claims::parse(&json));
        let claims =
            claims.ok_or_else(|| invalid("X-MS-CLIENT-PRINCIPAL is not base64 of JSON with `claims`"))?;
        // Two headers of one name arrive joined with a comma, which no id and no provider has.
        let single = |name: &'static str| match header(name) {
            Some(value) if value.contains(',') => Err(invalid("a header of the identity is there twice")),
            value => Ok(value.map(str::to_owned)),
        };
        Ok(Self::Known(Principal {
            id: single(ID_HEADER)?,
            name: header(NAME_HEADER).map(str::to_owned),
            provider: single(PROVIDER_HEADER)?,
            claims,
        }))
    }

    /// Whose an idempotency key is.
    ///
    /// # Errors
    /// A 403 problem when the platform knows the caller and doesn't say what to call him: he must not meet another's keys.
    pub(super) fn identity(&self) -> Result<CallerIdentity, Problem> {
        match self {
            Self::Anonymous => Ok(CallerIdentity::Unknown),
            Self::Known(Principal { id: Some(id), provider, .. }) => {
                Ok(CallerIdentity::Known { provider: provider.clone(), id: id.clone() })
            }
            Self::Known(Principal { id: None, .. }) => Err(lacking(&["principal.id"])),
        }
    }

    /// The value at a path; None when there is none, or nobody is known.
    ///
    /// # Errors
    /// A sentence when there are several values and the path takes one.
    pub(super) fn find(&self, path: &PrincipalPath) -> Result<Option<String>, String> {
        let Self::Known(principal) = self else { return Ok(None) };
        match path {
            PrincipalPath::Id => Ok(principal.id.clone()),
            PrincipalPath::Name => Ok(principal.name.clone()),
            PrincipalPath::Provider => Ok(principal.provider.clone()),
            PrincipalPath::Claim(types) => principal.claims.only(types).map(|value| value.map(str::to_owned)),
            PrincipalPath::Roles => Ok(Some(principal.claims.roles())),
            PrincipalPath::Groups => Ok(Some(principal.claims.groups())),
        }
    }
}

fn invalid(what: &str) -> Problem {
    Problem::new(
        401,
        "invalid-principal",
        "The caller's identity can't be read",
        format!(
            "The request's identity is not what App Service authentication sends: {what}. Send the request to the \
             Function App itself, without headers of this name; a proxy in between must not change them."
        ),
    )
}

/// The 401 of a caller without a token, where one is needed.
pub(super) fn unauthenticated() -> Problem {
    Problem::new(
        401,
        "unauthenticated",
        "Who calls is not known",
        "The function must know its caller, and the request came without a token. Sign in, or send a token that the \
         Function App's authentication takes.",
    )
}

/// The 403 of a caller whose token lacks what the function needs: the paths with nothing behind them.
pub(super) fn lacking(paths: &[&str]) -> Problem {
    Problem::new(
        403,
        "missing-claim",
        "The caller's token lacks a claim",
        format!(
            "The function needs {} of its caller, and the token has no such claim. Ask the operator to have it issued, or \
             call with another identity.",
            paths.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests;
