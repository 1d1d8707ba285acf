//! Makes tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Claims, Clock, TokenVerifier};

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

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An application.
    Application,
    /// A managed identity.
    ManagedIdentity {
        /// Its Azure resource id.
        resource_id: String,
    },
    /// A person, through an application.
    User {
        /// The principal name, such as `person@contoso.example`.
        principal_name: String,
    },
}

/// What a token should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The audience, without a scope: `https://database.windows.net`.
    pub audience: String,
    /// The tenant's id.
    pub tenant_id: String,
    /// The application's or managed identity's client id.
    pub client_id: String,
    /// The object id of the subject.
    pub object_id: String,
    /// Whom it stands for.
    pub subject: Subject,
    /// How long the token is good for.
    pub lifetime: Duration,
}

/// Issues tokens with a key of its own.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<EcdsaKeyPair>,
    key_id: String,
    clock: Clock,
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenIssuer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl TokenIssuer {
    /// An issuer with a fresh key, by the system's clock until that is advanced.
    ///
    /// # Errors
    /// [`IssueError::Signing`] when no key could be made.
    pub fn new() -> Result<Self, IssueError> {
        Self::with_clock(Clock::default())
    }

    /// An issuer with a fresh key that goes by this clock.
    ///
    /// # Errors
    /// [`IssueError::Signing`] when no key could be made.
    pub fn with_clock(clock: Clock) -> Result<Self, IssueError> {
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| IssueError::Signing)?;
        // A key id only has to tell keys apart.
        Ok(Self { key: Arc::new(key), key_id: uuid::Uuid::new_v4().simple().to_string(), clock })
    }

    /// The verifier of this issuer's tokens, for Azure SQL's audience and by the same clock.
    #[must_use]
    pub fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(self.key.public_key().as_ref().to_vec(), self.clock.clone())
    }

    /// The clock it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A token and its claims, valid from now on.
    ///
    /// # Errors
    /// [`IssueError`] when it could not be signed.
    pub fn issue(&self, request: &TokenRequest) -> Result<(String, Claims), IssueError> {
        let now = self.clock.now();
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
        let expiry = self.clock.now().saturating_sub(3600);
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
        let (idtyp, xms_mirid, upn) = match &request.subject {
            Subject::Application => ("app", None, None),
            Subject::ManagedIdentity { resource_id } => ("app", Some(resource_id.clone()), None),
            Subject::User { principal_name } => ("user", None, Some(principal_name.clone())),
        };
        Claims {
            aud: request.audience.clone(),
            iss: format!("https://sts.windows.net/{}/", request.tenant_id),
            iat,
            nbf,
            exp,
            oid: request.object_id.clone(),
            appid: request.client_id.clone(),
            tid: request.tenant_id.clone(),
            xms_mirid,
            idtyp: Some(idtyp.to_owned()),
            // What Azure SQL's own application offers to clients that act for a user.
            scp: upn.as_ref().map(|_| "user_impersonation".to_owned()),
            unique_name: upn.clone(),
            upn,
            uti: uuid::Uuid::new_v4().simple().to_string(),
            ver: "1.0".to_owned(),
        }
    }
}
