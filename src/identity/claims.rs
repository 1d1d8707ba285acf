//! The claims of a token, read for display and never trusted: nobody checks the signature here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value as Json;

/// What an Entra token says of itself. A claim that is missing or has another type is None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `aud`: the resource it is for, an address or an application's id.
    pub audience: Option<String>,
    /// `tid`: the directory.
    pub tenant_id: Option<String>,
    /// `oid`: the person's or service principal's id in the directory.
    pub object_id: Option<String>,
    /// `appid` (version 1) or `azp` (version 2): the application's client id.
    pub client_id: Option<String>,
    /// `upn`, `preferred_username`, `unique_name` or `app_displayname`, whichever is there first.
    pub name: Option<String>,
    /// `exp`, as seconds since the Unix epoch.
    pub expires_at: Option<i64>,
    /// `iat`, as seconds since the Unix epoch.
    pub issued_at: Option<i64>,
    /// `idtyp`: `app` or `user`, where the token says it.
    pub kind: Option<String>,
}

/// No JWT holds more than this.
const MAX_TOKEN: usize = 256 * 1024;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    aud: Json,
    tid: Json,
    oid: Json,
    appid: Json,
    azp: Json,
    upn: Json,
    preferred_username: Json,
    unique_name: Json,
    app_displayname: Json,
    exp: Json,
    iat: Json,
    idtyp: Json,
}

impl Claims {
    /// Reads the claims of a token; None when it is no JWT, which a token needs not be.
    ///
    /// ```
    /// use azsql_worker::identity::Claims;
    /// let claims = Claims::read("eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2V4YW1wbGUuY29tIiwiZXhwIjo3fQ.").unwrap();
    /// assert_eq!((claims.audience.as_deref(), claims.expires_at), (Some("https://example.com"), Some(7)));
    /// assert_eq!(Claims::read("no token"), None);
    /// ```
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let token = Some(token.trim()).filter(|token| token.len() <= MAX_TOKEN)?;
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
        serde_json::from_slice::<serde_json::Map<String, Json>>(&decode(header)?).ok()?;
        let raw: Raw = serde_json::from_slice(&decode(claims)?).ok()?;
        Some(Self {
            audience: text(&raw.aud),
            tenant_id: text(&raw.tid),
            object_id: text(&raw.oid),
            client_id: text(&raw.appid).or_else(|| text(&raw.azp)),
            name: [&raw.upn, &raw.preferred_username, &raw.unique_name, &raw.app_displayname]
                .into_iter()
                .find_map(text),
            expires_at: raw.exp.as_i64(),
            issued_at: raw.iat.as_i64(),
            kind: text(&raw.idtyp),
        })
    }
}

/// A text that can be shown on a terminal.
fn text(json: &Json) -> Option<String> {
    let text: String = json.as_str()?.chars().filter(|c| !c.is_control()).take(500).collect();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(claims: &Json) -> String {
        let encode = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.c2ln", encode(&json!({ "alg": "none" })), encode(claims))
    }

    #[test]
    fn both_versions_of_tokens_are_read() {
        let first = Claims::read(&token(&json!({ "appid": "a", "upn": "p@x", "exp": 5, "iat": 4 }))).unwrap();
        let second =
            Claims::read(&token(&json!({ "azp": "a", "preferred_username": "p@x", "exp": 5, "iat": 4 })));
        assert_eq!(Some(first.clone()), second);
        assert_eq!((first.client_id.as_deref(), first.name.as_deref()), (Some("a"), Some("p@x")));
        assert_eq!((first.expires_at, first.issued_at), (Some(5), Some(4)));
    }

    #[test]
    fn a_claim_of_another_type_is_none_and_control_characters_go() {
        let claims =
            Claims::read(&token(&json!({ "aud": ["x"], "oid": "a\u{1b}[2Jb", "exp": "5" }))).unwrap();
        assert_eq!((claims.audience, claims.expires_at), (None, None));
        assert_eq!(claims.object_id.as_deref(), Some("a[2Jb"));
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reading(text in any::<String>()) {
            let _claims = Claims::read(&text);
        }

        #[test]
        fn no_claims_break_the_reading(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _claims = Claims::read(&format!("e30.{}.", URL_SAFE_NO_PAD.encode(body)));
        }
    }
}
