//! The header that App Service authentication adds to a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

/// Its name.
pub(crate) const HEADER: &str = "X-MS-CLIENT-PRINCIPAL";

/// The app setting by which App Service says that its authentication is on.
pub(crate) const SWITCH: &str = "WEBSITE_AUTH_ENABLED";

/// Its value for a caller with these claims, in the form of Microsoft's documentation.
pub(crate) fn with_claims(claims: &[(&str, &str)]) -> String {
    let claims: Json = claims.iter().map(|(typ, val)| json!({ "typ": typ, "val": val })).collect();
    let principal = json!({
        "auth_typ": "aad",
        "claims": claims,
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    });
    STANDARD.encode(principal.to_string())
}
