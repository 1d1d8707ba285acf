//! The steps before anything is said about who we are: name, TCP, TLS.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use chrono::Utc;
use tokio::net::TcpStream;

use super::examination::{Examination, TimeIsUp};
use super::report::Finding;
use crate::database::ConnectionSettings;
use crate::database::probe::certificate::Certificate;
use crate::database::probe::names::{self, Network};
use crate::database::probe::tcp::{self, Attempt};
use crate::database::probe::tls::{
    CertificateProblem, Framing, Secured, TlsFailure, Trust, days_left, secure,
};

/// Bound on a look-up: resolvers try again after 5 s by default (resolv.conf(5), `timeout`).
const DNS_BOUND: Duration = Duration::from_secs(6);
/// Bound on each address; Azure's gateway answers within a round trip.
const TCP_BOUND: Duration = Duration::from_secs(5);
/// Bound on PRELOGIN and the handshake.
const TLS_BOUND: Duration = Duration::from_secs(10);
/// So many names of a certificate are told; Azure's gateways have dozens.
const MOST_NAMES: usize = 5;
/// A certificate that ends sooner is worth a word.
const SOON_DAYS: i64 = 14;

/// The addresses of a host; None when there are none.
pub(super) async fn dns(run: &Examination<'_>, host: &str) -> (Option<Vec<IpAddr>>, Finding) {
    if let Ok(address) = host.parse::<IpAddr>() {
        let finding = Finding::ok(format!("{host} is an address")).with("addresses", vec![host.to_owned()]);
        return (Some(vec![address]), finding);
    }
    let addresses = match run.within(DNS_BOUND, names::look_up(host)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(_)) => return (None, Finding::fail(format!("the name {host} is not found"), name_cure(host))),
        Err(TimeIsUp) => {
            let cure = "the resolver is out of reach: look at the DNS servers of this network or VNet";
            return (None, Finding::fail(format!("no answer about the name {host}"), cure));
        }
    };
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let networks: Vec<_> = addresses.iter().map(|address| Network::of(*address)).collect();
    let private_link = private_link(run, host).await;
    let summary = format!("{host} is {}", texts.join(", "));
    let finding = match private_link {
        Some(_) if networks.contains(&Network::Private) => {
            Finding::ok(format!("{summary}: a private endpoint"))
        }
        Some(true) => Finding::warn(
            format!("{summary}: the public address, though the server has a private endpoint"),
            format!(
                "to use the endpoint, link the private DNS zone {} to this network, and let the app use the network's DNS (for a \
                 Function App: VNet integration)",
                private_zone(host)
            ),
        ),
        _ if networks.contains(&Network::Private) => Finding::ok(format!("{summary}: a private address")),
        _ => Finding::ok(summary),
    };
    let kinds: Vec<_> = networks.iter().map(|network| network.name()).collect();
    let finding =
        finding.with("addresses", texts).with("networks", kinds).with("privateEndpoint", private_link);
    (Some(addresses), finding)
}

/// The zone in which the server's name leads to its private endpoint; each cloud has its own.
fn private_zone(host: &str) -> String {
    let name = names::private_link_name(host);
    let zone = name.as_deref().and_then(|name| name.split_once('.')).map(|(_, zone)| zone);
    zone.unwrap_or("privatelink.database.windows.net").to_owned()
}

/// Whether the server has a private endpoint; None for one that is not Azure's.
async fn private_link(run: &Examination<'_>, host: &str) -> Option<bool> {
    let name = names::private_link_name(host)?;
    let found = run.within(DNS_BOUND, names::look_up(&name)).await;
    Some(matches!(found, Ok(Ok(_))))
}

/// The suffixes of Azure SQL that people mistype, as they should be.
const SUFFIXES: [&str; 3] =
    [".database.windows.net", ".database.usgovcloudapi.net", ".database.chinacloudapi.cn"];

fn name_cure(host: &str) -> String {
    let general = "check the name in Server=; look it up from here with nslookup; in a VNet with DNS of its own, forward \
                   database.windows.net to Azure DNS (168.63.129.16)";
    let lower = host.trim_end_matches('.').to_ascii_lowercase();
    let (server, rest) = lower.split_once('.').unwrap_or((&lower, ""));
    if rest.is_empty() {
        return format!("write the full name, {server}.database.windows.net; {general}");
    }
    if lower.contains(".privatelink.") {
        return format!(
            "write the name without privatelink: {server}.database.windows.net leads there by itself; {general}"
        );
    }
    if SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) {
        return format!(
            "is there a server {server}? az sql server list --query \"[].fullyQualifiedDomainName\"; {general}"
        );
    }
    let meant = crate::invocation::nearest(rest, SUFFIXES.map(|suffix| suffix.trim_start_matches('.')));
    match meant {
        Some(suffix) => format!("did you mean {server}.{suffix}? {general}"),
        None => general.to_owned(),
    }
}

/// A stream to the first address that has one.
pub(super) async fn tcp(
    run: &Examination<'_>,
    addresses: &[IpAddr],
    host: &str,
    port: u16,
) -> (Option<TcpStream>, Finding) {
    let attempts = match run.within(TCP_BOUND + TCP_BOUND, tcp::connect(addresses, port, TCP_BOUND)).await {
        Ok(attempts) => attempts,
        Err(TimeIsUp) => {
            let finding = Finding::fail(
                format!("no answer from {host}:{port} within the time of the doctor"),
                tcp_cure(ErrorKind::TimedOut, port, addresses),
            );
            return (None, finding);
        }
    };
    let told: Vec<_> = attempts
        .iter()
        .map(|Attempt { address, result, time }| {
            let result = match result {
                Ok(_) => format!("open after {} ms", time.as_millis()),
                Err(kind) => kind.to_string(),
            };
            format!("{address}: {result}")
        })
        .collect();
    let slow = attempts.iter().any(|attempt| matches!(attempt.result, Err(ErrorKind::TimedOut)));
    let first_failure = attempts.iter().find_map(|attempt| attempt.result.as_ref().err().copied());
    let stream = attempts.into_iter().find_map(|attempt| attempt.result.ok());
    let finding = match (&stream, first_failure) {
        (Some(_), _) if slow => Finding::warn(
            format!("not every address of {host} answers: {}", told.join("; ")),
            "each connection may wait for the one that doesn't: have the name lead to the others alone",
        ),
        (Some(_), _) => Finding::ok(told.join("; ")),
        (None, kind) => {
            let cure = tcp_cure(kind.unwrap_or(ErrorKind::Other), port, addresses);
            Finding::fail(format!("{host}:{port} can't be reached: {}", told.join("; ")), cure)
        }
    };
    (stream, finding.with("port", port).with("attempts", told))
}

fn tcp_cure(kind: ErrorKind, port: u16, addresses: &[IpAddr]) -> String {
    let private = addresses.iter().any(|address| Network::of(*address) == Network::Private);
    let standard =
        if port == 1433 { "" } else { " Azure SQL listens on 1433: write Server=tcp:<host>,1433." };
    match kind {
        ErrorKind::ConnectionRefused => format!(
            "the machine is there, and nothing listens on port {port}: check host and port in Server=; is the server up?{standard}"
        ),
        _ if private => format!(
            "the address is private: connect from its network. A Function App needs VNet integration with all outbound traffic \
             routed, and the endpoint's subnet must let port {port} in.{standard}"
        ),
        _ => format!(
            "something drops what goes out to port {port}: a company's firewall, a network security group or the VNet's routes. \
             Open TCP {port}, and 11000 to 11999 for connection policy Redirect, to the service tag Sql.{standard}"
        ),
    }
}

/// The certificate's name and trust, as the driver sees them.
pub(super) async fn tls(run: &Examination<'_>, stream: TcpStream, settings: &ConnectionSettings) -> Finding {
    let name = settings.host_name_in_certificate.as_deref().unwrap_or(&settings.host);
    let trust = Trust {
        authorities: run.circumstances.trusted_authorities.clone(),
        anybody: settings.trust_server_certificate,
    };
    let framing = if settings.strict_encryption { Framing::Strict } else { Framing::Packets };
    match run.within(TLS_BOUND, secure(stream, name, &trust, framing)).await {
        Ok(Ok(secured)) => secure_enough(&secured, name, trust.anybody),
        Ok(Err(failure)) => insecure(failure, name),
        Err(TimeIsUp) => Finding::fail(
            "the server takes the connection and then says nothing",
            "is it a SQL server that listens there? Look for a proxy, a load balancer without a healthy back end, or a server \
             that is starting",
        ),
    }
}

fn secure_enough(secured: &Secured, name: &str, trusts_anybody: bool) -> Finding {
    let left = secured.certificate.as_ref().and_then(|certificate| days_left(certificate, Utc::now()));
    let version = secured.version.as_deref().unwrap_or("TLS").replace('_', ".").replace("TLSv", "TLS ");
    let finding = match (trusts_anybody, left) {
        (true, _) => {
            let overlooked = secured.overlooked.as_ref().map(|problem| sentence(problem, name));
            let overlooked =
                overlooked.unwrap_or_else(|| "the certificate would be trusted anyway".to_owned());
            Finding::warn(
                format!(
                    "{version}, and any certificate is accepted (TrustServerCertificate=true): {overlooked}"
                ),
                "remove TrustServerCertificate=true; for a server with a certificate of its own set AZSQL_TRUST_CA",
            )
        }
        (false, Some(left)) if left < SOON_DAYS => Finding::warn(
            format!("{version}, and the certificate ends in {left} days"),
            "have it renewed: Azure renews its own; for another server it is on you",
        ),
        (false, _) => {
            let issuer = secured.certificate.as_ref().and_then(|certificate| certificate.issuer.as_deref());
            let issuer = issuer.map(|issuer| format!(", issued by {issuer}")).unwrap_or_default();
            Finding::ok(format!("{version}, the certificate is for {name}{issuer}"))
        }
    };
    let finding = finding.with("version", version).with("serverVersion", secured.server_version.clone());
    with_certificate(finding, secured.certificate.as_ref())
}

fn with_certificate(finding: Finding, certificate: Option<&Certificate>) -> Finding {
    let Some(certificate) = certificate else { return finding };
    finding
        .with("subject", certificate.subject.clone())
        .with("issuer", certificate.issuer.clone())
        .with("notAfter", certificate.not_after.map(|end| end.to_rfc3339()))
}

fn sentence(problem: &CertificateProblem, name: &str) -> String {
    match problem {
        CertificateProblem::UnknownIssuer => "its issuer is not trusted".to_owned(),
        CertificateProblem::WrongName { presented } if presented.is_empty() => {
            format!("it is not for {name}")
        }
        CertificateProblem::WrongName { presented } => {
            let (first, others) = presented.split_at(presented.len().min(MOST_NAMES));
            let others =
                if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            format!("it is for {}{others} and not for {name}", first.join(", "))
        }
        CertificateProblem::Expired => "it has expired".to_owned(),
        CertificateProblem::NotYetValid => "it is not valid yet".to_owned(),
        CertificateProblem::Other(text) => text.clone(),
    }
}

fn insecure(failure: TlsFailure, name: &str) -> Finding {
    match failure {
        TlsFailure::Certificate(problem, certificate) => {
            let cure = match &problem {
                CertificateProblem::UnknownIssuer => {
                    "for a server with a certificate of its own set AZSQL_TRUST_CA to the PEM file of its authority; with Azure \
                     SQL a proxy in between shows a certificate of its own, or the image lacks ca-certificates"
                }
                CertificateProblem::WrongName { .. } => {
                    "write the name in Server= that the certificate has; through a tunnel or an alias of your own add \
                     HostNameInCertificate=<name in the certificate>"
                }
                CertificateProblem::Expired => {
                    "have the certificate renewed, and look at the clock of this machine"
                }
                CertificateProblem::NotYetValid => "look at the clock of this machine",
                CertificateProblem::Other(_) => {
                    "have the server show a certificate that was issued by an authority, for its own name"
                }
            };
            let summary = format!("the server's certificate is refused: {}", sentence(&problem, name));
            with_certificate(Finding::fail(summary, cure), certificate.as_ref())
        }
        TlsFailure::NotTds(kind) => Finding::fail(
            format!("the server doesn't answer as a SQL server does ({kind})"),
            "is it a SQL server that listens there? Check host and port in Server=, and look for a proxy in between",
        ),
        TlsFailure::NoTls => Finding::fail(
            "the server has no TLS",
            "give it a certificate: the worker sends no token without TLS",
        ),
        TlsFailure::NoAuthorities => Finding::fail(
            "this machine has no certificate authorities",
            "install the package ca-certificates in the image, or set AZSQL_TRUST_CA",
        ),
        TlsFailure::Name => Finding::fail(
            format!("{name} can't be the name in a certificate"),
            "write a host name in Server=, or in HostNameInCertificate",
        ),
        TlsFailure::Other(text) => Finding::fail(
            format!("the TLS handshake failed: {text}"),
            "the worker speaks TLS 1.2 and 1.3: look for a proxy in between, or an old server",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_the_name_is_guessed() {
        for (host, cure) in [
            ("shop", "write the full name, shop.database.windows.net"),
            ("shop.databse.windows.net", "did you mean shop.database.windows.net?"),
            ("shop.database.windows.com", "did you mean shop.database.windows.net?"),
            ("shop.privatelink.database.windows.net", "write the name without privatelink"),
            ("shop.database.windows.net", "is there a server shop?"),
            ("shop.example", "check the name in Server="),
        ] {
            let told = name_cure(host);
            assert!(told.starts_with(cure), "{host}: {told}");
        }
    }

    #[test]
    fn the_private_zone_is_the_clouds() {
        assert_eq!(private_zone("shop.database.windows.net"), "privatelink.database.windows.net");
        assert_eq!(private_zone("shop.database.chinacloudapi.cn"), "privatelink.database.chinacloudapi.cn");
    }

    #[test]
    fn a_private_address_that_does_not_answer_is_no_matter_of_the_internet() {
        let cure = |address: [u8; 4]| tcp_cure(ErrorKind::TimedOut, 1433, &[IpAddr::from(address)]);
        assert!(cure([10, 0, 0, 4]).contains("VNet integration"));
        assert!(cure([40, 68, 37, 158]).contains("service tag Sql"));
    }
}
