//! Looking a host name up.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

/// Where an address belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, RFC 4193) or one link: of Azure SQL only a private endpoint has such an address.
    Private,
    /// The internet.
    Public,
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V4(address) if address.is_private() || address.is_link_local() => Self::Private,
            IpAddr::V6(address) if address.is_unique_local() || is_link_local(address) => Self::Private,
            _ => Self::Public,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.is_unicast_link_local()
}

/// The addresses of a host, each once, in the resolver's order; at least one.
///
/// # Errors
/// When there is none, or the resolver fails: it doesn't tell the two apart.
pub(crate) async fn look_up(host: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for address in tokio::net::lookup_host((host, 0)).await? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(addresses) }
}

/// The name that an Azure SQL server has below `privatelink` once it has a private endpoint: `shop.database.windows.net`
/// is then another name for `shop.privatelink.database.windows.net` (Microsoft's documentation, "Azure Private Endpoint
/// private DNS zone values").
pub(crate) fn private_link_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let (server, zone) = host.split_once('.')?;
    let is_azure =
        ["database.windows.net", "database.usgovcloudapi.net", "database.chinacloudapi.cn"].contains(&zone);
    (is_azure && !server.is_empty()).then(|| format!("{server}.privatelink.{zone}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_private_address_is_told_from_a_public_one() {
        for (address, network) in [
            ("10.1.2.3", Network::Private),
            ("172.16.0.4", Network::Private),
            ("172.32.0.4", Network::Public),
            ("192.168.1.1", Network::Private),
            ("fd00::1", Network::Private),
            ("::ffff:10.0.0.1", Network::Private),
            ("127.0.0.1", Network::Loopback),
            ("::1", Network::Loopback),
            ("40.68.37.158", Network::Public),
        ] {
            assert_eq!(Network::of(address.parse().unwrap()), network, "{address}");
        }
    }

    #[test]
    fn only_an_azure_server_has_a_name_below_privatelink() {
        let name = |host| private_link_name(host);
        assert_eq!(
            name("Shop.database.windows.net.").as_deref(),
            Some("shop.privatelink.database.windows.net")
        );
        assert_eq!(name("localhost"), None);
        assert_eq!(name("shop.privatelink.database.windows.net"), None);
        assert_eq!(name(".database.windows.net"), None);
    }
}
