//! What the endpoint is started with.

use std::time::Duration;

use super::service::TokenService;
use crate::tokens::LOCAL_TENANT_ID;

/// An identity that the endpoint issues tokens for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// The client id (application id), a GUID.
    pub client_id: String,
    /// The object id (principal id), a GUID.
    pub object_id: String,
    /// The Azure resource id, as `mi_res_id` names it.
    pub resource_id: String,
}

impl ManagedIdentity {
    /// A user-assigned identity with this client id; its resource id is derived from it, its object id is fresh.
    #[must_use]
    pub fn user_assigned(client_id: impl Into<String>) -> Self {
        let client_id = client_id.into();
        Self {
            object_id: uuid::Uuid::new_v4().to_string(),
            resource_id: format!(
                "/subscriptions/{LOCAL_TENANT_ID}/resourcegroups/local/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{client_id}"
            ),
            client_id,
        }
    }
}

/// Options of the identity endpoint.
#[derive(Clone, Debug)]
pub struct IdentityOptions {
    /// The loopback port; 0 (the default) takes any free one.
    pub port: u16,
    /// The identity that answers when no id is asked for; `None` = the app has no system-assigned identity.
    pub system_assigned: Option<ManagedIdentity>,
    /// The identities that can be asked for by id.
    pub user_assigned: Vec<ManagedIdentity>,
    /// How long a token lives: 24 h by default, as App Service's do.
    pub token_lifetime: Duration,
    /// Who issues the tokens, where an authority issues some too; None (the default) = a service of its own.
    pub tokens: Option<TokenService>,
}

impl Default for IdentityOptions {
    fn default() -> Self {
        Self {
            port: 0,
            system_assigned: Some(ManagedIdentity {
                client_id: "3f0c5a7e-58a4-4b9e-8a0a-6f2f3d1e9b01".to_owned(),
                object_id: "b6a5b9f2-1f5d-4e3b-9a7f-0c8d2e4f6a02".to_owned(),
                resource_id: format!(
                    "/subscriptions/{LOCAL_TENANT_ID}/resourcegroups/local/providers/Microsoft.Web/sites/local"
                ),
            }),
            user_assigned: Vec::new(),
            token_lifetime: Duration::from_secs(24 * 60 * 60),
            tokens: None,
        }
    }
}
