//! `Data.<httpTrigger>`: an HTTP request as the host describes it to the worker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::functions::routes::RouteValues;

/// Headers that Kestrel knows by name and spells its own way; any other keeps the spelling it came with, which for this
/// host is lower case.
const KNOWN_HEADERS: [&str; 24] = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Pragma",
    "Range",
    "Referer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
];

/// An HTTP request that came in, read to its end.
#[derive(Clone, Debug, Default)]
pub(in crate::functions) struct IncomingRequest {
    pub(in crate::functions) method: String,
    /// Scheme, host, path and query, as they came.
    pub(in crate::functions) url: String,
    /// Decoded; a name that occurs twice (without regard to case) has its values joined with ",".
    pub(in crate::functions) query: Vec<(String, String)>,
    /// Names with all their values.
    pub(in crate::functions) headers: Vec<(String, Vec<String>)>,
    pub(in crate::functions) body: Vec<u8>,
    /// Whether the client said how long the body is. The host reads no other: a chunked body is lost (#7930).
    pub(in crate::functions) has_length: bool,
}

impl IncomingRequest {
    /// Splits a query string as a form's.
    pub(in crate::functions) fn parse_query(query: &str) -> Vec<(String, String)> {
        let mut joined: Vec<(String, String)> = Vec::new();
        let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{query}")) else {
            return joined;
        };
        for (name, value) in url.query_pairs() {
            match joined.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some((_, values)) => {
                    values.push(',');
                    values.push_str(&value);
                }
                None => joined.push((name.into_owned(), value.into_owned())),
            }
        }
        joined
    }

    /// A header's name as the host spells it.
    pub(in crate::functions) fn header_name(name: &str) -> String {
        KNOWN_HEADERS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .map_or_else(|| name.to_owned(), |known| (*known).to_owned())
    }

    /// The object in the envelope (`HttpRequestExtensions.cs`, `GetRequestAsJObject`).
    pub(super) fn data(&self, route: &RouteValues) -> Value {
        let mut data = Map::new();
        data.insert("Url".to_owned(), Value::from(self.url.as_str()));
        data.insert("Method".to_owned(), Value::from(self.method.as_str()));
        data.insert("Query".to_owned(), self.query_json());
        data.insert(
            "Headers".to_owned(),
            self.headers.iter().map(|(name, values)| (name.clone(), json!(values))).collect(),
        );
        if !route.is_empty() {
            data.insert(
                "Params".to_owned(),
                route.iter().map(|(name, value)| (name.clone(), json!(value))).collect(),
            );
        }
        data.insert("Identities".to_owned(), anonymous_identity());
        if self.has_length && !self.body.is_empty() {
            data.insert("Body".to_owned(), Value::String(self.body_text()));
        }
        Value::Object(data)
    }

    /// The body as far as the host reads it for binding data: text with a length.
    pub(super) fn text_body(&self) -> Option<&str> {
        if !self.has_length || self.body.is_empty() {
            return None;
        }
        std::str::from_utf8(&self.body).ok()
    }

    pub(super) fn query_json(&self) -> Value {
        self.query.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    }

    pub(super) fn joined_headers_json(&self) -> Value {
        self.headers.iter().map(|(name, values)| (name.clone(), Value::String(values.join(",")))).collect()
    }

    /// Base64 for bytes and forms with files, else the raw text, never a nested object
    /// (`HttpRequestExtensions.cs`, `IsMediaTypeOctetOrMultipart`).
    fn body_text(&self) -> String {
        let content_type = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .and_then(|(_, values)| values.first())
            .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .unwrap_or_default();
        if content_type == "application/octet-stream" || content_type.contains("multipart/") {
            STANDARD.encode(&self.body)
        } else {
            // .NET's StreamReader drops a byte order mark and replaces what isn't UTF-8.
            let text = String::from_utf8_lossy(&self.body);
            text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
        }
    }
}

/// The one identity of a caller that nobody has authenticated, as JSON of .NET's `ClaimsIdentity`.
fn anonymous_identity() -> Value {
    json!([{
        "AuthenticationType": null,
        "IsAuthenticated": false,
        "Actor": null,
        "BootstrapContext": null,
        "Claims": [],
        "Label": null,
        "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    }])
}
