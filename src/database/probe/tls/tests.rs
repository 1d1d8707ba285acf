//! Handshakes with servers that behave and that don't.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::TcpListener;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::*;

/// TDS 8 alone, with a certificate that is its own authority.
fn strict_config() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![TDS_8.to_vec()];
    config
}

/// A server that speaks TLS first of all; its port.
fn strict_server() -> u16 {
    let config = strict_config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        // Until the client hangs up.
        let _rest = stream.read_to_end(&mut Vec::new());
    });
    port
}

#[tokio::test]
async fn tds_8_begins_with_tls() {
    let trust = Trust { authorities: None, anybody: true };
    let stream = TcpStream::connect(("127.0.0.1", strict_server())).await.unwrap();

    let secured = secure(stream, "localhost", &trust, Framing::Strict).await.unwrap();

    assert_eq!(secured.version.as_deref(), Some("TLSv1_3"));
    assert!(secured.certificate.is_some());
    assert!(secured.overlooked.is_some(), "nobody vouches for it");
}

/// A server that hangs up within TLS as soon as it may, and sends on.
fn server_that_sends_on_after_its_goodbye() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = strict_config();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        while !connection.wants_write() {
            connection.read_tls(&mut stream).unwrap();
            connection.process_new_packets().unwrap();
        }
        connection.send_close_notify();
        let mut records = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut records).unwrap();
        }
        // More than rustls takes in at once.
        records.resize(records.len() + 8 * 1024, 0x17);
        stream.write_all(&records).unwrap();
        let _rest = stream.read_to_end(&mut Vec::new());
    });
    port
}

#[tokio::test]
async fn what_follows_a_goodbye_ends_the_handshake() {
    let (told, heard) = std::sync::mpsc::channel();
    let port = server_that_sends_on_after_its_goodbye();
    // On a thread of its own: a loop without an end would hold up the test's runtime, and its clock with it.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shaken = runtime.block_on(async {
            let trust = Trust { authorities: None, anybody: true };
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            secure(stream, "localhost", &trust, Framing::Strict).await
        });
        told.send(shaken.is_err()).unwrap();
    });

    let ended = heard.recv_timeout(std::time::Duration::from_secs(20));

    assert_eq!(ended, Ok(true));
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_refused_to_who_trusts_not_anybody() {
    let other = KeyPair::generate().unwrap();
    let other = CertificateParams::new(Vec::new()).unwrap().self_signed(&other).unwrap().pem();
    let trust = Trust { authorities: Some(other.into_bytes().into()), anybody: false };
    let stream = TcpStream::connect(("127.0.0.1", strict_server())).await.unwrap();

    let failure = secure(stream, "localhost", &trust, Framing::Strict).await.unwrap_err();

    assert!(matches!(failure, TlsFailure::Certificate(..)), "{failure:?}");
}
