//! HTTP to those who give tokens, and a record of what they answered last.
//!
//! `azure_identity` tells its callers neither how long to wait nor why a reply was no token, and its errors quote replies.
//! So it talks through a [`Recorder`], and what went wrong is told from there.

mod fault;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Url};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::sync::Notify;

use super::{IdentityEnvironment, IdentityError, Way};
pub(super) use fault::Fault;

/// How long a connection to an authority may take; within the bound on a token, so that it can be told apart.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Replies with a token have a few KB.
const MAX_REPLY: usize = 1024 * 1024;

/// A request is sent at most this often, the first included.
const MAX_TRIES: u32 = 3;

/// The clients of one process' environment, made at their first use: reading the system's authorities takes longer than the
/// whole rest of the start.
#[derive(Clone)]
pub(super) struct Transport(Arc<Clients>);

struct Clients {
    trusted_authorities: Option<Arc<[u8]>>,
    internet: OnceLock<Option<reqwest::Client>>,
    platform: OnceLock<Option<reqwest::Client>>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To Entra or Azure DevOps, through a proxy where the environment names one (`HTTPS_PROXY`, `NO_PROXY`).
    Internet,
    /// To the platform's own endpoint beside this process, which no proxy can reach.
    Platform,
}

impl Transport {
    pub(super) fn new(environment: &IdentityEnvironment) -> Self {
        Self(Arc::new(Clients {
            trusted_authorities: environment.trusted_authorities.clone(),
            internet: OnceLock::new(),
            platform: OnceLock::new(),
        }))
    }

    /// The client of a route.
    ///
    /// # Errors
    /// When none can be made, which is when `AZSQL_TRUST_CA` holds no certificates.
    pub(super) fn client(&self, route: Route, way: Way) -> Result<reqwest::Client, IdentityError> {
        let kept = match route {
            Route::Internet => &self.0.internet,
            Route::Platform => &self.0.platform,
        };
        let client = kept.get_or_init(|| self.build(route)).clone();
        client.ok_or_else(|| IdentityError::Unavailable {
            way,
            reason:
                "no HTTPS client can be made: check that the file of AZSQL_TRUST_CA holds certificates in PEM"
                    .to_owned(),
        })
    }

    fn build(&self, route: Route) -> Option<reqwest::Client> {
        let own = match &self.0.trusted_authorities {
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem).ok()?,
            None => Vec::new(),
        };
        let builder = || {
            let builder = reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                // A token is asked for about once an hour; a connection would be dead by then.
                .pool_max_idle_per_host(0);
            match route {
                Route::Internet => builder,
                Route::Platform => builder.no_proxy(),
            }
        };
        let with_systems = builder().tls_certs_merge(own.iter().cloned()).build();
        // A container may have no authorities at all: plain HTTP to the platform's endpoint needs none.
        with_systems.or_else(|_| builder().tls_certs_only(own).build()).ok()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

/// A reply without what it says: nothing here can be a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Whether the body is JSON.
    pub(super) is_json: bool,
    /// The first of Entra's `error_codes`, such as 7000215.
    pub(super) code: Option<u32>,
    /// The `error` of RFC 6749, where it is one that we know.
    pub(super) error: Option<OAuthError>,
}

/// Errors of RFC 6749 and RFC 8628 that are acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuthError {
    AuthorizationPending,
    SlowDown,
    ExpiredToken,
    Declined,
    InvalidGrant,
    /// The person must be there again: a second factor, a consent (OpenID Connect Core, 3.1.2.6).
    InteractionRequired,
}

impl OAuthError {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "authorization_pending" => Some(Self::AuthorizationPending),
            "slow_down" => Some(Self::SlowDown),
            "expired_token" | "code_expired" => Some(Self::ExpiredToken),
            // Entra says the first, RFC 8628 the second.
            "authorization_declined" | "access_denied" => Some(Self::Declined),
            "invalid_grant" => Some(Self::InvalidGrant),
            "interaction_required" | "login_required" | "consent_required" => Some(Self::InteractionRequired),
            _ => None,
        }
    }
}

/// What an error reply of Entra's token endpoint has beside prose.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: Option<String>,
    error_codes: Vec<u32>,
}

impl Reply {
    pub(super) fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        let error: ErrorBody = if status < 400 {
            ErrorBody::default()
        } else {
            serde_json::from_slice(body).unwrap_or_default()
        };
        Self {
            status,
            // The other form, a date, is rare and would need a clock that agrees with theirs.
            retry_after: retry_after
                .and_then(|text| text.trim().parse::<u32>().ok())
                .map(|seconds| Duration::from_secs(seconds.into())),
            is_json,
            code: error.error_codes.first().copied(),
            error: error.error.as_deref().and_then(OAuthError::parse),
        }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What came last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Reply(Reply),
    Fault(Fault),
}

/// Sends `azure_identity`'s requests of one fetch and remembers what came of the last.
pub(super) struct Recorder {
    client: reqwest::Client,
    /// Where requests to the metadata service go instead of 169.254.169.254.
    metadata_host: Option<Url>,
    seen: Mutex<Seen>,
    enough: Notify,
}

#[derive(Default)]
struct Seen {
    failures: u32,
    last: Option<Outcome>,
}

impl Recorder {
    pub(super) fn new(client: reqwest::Client, metadata_host: Option<Url>) -> Arc<Self> {
        Arc::new(Self { client, metadata_host, seen: Mutex::default(), enough: Notify::new() })
    }

    pub(super) fn last(&self) -> Option<Outcome> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }

    /// Comes back when another try is pointless within this fetch: whoever was asked wants to be left alone, or failed
    /// three times. `azure_identity` would wait as long as `Retry-After` says, and seven times at the metadata service.
    pub(super) async fn enough(&self) {
        self.enough.notified().await;
    }

    fn note(&self, outcome: Outcome) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (failed, final_one) = match &outcome {
            Outcome::Reply(reply) => {
                (!reply.is_success(), reply.status == 429 || reply.retry_after.is_some())
            }
            Outcome::Fault(fault) => (true, *fault != Fault::CutOff),
        };
        if failed {
            seen.failures = seen.failures.saturating_add(1);
            if final_one || seen.failures >= MAX_TRIES {
                self.enough.notify_one();
            }
        }
        seen.last = Some(outcome);
    }

    async fn send(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let response = self.client.execute_request(request).await?;
        let (status, headers, mut stream) = response.deconstruct();
        let mut body = Vec::new();
        while let Some(part) = stream.next().await {
            body.extend_from_slice(&part?);
            if body.len() > MAX_REPLY {
                return Err(azure_core::Error::with_message(ErrorKind::DataConversion, TOO_LARGE));
            }
        }
        self.note(Outcome::Reply(Reply::read(status.into(), retry_after(&headers).as_deref(), &body)));
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

const TOO_LARGE: &str = "the reply is too large";

fn retry_after(headers: &Headers) -> Option<String> {
    let mut pairs = headers.iter();
    pairs.find_map(|(name, value)| (name.as_str() == "retry-after").then(|| value.as_str().to_owned()))
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Recorder {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let sent = match &self.metadata_host {
            Some(host) => {
                let mut elsewhere = request.clone();
                let mut url = host.clone();
                url.set_path(request.url().path());
                url.set_query(request.url().query());
                *elsewhere.url_mut() = url;
                self.send(&elsewhere).await
            }
            None => self.send(request).await,
        };
        sent.inspect_err(|error| {
            let too_large = error.to_string() == TOO_LARGE;
            let fault = if too_large { Fault::TooLarge } else { Fault::of(error) };
            self.note(Outcome::Fault(fault));
        })
    }
}

/// Posts a form: the requests of sign-ins that `azure_identity` doesn't have. The body of the reply comes beside.
pub(super) async fn post_form(
    client: &reqwest::Client,
    url: Url,
    form: &[(&str, &str)],
) -> Result<(Reply, Vec<u8>), Fault> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.map_err(|error| Fault::of(&error))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(ToOwned::to_owned);
    let mut stream = response.bytes_stream();
    let mut body = Vec::new();
    while let Some(part) = stream.next().await {
        body.extend_from_slice(&part.map_err(|error| Fault::of(&error))?);
        if body.len() > MAX_REPLY {
            return Err(Fault::TooLarge);
        }
    }
    Ok((Reply::read(status, retry_after.as_deref(), &body), body))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reply_keeps_its_numbers_and_no_prose() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: CANARY","error_codes":[7000215]}"#;

        let reply = Reply::read(401, Some("17"), body);

        assert_eq!((reply.status, reply.code, reply.is_json), (401, Some(7_000_215), true));
        assert_eq!(reply.retry_after, Some(Duration::from_secs(17)));
        assert!(!format!("{reply:?}").contains("CANARY"));
    }

    #[test]
    fn a_person_who_must_be_there_again_is_told_from_other_refusals() {
        for (name, expected) in [
            ("interaction_required", Some(OAuthError::InteractionRequired)),
            ("login_required", Some(OAuthError::InteractionRequired)),
            ("invalid_grant", Some(OAuthError::InvalidGrant)),
            ("invalid_client", None),
        ] {
            let body = format!(r#"{{"error":"{name}"}}"#);
            assert_eq!(Reply::read(400, None, body.as_bytes()).error, expected, "{name}");
        }
    }

    #[test]
    fn a_web_page_is_not_json() {
        assert!(!Reply::read(200, None, b"<html>").is_json);
    }

    proptest! {
        #[test]
        fn no_body_and_no_header_breaks_the_reading(
            status in any::<u16>(),
            after in proptest::option::of(".*"),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let reply = Reply::read(status, after.as_deref(), &body);
            prop_assert_eq!(reply.status, status);
        }
    }
}
