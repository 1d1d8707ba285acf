//! The paths below `principal`.

use super::claims::{self, alternatives};
use crate::invocation::{SqlType, nearest};

/// What of a caller's identity a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::functions) enum PrincipalPath {
    /// `principal.id`: what the identity provider calls the caller.
    Id,
    /// `principal.name`: what people call the caller.
    Name,
    /// `principal.provider`, such as `aad`.
    Provider,
    /// `principal.oid`, `principal.claims.emails`: the only claim of one of these types.
    Claim(Vec<String>),
    /// `principal.roles`: a JSON array.
    Roles,
    /// `principal.groups`: a JSON array.
    Groups,
}

const PATHS: [&str; 9] =
    ["id", "name", "provider", "oid", "tid", "appid", "roles", "groups", "claims.<type>"];

impl PrincipalPath {
    /// Reads what follows `principal.`. The names have no case; a claim's type has, and is all that follows `claims.`.
    ///
    /// # Errors
    /// A sentence with the cure.
    pub(in crate::functions) fn parse(rest: &str) -> Result<Self, String> {
        if let Some((first, claim)) = rest.split_once('.')
            && first.eq_ignore_ascii_case("claims")
            && !claim.is_empty()
        {
            return Ok(Self::Claim(alternatives(claim)));
        }
        match rest.to_ascii_lowercase().as_str() {
            "id" => Ok(Self::Id),
            "name" => Ok(Self::Name),
            "provider" => Ok(Self::Provider),
            "roles" => Ok(Self::Roles),
            "groups" => Ok(Self::Groups),
            name @ ("oid" | "tid") => Ok(Self::Claim(alternatives(name))),
            // Tokens of version 1.0 and 2.0.
            "appid" => Ok(Self::Claim(claims::APPLICATION.map(str::to_owned).to_vec())),
            _ => Err(match nearest(rest, PATHS) {
                Some(known) => format!("`principal.{rest}` is not known; did you mean `principal.{known}`?"),
                None => format!(
                    "`principal.{rest}` is not known; there are principal.{}",
                    PATHS.join(", principal.")
                ),
            }),
        }
    }

    /// Whether this can give a value of the type.
    pub(in crate::functions) fn fits(&self, sql_type: SqlType) -> bool {
        match self {
            Self::Roles | Self::Groups => sql_type.is_text() || sql_type == SqlType::Json,
            Self::Id | Self::Name | Self::Provider | Self::Claim(_) => true,
        }
    }
}
