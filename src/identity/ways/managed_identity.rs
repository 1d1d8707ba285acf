//! A managed identity's token: from the endpoint that App Service and Functions give, or from the metadata service of a
//! virtual machine.

use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::Url;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

use super::asking::{Asked, NETWORK_BOUND, client_options};
use crate::identity::transport::{Recorder, Reply, Route, Transport};
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

/// The metadata service of every Azure virtual machine; a link-local address that routes nowhere elsewhere.
const METADATA_ADDRESS: (&str, u16) = ("169.254.169.254", 80);

/// It is one hop away: who doesn't take a connection within this time isn't there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether the metadata service may be asked where the platform gave no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataService {
    /// A managed identity was asked for by name.
    Ask,
    /// It is one guess among others.
    Leave,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct ManagedIdentity {
    /// The client id of a user-assigned identity; None is the system-assigned one.
    client_id: Option<String>,
    has_endpoint: bool,
    metadata: MetadataService,
    metadata_host: Option<String>,
    transport: Transport,
}

impl ManagedIdentity {
    /// `client_id` goes before that of the environment.
    pub(crate) fn new(
        client_id: Option<String>,
        metadata: MetadataService,
        environment: &IdentityEnvironment,
        transport: &Transport,
    ) -> Self {
        Self {
            client_id: client_id.or_else(|| environment.client_id.clone()),
            has_endpoint: environment.has_identity_endpoint,
            metadata,
            metadata_host: environment.imds_host.clone(),
            transport: transport.clone(),
        }
    }

    async fn ask(&self, scope: &str) -> Result<Token, IdentityError> {
        let metadata_host = match (self.has_endpoint, self.metadata) {
            (true, _) => None,
            (false, MetadataService::Ask) => self.probe().await?,
            (false, MetadataService::Leave) => {
                return Err(unavailable(
                    "IDENTITY_ENDPOINT and IDENTITY_HEADER are not set (a virtual machine's metadata service is only asked \
                     with ActiveDirectoryMSI)",
                ));
            }
        };
        let recorder =
            Recorder::new(self.transport.client(Route::Platform, Way::ManagedIdentity)?, metadata_host);
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.client_id.clone().map(UserAssignedId::ClientId),
            client_options: client_options(std::sync::Arc::clone(&recorder)),
        };
        // A new one each time: its cache would hand out the old token until 300 s are left of it.
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|_| {
            unavailable(
                "IDENTITY_ENDPOINT is no address, or that of a platform that is not supported (Azure Arc, Azure ML, Cloud \
                 Shell, Service Fabric)",
            )
        })?;
        self.asked().ask(&recorder, credential.get_token(&[scope], None)).await
    }

    fn asked(&self) -> Asked {
        Asked {
            way: Way::ManagedIdentity,
            bound: NETWORK_BOUND,
            unreachable: "the identity endpoint does not answer; try again later",
            refused: match (self.client_id.is_some(), self.has_endpoint) {
                (false, true) => refused_system_assigned,
                (true, true) => refused_user_assigned,
                (false, false) => refused_system_assigned_by_machine,
                (true, false) => refused_user_assigned_by_machine,
            },
        }
    }

    /// Whether somebody listens at the metadata service's address; the other address, where the environment has one.
    async fn probe(&self) -> Result<Option<Url>, IdentityError> {
        let elsewhere = match &self.metadata_host {
            Some(host) => Some(
                Url::parse(host)
                    .ok()
                    .filter(Url::has_host)
                    .ok_or_else(|| unavailable("AZURE_POD_IDENTITY_AUTHORITY_HOST is no address"))?,
            ),
            None => None,
        };
        let (host, port) = match &elsewhere {
            Some(url) => (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80)),
            None => METADATA_ADDRESS,
        };
        // An IPv6 address stands in brackets in a URL, and only there.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match tokio::time::timeout(PROBE_TIMEOUT, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Ok(elsewhere),
            Ok(Err(_)) | Err(_) => Err(unavailable(
                "IDENTITY_ENDPOINT and IDENTITY_HEADER are not set, and no metadata service answers; in Azure assign an identity \
                 to the app or machine, at the desk run `azsql-worker dev` or use ActiveDirectoryDefault",
            )),
        }
    }
}

impl TokenFetcher for ManagedIdentity {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        self.ask(scope).boxed()
    }

    fn bound(&self) -> Duration {
        NETWORK_BOUND.saturating_add(PROBE_TIMEOUT)
    }

    fn way(&self) -> Way {
        Way::ManagedIdentity
    }
}

fn unavailable(reason: &str) -> IdentityError {
    IdentityError::Unavailable { way: Way::ManagedIdentity, reason: reason.to_owned() }
}

/// The endpoint is overloaded or broken; it says nothing about the identity.
fn is_endpoints_own(status: u16) -> bool {
    status == 429 || status >= 500
}

fn refused_system_assigned(reply: &Reply) -> String {
    refused(reply, "check that the identity is assigned to the Function App")
}

fn refused_system_assigned_by_machine(reply: &Reply) -> String {
    refused(reply, "check that the identity is assigned to this virtual machine")
}

fn refused_user_assigned_by_machine(reply: &Reply) -> String {
    refused(
        reply,
        "check that the identity is assigned to this virtual machine and that User Id or AZURE_CLIENT_ID is its client id",
    )
}

fn refused_user_assigned(reply: &Reply) -> String {
    refused(
        reply,
        "check that the identity is assigned to the Function App and that User Id or AZURE_CLIENT_ID is its client id",
    )
}

fn refused(reply: &Reply, check: &str) -> String {
    if is_endpoints_own(reply.status) {
        "the fault is its own; try again later".to_owned()
    } else {
        check.to_owned()
    }
}
