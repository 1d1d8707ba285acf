//! Client assertions: a JWT that a registered certificate's key signed (RFC 7523), or another issuer's token.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde::Deserialize;

use super::entra_error::EntraError;

/// The only value of `client_assertion_type`.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far clocks may differ, in seconds. Entra allows some too; how much was not confirmed.
const CLOCK_SKEW: f64 = 300.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// The SHA-1 thumbprint of the certificate.
    x5t: Option<String>,
    /// The SHA-256 thumbprint of the certificate.
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct AssertionClaims {
    aud: String,
    iss: String,
    sub: String,
    /// Entra documents it as required; whether it refuses an assertion without was not confirmed.
    jti: Option<String>,
    /// Unix seconds, and fractions of them: Microsoft's own library for Python sends such.
    exp: f64,
    /// Microsoft's own library for Python leaves it out.
    nbf: Option<f64>,
}

/// What an assertion is compared with.
pub(super) struct Expected<'a> {
    /// The certificates of the application, PEM.
    pub(super) certificates: &'a [String],
    /// The client id in the request.
    pub(super) client_id: &'a str,
    /// The ways to write the URL of the token endpoint.
    pub(super) audiences: &'a [String],
    /// Unix seconds of the system's clock: the client that signed knows no other.
    pub(super) now: f64,
}

/// Whether this looks like an assertion that a certificate's key signed: a header that names a certificate.
pub(super) fn names_certificate(assertion: &str) -> bool {
    parts(assertion)
        .and_then(|(header, ..)| decode::<Header>(header))
        .is_some_and(|header| header.x5t.is_some() || header.x5t_s256.is_some())
}

/// Checks signature, parties and times.
pub(super) fn verify_signed(assertion: &str, expected: &Expected<'_>) -> Result<(), EntraError> {
    let malformed = |what| EntraError::AssertionMalformed { what };
    let (header, claims, signature) = parts(assertion).ok_or(malformed("it hasn't three parts"))?;
    let signed = assertion.get(..header.len().saturating_add(claims.len()).saturating_add(1));
    let signed = signed.ok_or(malformed("it hasn't three parts"))?;
    let header: Header = decode(header).ok_or(malformed("the header can't be read"))?;
    let algorithm: &dyn SignatureVerificationAlgorithm = match header.alg.as_str() {
        "PS256" => webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        "RS256" => webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(malformed("the algorithm is neither PS256 nor RS256")),
    };
    let signature =
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed("the signature isn't base64url"))?;

    let unknown = EntraError::AssertionSignature { reason: "the key was not found by its thumbprint" };
    let certificate = expected
        .certificates
        .iter()
        .filter_map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok())
        .find(|certificate| has_thumbprint(certificate, &header))
        .ok_or(unknown)?;
    let wrong =
        || EntraError::AssertionSignature { reason: "the key was found, but the signature doesn't fit" };
    let key = webpki::EndEntityCert::try_from(&certificate).map_err(|_| wrong())?;
    key.verify_signature(algorithm, signed.as_bytes(), &signature).map_err(|_| wrong())?;

    let claims: AssertionClaims =
        decode(claims).ok_or(malformed("a claim is missing or of the wrong type"))?;
    if claims.jti.is_none_or(|id| id.is_empty()) {
        return Err(malformed("the claim 'jti' is missing"));
    }
    if claims.iss != expected.client_id || claims.sub != expected.client_id {
        return Err(EntraError::AssertionClient);
    }
    if !expected.audiences.contains(&claims.aud) {
        return Err(EntraError::AssertionAudience);
    }
    let is_over = claims.exp + CLOCK_SKEW <= expected.now;
    let is_to_come = claims.nbf.is_some_and(|start| start > expected.now + CLOCK_SKEW || claims.exp <= start);
    if is_over || is_to_come {
        return Err(EntraError::AssertionTime);
    }
    Ok(())
}

/// The certificate is the one that the header names; where it names it twice, by both.
fn has_thumbprint(certificate: &CertificateDer<'_>, header: &Header) -> bool {
    let is = |algorithm, wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| {
            URL_SAFE_NO_PAD.encode(digest::digest(algorithm, certificate).as_ref())
                == wanted.trim_end_matches('=')
        })
    };
    (header.x5t.is_some() || header.x5t_s256.is_some())
        && is(&digest::SHA1_FOR_LEGACY_USE_ONLY, &header.x5t)
        && is(&digest::SHA256, &header.x5t_s256)
}

fn parts(assertion: &str) -> Option<(&str, &str, &str)> {
    let (header, rest) = assertion.split_once('.')?;
    let (claims, signature) = rest.split_once('.')?;
    (!signature.contains('.')).then_some((header, claims, signature))
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
