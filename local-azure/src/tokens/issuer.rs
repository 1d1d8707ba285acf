//! Makes tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Claims, LOCAL_TENANT_ID, TokenVerifier};

/// How far a fresh token's `nbf` lies in the past; Entra does the same so that clocks may differ.
const NOT_BEFORE_ALLOWANCE: i64 = 300;

/// The token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The cryptographic library refused to make a key or a signature.
    #[error(
        "the signing key for local tokens could not be used: check that the system's random source works"
    )]
    Signing,
    /// The claims could not be written as JSON.
    #[error("the claims of a local token could not be written: {0}")]
    Claims(#[from] serde_json::Error),
}

/// What a token should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The audience, without a scope: `https://database.windows.net`.
    pub audience: String,
    /// The identity's client id.
    pub client_id: String,
    /// The identity's object id.
    pub object_id: String,
    /// The identity's Azure resource id, if it is a managed identity.
    pub resource_id: Option<String>,
    /// How long the token is good for.
    pub lifetime: Duration,
}

/// Issues tokens with a key of its own.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<EcdsaKeyPair>,
    key_id: String,
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenIssuer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl TokenIssuer {
    /// An issuer with a fresh key.
    ///
    /// # Errors
    /// [`IssueError::Signing`] when no key could be made.
    pub fn new() -> Result<Self, IssueError> {
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| IssueError::Signing)?;
        // A key id only has to tell keys apart.
        Ok(Self { key: Arc::new(key), key_id: uuid::Uuid::new_v4().simple().to_string() })
    }

    /// The verifier of this issuer's tokens, for Azure SQL's audience.
    #[must_use]
    pub fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(self.key.public_key().as_ref().to_vec())
    }

    /// A token and its claims, valid from now on.
    ///
    /// # Errors
    /// [`IssueError`] when it could not be signed.
    pub fn issue(&self, request: &TokenRequest) -> Result<(String, Claims), IssueError> {
        let now = chrono::Utc::now().timestamp();
        let lifetime = i64::try_from(request.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Self::claims(
            request,
            now,
            now.saturating_sub(NOT_BEFORE_ALLOWANCE),
            now.saturating_add(lifetime),
        );
        Ok((self.sign(&claims)?, claims))
    }

    /// A token that expired an hour ago, correct in everything else: what a verifier must refuse.
    ///
    /// # Errors
    /// [`IssueError`] when it could not be signed.
    pub fn issue_expired(&self, request: &TokenRequest) -> Result<(String, Claims), IssueError> {
        let expiry = chrono::Utc::now().timestamp().saturating_sub(3600);
        let issued = expiry.saturating_sub(3600);
        let claims = Self::claims(request, issued, issued, expiry);
        Ok((self.sign(&claims)?, claims))
    }

    /// A token for another service (Azure Storage), correct in everything else: what a verifier must refuse.
    ///
    /// # Errors
    /// [`IssueError`] when it could not be signed.
    pub fn issue_for_wrong_audience(&self, request: &TokenRequest) -> Result<(String, Claims), IssueError> {
        self.issue(&TokenRequest { audience: "https://storage.azure.com".to_owned(), ..request.clone() })
    }

    /// Signs any claims.
    ///
    /// # Errors
    /// [`IssueError`] when the claims could not be written or signed.
    pub fn sign(&self, claims: &Claims) -> Result<String, IssueError> {
        let header = json!({ "typ": "JWT", "alg": "ES256", "kid": self.key_id });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?),
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)
        );
        let signature =
            self.key.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| IssueError::Signing)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    fn claims(request: &TokenRequest, iat: i64, nbf: i64, exp: i64) -> Claims {
        Claims {
            aud: request.audience.clone(),
            iss: format!("https://sts.windows.net/{LOCAL_TENANT_ID}/"),
            iat,
            nbf,
            exp,
            oid: request.object_id.clone(),
            appid: request.client_id.clone(),
            tid: LOCAL_TENANT_ID.to_owned(),
            xms_mirid: request.resource_id.clone(),
        }
    }
}
