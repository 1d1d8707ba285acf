//! What an endpoint was asked, kept for tests to compare, without anything secret.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use url::form_urlencoded;

/// How many requests are kept; later ones are dropped.
const MAX_REQUESTS: usize = 100_000;

/// The fields whose values are shown. Whatever is not named here counts as secret.
const SHOWN_FIELDS: [&str; 24] = [
    "api-version",
    "claims",
    "client_assertion_type",
    "client_id",
    "client_info",
    "code_challenge_method",
    "domain_hint",
    "grant_type",
    "login_hint",
    "mi_res_id",
    "msi_res_id",
    "object_id",
    "principal_id",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "serviceConnectionId",
    "tenant",
    "x-client-SKU",
    "x-client-Ver",
    "x-client-OS",
];

/// The headers whose values are shown.
const SHOWN_HEADERS: [&str; 8] = [
    "accept",
    "client-request-id",
    "content-length",
    "content-type",
    "host",
    "metadata",
    "user-agent",
    "x-tfs-fedauthredirect",
];

/// A request that reached an endpoint, answered or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The field `grant_type`.
    pub grant: Option<String>,
    /// The fields of query and body whose values are no secrets.
    pub fields: BTreeMap<String, String>,
    /// The names of the fields that hold, or may hold, a secret.
    pub secret_fields: BTreeSet<String>,
    /// The headers whose values are no secrets, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The names of the other headers, in lower case.
    pub other_headers: BTreeSet<String>,
}

impl RecordedRequest {
    /// The request with the fields of its query and these of its body.
    pub(crate) fn new<'a>(http: &HttpRequest, body: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut request = Self {
            method: http.method().to_string(),
            path: http.path().to_owned(),
            grant: None,
            fields: BTreeMap::new(),
            secret_fields: BTreeSet::new(),
            headers: BTreeMap::new(),
            other_headers: BTreeSet::new(),
        };
        for (name, value) in form_urlencoded::parse(http.query_string().as_bytes()) {
            request.add(&name, &value);
        }
        for (name, value) in body {
            request.add(name, value);
        }
        request.grant = request.fields.get("grant_type").cloned();
        for (name, value) in http.headers() {
            let name = name.as_str();
            if SHOWN_HEADERS.contains(&name) {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                request.headers.insert(name.to_owned(), value);
            } else {
                request.other_headers.insert(name.to_owned());
            }
        }
        request
    }

    fn add(&mut self, name: &str, value: &str) {
        if SHOWN_FIELDS.contains(&name) {
            self.fields.insert(name.to_owned(), value.to_owned());
        } else {
            self.secret_fields.insert(name.to_owned());
        }
    }
}

/// The requests so far.
#[derive(Default)]
pub(crate) struct Records(Mutex<Vec<RecordedRequest>>);

impl Records {
    pub(crate) fn add(&self, request: RecordedRequest) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() < MAX_REQUESTS {
            requests.push(request);
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
