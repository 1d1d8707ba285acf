//! Applications with a certificate.

use local_azure::authority::{Application, AuthorityOptions};
use local_azure::tokens::LOCAL_TENANT_ID;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};

use super::stage::{CLIENT, Stage, end};

/// A certificate and its key, PEM.
pub(super) fn certificate() -> (String, String) {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

pub(super) async fn stage(certificate: &str) -> Stage {
    let application = Application::new(CLIENT).with_certificate(certificate);
    Stage::with(|options| AuthorityOptions { applications: vec![application], ..options })
        .await
        .set("AZURE_TENANT_ID", LOCAL_TENANT_ID)
        .set("AZURE_CLIENT_ID", CLIENT)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_the_certificates_key_signed_earns_a_token() {
    let (certificate, key) = certificate();
    let both = format!("{certificate}{key}");
    for method in ["ActiveDirectoryServicePrincipal", "ActiveDirectoryEnvironment"] {
        let stage = stage(&certificate).await.with_file("AZURE_CLIENT_CERTIFICATE_PATH", &both);

        let shown = stage.token(method).await.json();

        assert_eq!(shown["clientId"], CLIENT);
        let [request] = &stage.requests()[..] else { panic!("{:?}", stage.requests()) };
        assert_eq!(
            request.fields["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        assert_eq!(request.secret_fields.iter().collect::<Vec<_>>(), ["client_assertion"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_application_does_not_have_is_told_to_be_uploaded() {
    let (registered, _) = certificate();
    let (other, key) = certificate();
    let stage = stage(&registered).await.with_file("AZURE_CLIENT_CERTIFICATE_PATH", &format!("{other}{key}"));

    let sentence = stage.token("ActiveDirectoryEnvironment").await.failure();

    assert!(sentence.contains("AADSTS700027") && sentence.contains("upload it"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_sign_is_told_with_the_cure_and_nobody_is_asked() {
    let (certificate, _) = certificate();
    let elliptic = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    for (text, expected) in [
        (certificate.clone(), "no private key in it"),
        (format!("{certificate}{elliptic}"), "none of RSA"),
        ("CANARY".to_owned(), "no certificate in it"),
    ] {
        let stage = stage(&certificate).await.with_file("AZURE_CLIENT_CERTIFICATE_PATH", &text);

        let outcome = end(stage.start("ActiveDirectoryEnvironment")).await;

        assert!(outcome.failure().contains(expected), "{:?}", outcome.lines);
        assert_eq!(stage.requests(), []);
    }
}
