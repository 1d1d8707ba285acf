//! An application signs in with an assertion that a certificate's key signed.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_azure::authority::Application;
use local_azure::tokens::LOCAL_TENANT_ID;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::client::{CLIENT, SCOPE, ask, start_with};

/// A certificate with its key, as a developer would make one with openssl.
struct Certificate {
    pem: String,
    der: Vec<u8>,
    key: RsaKeyPair,
}

impl Certificate {
    fn new() -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let signing = RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().to_vec(), key: signing }
    }

    fn thumbprint(&self, algorithm: &'static digest::Algorithm) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &self.der).as_ref())
    }

    fn header(&self, algorithm: &str) -> Value {
        json!({ "alg": algorithm, "typ": "JWT", "x5t#S256": self.thumbprint(&digest::SHA256) })
    }

    fn sign(&self, encoding: &'static dyn RsaEncoding, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims(token_url: &str) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({
        "aud": token_url,
        "iss": CLIENT,
        "sub": CLIENT,
        "jti": uuid::Uuid::new_v4().to_string(),
        "nbf": now,
        "exp": now + 600,
    })
}

fn fields(assertion: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        ("scope", SCOPE),
    ]
}

#[tokio::test]
async fn ps256_and_rs256_with_either_thumbprint_earn_a_token() {
    let certificate = Certificate::new();
    let authority = start_with(Application::new(CLIENT).with_certificate(&certificate.pem)).await;
    let claims = claims(&authority.token_url(LOCAL_TENANT_ID));
    let sha1 = json!({ "alg": "RS256", "typ": "JWT", "x5t": certificate.thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY) });

    // As MSAL for Python sends them.
    let mut without_start = claims.clone();
    without_start.as_object_mut().unwrap().remove("nbf");
    without_start["exp"] = (chrono::Utc::now().timestamp() as f64 + 600.25).into();

    for assertion in [
        certificate.sign(&RSA_PSS_SHA256, &certificate.header("PS256"), &claims),
        certificate.sign(&RSA_PSS_SHA256, &certificate.header("PS256"), &without_start),
        certificate.sign(&RSA_PKCS1_SHA256, &certificate.header("RS256"), &claims),
        certificate.sign(&RSA_PKCS1_SHA256, &sha1, &claims),
    ] {
        let token = ask(&authority, &fields(&assertion)).await.token();
        assert_eq!(authority.verifier().verify(&token).unwrap().appid, CLIENT);
    }
    authority.stop().await;
}

#[tokio::test]
async fn a_signature_that_does_not_fit_is_refused() {
    let (certificate, stranger) = (Certificate::new(), Certificate::new());
    let authority = start_with(Application::new(CLIENT).with_certificate(&certificate.pem)).await;
    let claims = claims(&authority.token_url(LOCAL_TENANT_ID));
    let good = certificate.sign(&RSA_PSS_SHA256, &certificate.header("PS256"), &claims);
    let mut changed = claims.clone();
    changed["jti"] = "another".into();
    let parts: Vec<&str> = good.split('.').collect();
    let moved = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(changed.to_string()), parts[2]);

    for (what, assertion) in [
        ("a key that isn't registered", stranger.sign(&RSA_PSS_SHA256, &stranger.header("PS256"), &claims)),
        (
            "another's key under this name",
            stranger.sign(&RSA_PSS_SHA256, &certificate.header("PS256"), &claims),
        ),
        ("changed claims", moved),
        ("the other padding", certificate.sign(&RSA_PKCS1_SHA256, &certificate.header("PS256"), &claims)),
    ] {
        let error = ask(&authority, &fields(&assertion)).await.error();
        assert_eq!(error, (401, "invalid_client".to_owned(), 700_027), "{what}");
    }
    authority.stop().await;
}

#[tokio::test]
async fn each_wrong_claim_is_refused_with_its_own_number() {
    let certificate = Certificate::new();
    let authority = start_with(Application::new(CLIENT).with_certificate(&certificate.pem)).await;
    let good = claims(&authority.token_url(LOCAL_TENANT_ID));
    let now = chrono::Utc::now().timestamp();
    let cases = [
        ("iss", "another".into(), 700_021),
        ("sub", "another".into(), 700_021),
        ("aud", authority.token_url("another").into(), 700_023),
        ("aud", "https://login.microsoftonline.com/".into(), 700_023),
        ("exp", (now - 301).into(), 700_024),
        ("nbf", (now + 400).into(), 700_024),
        ("nbf", (now + 600).into(), 700_024),
        ("nbf", "soon".into(), 50_027),
        ("exp", "soon".into(), 50_027),
        ("jti", Value::Null, 50_027),
    ];
    for (name, value, number) in cases {
        let mut claims = good.clone();
        claims[name] = value;
        if name == "exp" && claims["exp"].is_i64() {
            claims["nbf"] = (now - 900).into();
        }
        let assertion = certificate.sign(&RSA_PSS_SHA256, &certificate.header("PS256"), &claims);
        assert_eq!(ask(&authority, &fields(&assertion)).await.error().2, number, "{name} {}", claims[name]);
    }
    authority.stop().await;
}

#[tokio::test]
async fn what_is_no_signed_jwt_is_refused() {
    let certificate = Certificate::new();
    let authority = start_with(Application::new(CLIENT).with_certificate(&certificate.pem)).await;
    let claims = claims(&authority.token_url(LOCAL_TENANT_ID));
    let none = certificate.sign(&RSA_PSS_SHA256, &certificate.header("none"), &claims);
    for assertion in [none.as_str(), "x", "a.b.c", "....", "é.é.é"] {
        assert_eq!(
            ask(&authority, &fields(assertion)).await.error(),
            (400, "invalid_request".to_owned(), 50_027)
        );
    }
    authority.stop().await;
}
