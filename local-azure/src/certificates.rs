//! A certificate authority of our own and the server certificate it issues, new at each start.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a TLS server needs, and what its clients must trust.
pub struct Certificates {
    /// The certificate authority, PEM. Its key is gone: nothing else can be issued under it.
    pub ca_pem: String,
    /// The server's side of TLS, with certificates for localhost, 127.0.0.1 and `::1`.
    pub server: Arc<ServerConfig>,
}

/// Makes an authority and a server certificate. They are two, since rustls refuses a CA as a server's own certificate.
///
/// # Errors
/// When the system gives no randomness; nothing else is known to fail.
pub fn issue() -> io::Result<Certificates> {
    let mut authority = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    authority.distinguished_name.push(DnType::CommonName, "local-azure CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(io::Error::other)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).map_err(io::Error::other)?;
    server.subject_alt_names.extend([
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]);
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate().map_err(io::Error::other)?;
    let server_certificate = server.signed_by(&server_key, &issuer).map_err(io::Error::other)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![server_certificate.der().clone()], key)
        .map_err(io::Error::other)?;
    // A ticket follows the handshake; sent by rustls together with its last message, it would be wrapped in a packet
    // while the client reads unwrapped records already.
    config.send_tls13_tickets = 0;
    Ok(Certificates { ca_pem: authority_certificate.pem(), server: Arc::new(config) })
}
