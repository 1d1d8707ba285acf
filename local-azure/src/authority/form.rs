//! The parameters of a query or of a form in a body.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::entra_error::EntraError;

/// Parameters by name, in the order in which they came.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The parameters of the query.
    pub(super) fn of_query(http: &HttpRequest) -> Self {
        Self::parse(http.query_string().as_bytes())
    }

    /// The parameters of the body, which is read as a form only if it says that it is one.
    pub(super) fn of_body(http: &HttpRequest, body: &[u8]) -> Self {
        let content_type =
            http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let media_type = content_type.split(';').next().unwrap_or("").trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::parse(body)
        } else {
            Self::default()
        }
    }

    fn parse(text: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(text)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter; an empty one counts as missing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must be there.
    pub(super) fn require(&self, name: &'static str) -> Result<&str, EntraError> {
        self.get(name).ok_or(EntraError::MissingParameter { name })
    }

    /// OAuth 2.0 (RFC 6749, section 3.2) forbids a parameter that comes twice.
    pub(super) fn refuse_repetition(&self) -> Result<(), EntraError> {
        let repeated = |name: &str| self.iter().filter(|(known, _)| *known == name).count() > 1;
        if self.iter().any(|(name, _)| repeated(name)) { Err(EntraError::RepeatedParameter) } else { Ok(()) }
    }
}
