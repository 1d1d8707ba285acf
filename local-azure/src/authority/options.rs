//! What the authority is started with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::application::{Application, AuthorityUser};
use crate::certificates::Certificates;
use crate::identity::TokenService;
use crate::tokens::LOCAL_TENANT_ID;

/// How a user comes to sign in for a device code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceSignIn {
    /// On the page that the reply names, or by [`Authority::approve`](super::Authority::approve).
    ByHand,
    /// By itself, after the device polled this often in vain; the page and the calls count before that.
    AfterPolls(u32),
}

/// A job of Azure Pipelines, which may ask for a federated assertion.
#[derive(Clone)]
pub struct Pipeline {
    /// The id of the service connection that the job may use.
    pub service_connection_id: String,
    /// The value of `SYSTEM_ACCESSTOKEN`.
    pub system_access_token: SecretString,
    /// The assertion it gets; some application has the same in
    /// [`federated_assertions`](Application::federated_assertions).
    pub assertion: SecretString,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pipeline")
            .field("service_connection_id", &self.service_connection_id)
            .finish_non_exhaustive()
    }
}

/// Options of the authority.
#[derive(Clone)]
pub struct AuthorityOptions {
    /// The loopback port for HTTPS; 0 (the default) takes any free one.
    pub port: u16,
    /// The loopback port for the same over plain HTTP; 0 (the default) takes any free one.
    pub http_port: u16,
    /// The ids of the tenants; by default [`LOCAL_TENANT_ID`] alone. The first is the home of all users.
    pub tenants: Vec<String>,
    /// The applications, known in every tenant; by default [`Application::developer_sign_on`] alone.
    pub applications: Vec<Application>,
    /// The users; the first signs in where no `login_hint` names another. By default `person@contoso.example`.
    pub users: Vec<AuthorityUser>,
    /// How long a token lives: 3599 s by default, what Entra most often says.
    pub token_lifetime: Duration,
    /// How a user comes to sign in for a device code; by hand by default.
    pub device_sign_in: DeviceSignIn,
    /// How long a device code is good, in whole seconds of the endpoints' clock: 900 s by default, as Entra's.
    pub device_code_lifetime: Duration,
    /// The `interval` that devices are told, in whole seconds: 5 s by default, as Entra's. It is not enforced, since a
    /// test must not depend on how fast it runs: see [`Authority::slow_down_next`](super::Authority::slow_down_next).
    pub device_poll_interval: Duration,
    /// The job of Azure Pipelines that is served at [`Authority::oidc_request_uri`](super::Authority::oidc_request_uri);
    /// None by default.
    pub pipeline: Option<Pipeline>,
    /// Who issues the tokens, where an identity endpoint issues some too; None (the default) = a service of its own.
    pub tokens: Option<TokenService>,
    /// The certificates of another endpoint, such as [`SqlServer::certificates`](crate::sql::SqlServer::certificates),
    /// so that whoever trusts that one trusts this; None (the default) = new ones.
    pub certificates: Option<Arc<Certificates>>,
    /// Where the certificate of the authority's issuer is written, PEM, for clients to trust. Default None.
    pub ca_out: Option<PathBuf>,
}

impl Default for AuthorityOptions {
    fn default() -> Self {
        Self {
            port: 0,
            http_port: 0,
            tenants: vec![LOCAL_TENANT_ID.to_owned()],
            applications: vec![Application::developer_sign_on()],
            users: vec![AuthorityUser {
                principal_name: "person@contoso.example".to_owned(),
                object_id: "0d9f4c4e-6c2b-4d0e-9a53-7b1f5e2c8a03".to_owned(),
            }],
            token_lifetime: Duration::from_secs(3599),
            device_sign_in: DeviceSignIn::ByHand,
            device_code_lifetime: Duration::from_secs(900),
            device_poll_interval: Duration::from_secs(5),
            pipeline: None,
            tokens: None,
            certificates: None,
            ca_out: None,
        }
    }
}

impl fmt::Debug for AuthorityOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthorityOptions")
            .field("port", &self.port)
            .field("http_port", &self.http_port)
            .field("tenants", &self.tenants)
            .field("applications", &self.applications)
            .field("users", &self.users)
            .field("token_lifetime", &self.token_lifetime)
            .field("device_sign_in", &self.device_sign_in)
            .field("device_code_lifetime", &self.device_code_lifetime)
            .field("device_poll_interval", &self.device_poll_interval)
            .field("pipeline", &self.pipeline)
            .field("tokens", &self.tokens.is_some())
            .field("certificates", &self.certificates.is_some())
            .field("ca_out", &self.ca_out)
            .finish()
    }
}
