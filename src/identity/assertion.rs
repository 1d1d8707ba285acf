//! A signed client assertion: how an application proves with its certificate who it is.
//!
//! Shape: "Microsoft identity platform application authentication certificate credentials" of Microsoft's documentation:
//! PS256, and the certificate's SHA-256 thumbprint as `x5t#S256`.

use std::fmt;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::ClientCertificate;

/// The documentation asks for 5 to 10 minutes at most.
const LIFETIME_SECONDS: i64 = 600;

/// Clocks differ; nobody minds an assertion that began to hold a minute ago.
const NOT_BEFORE_SECONDS: i64 = 60;

/// Why a certificate can't sign. Files' contents are never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CertificateError {
    #[error(
        "the certificate's file can't be read; check AZURE_CLIENT_CERTIFICATE_PATH and the file's rights"
    )]
    CertificateUnreadable,
    #[error("the key's file can't be read; check its path and rights")]
    KeyUnreadable,
    #[error(
        "the certificate's file is not PEM (a PFX file becomes one with `openssl pkcs12 -in app.pfx -out app.pem -nodes`)"
    )]
    NotPem,
    #[error("the PEM file has no certificate in it; put certificate and key into one file")]
    NoCertificate,
    #[error("the PEM file has no private key in it; put certificate and key into one file")]
    NoKey,
    #[error(
        "the private key is encrypted; write it in clear for this process alone with `openssl pkey -in key.pem -out plain.pem`"
    )]
    Encrypted,
    #[error(
        "the private key is none of RSA, and Entra takes no other; make one with `openssl req -x509 -newkey rsa:2048 -nodes \
         -keyout key.pem -out app.pem -subj /CN=app`"
    )]
    NotRsa,
    #[error("the private key can't be used: it is broken, or shorter than 2048 bits")]
    BrokenKey,
    #[error("certificate and private key don't belong together")]
    OtherKey,
    #[error("no assertion could be signed")]
    Signing,
}

/// A certificate with its key, ready to sign.
pub(super) struct Signer {
    key: RsaKeyPair,
    thumbprint: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads the files, which are small and local.
    ///
    /// # Errors
    /// Says what is wrong with which file, and how to mend it.
    pub(super) fn read(files: &ClientCertificate) -> Result<Self, CertificateError> {
        let certificate = read(&files.certificate).ok_or(CertificateError::CertificateUnreadable)??;
        match &files.key {
            None => Self::from_pem(&certificate, &certificate),
            Some(path) => Self::from_pem(&certificate, &read(path).ok_or(CertificateError::KeyUnreadable)??),
        }
    }

    fn from_pem(certificates: &SecretString, key: &SecretString) -> Result<Self, CertificateError> {
        let certificates: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(certificates.expose_secret().as_bytes())
                .collect::<Result<_, _>>()
                .map_err(|_| CertificateError::NotPem)?;
        if certificates.is_empty() {
            return Err(CertificateError::NoCertificate);
        }
        let key = rsa_key(key.expose_secret())?;
        // A file may hold a chain in any order. The leaf is the certificate with our key in it: an RSA key is written there
        // in the same bytes (RFC 3279, 2.3.1).
        let public = key.public_key().as_ref();
        let has_key = |certificate: &&CertificateDer<'_>| {
            certificate.windows(public.len()).any(|window| window == public)
        };
        let leaf = certificates.iter().find(has_key).ok_or(CertificateError::OtherKey)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, leaf));
        Ok(Self { key, thumbprint })
    }

    /// An assertion of `client_id` for a token endpoint, good for ten minutes from `now`.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: i64,
    ) -> Result<SecretString, CertificateError> {
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": uuid::Uuid::new_v4().to_string(),
            "iat": now,
            "nbf": now.saturating_sub(NOT_BEFORE_SECONDS),
            "exp": now.saturating_add(LIFETIME_SECONDS),
        });
        let encode = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| CertificateError::Signing)?;
        Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// A file's text; None if it can't be read.
fn read(path: &Path) -> Option<Result<SecretString, CertificateError>> {
    let bytes = std::fs::read(path).ok()?;
    // PFX and DER are binary.
    Some(String::from_utf8(bytes).map(SecretString::from).map_err(|_| CertificateError::NotPem))
}

fn rsa_key(pem: &str) -> Result<RsaKeyPair, CertificateError> {
    // PKCS#8 says so in its label, the older form in a header.
    if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(CertificateError::Encrypted);
    }
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
        Ok(PrivateKeyDer::Pkcs8(key)) => {
            let der = key.secret_pkcs8_der();
            if !contains(der, &RSA_ENCRYPTION) {
                return Err(CertificateError::NotRsa);
            }
            RsaKeyPair::from_pkcs8(der).map_err(|_| CertificateError::BrokenKey)
        }
        Ok(PrivateKeyDer::Pkcs1(key)) => {
            RsaKeyPair::from_der(key.secret_pkcs1_der()).map_err(|_| CertificateError::BrokenKey)
        }
        Ok(_) => Err(CertificateError::NotRsa),
        Err(_) => Err(CertificateError::NoKey),
    }
}

/// The object identifier rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, A.1), as DER writes it.
const RSA_ENCRYPTION: [u8; 11] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn pkcs8(key: &RsaKeyPair) -> String {
        pem("PRIVATE KEY", AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(key).unwrap().as_ref())
    }

    /// Not a whole certificate, and enough of one: nothing reads more of it than its bytes.
    fn certificate(key: &RsaKeyPair, mark: u8) -> Vec<u8> {
        [&[mark; 20], key.public_key().as_ref(), &[mark; 7]].concat()
    }

    fn signer(text: &str) -> Result<Signer, CertificateError> {
        let text = SecretString::from(text);
        Signer::from_pem(&text, &text)
    }

    #[test]
    fn an_assertion_says_who_to_whom_and_until_when_and_its_signature_holds() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let other = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let leaf = certificate(&key, 1);
        let chain = pem("CERTIFICATE", &certificate(&other, 2)) + &pem("CERTIFICATE", &leaf) + &pkcs8(&key);

        let assertion = signer(&chain).unwrap().assertion("app", "https://login/token", 1_000_000).unwrap();

        let parts: Vec<&str> = assertion.expose_secret().split('.').collect();
        let [header, claims, signature] = parts[..] else { unreachable!("three parts") };
        let json = |part| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &leaf));
        assert_eq!(json(header), json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
        let claims_json = json(claims);
        assert_eq!(
            [&claims_json["aud"], &claims_json["iss"], &claims_json["sub"]],
            ["https://login/token", "app", "app"]
        );
        assert_eq!((&claims_json["nbf"], &claims_json["exp"]), (&json!(999_940), &json!(1_000_600)));
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
        let message = format!("{header}.{claims}");
        public.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }

    #[test]
    fn two_assertions_are_never_the_same() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let signer = signer(&(pem("CERTIFICATE", &certificate(&key, 1)) + &pkcs8(&key))).unwrap();
        let claims = |_: u8| {
            let assertion = signer.assertion("app", "aud", 0).unwrap();
            assertion.expose_secret().split('.').nth(1).unwrap().to_owned()
        };
        assert_ne!(claims(1), claims(2));
    }

    #[test]
    fn what_can_not_sign_is_refused_with_the_cure() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let other = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let own = pem("CERTIFICATE", &certificate(&key, 1));
        for (text, expected) in [
            (pkcs8(&key), CertificateError::NoCertificate),
            (own.clone(), CertificateError::NoKey),
            (pem("CERTIFICATE", &certificate(&other, 1)) + &pkcs8(&key), CertificateError::OtherKey),
            (own.clone() + &pem("ENCRYPTED PRIVATE KEY", b"CANARY"), CertificateError::Encrypted),
            (own.clone() + &pem("EC PRIVATE KEY", b"CANARY"), CertificateError::NotRsa),
            (own.clone() + &pem("PRIVATE KEY", b"CANARY"), CertificateError::NotRsa),
            (own.clone() + &pem("PRIVATE KEY", &RSA_ENCRYPTION), CertificateError::BrokenKey),
            (own + &pem("RSA PRIVATE KEY", b"CANARY"), CertificateError::BrokenKey),
        ] {
            let error = signer(&text).unwrap_err();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("CANARY"));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_breaks_the_reading(text in "(-----(BEGIN|END) (CERTIFICATE|PRIVATE KEY)-----\n|[A-Za-z0-9+/=\n]{0,40}){0,8}") {
            proptest::prop_assert!(signer(&text).is_err());
        }
    }
}
