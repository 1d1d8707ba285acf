//! The claims of a caller's token, as `X-MS-CLIENT-PRINCIPAL` holds them.

use serde::Deserialize;
use serde_json::Value as Json;

/// Two names of one claim: that in the token, and that which .NET gives it and the front end passes on
/// (azure-activedirectory-identitymodel-extensions, `ClaimTypeMapping.cs`).
const NAMES: [(&str, &str); 12] = [
    ("oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"),
    ("tid", "http://schemas.microsoft.com/identity/claims/tenantid"),
    ("idp", "http://schemas.microsoft.com/identity/claims/identityprovider"),
    ("scp", "http://schemas.microsoft.com/identity/claims/scope"),
    ("roles", ROLE),
    ("sub", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"),
    ("upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"),
    ("email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
    ("unique_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
    ("given_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"),
    ("family_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"),
    ("amr", "http://schemas.microsoft.com/claims/authnmethodsreferences"),
];
const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
const GROUPS: &str = "groups";

/// The application that asked for the token, in tokens of version 1.0 and of 2.0.
pub(super) const APPLICATION: [&str; 2] = ["appid", "azp"];

/// All names of a claim: the one that is written, and its other one.
pub(super) fn alternatives(claim_type: &str) -> Vec<String> {
    let other = NAMES.iter().find_map(|(short, long)| match claim_type {
        _ if claim_type == *short => Some(*long),
        _ if claim_type == *long => Some(*short),
        _ => None,
    });
    [Some(claim_type), other].into_iter().flatten().map(str::to_owned).collect()
}

/// The claims, in their order.
pub(super) struct Claims {
    claims: Vec<Claim>,
    role_type: Option<String>,
}

/// The header's JSON; what else is in it doesn't matter.
#[derive(Deserialize)]
struct Written {
    claims: Vec<Claim>,
    role_typ: Option<String>,
}

#[derive(Deserialize)]
struct Claim {
    #[serde(rename = "typ")]
    claim_type: String,
    #[serde(rename = "val")]
    value: String,
}

impl Claims {
    /// Reads the JSON; None when it is anything else.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        // serde would take an array for the fields in their order.
        let is_object = json.trim_ascii_start().first() == Some(&b'{');
        let written: Written = serde_json::from_slice(json).ok().filter(|_| is_object)?;
        Some(Self { claims: written.claims, role_type: written.role_typ })
    }

    /// The value of the claim of these types. An empty one counts as none: it tells nobody apart.
    ///
    /// # Errors
    /// A sentence when there are different ones.
    pub(super) fn only<'a>(&'a self, types: &'a [String]) -> Result<Option<&'a str>, String> {
        let mut values = self.of(|claim_type| types.iter().any(|wanted| wanted == claim_type));
        let first = values.next();
        if values.any(|value| Some(value) != first) {
            return Err("is in the caller's token with several values; only `principal.roles` and `principal.groups` \
                        take several"
                .to_owned());
        }
        Ok(first)
    }

    /// All roles as a JSON array.
    pub(super) fn roles(&self) -> String {
        let own = self.role_type.as_deref();
        as_array(self.of(|claim_type| claim_type == "roles" || claim_type == ROLE || own == Some(claim_type)))
    }

    /// All groups as a JSON array. A token with too many groups has a link in their place, and the array is empty.
    pub(super) fn groups(&self) -> String {
        as_array(self.of(|claim_type| claim_type == GROUPS))
    }

    fn of<'a>(&'a self, is_wanted: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
        let wanted = self.claims.iter().filter(move |claim| is_wanted(&claim.claim_type));
        wanted.map(|claim| claim.value.as_str()).filter(|value| !value.is_empty())
    }
}

fn as_array<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(Json::from).collect::<Json>().to_string()
}
