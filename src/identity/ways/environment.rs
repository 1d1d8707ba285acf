//! A service principal out of the environment's variables: a secret, or else a certificate, as in Azure's SDKs.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::asking::NETWORK_BOUND;
use super::client_certificate::ClientCertificate;
use super::client_secret::ClientSecret;
use super::entra::Entra;
use crate::identity::{IdentityEnvironment, IdentityError, Token, TokenFetcher, Way};

/// See the module.
#[derive(Debug)]
pub(crate) enum Environment {
    Secret(ClientSecret),
    Certificate(ClientCertificate),
    /// There is neither.
    Neither,
}

impl Environment {
    pub(super) fn new(environment: &IdentityEnvironment, entra: Entra) -> Self {
        let way = Way::Environment;
        if environment.client_secret.is_some() {
            Self::Secret(ClientSecret::new(way, None, None, None, environment, entra))
        } else if environment.client_certificate_path.is_some() {
            Self::Certificate(ClientCertificate::new(way, None, None, None, environment, entra))
        } else {
            Self::Neither
        }
    }
}

impl TokenFetcher for Environment {
    fn fetch<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<Token, IdentityError>> {
        match self {
            Self::Secret(way) => way.fetch(scope),
            Self::Certificate(way) => way.fetch(scope),
            Self::Neither => std::future::ready(Err(IdentityError::Unavailable {
                way: Way::Environment,
                reason: "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set".to_owned(),
            }))
            .boxed(),
        }
    }

    fn bound(&self) -> Duration {
        NETWORK_BOUND
    }

    fn way(&self) -> Way {
        Way::Environment
    }
}
