//! The client of these tests.

use std::time::Duration;

use local_azure::authority::{self, Application, Authority, AuthorityOptions};
use local_azure::tokens::LOCAL_TENANT_ID;
use serde_json::Value;

/// An application with a client secret.
pub(super) const CLIENT: &str = "c0000000-0000-4000-8000-000000000001";
/// Its secret.
pub(super) const SECRET: &str = "the+secret/with=signs&more";
/// The scope of Azure SQL.
pub(super) const SCOPE: &str = "https://database.windows.net/.default";

/// A reply.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Status, OAuth error and Entra's number.
    pub(super) fn error(&self) -> (u16, String, u64) {
        let body = self.json();
        let number = body["error_codes"][0].as_u64().unwrap_or_default();
        let description = body["error_description"].as_str().unwrap_or_default();
        assert!(description.starts_with(&format!("AADSTS{number}: ")), "{}", self.text);
        (self.status, body["error"].as_str().unwrap_or_default().to_owned(), number)
    }

    pub(super) fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.error_text());
        self.json()["access_token"].as_str().unwrap().to_owned()
    }

    fn error_text(&self) -> String {
        self.json()["error_description"].to_string()
    }
}

/// A client that trusts this authority's CA and no other.
pub(super) fn client(authority: &Authority) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(authority.ca_pem().as_bytes()).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([ca])
        .build()
        .unwrap()
}

/// An authority that knows [`CLIENT`].
pub(super) async fn start() -> Authority {
    start_with(Application::new(CLIENT).with_secret(SECRET)).await
}

/// An authority that knows this application.
pub(super) async fn start_with(application: Application) -> Authority {
    let applications = vec![application, Application::developer_sign_on()];
    authority::start(AuthorityOptions { applications, ..AuthorityOptions::default() }).await.unwrap()
}

/// Sends a form to the path.
pub(super) async fn post(authority: &Authority, path: &str, fields: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client(authority)
        .post(format!("{}{path}", authority.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    read(request.send().await.unwrap()).await
}

/// Reads a reply to its end.
pub(super) async fn read(response: reqwest::Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}

/// The path of the token endpoint.
pub(super) fn token_path() -> String {
    format!("/{LOCAL_TENANT_ID}/oauth2/v2.0/token")
}

/// Asks the token endpoint.
pub(super) async fn ask(authority: &Authority, fields: &[(&str, &str)]) -> Reply {
    post(authority, &token_path(), fields).await
}

/// What a client with a secret sends.
pub(super) fn with_secret() -> Vec<(&'static str, &'static str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("scope", SCOPE),
    ]
}

/// The same with another value of one field; empty leaves the field out.
pub(super) fn but<'a>(fields: &[(&'a str, &'a str)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    fields
        .iter()
        .map(|(known, old)| (*known, if *known == name { value } else { *old }))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}
