//! What all ways over Entra's token endpoint share: which authority, and which requests it takes.

use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::http::{ClientOptions, Url};

use super::asking::client_options;
use crate::identity::transport::{Recorder, Route, Transport};
use crate::identity::{Cloud, IdentityEnvironment, IdentityError, Way};

/// Entra, as this process reaches it.
#[derive(Clone, Debug)]
pub(super) struct Entra {
    authority: String,
    transport: Transport,
}

impl Entra {
    /// `AZURE_AUTHORITY_HOST` goes before the cloud's own authority.
    pub(super) fn new(environment: &IdentityEnvironment, cloud: Cloud, transport: &Transport) -> Self {
        let authority = environment.authority_host.as_deref().unwrap_or_else(|| cloud.authority());
        // Some SDKs take the bare host too.
        let authority =
            if authority.contains("://") { authority.to_owned() } else { format!("https://{authority}") };
        Self { authority, transport: transport.clone() }
    }

    /// The authority's address.
    ///
    /// # Errors
    /// When it isn't `https://host`: credentials never go out in clear.
    pub(super) fn authority(&self, way: Way) -> Result<Url, IdentityError> {
        let url = Url::parse(&self.authority).ok();
        // A name and password in it would go into the page that a person is shown.
        let has_user = |url: &Url| !url.username().is_empty() || url.password().is_some();
        let url = url.filter(|url| url.scheme() == "https" && url.has_host() && !has_user(url));
        url.ok_or_else(|| IdentityError::Unavailable {
            way,
            reason: "AZURE_AUTHORITY_HOST must be an address that begins with https://, such as https://login.microsoftonline.com"
                .to_owned(),
        })
    }

    /// An endpoint of a tenant, such as `token` or `devicecode`.
    pub(super) fn endpoint(&self, way: Way, tenant: &str, name: &str) -> Result<Url, IdentityError> {
        let mut url = self.authority(way)?;
        url.set_path(&format!("/{tenant}/oauth2/v2.0/{name}"));
        url.set_query(None);
        url.set_fragment(None);
        Ok(url)
    }

    pub(super) fn client(&self, way: Way) -> Result<reqwest::Client, IdentityError> {
        self.transport.client(Route::Internet, way)
    }

    /// A recorder, and options with which a credential talks to this authority through it.
    pub(super) fn once(&self, way: Way) -> Result<(Arc<Recorder>, ClientOptions), IdentityError> {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority(way)?.to_string();
        let recorder = Recorder::new(self.client(way)?, None);
        let mut options = client_options(Arc::clone(&recorder));
        options.cloud = Some(Arc::new(CloudConfiguration::Custom(cloud)));
        Ok((recorder, options))
    }
}

/// An application in a tenant.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) tenant_id: String,
    pub(super) client_id: String,
}

impl Application {
    /// Checks what there is.
    ///
    /// # Errors
    /// Names what is missing, or no tenant.
    pub(super) fn new(
        way: Way,
        tenant_id: Option<&str>,
        client_id: Option<&str>,
        names: &ApplicationNames,
    ) -> Result<Self, IdentityError> {
        let missing = |what: &str| IdentityError::Unavailable { way, reason: format!("{what} is not set") };
        Ok(Self {
            client_id: client_id.ok_or_else(|| missing(names.client_id))?.to_owned(),
            tenant_id: tenant(way, tenant_id.ok_or_else(|| missing(names.tenant_id))?)?,
        })
    }
}

/// The variables that an application's ids come from.
pub(super) struct ApplicationNames {
    pub(super) tenant_id: &'static str,
    pub(super) client_id: &'static str,
}

impl ApplicationNames {
    /// Those of Azure's SDKs.
    pub(super) const SDK: Self = Self { tenant_id: "AZURE_TENANT_ID", client_id: "AZURE_CLIENT_ID" };
}

/// A tenant's id or domain name, which becomes a part of an address.
pub(super) fn tenant(way: Way, text: &str) -> Result<String, IdentityError> {
    let sound = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if sound {
        Ok(text.to_owned())
    } else {
        Err(IdentityError::Unavailable {
            way,
            reason: "the tenant is neither a GUID nor a domain name; mend AZURE_TENANT_ID".to_owned(),
        })
    }
}
