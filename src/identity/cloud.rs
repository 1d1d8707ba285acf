//! The Azure clouds: where each has its authority, and the scope of its SQL servers.

/// An Azure cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The public one.
    Public,
    /// US Government.
    UsGovernment,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// The cloud that a server's name belongs to; the public one when its suffix doesn't tell.
    #[must_use]
    pub fn of_server(host: &str) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.ends_with(".usgovcloudapi.net") {
            Self::UsGovernment
        } else if host.ends_with(".chinacloudapi.cn") {
            Self::China
        } else {
            Self::Public
        }
    }

    /// The scope of a token for Azure SQL.
    #[must_use]
    pub fn sql_scope(self) -> &'static str {
        match self {
            Self::Public => "https://database.windows.net/.default",
            Self::UsGovernment => "https://database.usgovcloudapi.net/.default",
            Self::China => "https://database.chinacloudapi.cn/.default",
        }
    }

    /// Where Entra signs in (`azure_identity`, `lib.rs`, `get_authority_host`).
    #[must_use]
    pub fn authority(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_and_authority_follow_the_cloud_of_the_server() {
        let of = |host| (Cloud::of_server(host).sql_scope(), Cloud::of_server(host).authority());
        let public = ("https://database.windows.net/.default", "https://login.microsoftonline.com");
        assert_eq!(of("a.database.windows.net"), public);
        assert_eq!(of("127.0.0.1"), public);
        assert_eq!(
            of("A.Database.UsGovCloudApi.net."),
            ("https://database.usgovcloudapi.net/.default", "https://login.microsoftonline.us")
        );
        assert_eq!(
            of("a.database.chinacloudapi.cn"),
            ("https://database.chinacloudapi.cn/.default", "https://login.chinacloudapi.cn")
        );
    }
}
