//! The errors of the authority, in Entra's JSON.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

/// Why a request is refused. Each has the number and the OAuth 2.0 error name that Entra gives; none of the sentences
/// holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntraError {
    /// The path names a tenant that doesn't exist.
    #[error("Tenant '{tenant}' not found. Check the tenant id and whether this is the right cloud.")]
    TenantNotFound {
        /// As the path has it.
        tenant: String,
    },
    /// The path names no tenant of its own (`common`, `organizations`) where an application signs in as itself. The OAuth
    /// name was not confirmed.
    #[error("No tenant-identifying information found: an application has to name its tenant in the path.")]
    NoTenant,
    /// A parameter is missing or empty.
    #[error("The request body must contain the following parameter: '{name}'.")]
    MissingParameter {
        /// Its name.
        name: &'static str,
    },
    /// A parameter comes twice.
    #[error("The request is not properly formatted: a parameter is duplicated.")]
    RepeatedParameter,
    /// `grant_type` is unknown.
    #[error("The app requested an unsupported grant type.")]
    UnsupportedGrant,
    /// `client_id` is unknown.
    #[error("Application with identifier '{client_id}' was not found in the directory.")]
    UnknownApplication {
        /// As the request has it.
        client_id: String,
    },
    /// The application has to prove itself and the request has nothing for that.
    #[error("The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")]
    NoCredential,
    /// The application has no credentials and the request has some.
    #[error("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")]
    PublicClient,
    /// No secret of the application is this one.
    #[error("Invalid client secret provided: send the secret's value, not its id.")]
    WrongSecret,
    /// `client_assertion_type` is not the one for a JWT. The number was not confirmed.
    #[error("The 'client_assertion_type' is not urn:ietf:params:oauth:client-assertion-type:jwt-bearer.")]
    AssertionType,
    /// The assertion isn't a JWT with the header and the claims that it needs.
    #[error("The client assertion is not a valid JWT: {what}.")]
    AssertionMalformed {
        /// What is wrong.
        what: &'static str,
    },
    /// The assertion is signed by a certificate that isn't registered, or the signature doesn't fit.
    #[error("The client assertion failed signature validation: {reason}.")]
    AssertionSignature {
        /// What is wrong.
        reason: &'static str,
    },
    /// The assertion's `iss` or `sub` is another application.
    #[error("Client assertion application identifier doesn't match the 'client_id' parameter.")]
    AssertionClient,
    /// The assertion's `aud` isn't this token endpoint.
    #[error("Client assertion audience claim does not match the token endpoint.")]
    AssertionAudience,
    /// The assertion's `exp` is past or its `nbf` is to come.
    #[error("Client assertion is not within its valid time range: compare the clocks.")]
    AssertionTime,
    /// The assertion is no federated credential of the application.
    #[error(
        "No matching federated identity record found for presented assertion: check the federated credential's subject, audience and issuer."
    )]
    FederatedMismatch,
    /// A scope can't be understood, or scopes of several resources are asked for at once.
    #[error("The provided value for the input parameter 'scope' is not valid.")]
    Scope,
    /// An application asks for itself without `/.default`.
    #[error(
        "The provided value for scope is not valid: client credential flows must have a scope value with /.default suffixed to the resource identifier."
    )]
    ScopeNotDefault,
    /// No registered redirect of the application is this one.
    #[error(
        "The redirect URI specified in the request does not match the redirect URIs configured for the application."
    )]
    RedirectNotRegistered,
    /// `response_type` isn't `code`.
    #[error("The response type is not supported: this authority serves 'code'.")]
    ResponseType,
    /// `response_mode` isn't `query`, the only one that a loopback listener can read and the only one served here.
    #[error("The response mode is not supported: this authority serves 'query'.")]
    ResponseMode,
    /// `prompt` is unknown.
    #[error("The value of 'prompt' is not supported.")]
    Prompt,
    /// There is no proof key for the code. Entra demands it of single-page applications only; RFC 8252 of every program
    /// at a desk.
    #[error("Proof Key for Code Exchange is required for authorization code redemption.")]
    ProofKeyMissing,
    /// `code_challenge` is no SHA-256 digest in base64url, or `code_challenge_method` isn't `S256`. Entra takes `plain`
    /// too. The number was not confirmed.
    #[error(
        "The 'code_challenge' has an invalid size or method: send the SHA-256 digest in base64url with S256."
    )]
    ProofKeyFormat,
    /// `login_hint` names nobody.
    #[error("The user account does not exist in the directory.")]
    UnknownUser,
    /// The user declined.
    #[error("User declined to consent to access the app.")]
    Declined,
    /// The authorization code or refresh token is none of this application's. The number was not confirmed for codes.
    #[error("The request is malformed or invalid: the code or refresh token is unknown.")]
    UnknownGrant,
    /// The authorization code ran out.
    #[error("The provided authorization code has expired: sign in again.")]
    CodeExpired,
    /// The authorization code was used before.
    #[error("OAuth2 Authorization code was already redeemed, please retry with a new valid code.")]
    CodeRedeemed,
    /// `redirect_uri` is another than the one that the code was sent to. The OAuth name was not confirmed.
    #[error(
        "The reply address does not match the reply address provided when requesting Authorization code."
    )]
    RedirectChanged,
    /// `code_verifier` isn't what the challenge was made from.
    #[error("The Code_Verifier does not match the code_challenge supplied in the authorization request.")]
    ProofKeyMismatch,
    /// The refresh token was revoked.
    #[error("The provided grant has expired due to it being revoked: sign in again.")]
    GrantRevoked,
    /// The user has not yet entered the device code.
    #[error("The request has not yet been authorized by the user: the user must enter the code.")]
    AuthorizationPending,
    /// The client asks too often (RFC 8628, section 3.5). Microsoft documents no such reply; the number is ours.
    #[error("The client polls too often: add 5 seconds to the interval.")]
    SlowDown,
    /// The user refused to sign in for the device. The number was not confirmed.
    #[error("The end user denied the authorization request.")]
    AuthorizationDeclined,
    /// The device code ran out.
    #[error("The provided value for 'device_code' is not valid: this device code has expired.")]
    DeviceCodeExpired,
    /// The device code is none of this application's, or was used. The number was not confirmed.
    #[error("The provided value for 'device_code' was not recognised.")]
    UnknownDeviceCode,
    /// Too many requests. The number was not confirmed.
    #[error("The request was throttled: wait as long as Retry-After says.")]
    Throttled,
    /// The service is in trouble. That the number goes with the name was not confirmed.
    #[error("A transient error has occurred. Please try again.")]
    Transient,
}

impl EntraError {
    /// The number after `AADSTS`.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.facts().0
    }

    /// The OAuth 2.0 error name in the reply's field `error`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.facts().1
    }

    fn facts(&self) -> (u32, &'static str) {
        match self {
            Self::TenantNotFound { .. } => (90_002, "invalid_request"),
            Self::NoTenant => (50_059, "invalid_request"),
            Self::MissingParameter { .. } => (900_144, "invalid_request"),
            Self::RepeatedParameter => (9_000_411, "invalid_request"),
            Self::UnsupportedGrant => (70_003, "unsupported_grant_type"),
            Self::UnknownApplication { .. } => (700_016, "unauthorized_client"),
            Self::NoCredential => (7_000_218, "invalid_client"),
            Self::PublicClient => (700_025, "invalid_client"),
            Self::WrongSecret => (7_000_215, "invalid_client"),
            Self::AssertionType => (7_000_218, "invalid_client"),
            Self::AssertionMalformed { .. } => (50_027, "invalid_request"),
            Self::AssertionSignature { .. } => (700_027, "invalid_client"),
            Self::AssertionClient => (700_021, "invalid_client"),
            Self::AssertionAudience => (700_023, "invalid_client"),
            Self::AssertionTime => (700_024, "invalid_client"),
            Self::FederatedMismatch => (700_213, "invalid_client"),
            Self::Scope => (70_011, "invalid_scope"),
            Self::ScopeNotDefault => (1_002_012, "invalid_scope"),
            Self::RedirectNotRegistered => (50_011, "invalid_request"),
            Self::ResponseType => (70_005, "unsupported_response_type"),
            Self::ResponseMode => (70_007, "invalid_request"),
            Self::Prompt => (90_023, "invalid_request"),
            Self::ProofKeyMissing => (9_002_325, "invalid_request"),
            Self::ProofKeyFormat => (501_491, "invalid_request"),
            Self::UnknownUser => (50_034, "invalid_grant"),
            Self::Declined => (65_004, "access_denied"),
            Self::UnknownGrant => (9_002_313, "invalid_grant"),
            Self::CodeExpired => (70_008, "invalid_grant"),
            Self::CodeRedeemed => (54_005, "invalid_grant"),
            Self::RedirectChanged => (500_112, "invalid_client"),
            Self::ProofKeyMismatch => (501_481, "invalid_grant"),
            Self::GrantRevoked => (50_173, "invalid_grant"),
            Self::AuthorizationPending => (70_016, "authorization_pending"),
            Self::SlowDown => (70_016, "slow_down"),
            Self::AuthorizationDeclined => (70_017, "authorization_declined"),
            Self::DeviceCodeExpired => (70_020, "expired_token"),
            Self::UnknownDeviceCode => (70_018, "bad_verification_code"),
            Self::Throttled => (90_055, "temporarily_unavailable"),
            Self::Transient => (90_033, "temporarily_unavailable"),
        }
    }

    /// The HTTP status that goes with it: 401 where the application failed to prove itself, else 400.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Transient => StatusCode::SERVICE_UNAVAILABLE,
            _ if self.name() == "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The error that stands for an HTTP status that a test asked for.
    pub(super) fn of_status(status: StatusCode) -> Self {
        if status == StatusCode::TOO_MANY_REQUESTS { Self::Throttled } else { Self::Transient }
    }

    /// What the reply says, with the number in front.
    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {self}", self.number())
    }

    /// The reply, with the status that goes with it.
    pub(super) fn reply(&self) -> HttpResponse {
        self.reply_with(self.status())
    }

    /// The reply with another status.
    pub(super) fn reply_with(&self, status: StatusCode) -> HttpResponse {
        let trace = uuid::Uuid::new_v4().to_string();
        let correlation = uuid::Uuid::new_v4().to_string();
        let time = chrono::Utc::now().format("%Y-%m-%d %H:%M:%SZ").to_string();
        let number = self.number();
        HttpResponse::build(status).json(json!({
            "error": self.name(),
            "error_description": format!(
                "{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}", self.description()
            ),
            "error_codes": [number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        }))
    }
}
