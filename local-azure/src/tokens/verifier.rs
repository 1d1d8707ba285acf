//! Checks tokens.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{AZURE_SQL_AUDIENCE, Claims, Clock};

/// Why a token was refused. The texts name no part of the token but its audience.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// It isn't three base64url parts with JSON in the first two.
    #[error("the access token is not a JWT")]
    Malformed,
    /// It is signed in another way than ES256.
    #[error("the access token is not signed with ES256")]
    Algorithm,
    /// The signature doesn't fit: another issuer made it, or it was changed.
    #[error("the access token's signature is not valid: it was issued by someone else or changed")]
    Signature,
    /// It is meant for another service.
    #[error(
        "the access token is for the audience '{found}': ask for the scope https://database.windows.net/.default"
    )]
    Audience {
        /// The audience that the token names.
        found: String,
    },
    /// Its time is over.
    #[error("the access token has expired: ask for a new one")]
    Expired,
    /// Its time has not come.
    #[error("the access token is not valid yet: compare the clocks")]
    NotYetValid,
}

/// Checks signature, audience and times of a token.
#[derive(Clone)]
pub struct TokenVerifier {
    public_key: Vec<u8>,
    audience: String,
    clock: Clock,
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenVerifier").field("audience", &self.audience).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl TokenVerifier {
    pub(super) fn new(public_key: Vec<u8>, clock: Clock) -> Self {
        Self { public_key, audience: AZURE_SQL_AUDIENCE.to_owned(), clock }
    }

    /// The same verifier for another audience, such as a sovereign cloud's `https://database.usgovcloudapi.net`.
    #[must_use]
    pub fn for_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into().trim_end_matches('/').to_owned();
        self
    }

    /// The token's claims, if it may be accepted now, by the issuer's [`Clock`].
    ///
    /// # Errors
    /// [`TokenRefusal`] says why not.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenRefusal> {
        self.verify_at(token, self.clock.now())
    }

    /// The token's claims, if it may be accepted at `now` (Unix seconds).
    ///
    /// # Errors
    /// [`TokenRefusal`] says why not.
    pub fn verify_at(&self, token: &str, now: i64) -> Result<Claims, TokenRefusal> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header: Header = decode_json(header)?;
        if header.alg != "ES256" {
            return Err(TokenRefusal::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefusal::Malformed)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public_key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| TokenRefusal::Signature)?;
        // Only a signed token's claims are worth reading.
        let claims: Claims = decode_json(claims)?;
        // Entra's tokens for Azure SQL carry the audience with or without the slash, as the resource was asked for.
        if claims.aud.strip_suffix('/').unwrap_or(&claims.aud) != self.audience {
            return Err(TokenRefusal::Audience { found: claims.aud });
        }
        if now >= claims.exp {
            return Err(TokenRefusal::Expired);
        }
        if now < claims.nbf {
            return Err(TokenRefusal::NotYetValid);
        }
        Ok(claims)
    }
}

fn decode_json<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefusal::Malformed)
}
