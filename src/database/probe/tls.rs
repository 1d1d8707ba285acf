//! The TLS handshake as the driver does it, within TDS packets, and what is wrong with a certificate.
//!
//! The driver reports a refused certificate as a text; here it is asked what exactly was refused.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error as TlsError,
    RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::prelogin::{Encryption, exchange, read_message, write_message};

/// Whom a client trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// PEM texts of authorities beside the system's.
    pub(crate) authorities: Option<Arc<[u8]>>,
    /// Anybody: `TrustServerCertificate=true`.
    pub(crate) anybody: bool,
}

/// How TLS is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// In TDS packets, after PRELOGIN (TDS 7).
    Packets,
    /// Bare and first of all (TDS 8, `Encrypt=strict`).
    Strict,
}

/// What ALPN calls TDS 8 (MS-TDS 2.1).
const TDS_8: &[u8] = b"tds/8.0";

/// A handshake that succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    /// Such as `12.0.2000`; None under TDS 8, where it comes later.
    pub(crate) server_version: Option<String>,
    /// Such as `TLSv1_3`.
    pub(crate) version: Option<String>,
    pub(crate) certificate: Option<Certificate>,
    /// What would be refused if `TrustServerCertificate` didn't say to trust anybody.
    pub(crate) overlooked: Option<CertificateProblem>,
}

/// A handshake that failed.
#[derive(Clone, Debug)]
pub(crate) enum TlsFailure {
    /// What listens there doesn't speak TDS, or hung up.
    NotTds(io::ErrorKind),
    /// The server has no TLS.
    NoTls,
    /// The system's store of authorities can't be read, and no other was given.
    NoAuthorities,
    /// The name can't stand in a certificate.
    Name,
    /// The certificate was refused.
    Certificate(CertificateProblem, Option<Certificate>),
    /// Something else, such as no common version of TLS.
    Other(String),
}

/// Why a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    /// Its issuer isn't trusted.
    UnknownIssuer,
    /// It is for other names.
    WrongName {
        /// Its names.
        presented: Vec<String>,
    },
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// Something else.
    Other(String),
}

impl From<&CertificateError> for CertificateProblem {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName => Self::WrongName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::WrongName { presented: presented.iter().map(|name| bare(name).to_owned()).collect() }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            other => Self::Other(other.to_string()),
        }
    }
}

/// A name out of the form `DnsName("shop.example")` or `IpAddress(127.0.0.1)`, in which rustls lists it.
fn bare(name: &str) -> &str {
    let inner = name.strip_suffix(')').and_then(|name| name.split_once('('));
    inner.map_or(name, |(_, inner)| inner.trim_matches('"'))
}

/// Verifies as the driver does, keeps what the server showed, and lets anybody pass when told so.
#[derive(Debug)]
struct Observer {
    /// None when anybody is trusted and there are no authorities to ask.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    trust_anybody: bool,
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    certificate: Option<Certificate>,
    problem: Option<CertificateProblem>,
}

impl Observer {
    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Observer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict = match &self.verifier {
            Some(verifier) => {
                verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.certificate = Certificate::read(end_entity);
        if let Err(TlsError::InvalidCertificate(error)) = &verdict {
            seen.problem = Some(error.into());
        }
        if self.trust_anybody { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if self.trust_anybody {
            // As the driver does: an old certificate of a server's own can't even be read.
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if self.trust_anybody {
            // As the driver does: an old certificate of a server's own can't even be read.
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The driver's own store: the system's authorities, and those of AZSQL_TRUST_CA beside them.
fn authorities(trust: &Trust) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = &trust.authorities {
        store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
    }
    store
}

/// PRELOGIN and TLS with the server behind `stream`, whose certificate must carry `name`. No login follows: the stream is
/// dropped.
///
/// # Errors
/// What is wrong; the caller bounds the time.
pub(crate) async fn secure(
    mut stream: TcpStream,
    name: &str,
    trust: &Trust,
    framing: Framing,
) -> Result<Secured, TlsFailure> {
    let server_name = match ServerName::try_from(name.to_owned()) {
        Ok(name) => name,
        // Nobody looks at it.
        Err(_) if trust.anybody => ServerName::try_from("localhost").map_err(|_| TlsFailure::Name)?,
        Err(_) => return Err(TlsFailure::Name),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    // The system's store is a directory of files.
    let (of_trust, of_provider) = (trust.clone(), Arc::clone(&provider));
    let read = move || {
        let store = Arc::new(authorities(&of_trust));
        WebPkiServerVerifier::builder_with_provider(store, of_provider).build().ok()
    };
    let verifier = tokio::task::spawn_blocking(read).await.ok().flatten();
    if verifier.is_none() && !trust.anybody {
        return Err(TlsFailure::NoAuthorities);
    }
    let observer = Arc::new(Observer {
        verifier,
        provider: Arc::clone(&provider),
        trust_anybody: trust.anybody,
        seen: Mutex::default(),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsFailure::Other(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Observer>::clone(&observer))
        .with_no_client_auth();
    if framing == Framing::Strict {
        config.alpn_protocols.push(TDS_8.to_vec());
    }
    let mut connection = ClientConnection::new(Arc::new(config), server_name)
        .map_err(|error| TlsFailure::Other(error.to_string()))?;

    let server_version = match framing {
        Framing::Strict => None,
        Framing::Packets => {
            let server = exchange(&mut stream).await.map_err(|error| TlsFailure::NotTds(error.kind()))?;
            if server.encryption == Encryption::NotSupported {
                return Err(TlsFailure::NoTls);
            }
            server.version
        }
    };
    let shaken = shake_hands(&mut stream, &mut connection, framing).await;
    let seen = observer.seen();
    match shaken {
        Ok(()) => Ok(Secured {
            server_version,
            version: connection.protocol_version().and_then(|version| version.as_str().map(str::to_owned)),
            certificate: seen.certificate,
            overlooked: seen.problem,
        }),
        Err(Shaken::Tls(TlsError::InvalidCertificate(error))) => {
            Err(TlsFailure::Certificate((&error).into(), seen.certificate))
        }
        Err(Shaken::Tls(error)) => Err(TlsFailure::Other(error.to_string())),
        Err(Shaken::Io(error)) => Err(TlsFailure::NotTds(error.kind())),
    }
}

enum Shaken {
    Io(io::Error),
    Tls(TlsError),
}

impl From<io::Error> for Shaken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

async fn shake_hands(
    stream: &mut TcpStream,
    connection: &mut ClientConnection,
    framing: Framing,
) -> Result<(), Shaken> {
    loop {
        send(stream, connection, framing).await?;
        if !connection.is_handshaking() {
            return Ok(());
        }
        let message = match framing {
            Framing::Packets => read_message(stream).await?,
            Framing::Strict => read_bytes(stream).await?,
        };
        let mut records = message.as_slice();
        while !records.is_empty() {
            // After the peer's close_notify it reads nothing more, whatever follows.
            if connection.read_tls(&mut records)? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if let Err(error) = connection.process_new_packets() {
                // The server is told why; whether it hears it changes nothing.
                let _alert = send(stream, connection, framing).await;
                return Err(Shaken::Tls(error));
            }
        }
    }
}

/// What the socket has, at least a byte.
async fn read_bytes(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 16 * 1024];
    let count = stream.read(&mut bytes).await?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.truncate(count);
    Ok(bytes)
}

async fn send(stream: &mut TcpStream, connection: &mut ClientConnection, framing: Framing) -> io::Result<()> {
    let mut records = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut records)?;
    }
    match framing {
        _ if records.is_empty() => Ok(()),
        Framing::Packets => write_message(stream, &records).await,
        Framing::Strict => stream.write_all(&records).await,
    }
}

/// Days until a certificate ends; negative when it has.
pub(crate) fn days_left(certificate: &Certificate, now: DateTime<Utc>) -> Option<i64> {
    certificate.not_after.map(|end| end.signed_duration_since(now).num_days())
}

#[cfg(test)]
mod tests;
